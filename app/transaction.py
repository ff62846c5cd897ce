"""Transactions begin and end here and nowhere else: returning commits, raising rolls back.

What is to be written last of all is written just before it commits; work that was asked for
inside it is rung for after.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app import bells, clock
from app.extensions import db

_LAST = "written last"
_AFTER = "said once it is so"


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
        session.flush()
        for write in session.info.pop(_LAST, ()):
            write(session)
        session.commit()
    except BaseException:
        session.info.clear()
        session.rollback()
        raise
    bells.ring_asked(session.info)
    for say in session.info.pop(_AFTER, ()):
        say()


def at_the_end(session: Session, write: Callable[[Session], None]) -> None:
    """Write something just before the transaction commits: what others would wait for."""
    session.info.setdefault(_LAST, []).append(write)


def once_committed(session: Session, say: Callable[[], object]) -> None:
    """Log something when the transaction has committed: what was rolled back did not happen."""
    session.info.setdefault(_AFTER, []).append(say)


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
