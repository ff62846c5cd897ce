"""What was typed into the form of a schedule, in the JSON form that the domain takes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask_wtf import FlaskForm

from app.domain.wall_time import instant_of, zone_names, zone_of
from app.errors import FieldError, Invalid
from app.schemas.base import zulu
from app.web import schema_forms
from app.web.schedule_forms import KINDS, UNITS
from app.web.schedule_sources import Source


def rule_document(form: FlaskForm) -> dict[str, Any]:
    """The rule as it was typed, and its end, in the JSON form. Raises Invalid."""
    kind = form["kind"].data if form["kind"].data in KINDS else "cron"
    return _gathered(
        {
            kind: lambda: _seconds(form) if kind == "everySeconds" else _given(form, kind),
            "timezone": lambda: _given(form, "timezone"),
            "start": lambda: _moment(form, "start"),
            "until": lambda: _moment(form, "until"),
            "count": lambda: _whole(form, "count"),
        }
    )


def document(form: FlaskForm, source: Source) -> dict[str, Any]:
    """All that was typed, in the JSON form. Raises Invalid."""
    faults: list[FieldError] = []
    found: dict[str, Any] = {}
    for read in (lambda: rule_document(form), lambda: _rest(form, source)):
        try:
            found |= read()
        except Invalid as invalid:
            faults += invalid.errors
    if faults:
        raise Invalid(faults)
    return found


def _rest(form: FlaskForm, source: Source) -> dict[str, Any]:
    return _gathered(
        {
            "name": lambda: _given(form, "name"),
            "templateId": lambda: _template(source),
            "version": lambda: source.version,
            "title": lambda: _text(form, "title"),
            "overlap": lambda: _text(form, "overlap"),
            "catchUp": lambda: _text(form, "catchUp"),
            "jitterSeconds": lambda: _whole(form, "jitterSeconds") or 0,
            "input": lambda: schema_forms.read(form, source.schema, schema_forms.INPUT),
        }
    )


def _gathered(readers: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """What each reader gives, or the faults of all."""
    faults: list[FieldError] = []
    found: dict[str, Any] = {}
    for name, read in readers.items():
        try:
            found[name] = read()
        except Invalid as invalid:
            faults += invalid.errors
    if faults:
        raise Invalid(faults)
    return found


def _template(source: Source) -> int:
    if source.template_id is None:
        raise Invalid.at("templateId", "Choose a template.")
    return source.template_id


def _text(form: FlaskForm, name: str) -> str:
    text = (form[name].data or "").strip()
    if "\x00" in text:
        raise Invalid.at(name, "Text must not contain NUL characters.")
    return text


def _given(form: FlaskForm, name: str) -> str:
    text = _text(form, name)
    if not text:
        raise Invalid.at(name, "This is required.")
    return text


def _whole(form: FlaskForm, name: str) -> int | None:
    text = _text(form, name)
    if text and not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Invalid.at(name, "Write a whole number, such as 15.")
    return int(text) if text else None


def _seconds(form: FlaskForm) -> int:
    number = _whole(form, "everySeconds")
    if number is None:
        raise Invalid.at("everySeconds", "This is required.")
    unit = form["unit"].data
    return number * int(unit if unit in UNITS else "60")


def _moment(form: FlaskForm, name: str) -> str | None:
    return moment(_text(form, name), _text(form, "timezone"), name)


def moment(text: str, timezone: str, at: str) -> str | None:
    """A time by the clock on the wall of a zone, in UTC; by UTC's if there is no such zone. Raises
    Invalid at `at`."""
    if not text:
        return None
    try:
        wall = datetime.fromisoformat(text)
        if wall.tzinfo is None:
            wall = instant_of(wall, zone_of(timezone if timezone in zone_names() else "UTC"))
        return zulu(wall.astimezone(UTC))
    except (ValueError, OverflowError):
        raise Invalid.at(at, "Write a time such as 2026-01-31T09:00.") from None
