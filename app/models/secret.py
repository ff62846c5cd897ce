"""Named secrets: write-only, encrypted, bound to the hosts they may be sent to."""

from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.columns import Json, Key, Line, LongText, Moment, PrimaryKey, Word


class Secret(Base):
    __tablename__ = "secrets"

    id: Mapped[PrimaryKey]
    name: Mapped[Key] = mapped_column(unique=True)
    ciphertext: Mapped[LongText]
    key_id: Mapped[Word]  # which of ENCRYPTION_KEYS it is encrypted with
    previous_ciphertext: Mapped[LongText | None]
    previous_key_id: Mapped[Word | None]
    previous_until: Mapped[Moment | None]
    hosts: Mapped[Json]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    updated_by: Mapped[Line]
