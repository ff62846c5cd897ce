"""What recurs, the net beneath bells and timers: done by every tick (workers/chores.py), and by
hand (`flask sweep`). Each chore is a function that does it once and says how much there was."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import bells, clock
from app.config import Settings
from app.domain import claims, folding, incidents, losses, overdue, queued_fires, secrets
from app.domain.channels import not_ready
from app.models.vocabulary import QUEUES


def give_back_expired_leases(
    session: Session, settings: Settings, dead: Collection[str] = ()
) -> int:
    """Jobs of workers that stopped renewing, or are known to be dead, go to others."""
    if not claims.expired(session.connection(), dead, limit=1):
        return 0
    return losses.give_back_expired(session, settings.poison_after, dead)


def note_what_is_late(session: Session, settings: Settings) -> int:
    """Steps and instances whose time is over."""
    return overdue.note_overdue(session)


def forget_old_secrets(session: Session, settings: Settings) -> int:
    """Values that were rotated out, when their time is over."""
    return secrets.forget_old_values(session)


def start_queued_runs(session: Session, settings: Settings) -> int:
    """What schedules put off until what they started before has ended."""
    return queued_fires.start_queued(session)


def ring_for_due_work(session: Session, settings: Settings) -> int:
    """Bells that were lost, or that Redis forgot."""
    rung = 0
    for queue in QUEUES:
        due = claims.next_due(session.connection(), queue)
        if due is not None and due.at <= clock.now():
            bells.ask(session.info, queue)
            rung += 1
    return rung


def fold_counts(session: Session, settings: Settings) -> None:
    """What was counted by the minute is kept by the hour once it is old."""
    folding.fold(session)


def look_for_incidents(session: Session, settings: Settings) -> int:
    """What is wrong with Runsheet itself, and is over: admins are told."""
    return sum(incidents.look(session, settings.base_url, not_ready(settings)))


@dataclass(frozen=True, slots=True)
class Chore:
    """`done`: what it did, behind a number of them if it gives one; `every`: seconds between two
    times."""

    do: Callable[[Session, Settings], int | None]
    done: str
    every: float = 0.0


CHORES: tuple[Chore, ...] = (
    Chore(give_back_expired_leases, "leases of lost workers taken back"),
    Chore(note_what_is_late, "steps and instances noted as overdue"),
    Chore(forget_old_secrets, "rotated values of secrets forgotten"),
    Chore(start_queued_runs, "queued runs of schedules started"),
    Chore(ring_for_due_work, "queues with due work rung for"),
    Chore(look_for_incidents, "incidents told to admins", every=10.0),
    Chore(fold_counts, "old counts folded", every=60.0),
)
