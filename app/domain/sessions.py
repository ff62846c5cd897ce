"""Who is signed in where: one row for each sign-in of a person in a browser."""

import hmac
import secrets
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit
from app.domain.people import actor_of, hashed
from app.models import BrowserSession, User

LIVES = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)  # how often it is written that somebody was there
_row = BrowserSession


def begin(session: Session, user_id: int, browser: str, address: str) -> str:
    """Somebody signs in; returns what their cookie carries. What is over is forgotten."""
    key, now = secrets.token_urlsafe(24), clock.now()
    session.execute(delete(_row).where(_row.created_at < now - LIVES))
    row = BrowserSession(
        user_id=user_id,
        key_hash=hashed(key),
        browser=browser[:100],
        address=address[:100],
        created_at=now,
        seen_at=now,
    )
    session.add(row)
    session.flush()
    return f"{row.id}.{key}"


def find(session: Session, carried: str) -> tuple[BrowserSession, User] | None:
    """The session that a cookie belongs to, and whose it is; None if it has ended, or they may
    not come any more."""
    number, _, key = carried.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    row = session.get(_row, int(number), populate_existing=True)
    if row is None or not _is_open(row) or not hmac.compare_digest(row.key_hash, hashed(key)):
        return None
    user = session.get(User, row.user_id, populate_existing=True)
    return (row, user) if user is not None and user.active else None


def _is_open(row: BrowserSession) -> bool:
    return row.revoked_at is None and row.created_at > clock.now() - LIVES


def is_due(row: BrowserSession) -> bool:
    """Whether it is to be written again that they were there."""
    return row.seen_at < clock.now() - SEEN_EVERY


def see(session: Session, session_id: int) -> None:
    """Write that they were there now."""
    session.execute(update(_row).where(_row.id == session_id).values(seen_at=clock.now()))


def of_person(session: Session, user_id: int) -> list[BrowserSession]:
    """Where a person is signed in, seen last on top."""
    query = select(_row).where(_row.user_id == user_id, *_open())
    return list(session.scalars(query.order_by(_row.seen_at.desc(), _row.id.desc())))


def _open() -> tuple[ColumnElement[bool], ...]:
    return _row.revoked_at.is_(None), _row.created_at > clock.now() - LIVES


def end(session: Session, user_id: int, session_id: int) -> None:
    """A person signs out in one place. One that is not theirs, or has ended, stays as it is."""
    _note(session, user_id, _end(session, _row.user_id == user_id, _row.id == session_id))


def end_others(session: Session, user_id: int, here: int) -> int:
    """A person signs out everywhere but here; returns in how many places."""
    ended = end_all(session, user_id, but=here)
    _note(session, user_id, ended)
    return ended


def _note(session: Session, user_id: int, places: int) -> None:
    if places:
        user = session.get_one(User, user_id)
        actor, after = actor_of(user).name, {"places": places}
        audit.record(session, actor, "user.signed-out", "user", user.email, after=after)


def end_all(session: Session, user_id: int, *, but: int | None = None) -> int:
    """Sign a person out everywhere (`but`: except there); returns in how many places."""
    return _end(session, _row.user_id == user_id, *(() if but is None else (_row.id != but,)))


def _end(session: Session, *which: ColumnElement[bool]) -> int:
    ended = session.execute(
        update(_row)
        .where(*which, _row.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .returning(_row.id)
    )
    return len(ended.all())
