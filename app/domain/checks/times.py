"""Whether times come, and in an order that makes sense."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from app.domain import occurrences
from app.domain.checks.base import Finding, Subject, told
from app.domain.half_done import RawStep, text
from app.domain.placeholders import paths_in
from app.domain.retries import longest_wait
from app.errors import Invalid
from app.schemas.actions import AutomationConfig, WaitTimer
from app.schemas.durations import duration_words, parse_duration, parse_moment
from app.schemas.recurrence import Recurrence


def due(subject: Subject) -> Iterator[Finding]:
    """An instance's own time is read as it starts, when there is nothing but its input."""
    for path in paths_in(text(subject.document.get("dueAt"))):
        if not path.startswith("input."):
            message = f"{path}: there is nothing but the input when an instance starts."
            yield Finding("error", "dueAt", message, "only-input")


def recurrences(subject: Subject) -> Iterator[Finding]:
    """What recurs does so at least once before it ends."""
    now = subject.around.now
    for step in subject.steps:
        config = subject.config(step)
        if isinstance(config, AutomationConfig) and config.recurrence is not None:
            rule, place = config.recurrence, f"{step.place}.actionConfig.recurrence"
            yield from told(lambda r=rule, at=place: _check(r, at, now), "recurrence")


def _check(rule: Recurrence, at: str, now: datetime) -> None:
    occurrences.check(rule, at, least_seconds=1, since=now)
    if rule.until is None or "{{" in f"{rule.until}{rule.start}":
        return
    first = occurrences.next_occurrence(rule, now)
    if first is None or first > parse_moment(rule.until):
        raise Invalid.at(f"{at}.until", "It ends before its first occurrence.")


def passed(subject: Subject) -> Iterator[Finding]:
    """Times that are written out and have passed by now."""
    for step in subject.steps:
        config = subject.config(step)
        if isinstance(config, AutomationConfig | WaitTimer):
            late = "It is always skipped" if config.if_past == "skip" else "It runs at once"
            place = f"{step.place}.actionConfig.runAt"
            yield from _passed(subject, config.run_at, place, late)
        yield from _passed(subject, step.document.get("dueAt"), f"{step.place}.dueAt", "It is late")
    yield from _passed(subject, subject.document.get("dueAt"), "dueAt", "Each instance is late")


def _passed(subject: Subject, moment: Any, place: str, then: str) -> Iterator[Finding]:
    try:
        at = parse_moment(text(moment), zone_required=True)
    except ValueError:
        return  # a placeholder, nothing, or told elsewhere
    if at <= subject.around.now:
        yield Finding("warning", place, f"This time has passed. {then}.", "time-passed")


def retries_after_due(subject: Subject) -> Iterator[Finding]:
    """Steps that may still be tried again when they are late already."""
    for step in subject.steps:
        config = subject.config(step)
        if not isinstance(config, AutomationConfig) or config.recurrence is not None:
            continue
        tries = longest_wait(config.retry)
        if (limit := _due_in(step)) is not None and limit < tries.total_seconds():
            message = (
                f"It is tried again for up to {duration_words(tries)}, and is late before that: "
                f"after {duration_words(parse_duration(text(step.document.get('dueIn'))))}."
            )
            yield Finding("hint", f"{step.place}.actionConfig.retry", message, "late-retries")


def _due_in(step: RawStep) -> float | None:
    try:
        return parse_duration(text(step.document.get("dueIn"))).total_seconds()
    except ValueError:
        return None
