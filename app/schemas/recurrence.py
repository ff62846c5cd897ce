"""When something recurs: one rule, for steps and for schedules."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from app.schemas.base import Schema
from app.schemas.moments import Moment

MAX_COUNT = 100_000
# Nobody means a step of more than ten years, and the arithmetic stays within the calendar.
MAX_EVERY_SECONDS = 10 * 366 * 86_400


def _bare_rrule(text: str) -> str:
    lines = text.strip().splitlines()
    if len(lines) > 1 or text.strip().upper().startswith(("DTSTART", "EXDATE", "RDATE", "EXRULE")):
        raise ValueError(
            "Give the rule alone, on one line; DTSTART is the field start, and exceptions such as "
            "EXDATE are not understood."
        )
    rule = text.strip()
    return rule[6:] if rule.upper().startswith("RRULE:") else rule


Cron = Annotated[
    str,
    Field(
        max_length=200,
        description="Five fields: minute, hour, day of the month, month, day of the week.",
        examples=["0 9 * * MON-FRI"],
    ),
]
RRule = Annotated[
    str,
    AfterValidator(_bare_rrule),
    Field(
        max_length=1000,
        description="A recurrence rule of RFC 5545, with or without `RRULE:`.",
        examples=["FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=9;BYMINUTE=0"],
    ),
]


class Rule(Schema):
    """When something recurs: exactly one of cron, rrule and everySeconds."""

    cron: Cron | None = Field(None, title="Cron")
    rrule: RRule | None = Field(None, title="RRULE")
    every_seconds: int | None = Field(
        None,
        ge=1,
        le=MAX_EVERY_SECONDS,
        strict=True,
        title="Every so many seconds",
        description="Counted from the start, or else from when it begins.",
        examples=[900],
    )
    timezone: str = Field(
        "UTC",
        max_length=100,
        title="Time zone",
        description="An IANA name.",
        examples=["Europe/Berlin"],
    )
    start: Moment | None = Field(
        None,
        title="Start",
        description="Not before this time. An RRULE's DTSTART; everySeconds counts from it.",
    )

    @model_validator(mode="after")
    def _one_rule(self) -> "Rule":
        if sum(rule is not None for rule in (self.cron, self.rrule, self.every_seconds)) != 1:
            raise ValueError("Give exactly one of cron, rrule and everySeconds.")
        return self


class Recurrence(Rule):
    """Runs the step again and again: a rule, and an end."""

    until: Moment | None = Field(
        None, title="Until", description="Not after this time; may be a placeholder."
    )
    count: int | None = Field(
        None,
        ge=1,
        le=MAX_COUNT,
        strict=True,
        title="Count",
        description="How many times in all.",
        examples=[5],
    )

    @model_validator(mode="after")
    def _an_end(self) -> "Recurrence":
        if self.until is None and self.count is None:
            raise ValueError("A recurrence needs an end: until or count.")
        return self
