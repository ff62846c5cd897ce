"""Who may come in: people, their tokens, and what keeps guessers out."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.models.columns import Json, Key, Line, LongText, Moment, PrimaryKey, Word
from app.models.vocabulary import LinkPurpose, Theme


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
    time_zone: Mapped[Key | None]  # for local times where no browser is asked
    theme: Mapped[Word] = mapped_column(default=Theme.SYSTEM, server_default=Theme.SYSTEM)
    created_at: Mapped[Moment]
    last_sign_in_at: Mapped[Moment | None]


class BrowserSession(Base):
    """One sign-in of a person in one browser. The cookie carries its id and a key; only the key's
    hash is kept."""

    __tablename__ = "sessions"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    key_hash: Mapped[Key]
    browser: Mapped[Line]
    address: Mapped[Line]
    created_at: Mapped[Moment]
    seen_at: Mapped[Moment]  # to the minute
    revoked_at: Mapped[Moment | None]


class Group(Base):
    """People who share tasks and are told together: `group:KEY`."""

    __tablename__ = "user_groups"

    id: Mapped[PrimaryKey]
    key: Mapped[Key] = mapped_column(unique=True)
    name: Mapped[Line]
    created_at: Mapped[Moment]


class GroupMember(Base):
    __tablename__ = "group_members"

    group_id: Mapped[int] = mapped_column(
        ForeignKey("user_groups.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class SignInLink(Base):
    """A link that lets one person in, or set their password, once. Only the token's hash is
    kept."""

    __tablename__ = "sign_in_links"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[Word] = mapped_column(
        default=LinkPurpose.SIGN_IN, server_default=LinkPurpose.SIGN_IN
    )
    token_hash: Mapped[Key] = mapped_column(unique=True)
    next_path: Mapped[Line] = mapped_column(default="/")
    created_by: Mapped[Line | None]
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
    created_by: Mapped[Line | None]
    expires_at: Mapped[Moment | None]
    last_used_at: Mapped[Moment | None]  # to the minute
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
    """Who did what to what, when and why. Rows are only ever added: triggers see to it."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject", "subject", "subject_id"),
        Index("ix_audit_entries_at", "at"),
        Index("ix_audit_entries_actor", "actor"),
        Index("ix_audit_entries_action", "action"),
    )

    id: Mapped[PrimaryKey]
    at: Mapped[Moment]
    actor: Mapped[Line]
    action: Mapped[Key]
    subject: Mapped[Key]
    subject_id: Mapped[Line]
    reason: Mapped[LongText | None]
    before: Mapped[Json | None]
    after: Mapped[Json | None]
