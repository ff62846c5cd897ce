"""Schedules as they cross the boundary."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from app.models.vocabulary import CatchUp, Overlap
from app.schemas.base import Schema
from app.schemas.durations import parse_moment
from app.schemas.instance import MAX_VERSION, Reason
from app.schemas.moments import Instant, PlainMoment
from app.schemas.recurrence import MAX_COUNT, Rule

MAX_JITTER = 86_400
MAX_PREVIEW = 1000
Whole = Annotated[int, Field(strict=True)]


class PlainRule(Rule):
    """A rule whose start is a time and no placeholder."""

    @field_validator("start")
    @classmethod
    def _a_time(cls, start: str | None) -> str | None:
        if start is not None:
            parse_moment(start, zone_required=True)
        return start


class ScheduleIn(PlainRule):
    """Starts instances of a template, by key or by id, when its rule says so."""

    name: str = Field(min_length=1, max_length=200)
    template_key: str | None = Field(None, max_length=120, examples=["daily-report"])
    template_id: int | None = Field(None, ge=1, strict=True)
    version: int | None = Field(
        None, ge=1, le=MAX_VERSION, strict=True, description="Default: the newest at that time."
    )
    title: str = Field(
        "",
        max_length=500,
        description="Of the instances; may have `{{ input.… }}`, `{{ schedule.name }}`, "
        "`{{ fire.date }}`, `{{ fire.time }}`. Default: the schedule's name, date and time.",
    )
    input: dict[str, Any] = Field(default_factory=dict)
    until: PlainMoment | None = Field(None, description="Not after this time.")
    count: int | None = Field(
        None, ge=1, le=MAX_COUNT, strict=True, description="How many times in all."
    )
    overlap: Overlap = Field(
        Overlap.ALLOW,
        description="What happens when the time comes while what it started is still open.",
    )
    catch_up: CatchUp = Field(
        CatchUp.ONE, description="What happens about times missed while nothing ran; all: 24."
    )
    jitter_seconds: int = Field(
        0, ge=0, le=MAX_JITTER, strict=True, description="Starts up to so much later."
    )

    @field_validator("name")
    @classmethod
    def _not_blank(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("This is required.")
        return name

    @model_validator(mode="after")
    def _one_template(self) -> "ScheduleIn":
        if (self.template_key is None) == (self.template_id is None):
            raise ValueError("Give either templateKey or templateId.")
        return self


class ScheduleChange(Schema):
    """What of a schedule is to change; what is left out stays. Another rule takes the place of
    the present one, whatever its kind."""

    name: str | None = None
    template_key: str | None = None
    template_id: Whole | None = None
    version: Whole | None = None
    title: str | None = None
    input: dict[str, Any] | None = None
    cron: str | None = None
    rrule: str | None = None
    every_seconds: Whole | None = None
    timezone: str | None = None
    start: str | None = None
    until: str | None = None
    count: Whole | None = None
    overlap: Overlap | None = None
    catch_up: CatchUp | None = None
    jitter_seconds: Whole | None = None


class PauseIn(Reason):
    """Lets a schedule rest: until it is resumed, or until a time."""

    until: Instant | None = Field(None, description="Goes on by itself then.")


class FireOut(Schema):
    """One time of a schedule, and what became of it."""

    id: int
    fire_at: datetime = Field(description="When it was due, by the rule.")
    kind: str = Field(description="due, catch-up or run-now")
    outcome: str = Field(description="started, skipped, queued or failed")
    reason: str | None
    actor: str | None = Field(description="Who ran it by hand.")
    instance_id: int | None
    instance_title: str | None
    instance_state: str | None
    late_seconds: float
    created_at: datetime


class ScheduleSummary(Schema):
    """A schedule in a list."""

    id: int
    name: str
    template_id: int
    template_key: str
    version: int | None
    title: str
    input: dict[str, Any]
    cron: str | None
    rrule: str | None
    every_seconds: int | None
    timezone: str
    start: datetime | None
    until: datetime | None
    count: int | None
    overlap: str
    catch_up: str
    jitter_seconds: int
    fired: int = Field(description="How many of its times have come; those run by hand aside.")
    paused: bool
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    resume_at: datetime | None
    next_at: datetime | None = Field(description="Null: paused, or over.")
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class ScheduleOut(ScheduleSummary):
    """A schedule, what it will do and what it did."""

    next_occurrences: list[datetime] = Field(description="The next five, were it not paused.")
    recent_fires: list[FireOut] = Field(description="The last twenty, newest first.")


class OccurrencesIn(PlainRule):
    """Asks when a rule would occur."""

    after: PlainMoment | None = Field(None, description="Strictly after this time; default: now.")
    count: int = Field(5, ge=1, le=MAX_PREVIEW, strict=True)


class OccurrencesOut(Schema):
    """When, in UTC; fewer than asked for when the rule ends."""

    occurrences: list[datetime]
