"""What recurs: the net beneath bells and timers. One function each, and one line in the list."""

import logging
from collections.abc import Callable

from flask import current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import bells, clock, transaction
from app.config import Settings
from app.domain import claims, folding, losses, overdue, queued_fires, secrets
from app.models.vocabulary import QUEUES
from workers import fires, lifelines

log = logging.getLogger(__name__)
FOLD_EVERY = 60.0  # seconds
_fold_at = 0.0


def give_back_expired_leases(session: Session, settings: Settings) -> None:
    """Jobs of workers that stopped renewing, or are dead, go to others."""
    dead = lifelines.dead(settings)
    if claims.expired(session.connection(), dead, limit=1):
        losses.give_back_expired(session, settings.poison_after, dead)


def ring_for_due_work(session: Session, settings: Settings) -> None:
    """Bells that were lost, or that Redis forgot."""
    for queue in QUEUES:
        due = claims.next_due(session.connection(), queue)
        if due is not None and due.at <= clock.now():
            bells.ask(session.info, queue)


def note_what_is_late(session: Session, settings: Settings) -> None:
    """Steps and instances whose time is over."""
    overdue.note_overdue(session)


def forget_old_secrets(session: Session, settings: Settings) -> None:
    """Values that were rotated out, when their time is over."""
    secrets.forget_old_values(session)


def start_queued_runs(session: Session, settings: Settings) -> None:
    """What schedules put off until what they started before has ended."""
    queued_fires.start_queued(session)


def fold_counts(session: Session, settings: Settings) -> None:
    """What was counted by the minute is kept by the hour once it is old."""
    global _fold_at
    if clock.monotonic() >= _fold_at:
        _fold_at = clock.monotonic() + FOLD_EVERY
        folding.fold(session)


CHORES: tuple[Callable[[Session, Settings], None], ...] = (
    give_back_expired_leases,
    note_what_is_late,
    forget_old_secrets,
    start_queued_runs,
    ring_for_due_work,
    fold_counts,
)


def tick() -> None:
    """Do all chores once. One that fails does not keep the others from being done."""
    fires.fire_due()
    for chore in CHORES:
        try:
            with transaction.writing() as session:
                chore(session, current_app.config["SETTINGS"])
        except DBAPIError:
            raise
        except Exception:
            log.exception("The chore %s failed", chore.__name__)
