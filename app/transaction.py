"""Transactions begin and end here and nowhere else: returning commits, raising rolls back.

Work that was asked for inside a transaction is rung for after it has committed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app import bells, clock
from app.extensions import db


@contextmanager
def writing(*, durable: bool = True) -> Iterator[Session]:
    """A transaction that may write. Yields the session; commits when the block ends, rolls back
    when it raises, then rings the bells that were asked for.

    Only leases are written with `durable=False`: it outlives the process, but need not outlive a
    power failure, after which no worker is left that held one. So nobody waits for the disk.
    """
    session = db.session()
    _end_reading(session)
    try:
        clock.sync(session.connection(execution_options={"writing": True, "durable": durable}))
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        session.info.pop(bells.ASKED, None)
        raise
    bells.ring_asked(session.info)


@contextmanager
def reading() -> Iterator[Session]:
    """A transaction that only reads: one snapshot, given back when the block ends."""
    session = db.session()
    try:
        clock.sync(session.connection())
        yield session
    finally:
        session.rollback()


def _end_reading(session: Session) -> None:
    """What was read before (the signed-in user, say) stays loaded; its transaction ends, so that
    the one that follows begins as a writer."""
    if session.in_transaction():
        session.commit()
