"""When a step runs again and again, in words, with the next times that it comes to."""

from datetime import datetime, timedelta
from typing import Any, cast

from app.domain.wall_time import instant_of, zone_names, zone_of
from app.schemas.base import zulu
from app.schemas.durations import duration_words, parse_duration, read_duration
from app.web.panel.around import Page
from app.web.panel.building import build as build_any
from app.web.panel.building import node
from app.web.panel.fields import ABSENT, Field
from app.web.panel.nodes import Choice, Node, field_id
from app.web.panel.reading import read as read_any
from app.web.panel.texts import shown
from app.web.panel.typed import Typed
from app.web.panel.typed_values import same
from app.web.panel.widgets import json_text
from app.web.schedule_forms import KINDS, PRESETS
from app.web.schedule_previews import of_recurrence

_BOUNDS = ("timezone", "start", "until", "count")
_TIMES = ("start", "until")
# What a rule begins with when its kind is chosen.
FIRST = {
    "cron": "0 9 * * 1-5",
    "rrule": "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
    "everySeconds": 3600,
}


def build(field: Field, value: Any, page: Page) -> Node:
    """The kind of rule, its field, when it begins and ends, and what that means."""
    if value is not ABSENT and value is not None and not isinstance(value, dict):
        return json_text.build(field, value, page)
    given = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    fields = dict(field.properties())
    bounds = [build_any(fields[key], given.get(key, ABSENT), page) for key in _BOUNDS]
    bounds[0].options["list"] = f"{field_id(field.name)}-zones"
    rule = {
        kind: Node(kind="", name=f"{field.name}.{kind}", path=f"{field.path}.{kind}")
        for kind in KINDS
    }
    options = {
        "kind": _kind(given) if isinstance(value, dict) else "",
        "texts": _texts(given),
        "preset": _preset(given),
        "rule": rule,
        "bounds": bounds,
        "presets": [*PRESETS],
        "zones": sorted(zone_names()) if given else [],
        "preview": of_recurrence(given) if given else None,
    }
    kinds = [Choice("", "Once"), *(Choice(*each) for each in KINDS.items())]
    return node(
        field, "recurrence", choices=kinds, children=[*rule.values(), *bounds], options=options
    )


def _kind(given: dict[str, Any]) -> str:
    return next((kind for kind in KINDS if given.get(kind) is not None), "cron")


def _texts(given: dict[str, Any]) -> dict[str, str]:
    """What stands in the fields of the rules; seconds in words."""
    found = {kind: shown(given.get(kind)) for kind in KINDS}
    seconds = given.get("everySeconds")
    if isinstance(seconds, int) and 0 < seconds < 10**10:
        found["everySeconds"] = duration_words(timedelta(seconds=seconds))
    return found


def _preset(given: dict[str, Any]) -> str:
    kind = _kind(given)
    rule = (kind, given.get(kind))
    return next((words for words, preset in PRESETS.items() if preset == rule), "")


def read(field: Field, before: Any, typed: Typed) -> Any:
    """The recurrence; null where it runs once. Only the rule of the kind that is chosen counts."""
    kind = typed.text(f"{field.name}.kind")
    if kind is None:
        return json_text.read(field, before, typed)
    if kind not in KINDS:
        return (_bounds(field, {}, typed) or before) if before in (ABSENT, None) else None
    earlier = cast("dict[str, Any]", before) if isinstance(before, dict) else {}
    found = dict(earlier)
    picked = typed.text(f"{field.name}.preset") or ""
    if picked in PRESETS and picked != typed.text(f"{field.name}.applied"):
        kind, found[kind] = PRESETS[picked][0], None
        rule: Any = PRESETS[picked][1]
    else:
        rule = _rule(field, kind, earlier, typed)
    found |= {other: None for other in KINDS if found.get(other) is not None} | {kind: rule}
    found |= _bounds(field, earlier, typed)
    return before if same(found, earlier) and before is not ABSENT else found


def _bounds(field: Field, earlier: dict[str, Any], typed: Typed) -> dict[str, Any]:
    """When it begins and ends, also where nobody has said yet how often it runs."""
    fields, found = dict(field.properties()), dict[str, Any]()
    for key in _BOUNDS:
        value = read_any(fields[key], earlier.get(key, ABSENT), typed)
        if key in _TIMES and value != earlier.get(key, ABSENT):
            value = _in_utc(value, typed.text(f"{field.name}.timezone") or "UTC")
        if value is not ABSENT and (value is not None or key in earlier):
            found[key] = value
    return found


def _rule(field: Field, kind: str, earlier: dict[str, Any], typed: Typed) -> Any:
    """What stands in the rule's field; a likely one where its kind was chosen just now."""
    text = typed.text(f"{field.name}.{kind}")
    if text is None:
        return earlier[kind] if earlier.get(kind) is not None else FIRST[kind]
    if text == _texts(earlier)[kind] and earlier.get(kind) is not None:
        return earlier[kind]
    return _seconds(text) if kind == "everySeconds" else text


def _seconds(text: str) -> Any:
    """'15 minutes' and '900' as seconds; what is neither as it is."""
    bare = text.strip()
    if bare.isascii() and bare.isdigit() and len(bare) <= 9:
        return int(bare)
    duration = read_duration(text)
    return int(parse_duration(duration).total_seconds()) if duration else text


def _in_utc(value: Any, timezone: str) -> Any:
    """A time by the clock on the wall of the zone, in UTC; anything else as it is."""
    try:
        wall = datetime.fromisoformat(value)
        return value if wall.tzinfo else zulu(instant_of(wall, zone_of(timezone)))
    except (TypeError, ValueError, OverflowError):
        return value
