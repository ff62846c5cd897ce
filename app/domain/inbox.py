"""The bell of the console: what somebody was told there, and what of it they have read."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import clock
from app.errors import NotFound
from app.models import InboxMessage

_message = InboxMessage


def unread(session: Session, user_id: int) -> int:
    """How many they have not read."""
    query = select(func.count()).select_from(_message)
    return session.scalar(query.where(_message.user_id == user_id, _message.read_at.is_(None))) or 0


def list_messages(
    session: Session, user_id: int, *, before: int | None = None, limit: int = 50
) -> tuple[list[InboxMessage], int | None]:
    """Newest first, and the id to go on before (None: that was all)."""
    query = select(_message).where(_message.user_id == user_id).order_by(_message.id.desc())
    if before is not None:
        query = query.where(_message.id < before)
    found = list(session.scalars(query.limit(limit + 1)))
    page = found[:limit]
    return page, page[-1].id if len(found) > limit else None


def read(session: Session, user_id: int, message_id: int) -> InboxMessage:
    """Note that they have read it. Raises NotFound, for those of others too."""
    query = select(_message).where(_message.id == message_id, _message.user_id == user_id)
    message = session.scalar(query)
    if message is None:
        raise NotFound("There is no such message in your bell.")
    message.read_at = message.read_at or clock.now()
    return message


def read_all(session: Session, user_id: int, newest: int) -> None:
    """Note that they have read all up to this one: a later one may not have been seen."""
    session.execute(
        update(_message)
        .where(_message.user_id == user_id, _message.id <= newest, _message.read_at.is_(None))
        .values(read_at=clock.now())
    )
