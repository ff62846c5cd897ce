"""What must hold of a schedule before it is saved."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.domain import input_schemas, occurrences, schedule_starts
from app.domain.paths import MissingPath
from app.domain.placeholders import paths_in
from app.errors import Invalid
from app.models import Schedule, WorkflowTemplate, WorkflowTemplateVersion
from app.schemas.base import gather
from app.schemas.durations import parse_moment
from app.schemas.schedule import ScheduleIn


def check(session: Session, wish: ScheduleIn, row: Schedule, least_seconds: int) -> int:
    """The id of its template. Raises Invalid with all that is wrong: with its rule, its end, its
    template, input and title. `row` is the schedule as it was: one that is over, or was saved when
    more was allowed, can still get another name."""
    found: list[int] = []
    gather(
        lambda: None if _keeps_its_times(wish, row) else _check_times(wish, least_seconds),
        lambda: found.append(_check_template(session, wish)),
        lambda: _check_title(wish, row),
    )
    return found[0]


def _keeps_its_times(wish: ScheduleIn, row: Schedule) -> bool:
    same = ("cron", "rrule", "every_seconds", "timezone", "jitter_seconds")
    ends = ((wish.start, row.starts_at), (wish.until, row.ends_at))
    return all(getattr(wish, name) == getattr(row, name) for name in same) and all(
        (parse_moment(said) if said else None) == was for said, was in ends
    )


def _check_times(wish: ScheduleIn, least_seconds: int) -> None:
    occurrences.check(wish, least_seconds=least_seconds)
    first = occurrences.next_occurrence(wish, clock.now())
    if wish.until is not None and (first is None or first > parse_moment(wish.until)):
        raise Invalid.at("until", "Nothing would happen until then.")
    gap = occurrences.least_gap(wish)
    if gap is not None and timedelta(seconds=wish.jitter_seconds) >= gap:
        raise Invalid.at("jitterSeconds", "It must be less than the time between two runs.")


def _check_template(session: Session, wish: ScheduleIn) -> int:
    """As starting an instance would."""
    by_key = wish.template_key is not None
    at = "templateKey" if by_key else "templateId"
    template = WorkflowTemplate
    wanted = template.key == wish.template_key if by_key else template.id == wish.template_id
    row = session.scalar(select(template).where(wanted))
    if row is None or row.archived_at is not None:
        raise Invalid.at(at, "There is no such template.")
    if row.newest_version is None:
        raise Invalid.at(at, "This template has no published version yet. Publish it first.")
    version = WorkflowTemplateVersion
    number = wish.version or row.newest_version
    schema = session.scalar(
        select(version.input_schema).where(version.template_id == row.id, version.number == number)
    )
    if schema is None:
        raise Invalid.at("version", f"This template has no version {number}.")
    input_schemas.read_input(schema, wish.input, "input")
    return row.id


def _check_title(wish: ScheduleIn, row: Schedule) -> None:
    if "{{" in wish.title and not paths_in(wish.title):
        raise Invalid.at("title", "A placeholder is written {{ input.name }}.")
    sample = Schedule(id=row.id or 0, name=wish.name, input=wish.input, timezone="UTC")
    try:
        schedule_starts.title_of(wish.title, sample, clock.now())
    except MissingPath as missing:
        raise Invalid.at("title", f"There is no {missing.path}.") from None
