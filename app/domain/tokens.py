"""API tokens as admins manage them. Making one and asking whose it is: `people.py`."""

from datetime import timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, people
from app.errors import NotFound
from app.models import ApiToken
from app.schemas.people import TokenIn, TokenOut

SEEN_EVERY = timedelta(minutes=1)  # how often it is written that a token was used
_row = ApiToken


def create(session: Session, wish: TokenIn, actor: str) -> tuple[TokenOut, str]:
    """A new token, and what stands for it, which is shown now and never again. Raises Invalid."""
    token = people.create_token(
        session,
        wish.name,
        wish.role,
        may_add_automation=wish.may_add_automation,
        expires_at=wish.expires_at,
        created_by=actor,
    )
    session.flush()
    row = people.find_token(session, token)
    facts = {"role": row.role, "mayAddAutomation": row.may_add_automation}
    facts |= {"expiresAt": row.expires_at and row.expires_at.isoformat()}
    audit.record(
        session, actor, "token.created", "token", str(row.id), after={"name": row.name} | facts
    )
    return _document(row), token


def revoke(session: Session, token_id: int, actor: str, reason: str = "") -> TokenOut:
    """From now on it is refused. Again is no fault. Raises NotFound."""
    row = session.scalar(select(_row).where(_row.id == token_id).with_for_update())
    if row is None:
        raise NotFound("There is no such token.")
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        facts = {"name": row.name, "role": row.role}
        audit.record(
            session, actor, "token.revoked", "token", str(row.id), reason=reason, before=facts
        )
    return _document(row)


def made_by(session: Session, actor: str) -> list[TokenOut]:
    """The valid tokens that somebody made, or a program of theirs did, oldest first."""
    theirs = programs_of(session, actor)
    query = select(_row).where(_row.created_by.in_(theirs), _is_valid()).order_by(_row.id)
    return [_document(row) for row in session.scalars(query)]


def programs_of(session: Session, actor: str) -> set[str]:
    """Somebody, and the programs whose tokens they made, or these programs did, and so on, as
    actors; also those whose own token has ended since. A program is known by its token's name, so
    whatever its namesakes made counts as well: rather too much than a way back."""
    found = new = {actor}
    while new:
        names = session.scalars(select(_row.name).where(_row.created_by.in_(new)))
        new = {f"api:{name}" for name in names} - found
        found = found | new
    return found


def list_tokens(
    session: Session,
    *,
    text: str | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[TokenOut], int | None]:
    """Tokens, newest first, and the id to go on before (None: that was all). `state`: `valid` or
    `ended`; `text` is looked for in names, and as the last characters of a token."""
    query = select(_row).order_by(_row.id.desc()).limit(limit + 1)
    if text:
        query = query.where(_row.name.icontains(text, autoescape=True) | (_row.hint == text))
    if state:
        query = query.where(_is_valid() if state == "valid" else ~_is_valid())
    rows = list(session.scalars(query if before is None else query.where(_row.id < before)))
    return [_document(row) for row in rows[:limit]], (
        rows[limit - 1].id if len(rows) > limit else None
    )


def _is_valid() -> ColumnElement[bool]:
    lives = _row.expires_at.is_(None) | (_row.expires_at >= clock.now())
    return _row.revoked_at.is_(None) & lives


def _document(row: ApiToken) -> TokenOut:
    copied = (
        "id name role may_add_automation hint created_at created_by expires_at last_used_at "
        "revoked_at"
    ).split()
    valid = row.revoked_at is None and (row.expires_at is None or row.expires_at >= clock.now())
    return TokenOut(**{name: getattr(row, name) for name in copied}, valid=valid)


def is_due(row: ApiToken) -> bool:
    """Whether it is to be written again that it was used."""
    return row.last_used_at is None or row.last_used_at < clock.now() - SEEN_EVERY


def see(session: Session, token_id: int) -> None:
    """Write that it was used now."""
    session.execute(update(_row).where(_row.id == token_id).values(last_used_at=clock.now()))
