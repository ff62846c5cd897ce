"""What an operator reads of a step that failed or waits for its next try: whether the receiver
may have acted, what a retry would do, and which button most would press."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.effects import MAIL, MAYBE, NOTHING, WEBHOOK, Effect, effects_of
from app.models.vocabulary import ActionState, State
from app.schemas.instance import AttemptOut, StepOut

_SAME_ID = (
    "{} carries the same webhook-id, so a receiver that keeps to Standard Webhooks acts once."
)
_SAME_MAIL = "{} carries the same Message-ID, so that a repeat can be recognised."
_SAME_END = "As long as that is so, a retry ends the same way."

# What the last try says about the receiver, where no earlier one may have been acted on.
_ACTED = {
    Effect.NOT_MADE: "Nothing was sent.",
    Effect.NOT_SENT: "The receiver got nothing.",
    Effect.ELSEWHERE: "The receiver pointed elsewhere and has most likely done nothing.",
    Effect.DENIED: "The receiver did not let it in, so it has done nothing.",
    Effect.GONE: "The receiver is gone, so it has done nothing.",
    Effect.CONFLICT: "The receiver says that it contradicts what is there.",
    Effect.BUSY: "The receiver put it off and has most likely done nothing.",
    Effect.REFUSED: "The receiver refused it and has most likely done nothing.",
}
# What to do about a failure for good.
_CURES = {
    Effect.NOT_MADE: _SAME_END,
    Effect.NOT_SENT: "Retry once it can be reached.",
    Effect.UNEXPECTED: "Look at its answer first. " + _SAME_ID.format("A retry"),
    Effect.ELSEWHERE: "Redirects are not followed: the template needs the new address.",
    Effect.DENIED: "Put the step's secret or the receiver's permission right, then retry.",
    Effect.GONE: "A retry asks the same address again; other addresses of its host are not gone.",
    Effect.CONFLICT: "Look there first: an earlier try may have been acted on.",
    Effect.BUSY: "Retry when it has more time.",
    Effect.REFUSED: "A retry helps only if something has changed there.",
}
# Where another button than the first is the one to press.
_PRESS = {Effect.GONE: "skip", Effect.ELSEWHERE: "skip"}


@dataclass(frozen=True, slots=True)
class Failure:
    """Sentences; None where there is nothing to say. `press`: a verb, None for the usual one."""

    acted: str | None = None
    next: str | None = None
    press: str | None = None


def of(step: StepOut) -> Failure:
    """What to say of this step."""
    if step.action_type not in (WEBHOOK, MAIL):
        return Failure()
    tried = [(attempt, effect) for attempt, effect in effects_of(step) if effect != Effect.RUNNING]
    if not tried or step.state not in (State.FAILED, State.STARTED):
        return Failure()
    mail = step.action_type == MAIL
    acted = _mail_acted(tried) if mail else _acted(tried)
    if step.state == State.FAILED:
        last = tried[-1][1]
        return Failure(acted, _cure(step, tried, mail=mail), None if mail else _PRESS.get(last))
    if step.action_state != ActionState.RETRY_WAIT:
        return Failure()
    follows = (_SAME_MAIL if mail else _SAME_ID).format("The next try")
    return Failure(acted, follows if _unsure(tried) else None)


def _unsure(tried: Sequence[tuple[AttemptOut, Effect]]) -> list[str]:
    return [str(attempt.attempt) for attempt, effect in tried if effect in MAYBE]


def _acted(tried: Sequence[tuple[AttemptOut, Effect]]) -> str | None:
    if tries := _unsure(tried):
        return f"The receiver may have acted on {_on(tries)}."
    effects = [effect for _, effect in tried]
    if effects[-1] in NOTHING and not NOTHING.issuperset(effects):
        return "On the last try the receiver got nothing."
    return _ACTED.get(effects[-1])


def _mail_acted(tried: Sequence[tuple[AttemptOut, Effect]]) -> str:
    if tries := _unsure(tried):
        return f"The mail may have gone out on {_on(tries)}."
    return "No mail has gone out." if not _taken(tried) else "Some of its recipients have the mail."


def _taken(tried: Sequence[tuple[AttemptOut, Effect]]) -> bool:
    return any((attempt.response or {}).get("accepted") for attempt, _ in tried)


def _cure(step: StepOut, tried: Sequence[tuple[AttemptOut, Effect]], *, mail: bool) -> str | None:
    last = tried[-1][1]
    was_final = step.attempts < (step.max_attempts or 0)
    if last in (Effect.UNKNOWN, Effect.BROKEN):
        return (_SAME_MAIL if mail else _SAME_ID).format("A retry")
    if mail or (last == Effect.NOT_SENT and was_final):
        return _SAME_END if was_final else None
    if last in (Effect.REFUSED, Effect.BUSY, Effect.NOT_SENT) and _unsure(tried):
        return f"{_CURES[last]} {_SAME_ID.format('It')}"
    return _CURES.get(last)


def _on(tries: list[str]) -> str:
    """'try 2', 'tries 1 and 3', 'tries 1 to 9'."""
    if len(tries) == 1:
        return f"try {tries[0]}"
    if len(tries) > 3:
        return f"tries {tries[0]} to {tries[-1]}"
    return f"tries {', '.join(tries[:-1])} and {tries[-1]}"
