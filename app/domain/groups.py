"""Groups: people who share tasks and are told together, as `group:KEY`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, group_uses
from app.domain.people import Actor
from app.errors import Conflict, FieldError, Invalid, NotFound
from app.models import Group, GroupMember, User
from app.schemas.people import MOST_MEMBERS, GroupChange, GroupIn, GroupOut, MemberOut

_row, _member = Group, GroupMember


def create(session: Session, wish: GroupIn, actor: Actor) -> Group:
    """A new group. Raises Invalid, or Conflict if the key is taken."""
    members = _people(session, wish.members)
    row = Group(key=wish.key, name=wish.name, created_at=clock.now())
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(f"There is already a group with the key {wish.key}.") from None
    _put_members(session, row, members)
    after = _facts(row.name, members)
    _record(session, actor, "group.created", row, wish.reason, after=after)
    return row


def change(session: Session, key: str, wish: GroupChange, actor: Actor) -> Group:
    """Rename a group, or say who is in it. Raises NotFound, or Invalid."""
    row = find(session, key, lock=True)
    old = _people_in(session, row)
    members = old if wish.members is None else _people(session, wish.members)
    before, row.name = _facts(row.name, old), wish.name or row.name
    after = _facts(row.name, members)
    if after != before:
        _put_members(session, row, members)
        _record(session, actor, "group.changed", row, wish.reason, before=before, after=after)
    return row


def add_member(session: Session, key: str, email: str, actor: Actor) -> User:
    """Put somebody into a group. Again is no fault. Raises NotFound, or Invalid at `email`."""
    row = find(session, key, lock=True)
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    if user is None:
        raise Invalid.at("email", "There is nobody with this address.")
    emails = [one.email for one in _people_in(session, row)]
    if user.email not in emails:
        if len(emails) >= MOST_MEMBERS:
            raise Invalid.at("email", f"A group has at most {MOST_MEMBERS} members.")
        change(session, key, GroupChange.read({"members": [*emails, user.email]}), actor)
    return user


def remove_member(session: Session, key: str, user_id: int, actor: Actor) -> None:
    """Take somebody out of a group. Again is no fault. Raises NotFound."""
    row = find(session, key, lock=True)
    emails = [one.email for one in _people_in(session, row) if one.id != user_id]
    change(session, key, GroupChange.read({"members": emails}), actor)


def remove(session: Session, key: str, actor: Actor, reason: str = "") -> None:
    """Delete a group that no template and no open step names. Raises NotFound, or Conflict with
    what names it."""
    row = find(session, key, lock=True)
    uses = group_uses.of(session, key)
    if uses:
        raise Conflict(f"{row.name} is still named: {uses.words()}.", **uses.document())
    before = _facts(row.name, _people_in(session, row))
    _record(session, actor, "group.deleted", row, reason, before=before)
    session.delete(row)
    session.flush()


def find(session: Session, key: str, *, lock: bool = False) -> Group:
    """A group by its key. Raises NotFound."""
    query = select(_row).where(_row.key == key)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound(f"There is no group with the key {key}.")
    return row


def members(session: Session, key: str) -> list[User]:
    """The people of a group who may come, in the order in which they came; none if there is no
    such group."""
    query = (
        select(User)
        .join(_member, _member.user_id == User.id)
        .join(_row, _row.id == _member.group_id)
        .where(_row.key == key, User.active)
    )
    return list(session.scalars(query.order_by(User.id)))


def list_groups(
    session: Session, *, text: str | None = None, before: int | None = None, limit: int = 50
) -> tuple[list[GroupOut], int | None]:
    """Groups, newest first, and the id to go on before (None: that was all). `text` is looked for
    in key and name."""
    query = select(_row).order_by(_row.id.desc()).limit(limit + 1)
    if text:
        query = query.where(
            _row.name.icontains(text, autoescape=True) | _row.key.icontains(text, autoescape=True)
        )
    rows = list(session.scalars(query if before is None else query.where(_row.id < before)))
    return _documents(session, rows[:limit]), rows[limit - 1].id if len(rows) > limit else None


def read(session: Session, key: str) -> GroupOut:
    """One group with its members. Raises NotFound."""
    return _documents(session, [find(session, key)])[0]


def _documents(session: Session, rows: Sequence[Group]) -> list[GroupOut]:
    found: dict[int, list[MemberOut]] = defaultdict(list)
    query = (
        select(_member.group_id, User)
        .join(User, User.id == _member.user_id)
        .where(_member.group_id.in_([row.id for row in rows]))
        .order_by(User.name, User.id)
    )
    for group_id, user in session.execute(query):
        found[group_id].append(
            MemberOut(id=user.id, email=user.email, name=user.name, active=user.active)
        )
    copied = ("id", "key", "name", "created_at")
    return [
        GroupOut(**{name: getattr(row, name) for name in copied}, members=found[row.id])
        for row in rows
    ]


def _people(session: Session, emails: Iterable[str]) -> list[User]:
    """Who has these addresses. Raises Invalid at each that nobody has."""
    wanted = {email.lower(): at for at, email in enumerate(emails)}
    found = {
        user.email: user for user in session.scalars(select(User).where(User.email.in_(wanted)))
    }
    faults = [
        FieldError(f"members.{at}", f"There is nobody with the address {email}.")
        for email, at in wanted.items()
        if email not in found
    ]
    if faults:
        raise Invalid(faults)
    return sorted(found.values(), key=lambda user: user.id)


def _people_in(session: Session, row: Group) -> list[User]:
    query = select(User).join(_member, _member.user_id == User.id)
    return list(session.scalars(query.where(_member.group_id == row.id).order_by(User.id)))


def _put_members(session: Session, row: Group, people: Sequence[User]) -> None:
    session.execute(delete(_member).where(_member.group_id == row.id))
    if people:
        values = [{"group_id": row.id, "user_id": user.id} for user in people]
        session.execute(insert(_member), values)


def _facts(name: str, people: Iterable[User]) -> dict[str, Any]:
    return {"name": name, "members": [user.email for user in people]}


def _record(
    session: Session, actor: Actor, action: str, row: Group, reason: str, **more: Any
) -> None:
    audit.record(session, actor.name, action, "group", row.key, reason=reason or None, **more)
