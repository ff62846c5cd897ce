"""When a schedule would run, while its form is typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from flask_wtf import FlaskForm

from app import clock
from app.domain import occurrences, rule_words
from app.domain.placeholders import has_placeholder
from app.errors import FieldError, Invalid
from app.schemas.base import zulu
from app.schemas.durations import parse_moment
from app.schemas.recurrence import Rule
from app.schemas.schedule import PlainRule
from app.web import schedule_documents
from app.web.coming_runs import Run, coming

NEXT = 5
_RULE = {"cron", "rrule", "everySeconds", "timezone", "start"}


@dataclass(frozen=True, slots=True)
class Preview:
    """In words and times, or what is wrong with it. `ends`: there are no more times than these."""

    words: str = ""
    runs: list[Run] = field(default_factory=list[Run])
    ends: bool = False
    faults: list[FieldError] = field(default_factory=list[FieldError])


def of_form(form: FlaskForm) -> Preview:
    """As it was typed."""
    try:
        return _of_document(schedule_documents.rule_document(form))
    except Invalid as invalid:
        return Preview(faults=invalid.errors)


def of_recurrence(given: Mapping[str, Any]) -> Preview:
    """Of a step's recurrence, half-done ones too. A time that is a placeholder is known only when
    the step runs: until then it counts from now, and has no end."""
    known = {name: value for name, value in given.items() if not has_placeholder(value)}
    count = known.get("count")
    try:
        if known.get("until"):
            parse_moment(known["until"])
        bounds = {"until": known.get("until"), "count": count if isinstance(count, int) else None}
        return _of_document(known | bounds, least=1)
    except Invalid as invalid:
        return Preview(faults=invalid.errors)
    except (ValueError, TypeError) as error:
        return Preview(faults=[FieldError("until", str(error))])


def _of_document(document: Mapping[str, Any], least: int | None = None) -> Preview:
    now = clock.now()
    given = {name: value for name, value in document.items() if name in _RULE}
    if not given.get("start") and "cron" not in given:
        given["start"] = zulu(now.replace(microsecond=0))  # as saving it now would
    rule = PlainRule.read(given)
    times = occurrences.preview(rule, now, NEXT, least_seconds=least or least_seconds())
    until, count = document["until"], document["count"]
    if until:
        times = [at for at in times if at <= parse_moment(until)]
    if count is not None:
        times = times[:count]
    return Preview(describe(rule), coming(times, rule.timezone, now), len(times) < NEXT)


def describe(rule: Rule) -> str:
    """In words, beginning as a sentence does."""
    words = rule_words.describe(rule)
    return words[0].upper() + words[1:]


def least_seconds() -> int:
    return current_app.config["SETTINGS"].min_schedule_seconds
