"""Times and durations as fields."""

from typing import Annotated

from pydantic import AfterValidator, Field

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


_EXAMPLES = ["2026-01-31T09:00:00Z"]
Duration = Annotated[str, AfterValidator(_duration), Field(examples=["PT15M"])]
Moment = Annotated[str, AfterValidator(_moment), Field(examples=_EXAMPLES)]  # or a placeholder
PlainMoment = Annotated[str, AfterValidator(_plain_moment), Field(examples=_EXAMPLES)]
