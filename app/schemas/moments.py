"""Times and durations as fields."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from app.schemas.durations import parse_duration, parse_moment


def _duration(text: str) -> str:
    parse_duration(text)
    return text


def _moment(text: str) -> str:
    if "{{" not in text:
        parse_moment(text, zone_required=True)
    return text


def _plain_moment(text: str) -> str:
    parse_moment(text, zone_required=True)
    return text


def _instant(text: Any) -> datetime:
    if not isinstance(text, str):
        raise ValueError("Write a time such as 2026-01-31T09:00:00Z.")
    return parse_moment(text, zone_required=True)


_EXAMPLES = ["2026-01-31T09:00:00Z"]
Duration = Annotated[
    str,
    AfterValidator(_duration),
    Field(examples=["PT15M"], json_schema_extra={"x-widget": "duration"}),
]
Moment = Annotated[  # or a placeholder
    str,
    AfterValidator(_moment),
    Field(examples=_EXAMPLES, json_schema_extra={"x-placeholders": "plain"}),
]
PlainMoment = Annotated[str, AfterValidator(_plain_moment), Field(examples=_EXAMPLES)]
# Read at once. Pydantic's own would take numbers, and years that can't be brought to UTC.
Instant = Annotated[
    datetime,
    BeforeValidator(_instant, json_schema_input_type=str),
    Field(examples=_EXAMPLES),
]
