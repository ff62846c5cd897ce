"""The form of a schedule. Its fields are named as faults name their places (ScheduleIn), so each
fault goes to its field; the rules are the domain's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from app.domain.wall_time import wall_of, zone_of
from app.models.vocabulary import CatchUp, Overlap
from app.schemas.base import zulu
from app.schemas.schedule import ScheduleSummary
from app.web import schema_forms
from app.web.schedule_sources import Source
from app.web.schedule_words import CATCH_UP, OVERLAP
from app.web.schema_forms import Required

KINDS = {"cron": "Cron", "rrule": "RRULE", "everySeconds": "Every so often"}
RULE_FIELDS = ("cron", "rrule", "everySeconds", "timezone", "start", "until", "count")
UNITS = {"60": "minutes", "3600": "hours", "86400": "days", "1": "seconds"}
# What most people want, by its words: the kind, and the rule.
PRESETS: Mapping[str, tuple[str, str]] = {
    "Every day at 09:00": ("cron", "0 9 * * *"),
    "Monday to Friday at 09:00": ("cron", "0 9 * * 1-5"),
    "Mondays at 06:00": ("cron", "0 6 * * 1"),
    "Every hour": ("cron", "0 * * * *"),
    "Every 15 minutes": ("cron", "*/15 * * * *"),
    "On the 1st of the month at 02:00": ("cron", "0 2 1 * *"),
    "On the last Friday of the month at 17:00": ("cron", "0 17 * * 5L"),
    "On the last weekday of the month at 17:00": ("cron", "0 17 LW * *"),
    "Every other Monday at 09:00": (
        "rrule",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
    ),
}
_OFF = {"autocomplete": "off", "spellcheck": "false"}
_WALL = {"type": "datetime-local", "step": "1"}


def schedule_form(source: Source, data: Mapping[str, Any] | None = None) -> FlaskForm:
    """Filled with `data`, else with what was sent."""
    fields = _fields(source) | schema_forms.input_fields(source.schema)
    kind = type("ScheduleForm", (FlaskForm,), fields)
    if data is not None:
        return kind(formdata=None, data=data)
    form = kind()
    if form["shown"].data != source.key:
        schema_forms.take_new_fields(form)
    for name in ("shown", "version"):
        form[name].data = {"shown": source.key, "version": str(source.version or "")}[name]
    _take_preset(form)
    return form


def _take_preset(form: FlaskForm) -> None:
    """A rule that was picked from the list since; what is typed after it stays."""
    picked = form["preset"].data
    if picked in PRESETS and picked != form["applied"].data:
        kind, rule = PRESETS[picked]
        form["kind"].data, form[kind].data = kind, rule
    form["applied"].data = picked


def _fields(source: Source) -> dict[str, Any]:
    return _fields_of_what(source) | _fields_of_when() | _fields_of_trouble()


def _fields_of_what(source: Source) -> dict[str, Any]:
    versions = [(str(number), f"version {number}") for number in source.versions]
    return {
        "name": StringField("Name", [Required()], id="name", render_kw={"maxlength": 200}),
        "templateId": _select("Template", [("", "choose a template"), *source.templates]),
        "version": _select("Version", [("", "the newest at that time"), *versions]),
        "title": StringField(
            "Title of what it starts",
            description="May have {{ input.name }}, {{ schedule.name }}, {{ fire.date }} and "
            "{{ fire.time }}. Empty: the schedule's name, date and time.",
            render_kw=_OFF | {"placeholder": "{{ schedule.name }} · {{ fire.date }}"},
        ),
        "seen": HiddenField(),
        "shown": HiddenField(),
    }


def _fields_of_when() -> dict[str, Any]:
    about_cron = "Minute, hour, day of the month, month, day of the week; also L and #."
    return {
        "preset": _select("Common rules", [("", "my own"), *((each, each) for each in PRESETS)]),
        "applied": HiddenField(),
        "kind": _kinds(),
        "cron": StringField("Cron", description=about_cron, render_kw=_OFF),
        "rrule": TextAreaField(
            "RRULE",
            description="Of RFC 5545, on one line: FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0",
            render_kw=_OFF | {"rows": 2},
        ),
        "everySeconds": StringField("Every", render_kw=_OFF | {"inputmode": "numeric"}),
        "unit": _select("Unit", [*UNITS.items()]),
        "timezone": StringField(
            "Time zone",
            [Required()],
            description="Whose clock it goes by: Europe/Berlin, UTC.",
            render_kw=_OFF | {"list": "zones"},
        ),
        "start": StringField(
            "Not before",
            description="By the clock of its zone. RRULEs and intervals count from here; "
            "empty: from when it is saved.",
            render_kw=_WALL,
        ),
        "until": StringField("Not after", render_kw=_WALL),
        "count": StringField("At most so many times", render_kw=_OFF | {"inputmode": "numeric"}),
    }


def _fields_of_trouble() -> dict[str, Any]:
    return {
        "overlap": _select("If what it started before is still open", [*OVERLAP.items()]),
        "catchUp": _select("Times missed while nothing ran", [*CATCH_UP.items()]),
        "jitterSeconds": StringField(
            "Spread by up to, seconds",
            description="Starts that much later, always as much at the same time: not all at once.",
            render_kw=_OFF | {"inputmode": "numeric"},
        ),
    }


def _kinds() -> RadioField:
    choices = [SelectChoice(*each) for each in KINDS.items()]
    return RadioField("By", choices=choices, default="cron", validate_choice=False)


def _select(label: str, choices: list[tuple[str, str]]) -> SelectField:
    return SelectField(
        label, choices=[SelectChoice(*each) for each in choices], validate_choice=False
    )


def new_data(source: Source, timezone: str) -> dict[str, Any]:
    """What stands in the form of a new one."""
    return {
        "templateId": str(source.template_id or ""),
        "shown": source.key,
        "kind": "cron",
        "cron": "0 9 * * 1-5",
        "everySeconds": "15",
        "unit": "60",
        "timezone": timezone,
        "overlap": Overlap.SKIP,
        "catchUp": CatchUp.ONE,
        "jitterSeconds": "0",
    }


def filled(schedule: ScheduleSummary, source: Source) -> dict[str, Any]:
    """What stands in the form of one that is there."""
    seconds = schedule.every_seconds or 900
    unit = next(unit for unit in ("86400", "3600", "60", "1") if seconds % int(unit) == 0)
    same = ("name", "title", "timezone", "overlap")
    return {name: getattr(schedule, name) for name in same} | {
        "templateId": str(schedule.template_id),
        "version": str(schedule.version or ""),
        "shown": source.key,
        "seen": zulu(schedule.updated_at),
        "kind": "cron" if schedule.cron else "rrule" if schedule.rrule else "everySeconds",
        "cron": schedule.cron or "",
        "rrule": schedule.rrule or "",
        "everySeconds": str(seconds // int(unit)),
        "unit": unit,
        "start": _wall(schedule.start, schedule.timezone),
        "until": _wall(schedule.until, schedule.timezone),
        "count": str(schedule.count or ""),
        "catchUp": schedule.catch_up,
        "jitterSeconds": str(schedule.jitter_seconds),
        **schema_forms.written(source.schema, schedule.input),
    }


def _wall(at: datetime | None, timezone: str) -> str:
    return wall_of(at, zone_of(timezone)).isoformat(timespec="seconds") if at else ""
