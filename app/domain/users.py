"""People as admins manage them: invited, given a role, sent away and let in again."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.domain import account_links, assignments, audit, people, sessions, tokens
from app.domain.account_links import Link
from app.domain.fanout import NotReady
from app.domain.people import Actor
from app.errors import Conflict, Forbidden, NotFound
from app.models import Group, GroupMember, PushSubscription, User, WorkflowInstanceStep
from app.models.vocabulary import Role
from app.schemas.people import TokenOut, UserChange, UserIn, UserOut

STATES = ("active", "invited", "inactive")
_row = User


def invite(session: Session, wish: UserIn, actor: Actor, not_ready: NotReady) -> tuple[User, Link]:
    """Somebody new, and the link by which they come. Raises Invalid, or Conflict if there is
    somebody with this address."""
    may = wish.may_add_automation
    name = wish.name or wish.email.partition("@")[0][: people.LONGEST_NAME]
    user = people.create_user(session, wish.email, name, wish.role, None, may_add_automation=may)
    _record(session, actor, "user.invited", user, wish.reason, after=_facts(user))
    return user, account_links.make(session, user, actor.name, not_ready)


def change(session: Session, user_id: int, wish: UserChange, actor: Actor) -> User:
    """Give somebody another name or role, or the permission to add automation. Raises NotFound,
    Forbidden for one's own role, Conflict for the last admin's."""
    admins = _lock_admins(session)
    user = find(session, user_id, lock=True)
    before, taken = _facts(user), dict[str, int]()
    if wish.role is not None and wish.role != user.role:
        _refuse_own(actor, user, "role")
        if user.role == Role.ADMIN:
            _refuse_last(admins, user)
            taken = _take_back(session, user, actor, wish.reason)
        user.role = wish.role
    if wish.may_add_automation is not None and wish.may_add_automation != user.may_add_automation:
        _refuse_own(actor, user, "permission to add automation")
        user.may_add_automation = wish.may_add_automation
    if wish.name is not None:
        user.name = wish.name
    after = _facts(user)
    if after != before:
        told = {"before": before, "after": after | taken}
        _record(session, actor, "user.changed", user, wish.reason, **told)
    return user


def deactivate(session: Session, user_id: int, actor: Actor, reason: str = "") -> User:
    """They may not come any more: signed out everywhere, their links and browsers forgotten, and
    what they made that lets others in ends. What is assigned to them stays so, and stands in every
    operator's list. Again is no fault. Raises NotFound, Forbidden for oneself, Conflict for the
    last admin."""
    admins = _lock_admins(session)
    user = find(session, user_id, lock=True)
    if not user.active:
        return user
    if actor.user_id == user.id:
        raise Forbidden("You can't deactivate yourself: ask another admin.")
    _refuse_last(admins, user)
    user.active = False
    sessions.end_all(session, user.id)
    account_links.end_all(session, user.id)
    session.execute(delete(PushSubscription).where(PushSubscription.user_id == user.id))
    after = {"active": False, "openSteps": len(open_steps(session, user))}
    after |= _take_back(session, user, actor, reason)
    _record(session, actor, "user.deactivated", user, reason, before={"active": True}, after=after)
    return user


def reactivate(session: Session, user_id: int, actor: Actor, reason: str = "") -> User:
    """They may come again, with the password they had. Again is no fault. Raises NotFound."""
    user = find(session, user_id, lock=True)
    if not user.active:
        user.active = True
        _record(
            session,
            actor,
            "user.reactivated",
            user,
            reason,
            before={"active": False},
            after={"active": True},
        )
    return user


def new_link(
    session: Session, user_id: int, actor: Actor, not_ready: NotReady, reason: str = ""
) -> Link:
    """A one-time link by which they set their password. Raises NotFound, or Conflict if they may
    not come."""
    user = find(session, user_id, lock=True)
    if not user.active:
        raise Conflict(f"{user.email} may not come any more: reactivate them first.")
    return account_links.make(session, user, actor.name, not_ready, reason)


def find(session: Session, user_id: int, *, lock: bool = False) -> User:
    """A person by id. Raises NotFound."""
    query = select(_row).where(_row.id == user_id)
    user = session.scalar(query.with_for_update() if lock else query)
    if user is None:
        raise NotFound("There is no such person.")
    return user


def open_steps(session: Session, user: User) -> list[WorkflowInstanceStep]:
    """What waits for them, or will, and for nobody else."""
    mine = assignments.is_theirs([f"user:{user.email}", f"user:{user.id}"])
    return assignments.open_steps(session, mine)


def tokens_of(session: Session, user: User) -> list[TokenOut]:
    """The valid tokens that they or programs of theirs made, which end when they stop being
    admin."""
    return tokens.made_by(session, people.actor_of(user).name)


def _take_back(session: Session, user: User, actor: Actor, reason: str) -> dict[str, int]:
    """End the links and tokens that an admin made, or a program of theirs: whoever holds one could
    come back by it, or as somebody else. Returns what the audit says of it."""
    theirs = tokens.programs_of(session, people.actor_of(user).name)
    account_links.end_made_by(session, theirs)
    made = tokens_of(session, user)
    for token in made:
        tokens.revoke(session, token.id, actor.name, reason)
    return {"tokens": len(made)}


def _refuse_own(actor: Actor, user: User, what: str) -> None:
    if actor.user_id == user.id:
        raise Forbidden(f"Nobody changes their own {what}: ask another admin.")


def _lock_admins(session: Session) -> Sequence[int]:
    """The ids of the admins who can sign in, locked so that two of them can't send each other
    away. Before anybody else is, and in order: those two would wait for each other for ever."""
    query = select(_row.id).where(
        _row.role == Role.ADMIN, _row.active, _row.password_hash.is_not(None)
    )
    return session.scalars(query.order_by(_row.id).with_for_update()).all()


def _refuse_last(admins: Sequence[int], user: User) -> None:
    if admins == [user.id]:
        raise Conflict(f"{user.email} is the last admin who can sign in: make another one first.")


def _facts(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": str(user.role),
        "mayAddAutomation": user.may_add_automation,
    }


def _record(
    session: Session, actor: Actor, action: str, user: User, reason: str, **more: Any
) -> None:
    audit.record(session, actor.name, action, "user", user.email, reason=reason or None, **more)


def list_users(
    session: Session,
    *,
    text: str | None = None,
    role: str | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[UserOut], int | None]:
    """People, newest first, and the id to go on before (None: that was all). `text` is looked for
    in name and address; `state`: one of STATES."""
    query = select(_row).order_by(_row.id.desc()).limit(limit + 1)
    if text:
        query = query.where(
            _row.name.icontains(text, autoescape=True) | _row.email.icontains(text, autoescape=True)
        )
    if role:
        query = query.where(_row.role == role)
    if state in STATES:
        query = query.where(_row.active if state != "inactive" else ~_row.active)
    if state in ("active", "invited"):
        known = _row.password_hash.is_not(None)
        query = query.where(known if state == "active" else ~known)
    if before is not None:
        query = query.where(_row.id < before)
    rows = list(session.scalars(query))
    return documents(session, rows[:limit]), rows[limit - 1].id if len(rows) > limit else None


def count(session: Session) -> int:
    return session.scalar(select(func.count(_row.id))) or 0


def read(session: Session, user_id: int) -> UserOut:
    """One person. Raises NotFound."""
    return documents(session, [find(session, user_id)])[0]


def documents(session: Session, rows: Sequence[User]) -> list[UserOut]:
    """People as they cross the boundary."""
    groups: dict[int, list[str]] = defaultdict(list)
    query = (
        select(GroupMember.user_id, Group.key)
        .join(Group, Group.id == GroupMember.group_id)
        .where(GroupMember.user_id.in_([row.id for row in rows]))
        .order_by(Group.key)
    )
    for user_id, key in session.execute(query):
        groups[user_id].append(key)
    copied = "id email name role may_add_automation active created_at last_sign_in_at".split()
    return [
        UserOut(
            **{name: getattr(row, name) for name in copied},
            invited=row.password_hash is None,
            groups=groups[row.id],
        )
        for row in rows
    ]
