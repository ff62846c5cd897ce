"""No bare state: what a step or an instance waits for, and why a move was refused, in words."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from app import clock
from app.errors import MoveNotAllowed, RunsheetError
from app.models.vocabulary import ActionState, AttemptOutcome, State
from app.schemas.actions import PEOPLE_TYPES, WAIT_CALLBACK
from app.schemas.instance import StepOut
from app.web import recurrences, words

_DONE = (State.COMPLETED, State.SKIPPED)
CALL = "waits for a call"


def waits_for(step: Any, by_key: Mapping[str, Any]) -> Markup | str | None:
    """What a step waits for: the steps before it, or a person and by when. None: it says so
    itself."""
    if step.state == State.PENDING:
        open_ones = [by_key[key].name for key in step.depends_on if by_key[key].state not in _DONE]
        return words.few(open_ones) or None
    if step.state in (State.READY, State.STARTED) and step.action_type in PEOPLE_TYPES:
        return person(step)
    return None


def person(step: Any) -> Markup | str:
    """'an operator, due in 2 h', 'an operator, overdue, it was due 9 h ago'."""
    name, due = words.who(step.assignee), step.due_at
    if due is None:
        return name
    late = "overdue, it was " if due < clock.now() else ""
    return Markup("{}, {}due {}").format(name, late, words.time(due))


def standing(step: Any) -> Markup | str | None:
    """How an open step stands, after its name: 'waits for an operator, due in 2 h'."""
    if step.state not in (State.READY, State.STARTED):
        return None
    if step.action_type in PEOPLE_TYPES:
        begun = "was begun; " if step.state == State.STARTED else ""
        return Markup("{}waits for {}").format(begun, person(step))
    if step.action_state == ActionState.RETRY_WAIT:
        again = words.time(step.next_attempt_at) if step.next_attempt_at else "soon"
        return Markup("will be tried again {}, try {}{}{}").format(
            again, step.attempts + 1, _of(step), recurrences.of_run(step)
        )
    if step.action_state == ActionState.SCHEDULED and step.next_attempt_at:
        if step.occurrence is not None:
            return Markup("runs next {}, {}").format(
                words.time(step.next_attempt_at), recurrences.place(step)
            )
        return Markup("starts {}").format(words.time(step.next_attempt_at))
    if step.action_state == ActionState.WAITING:
        until = step.next_attempt_at
        return Markup("waits for a call, until {}").format(words.time(until)) if until else CALL
    doing = "is running" if step.action_state == ActionState.RUNNING else "is queued"
    return doing + recurrences.of_run(step)


def _of(step: Any) -> str:
    return f" of {step.max_attempts}" if step.max_attempts else ""


def headline(step: Any) -> Markup | str:
    """An open step in a list of instances: what it waits for, or what is wrong."""
    if step.state != State.FAILED:
        return Markup("{} {}").format(step.name, standing(step))
    tries = step.attempts and step.action_type != WAIT_CALLBACK  # who waits does not try
    tried = f", tried {step.attempts}{_of(step)}" if tries else ""
    return f"{step.name}: {(step.error or step.reason or 'failed').rstrip('.')}{tried}"


# What an operator should see first when several steps are open.
_URGENCY = (ActionState.FAILED, ActionState.POISONED, ActionState.RETRY_WAIT, ActionState.IDLE)


def most_urgent(steps: Sequence[Any]) -> Markup | str | None:
    """The headline of the step that matters most, and how many more are open."""
    rank = {state: at for at, state in enumerate(_URGENCY)}
    ordered = sorted(steps, key=lambda step: rank.get(step.action_state, len(rank)))
    if not ordered:
        return None
    more = len(ordered) - 1
    return headline(ordered[0]) + (f" · and {more} more" if more else "")


def duration_ms(step: StepOut) -> int | None:
    """How long it took: a request's own time, or from a person's start to its end."""
    if step.state != State.COMPLETED:
        return None
    ended = [
        a.duration_ms
        for a in step.automation_log
        if a.outcome == AttemptOutcome.SUCCEEDED and not a.replay
    ]
    if ended:
        return ended[-1]
    if step.started_at is None or step.completed_at is None or step.started_at == step.completed_at:
        return None
    return round((step.completed_at - step.started_at).total_seconds() * 1000)


def target(step: Any) -> str | None:
    """Whom it speaks to: the host of a webhook, the recipients of a mail; None if that is open."""
    config = step.action_config
    if step.action_type == "AUTOMATION_EMAIL":
        open_ones = [to for to in config.get("to", []) if "{{" in to]
        return None if open_ones else words.few(list(config.get("to", []))) or None
    sent = [a.request["url"] for a in step.automation_log if a.request and "url" in a.request]
    url = sent[-1] if sent else config.get("url", "")
    host = urlsplit(url).netloc if "{{" not in url.split("//")[-1].split("/")[0] else ""
    return host.rpartition("@")[2] or None


def refusal(error: RunsheetError) -> str:
    """Why something was refused, with every fault and who was quicker."""
    if error.errors:
        return " ".join(f"{fault.path}: {fault.message}" for fault in error.errors)
    change = error.extra.get("lastChange") if isinstance(error, MoveNotAllowed) else None
    if not change:
        return error.message
    kind = change["kind"].replace(".", " ").replace("_", " ")
    at = change["at"][11:19]
    by = words.actor(change["actor"])
    return f"{error.message} Last change: {kind} at {at} UTC by {by}."
