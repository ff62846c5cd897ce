"""Who is told: tokens that can be typed into and taken away, the last of them empty. Suggestions
stand behind each."""

from collections.abc import Iterable
from typing import Any, cast

from app.web.panel.around import Page
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Choice, Node
from app.web.panel.typed import Typed, clean
from app.web.panel.widgets import assignee, json_text

_THEMSELVES = [("assignee", "whose task it is"), ("starter", "who started it")]


def build(field: Field, value: Any, page: Page) -> Node:
    """A token each; JSON for what is no list of texts."""
    found = _listed(field.default if value is ABSENT else value)
    if found is None:
        return json_text.build(field, value, page)
    suggestions = suggested(page)
    words = dict(suggestions)
    tokens = [
        Node(
            kind="token",
            name=f"{field.name}.{at}",
            path=f"{field.path}.{at}",
            label=words.get(each, ""),
            value=each,
        )
        for at, each in enumerate([*found, ""])
    ]
    tokens_node = node(field, "recipients", children=tokens)
    tokens_node.choices = [Choice(*each) for each in suggestions if each[0] not in found]
    tokens_node.options = {"count": len(found), "note": page.around.recipients_note}
    tokens_node.help = "" if found else tokens_node.help
    return tokens_node


def suggested(page: Page) -> list[tuple[str, str]]:
    """Whom one may mean: people, and fields that hold addresses."""
    paths = [path for path in page.around.paths if _may_be_address(path.path, path.schema)]
    filled = [(f"{{{{ {path.path} }}}}", path.title) for path in paths]
    return [*_THEMSELVES, *assignee.people(page), *filled]


def _may_be_address(path: str, schema: Any) -> bool:
    name = path.rpartition(".")[2].lower()
    return schema.get("format") == "email" or any(part in name for part in ("mail", "phone"))


def _listed(value: Any) -> list[str] | None:
    if isinstance(value, str):
        return [value]
    rows = cast("list[Any]", value or [])
    fine = isinstance(rows, list) and all(isinstance(row, str) for row in rows)
    return rows if fine else None


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The tokens; empty ones at the end are none."""
    if typed.text(field.name) is not None:
        return json_text.read(field, before, typed)
    found = [(typed.text(f"{field.name}.{at}") or "") for at in range(typed.rows(field.name))]
    earlier = _listed(field.default if before is ABSENT else before)
    same = earlier is not None and _without_end(found) == _without_end(earlier)
    return before if same else _without_end(found)


def _without_end(tokens: Iterable[str]) -> list[str]:
    """As they are read: without empty ones at the end."""
    found = [clean(each) for each in tokens]
    while found and not found[-1]:
        found.pop()
    return found
