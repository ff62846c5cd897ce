"""Calls that come in for WAIT_CALLBACK steps. The token in the URL is the secret; strangers are
told no more than the step's state and since when."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import secrets, signatures, waiting
from app.domain.calls import Call
from app.domain.keyring import Keyring
from app.domain.ledger import Ledger, changing
from app.domain.people import hashed
from app.domain.records import StepRecord
from app.domain.signatures import BadSignature
from app.errors import (
    BadCallSignature,
    CallbackClosed,
    CallbackGone,
    CallbackUsed,
    NotFound,
    Unavailable,
)
from app.models import Callback, WorkflowInstanceStep
from app.models.columns import table_of
from app.models.vocabulary import State
from app.schemas.base import zulu

_callbacks = table_of(Callback)
_steps = table_of(WorkflowInstanceStep)


@dataclass(frozen=True, slots=True)
class Known:
    """What a token leads to."""

    id: int
    instance_id: int
    step_id: int
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Received:
    """What a call has done: `kept` for a step that does not wait yet, or ended it."""

    state: str
    at: datetime
    kept: bool


def find(session: Session, token: str) -> Known:
    """Look a token up by its hash. Raises NotFound."""
    c = _callbacks.c
    row = session.execute(
        select(c.id, c.instance_id, c.step_id, _steps.c.action_config)
        .join(_steps, _steps.c.id == c.step_id)
        .where(c.token_hash == hashed(token))
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such address here. Perhaps it was cut short.")
    return Known(*row)


def check_signature(
    session: Session,
    known: Known,
    keyring: Keyring,
    headers: Mapping[str, str],
    raw: bytes,
    now: datetime,
) -> None:
    """Let a call pass if its step wants no signature, or it carries a good one. Raises
    BadCallSignature, or Unavailable if there is nothing to check it with."""
    name = known.config.get("signingSecret")
    if name is None:
        return
    secret = secrets.read_values(session.connection(), [name], keyring).get(name)
    if secret is None or secret.fault:
        raise Unavailable("What this call's signature is checked with can't be read. Call later.")
    try:
        signatures.verify(secret, headers, raw, now)
    except BadSignature as fault:
        raise BadCallSignature(f"{BadCallSignature.__doc__} {fault}") from None


def receive(session: Session, known: Known, call: Call) -> Received:
    """End the step that waits, or keep the call until it does. Raises CallbackUsed, CallbackClosed
    or CallbackGone if that is not to be."""
    with changing(session, [known.instance_id]) as ledger:
        instance = ledger.instances[known.instance_id]
        step = next(s for s in instance.steps.values() if s.id == known.step_id)
        _require_open(ledger, known, step)
        early = step.state == State.PENDING
        if early:
            ledger.record(instance, "step.called_early", step, actor=waiting.CALLER)
        else:
            waiting.end_with_call(ledger, instance, step, call)
        _mark(ledger, known, asdict(call) if early else None)
    return Received(step.state, ledger.now, early)


def _require_open(ledger: Ledger, known: Known, step: StepRecord) -> None:
    called_at = ledger.session.scalar(
        select(_callbacks.c.called_at).where(_callbacks.c.id == known.id)
    )
    if called_at is not None:
        raise CallbackUsed(_used(step, called_at), state=step.state, at=zulu(called_at))
    since = zulu(step.completed_at) if step.completed_at else None
    if step.state in (State.SKIPPED, State.CANCELLED):
        words = f"The step that this call is for was {step.state.lower()} at {since}."
        raise CallbackGone(words, state=step.state, at=since)
    if step.state in (State.COMPLETED, State.FAILED):
        raise CallbackClosed(_closed(step, since), state=step.state, at=since)


def _used(step: StepRecord, called_at: datetime) -> str:
    at = zulu(called_at)
    if step.state == State.PENDING:
        return f"A call came at {at} already; it is kept until the step begins to wait."
    return f"A call came at {at} already; the step is {step.state}."


def _closed(step: StepRecord, since: str | None) -> str:
    again = " Should somebody retry the step, this address is good again."
    words = f"This call comes too late: the step is {step.state} since {since}."
    return words + (again if step.state == State.FAILED else "")


def _mark(ledger: Ledger, known: Known, early: dict[str, Any] | None) -> None:
    mine = update(_callbacks).where(_callbacks.c.id == known.id)
    ledger.session.execute(mine.values(called_at=ledger.now, early=early))
