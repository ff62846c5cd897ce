"""Who may come in: people, their tokens, and what keeps guessers out."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.columns import Json, Key, Line, Moment, PrimaryKey, Word


class User(Base):
    __tablename__ = "users"

    id: Mapped[PrimaryKey]
    email: Mapped[Line] = mapped_column(unique=True)  # lower case
    name: Mapped[Key]
    role: Mapped[Word]
    may_add_automation: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[Line | None]
    phone: Mapped[Word | None]  # E.164
    channels_off: Mapped[Json | None]  # the channels on which they do not want to be told
    # Sessions carry this number; raising it signs the person out everywhere.
    session_epoch: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Moment]
    last_sign_in_at: Mapped[Moment | None]


class SignInLink(Base):
    """A link that signs somebody in, once. Only the token's hash is kept."""

    __tablename__ = "sign_in_links"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[Key] = mapped_column(unique=True)
    next_path: Mapped[Line] = mapped_column(default="/")
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]


class SignInFailure(Base):
    """A failed sign-in, counted per account and per address to slow guessers down."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index("ix_sign_in_failures_subject_at", "subject", "at"),)

    id: Mapped[PrimaryKey]
    subject: Mapped[Line]  # `account:…` or `address:…`
    at: Mapped[Moment]


class ApiToken(Base):
    """A program's key. Only its SHA-256 is kept; the token itself has 256 random bits."""

    __tablename__ = "api_tokens"

    id: Mapped[PrimaryKey]
    name: Mapped[Key]
    role: Mapped[Word]
    may_add_automation: Mapped[bool] = mapped_column(default=False)
    token_hash: Mapped[Key] = mapped_column(unique=True)
    hint: Mapped[Word]  # its last four characters, to recognise it by
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment | None]
    last_used_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]


class IdempotencyKey(Base):
    """The first answer to a POST, for whoever sends it again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("token_id", "method", "path", "key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )

    id: Mapped[PrimaryKey]
    token_id: Mapped[int] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"))
    method: Mapped[Word]
    path: Mapped[Line]
    key: Mapped[Line]
    body_hash: Mapped[Key]
    status: Mapped[int]
    answer: Mapped[Json | None]
    created_at: Mapped[Moment]


class AuditEntry(Base):
    """Who did what to what, when and why. Rows are only ever added."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject", "subject", "subject_id"),
        Index("ix_audit_entries_at", "at"),
    )

    id: Mapped[PrimaryKey]
    at: Mapped[Moment]
    actor: Mapped[Line]
    action: Mapped[Key]
    subject: Mapped[Key]
    subject_id: Mapped[Line]
    reason: Mapped[Line | None]
    before: Mapped[Json | None]
    after: Mapped[Json | None]
