"""The tabs of a step's panel: which field stands in which, and where a fault is to be found."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from app.schemas.actions import ACTION_TYPES
from app.schemas.template import TemplateStep
from app.web.panel.fields import Field, root_of
from app.web.panel.nodes import Node, field_id

LABELS = {
    "general": "General",
    "action": "Action",
    "schedule": "Schedule",
    "conditions": "Conditions",
    "retry": "Retry",
    "notifications": "Notifications",
}
CONFIG = "actionConfig"
_ELSEWHERE = ("actionType", CONFIG)  # the kind of a step is chosen when it is added


class Fault(Protocol):
    """A finding, as far as the panel asks: `domain.findings.Finding` is one."""

    @property
    def severity(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def message(self) -> str: ...


@dataclass(slots=True, kw_only=True)
class Tab:
    """A tab: `count` of its findings other than hints; `errors` and `warnings` are those of no
    field. `locked`: why some of its fields can't be changed; empty: they can."""

    name: str
    label: str
    nodes: list[Node]
    locked: str = ""
    errors: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    count: int = 0


def step_fields(action_type: Any) -> list[tuple[str, Field]]:
    """All fields of a step of this type, each with its tab."""
    found = [(_tab(each, "general"), each) for _, each in own_fields()]
    return found + [(_tab(each, "action"), each) for _, each in config_of(action_type).properties()]


def own_fields() -> list[tuple[str, Field]]:
    """The fields of every step, by their keys."""
    return [(k, each) for k, each in root_of(TemplateStep).properties() if k not in _ELSEWHERE]


def config_of(action_type: Any) -> Field:
    """The config of this type; of one that nobody knows, any JSON."""
    kind = ACTION_TYPES.get(action_type) if isinstance(action_type, str) else None
    return root_of(kind.config, CONFIG) if kind else Field({"title": "Config"}, CONFIG, CONFIG)


def _tab(of: Field, otherwise: str) -> str:
    return of.schema.get("x-tab", otherwise)


def lock(tabs: Iterable[Tab], parts: Container[str], why: str) -> None:
    """Close the fields of these parts of a step, and say why."""
    for tab in tabs:
        for each in tab.nodes:
            if each.name.partition(".")[0] in parts:
                each.options["locked"] = True
                tab.locked = why


def place(tabs: Iterable[Tab], faults: Iterable[Fault], at: str) -> None:
    """Put each fault that lies under the path `at` to the node whose field it names, to the
    nearest around it, or to a tab; and count them."""
    by_name = {tab.name: tab for tab in tabs}
    places = {
        each.path: (tab, each)
        for tab in by_name.values()
        for top in tab.nodes
        for each in top.walk()
    }
    for tab, each in places.values():
        if fault := each.options.get("fault"):
            each.errors.append(fault)
            tab.count += 1
    for fault in faults:
        path = _below(fault.path, at)
        if path is not None and fault.severity != "hint":
            _put(fault, path, places, by_name)
    for tab, each in places.values():
        for path, message in each.options.get("unknown", {}).items():
            if not any(path in said for said in (*each.errors, *each.warnings)):
                each.warnings.append(message)
                tab.count += 1


def _below(path: str, at: str) -> str | None:
    if not at or path == at:
        return "" if path == at else path
    return path[len(at) + 1 :] if path.startswith(f"{at}.") else None


def _put(
    fault: Fault, path: str, places: dict[str, tuple[Tab, Node]], tabs: dict[str, Tab]
) -> None:
    there = next((places[each] for each in _outwards(path) if each in places), None)
    if there is None:
        tab = tabs.get("action" if path.split(".")[0] == CONFIG else "general") or next(
            iter(tabs.values())
        )
        target: Tab | Node = tab
    else:
        tab, target = there
        if target.options.get("fault") and target.path == path:
            return  # it has said itself why it can't be read
    said = target.errors if fault.severity == "error" else target.warnings
    if fault.message not in said:
        said.append(fault.message)
        tab.count += 1


def _outwards(path: str) -> Iterable[str]:
    """The path and those around it, from the inside."""
    parts = path.split(".")
    return (".".join(parts[:end]) for end in range(len(parts), 0, -1))


def where(action_type: Any, path: str) -> tuple[str, str]:
    """The tab and the id of the field that a path within a step leads to: for links to findings.
    A place within a list or map leads to the whole of it."""
    fields = _places(action_type if isinstance(action_type, str) else "")
    for each in _outwards(path):
        if each in fields:
            tab, name = fields[each]
            return tab, field_id(name)
    return ("action" if path.split(".")[0] == CONFIG else "general"), ""


@cache
def _places(action_type: str) -> dict[str, tuple[str, str]]:
    return {each.path: (tab, each.name) for tab, each in step_fields(action_type)}
