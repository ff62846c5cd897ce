"""The step property panel: a form that is generated from the schemas, and read back.

`step_form` and `read_step` are what views call; `fields` says what a schema may say, `widgets`
what draws and reads a field.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from app.web.panel import widgets as _widgets  # noqa: F401 - fills the registry
from app.web.panel.around import Around, Page
from app.web.panel.building import build
from app.web.panel.fields import ABSENT, Field
from app.web.panel.reading import read
from app.web.panel.tabs import (
    CONFIG,
    LABELS,
    Fault,
    Tab,
    config_of,
    lock,
    own_fields,
    place,
    step_fields,
)
from app.web.panel.typed import Typed, arrange

__all__ = ["Around", "Page", "Tab", "read_step", "step_form"]


def step_form(
    step: Mapping[str, Any],
    *,
    at: str = "",
    faults: Iterable[Fault] = (),
    unread: Mapping[str, str] | None = None,
    around: Around | None = None,
) -> list[Tab]:
    """The tabs of a step's panel; those without fields are left out.

    step    its document, half-done ones too
    at      its path in the template, `steps.3`, under which faults and unread texts are named
    faults  the findings of the whole template
    unread  the texts that could not be read, of the whole template, by path
    """
    page = Page(unread=_below(unread or {}, at), around=around or Around())
    tabs = {name: Tab(name=name, label=label, nodes=[]) for name, label in LABELS.items()}
    for tab, each in step_fields(step.get("actionType")):
        tabs[tab].nodes.append(build(each, _value(step, each), page))
    found = [tab for tab in tabs.values() if tab.nodes]
    if page.around.fixed:
        lock(found, page.around.fixed, page.around.locked)
    place(found, faults, at)
    return found


def read_step(
    form: MultiDict[str, str],
    step: Mapping[str, Any],
    *,
    at: str = "",
    unread: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The step as the form has it, and the unread texts of the whole template (by path) as they
    are now. `step`: as it was when the form was made; what the form did not show stays as it was,
    what shows the same too. The button pressed (`do`) adds, removes or moves its row."""
    unread = unread or {}
    typed = Typed(form, _below(unread, at))
    found = arrange(typed, dict(step))
    _take(found, own_fields(), typed)
    config = found.get(CONFIG)
    config = dict(config) if isinstance(config, dict) else {}
    _take(config, list(config_of(found.get("actionType")).properties()), typed)
    others = {path: text for path, text in unread.items() if not _is_below(path, at)}
    return {**found, CONFIG: config}, others | {_full(at, n): t for n, t in typed.unread.items()}


def _take(document: dict[str, Any], fields: list[tuple[str, Field]], typed: Typed) -> None:
    for key, each in fields:
        value = read(each, document.get(key, ABSENT), typed)
        if value is ABSENT:
            document.pop(key, None)
        else:
            document[key] = value


def _value(step: Mapping[str, Any], field: Field) -> Any:
    value: Any = step
    for part in field.name.split("."):
        value = value.get(part, ABSENT) if isinstance(value, Mapping) else ABSENT
    return value


def _below(unread: Mapping[str, str], at: str) -> dict[str, str]:
    start = len(at) + 1 if at else 0
    return {path[start:]: text for path, text in unread.items() if _is_below(path, at)}


def _is_below(path: str, at: str) -> bool:
    return not at or path.startswith(f"{at}.")


def _full(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
