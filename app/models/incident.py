"""What is wrong with Runsheet itself, from when to when."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from app.extensions import Base
from app.models.columns import Line, LongText, Moment, PrimaryKey, Word


class Incident(Base):
    """One trouble of one subject (a queue, a channel). Admins are told once when it has lasted a
    while, and once when it is over. Of one kind and subject one is open at most."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index(
            "uq_incidents_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[Word]  # a name of `domain/incident_kinds.py`
    subject: Mapped[Line]
    said: Mapped[LongText]  # what was seen when somebody last looked
    since: Mapped[Moment]
    seen_at: Mapped[Moment]
    told_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
