"""One comparison of a condition, `[path, operator, value]`, as a row of controls and back.

Its fields, below its name:

path   a known path behind the kind of its values (`number input.total`), or `*` for `typed`
typed  any path
op     the operator; `not exists` is `exists` with false
kind   of the control in which the value stood
seen   path and operator when the page was made: if they change, so does the kind
value  the value
last   as JSON: the value before, which stays while what is typed is none
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from app.domain.condition_words import NOT_THERE, OPERATOR_WORDS
from app.schemas.conditions import OPERATORS
from app.web.panel import typed_values as values
from app.web.panel.around import KnownPath
from app.web.panel.nodes import Choice, Node
from app.web.panel.typed import Typed
from app.web.panel.typed_values import MISSING, Unfit

OTHER = "*"
FRESH: list[Any] = ["", "="]
Known = Mapping[str, KnownPath]
_LISTS = ("in", "not in")
_ORDERED = ("=", "!=", ">", ">=", "<", "<=", "in", "not in")
_THERE = ("exists", NOT_THERE)
_FITTING = {
    "text": (*_ORDERED, "contains", *_THERE),
    "number": (*_ORDERED, *_THERE),
    "integer": (*_ORDERED, *_THERE),
    "yes-no": ("=", "!=", *_THERE),
    "choice": ("=", "!=", "in", "not in", *_THERE),
}


def can_show(part: Any) -> bool:
    """Whether a row can stand for it."""
    if not isinstance(part, list) or len(cast("list[Any]", part)) not in (2, 3):
        return False
    path, op, *value = cast("list[Any]", part)
    if not isinstance(path, str) or "\r" in path or op not in OPERATORS:
        return False
    if op == "exists":
        return not value or isinstance(value[0], bool)
    return op not in _LISTS or not value or (isinstance(value[0], list) and value != [[]])


def build(name: str, at: str, part: list[Any], known: Known, unread: Mapping[str, str]) -> Node:
    """The row of a comparison that can be shown; `at` is its path in the document."""
    path, op, value = part[0], _shown_operator(part), part[2] if len(part) == 3 else MISSING
    base = base_of(known.get(path))
    kind, texts, fault = _control(natural(op, base), value, unread.get(f"{at}.2"))
    options = {
        "path": f"{base} {path}" if path in known else OTHER if path else "",
        "typed": "" if path in known or path == OTHER else path,
        "op": op,
        "operators": _operators(base, op),
        "kind": "bare" if part[1:] == ["exists"] else kind,
        "seen": f"{op} {path}",
        "last": "" if value is MISSING else values.json_text(value),
    }
    control = Node(
        kind="value",
        name=f"{name}.value",
        path=f"{at}.2",
        label="Value",
        choices=_choices(known.get(path), kind, texts),
        options={"kind": kind, "texts": texts, "fault": fault},
    )
    return Node(kind="comparison", name=name, path=at, children=[control], options=options)


def _shown_operator(part: list[Any]) -> str:
    return NOT_THERE if part[1:] == ["exists", False] else part[1]


def base_of(path: KnownPath | None) -> str:
    """The kind of the values at a path; with a star for a list of them."""
    if path is None:
        return "any"
    if path.type != "array":
        return values.kind_of_schema(path.schema, path.type)
    items = path.schema.get("items")
    items = cast("Mapping[str, Any]", items) if isinstance(items, dict) else {}
    return values.kind_of_schema(items, str(items.get("type"))) + "*"


def natural(op: str, base: str) -> str:
    """The kind of control that fits an operator and a path."""
    one = base.removesuffix("*")
    if op in _THERE:
        return "none"
    if op in _LISTS:
        return "any*" if base.endswith("*") or base == "yes-no" else f"{base}*"
    if op == "contains":
        return one if base.endswith("*") else "text" if base == "text" else "any"
    return "any" if base.endswith("*") else base


def _control(kind: str, value: Any, unread: str | None) -> tuple[str, list[str], str]:
    """The kind of control that shows the value, its texts, and what is wrong with them."""
    if unread is not None:
        return kind, [unread], _wrong(kind, unread)
    if kind == "none":
        return kind, [], ""
    for each in (kind, "any*" if kind.endswith("*") else "any"):
        try:
            return each, values.written(each, value), ""
        except Unfit:
            continue
    return "json", [values.json_text(value)], ""


def _wrong(kind: str, text: str) -> str:
    try:
        values.read(kind, [text])
    except ValueError as error:
        return str(error)
    return ""


def _operators(base: str, op: str) -> list[Choice]:
    fitting = _FITTING.get(base, tuple(OPERATOR_WORDS))
    return [Choice(each, word) for each, word in OPERATOR_WORDS.items() if each in (*fitting, op)]


def _choices(path: KnownPath | None, kind: str, texts: Sequence[str]) -> list[Choice]:
    """What can be picked: what the schema lists, and what stands there besides."""
    if path is None or kind not in ("choice", "choice*"):
        return []
    schema = path.schema if path.type != "array" else path.schema["items"]
    listed = [values.json_text(each) for each in schema["enum"]]
    others = [text for text in texts if text and text not in listed]
    return [Choice(each, _label(each), each in others) for each in [*listed, *others]]


def _label(text: str) -> str:
    return values.plain(values.read("any", [text]))[0]


def read(name: str, at: str, typed: Typed) -> list[Any]:
    """The comparison that stands in a row."""
    base, path = _picked(typed.text(f"{name}.path") or "", typed.text(f"{name}.typed") or "")
    op = typed.text(f"{name}.op") or "="
    kind, texts = typed.text(f"{name}.kind") or "any", typed.all(f"{name}.value")
    if typed.text(f"{name}.seen") != f"{op} {path}":
        kind, texts = _recast(kind, texts, natural(op, base))
    if op in _THERE:
        return [path, "exists"] if kind == "bare" else [path, "exists", op == "exists"]
    try:
        value = values.read(kind, texts)
    except ValueError:
        typed.not_read(f"{at}.2", "\n".join(texts))
        value = values.read("json", [typed.text(f"{name}.last") or ""])
    return [path, op] if value is MISSING else [path, op, value]


def _picked(choice: str, typed: str) -> tuple[str, str]:
    if choice == OTHER:
        return "any", typed or OTHER
    base, _, path = choice.partition(" ")
    return base, path


def _recast(kind: str, texts: list[str], wanted: str) -> tuple[str, list[str]]:
    """What was typed in one kind of control as another would have it."""
    if wanted == "none":
        return wanted, []
    quoted = kind == "any" and texts[:1] != [] and texts[0].startswith('"')
    if quoted or kind in ("choice", "choice*", "yes-no", "json"):
        texts = _uncoded(kind, texts)
    if wanted.startswith("choice"):
        texts = [_coded(line) for text in texts for line in text.split("\n")]
    try:
        values.read(wanted, texts)
    except ValueError:
        return "any*" if wanted.endswith("*") else "any", texts
    return wanted, texts


def _uncoded(kind: str, texts: list[str]) -> list[str]:
    try:
        return values.plain(values.read(kind, texts))
    except ValueError:
        return texts


def _coded(text: str) -> str:
    return values.json_text(values.read("any", [text])) if text.strip() else ""
