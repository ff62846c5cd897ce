"""The paths that placeholders and conditions of a step can read: fields of the input, the instance,
and what steps before it give. Pure, and for documents that are half done too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from typing import Any

from app.domain.callback_urls import PLACEHOLDER as CALLBACK_URL
from app.domain.half_done import RawStep, mapping, steps_of, text
from app.domain.schema_paths import is_open, paths_of
from app.domain.ways import NONE, Ways
from app.schemas.actions import WAIT_CALLBACK

MOST_MEANT = 50  # to how many wrong paths of one document the one that was meant is looked for
_LIKE_ENOUGH = 0.6
_LONGEST_PART = 100  # what is longer is no name that somebody mistyped
_FORGOTTEN = 0.5  # what only lacks some of what is before its last part


@dataclass(frozen=True, slots=True)
class KnownPath:
    """A path that leads somewhere.

    title     for people: `Reserve stock: reference`
    type      a type of JSON, or `any`
    certain   it is there on every way that leads to the step
    open      more may stand below it than is known, such as what a receiver answers
    schema    what is known of its values, as JSON Schema: choices, format
    """

    path: str
    title: str
    type: str
    certain: bool
    open: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)


_INSTANCE = (
    KnownPath("instance.id", "Instance: number", "integer", True),
    KnownPath("instance.title", "Instance: title", "string", True),
)
_OUTPUTS_OF_MAILS = (("messageId", "string"), ("accepted", "array"), ("refused", "array"))
_STATES = {"enum": ["COMPLETED", "SKIPPED"]}


def known(
    document: Mapping[str, Any], step_key: str | None = None, *, in_condition: bool = False
) -> list[KnownPath]:
    """What a step can read, the input first, then the steps before it in the order of the document.
    Without a step: what is there as an instance starts. `in_condition`: without what only
    placeholders can read, and with what only conditions can."""
    return Reading(document).by(step_key, in_condition=in_condition)


def nearest(path: str, known: Iterable[KnownPath]) -> str | None:
    """The known path that an author may have meant; None if none is like it."""
    best, found = 0.0, None
    parts = path.split(".")
    for one in known:
        meant = one.path.split(".")
        likeness = _FORGOTTEN if parts[-1].lower() == meant[-1].lower() else 0.0
        if one.open and len(meant) < len(parts):
            meant += parts[len(meant) :]  # whatever stands below it may be right
        if (likeness := max(likeness, _likeness(parts, meant))) > best:
            best, found = likeness, one.path if likeness == _FORGOTTEN else ".".join(meant)
    return found if found != path else None


def _likeness(parts: Sequence[str], meant: Sequence[str]) -> float:
    """How like two paths are, from 0 to 1: each part must be like the one in its place."""
    if len(parts) != len(meant):
        return 0.0
    each = [_ratio(a, b) for a, b in zip(parts, meant, strict=True)]
    return sum(each) / len(each) if min(each) >= _LIKE_ENOUGH else 0.0


@lru_cache(maxsize=4096)
def _ratio(a: str, b: str) -> float:
    if a == b:
        return 1.0
    if max(len(a), len(b)) > _LONGEST_PART:
        return 0.0
    return SequenceMatcher(None, a.lower(), b.lower(), autojunk=False).ratio()


def find(path: str, known: Iterable[KnownPath]) -> KnownPath | None:
    """The known path that a path reads, or lies below of if that is open, or is a container of;
    None if it leads nowhere. Any number in it stands for any entry of a list."""
    wanted = ".".join("0" if part.isdigit() else part for part in path.split("."))
    below: KnownPath | None = None
    for one in known:
        if one.path == wanted:
            return one
        if one.open and wanted.startswith(f"{one.path}."):
            below = one
        elif one.path.startswith(f"{wanted}."):
            return KnownPath(path, one.title, "object", certain=wanted.count(".") == 0)
    return below


class Reading:
    """What all steps of one document can read."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.steps = {step.key: step for step in steps_of(document) if step.key}
        self._schema = mapping(document).get("inputSchema")
        self._by: dict[tuple[str, bool], list[KnownPath]] = {}
        self._asked = 0

    def nearest(self, path: str, known: Iterable[KnownPath]) -> str | None:
        """As `nearest`, but only for the first so many: each is compared with all that is known,
        and a document may have thousands of either."""
        self._asked += 1
        return nearest(path, known) if self._asked <= MOST_MEANT else None

    @cached_property
    def ways(self) -> Ways:
        return Ways(list(self.steps.values()))

    @cached_property
    def input(self) -> list[KnownPath]:
        """The fields of the input; one open path for all of it if more is welcome."""
        fields = [
            KnownPath(f"input.{one.path}", one.title, one.type, one.certain, one.open, one.schema)
            for one in paths_of(self._schema)
        ]
        whole = KnownPath("input", "All input", "object", True, open=True)
        return [*fields, whole] if is_open(self._schema) else fields

    def by(self, step_key: str | None, *, in_condition: bool = False) -> list[KnownPath]:
        """As `known`."""
        key = step_key or ""
        if (key, in_condition) not in self._by:
            self._by[key, in_condition] = self._read_by(key, in_condition=in_condition)
        return self._by[key, in_condition]

    def _read_by(self, key: str, *, in_condition: bool) -> list[KnownPath]:
        found = [*self.input, *_INSTANCE]
        before = self.ways.before.get(key, NONE)
        for other in (one for one in self.steps if one in before):
            given = self._given[other]
            sure = other in self.ways.surely[key]
            found += given.surely if sure else given.perhaps
            found.append(given.state if sure or in_condition else given.state_perhaps)
        if not in_condition and key in self.steps:
            found += self._callback_urls
        proven = self.ways.proven.get(key, NONE)
        return [_proven(one, proven) for one in found] if proven else found

    def may_be_there(self, keys: Iterable[str]) -> list[KnownPath]:
        """What steps give if they have been done by then."""
        given = [self._given[key] for key in keys if key in self._given]
        return [path for one in given for path in (*one.perhaps, one.state)]

    @cached_property
    def _given(self) -> dict[str, "_Given"]:
        return {key: _Given.by(step) for key, step in self.steps.items()}

    @cached_property
    def _callback_urls(self) -> list[KnownPath]:
        """They can be handed on before the step waits: that is what they are for."""
        return [
            KnownPath(f"steps.{key}.{CALLBACK_URL}", f"{step.name}: its URL", "string", True)
            for key, step in self.steps.items()
            if step.action_type == WAIT_CALLBACK
        ]


@dataclass(frozen=True, slots=True)
class _Given:
    """What a step gives to those after it. Placeholders see nothing of a step that was passed
    over; conditions see its state."""

    surely: list[KnownPath]
    perhaps: list[KnownPath]
    state: KnownPath
    state_perhaps: KnownPath

    @classmethod
    def by(cls, step: RawStep) -> "_Given":
        paths = outputs_of(step)
        title = f"{step.name}: state"
        state = KnownPath(f"steps.{step.key}.state", title, "string", True, schema=_STATES)
        return cls(paths, [_uncertain(one) for one in paths], state, _uncertain(state))


def _uncertain(one: KnownPath) -> KnownPath:
    return replace(one, certain=False)


def _proven(one: KnownPath, proven: frozenset[str]) -> KnownPath:
    if one.certain or one.path not in proven:
        return one
    return replace(one, certain=True)


def outputs_of(step: RawStep) -> list[KnownPath]:
    """The paths that a step's output has once it is COMPLETED, `steps.KEY.output` the last."""
    root, members = f"steps.{step.key}.output", _members(step)
    found = [
        KnownPath(f"{root}.{name}", f"{step.name}: {title}", kind, certain, open, schema)
        for name, title, kind, certain, open, schema in members
    ]
    whole = KnownPath(
        root, f"{step.name}: all it gives", "object", True, open=has_open_output(step)
    )
    return [*found, whole]


def has_open_output(step: RawStep) -> bool:
    """Whether nobody can say what the output's members are."""
    if step.action_type in ("AUTOMATION_WEBHOOK", WAIT_CALLBACK):
        return not mapping(step.config.get("output"))
    if step.action_type == "FORM_INPUT":
        return is_open(step.config.get("schema"))
    return step.action_type == "MANUAL_TASK"


_Member = tuple[str, str, str, bool, bool, Mapping[str, Any]]


def _members(step: RawStep) -> list[_Member]:
    if step.action_type == "AUTOMATION_EMAIL":
        return [(name, name, kind, True, kind == "array", {}) for name, kind in _OUTPUTS_OF_MAILS]
    if step.action_type == "APPROVAL":
        outcome = {"enum": ["approved", "rejected"]}
        comment: _Member = ("comment", "comment", "string", False, False, {})
        return [("outcome", "outcome", "string", True, False, outcome), comment]
    if step.action_type == "FORM_INPUT":
        return [
            (one.path, one.title, one.type, one.certain, one.open, one.schema)
            for one in paths_of(step.config.get("schema"))
        ]
    if step.action_type not in ("AUTOMATION_WEBHOOK", WAIT_CALLBACK):
        return []
    return _mapped(step)


def _mapped(step: RawStep) -> list[_Member]:
    """What an answer or a call is mapped to; a wait that may end without a call gives other things.
    A mapped path that leads nowhere is null, which is a value too."""
    late = text(step.config.get("onTimeout")) == "complete" and step.config.get("timeout")
    found: list[_Member] = [
        (name, name, "integer" if path == "status" else "any", not late, path != "status", {})
        for name, path in mapping(step.config.get("output")).items()
    ]
    if step.action_type == WAIT_CALLBACK and late:
        found.append(("outcome", "outcome", "string", False, False, {"enum": ["timeout"]}))
    return found
