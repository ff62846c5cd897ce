"""What an attempt may have done at its receiver, as far as anybody can know. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from app.domain.answers import is_success
from app.models.vocabulary import AttemptOutcome
from app.schemas.instance import AttemptOut

WEBHOOK, MAIL = "AUTOMATION_WEBHOOK", "AUTOMATION_EMAIL"


class Effect(StrEnum):
    """How an attempt stands with its receiver."""

    RUNNING = "running"
    DONE = "done"
    NOT_MADE = "not made"  # nothing could be sent: a value, a secret or a permission is missing
    NOT_SENT = "not sent"  # no byte of it arrived
    UNKNOWN = "unknown"  # it may have arrived, and nobody said
    UNEXPECTED = "unexpected"  # taken, but the answer is not what the step expects
    ELSEWHERE = "elsewhere"  # 3xx
    DENIED = "denied"  # 401, 403, 407
    GONE = "gone"  # 410
    CONFLICT = "conflict"  # 409
    BUSY = "busy"  # 408, 425, 429
    REFUSED = "refused"  # any other no
    BROKEN = "broken"  # 5xx: it broke down over it, or behind it


# What may have been acted on though nobody said so.
MAYBE = frozenset({Effect.UNKNOWN, Effect.UNEXPECTED, Effect.BROKEN})
NOTHING = frozenset({Effect.NOT_MADE, Effect.NOT_SENT})

_UNSURE = (AttemptOutcome.UNKNOWN, AttemptOutcome.ABANDONED, AttemptOutcome.FENCED)
_BY_STATUS: Mapping[int, Effect] = {
    401: Effect.DENIED,
    403: Effect.DENIED,
    407: Effect.DENIED,
    408: Effect.BUSY,
    409: Effect.CONFLICT,
    410: Effect.GONE,
    425: Effect.BUSY,
    429: Effect.BUSY,
}


class Tried(Protocol):
    """A step with its attempts."""

    @property
    def action_type(self) -> str: ...
    @property
    def action_config(self) -> dict[str, Any]: ...
    @property
    def automation_log(self) -> list[AttemptOut]: ...


def effect_of(attempt: AttemptOut, step: Tried) -> Effect:
    """What this attempt of the step may have done."""
    if attempt.outcome is None:
        return Effect.RUNNING
    if attempt.outcome == AttemptOutcome.SUCCEEDED:
        return Effect.DONE
    if attempt.outcome in _UNSURE:
        return Effect.UNKNOWN
    if attempt.status_code is None:
        return Effect.NOT_SENT if attempt.request else Effect.NOT_MADE
    if step.action_type == MAIL:
        return Effect.REFUSED  # a mail server that refuses has taken nothing
    if is_success(attempt.status_code, step.action_config):
        return Effect.UNEXPECTED
    return _by_status(attempt.status_code)


def _by_status(status: int) -> Effect:
    if status >= 500:
        return Effect.BROKEN
    return _BY_STATUS.get(status, Effect.ELSEWHERE if status < 400 else Effect.REFUSED)


def effects_of(step: Tried) -> list[tuple[AttemptOut, Effect]]:
    """The step's own attempts, oldest first; replays stand beside it. Of one that recurs, those of
    its newest occurrence: what came of earlier ones has been told."""
    own = [one for one in step.automation_log if not one.replay]
    newest = max((one.occurrence for one in own), default=1)
    return [(one, effect_of(one, step)) for one in own if one.occurrence == newest]


def may_have_acted(step: Tried) -> bool | None:
    """Whether a receiver that did not say so may have acted: True, False (it got nothing), or None
    (not tried, or refused in a way that leaves it open)."""
    found: Iterable[Effect] = [effect for _, effect in effects_of(step)]
    if not MAYBE.isdisjoint(found):
        return True
    return False if found and NOTHING.issuperset(found) else None
