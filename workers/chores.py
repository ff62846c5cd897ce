"""The tick: everything that recurs (app/chores.py), and schedules that are due."""

import logging

from flask import current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import chores, clock, transaction
from app.chores import CHORES, Chore
from app.config import Settings
from workers import fires, lifelines

log = logging.getLogger(__name__)
_not_before: dict[str, float] = {}  # by the name of a chore that is not done by every tick


def tick() -> None:
    """Do all chores once. One that fails does not keep the others from being done."""
    fires.fire_due()
    for chore in CHORES:
        if _is_due(chore):
            _do(chore, current_app.config["SETTINGS"])


def _is_due(chore: Chore) -> bool:
    if clock.monotonic() < _not_before.get(chore.done, float("-inf")):
        return False
    _not_before[chore.done] = clock.monotonic() + chore.every
    return True


def _do(chore: Chore, settings: Settings) -> None:
    try:
        with transaction.writing() as session:
            _carry_out(chore, session, settings)
    except DBAPIError:
        raise
    except Exception:
        log.exception("The chore %s failed", chore.do.__name__)


def _carry_out(chore: Chore, session: Session, settings: Settings) -> None:
    if chore.do is chores.give_back_expired_leases:
        # Who died on this machine the kernel tells, before a lease runs out.
        chores.give_back_expired_leases(session, settings, lifelines.dead(settings))
    else:
        chore.do(session, settings)
