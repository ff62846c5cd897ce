"""Whose a step is: `user:jo@example.com`, `user:3`, `role:operator`, `group:finance`. A role
means everybody who has it or one that includes it. Asked by the list of tasks and by both doors."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, String, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from app.domain import permissions
from app.domain.people import Actor
from app.errors import NotFound
from app.models import Group, GroupMember, User, WorkflowInstance, WorkflowInstanceStep
from app.models.vocabulary import Role, State

KINDS = ("user:", "role:", "group:")
# What somebody may do with a step that is theirs, whatever their role.
OWN = frozenset({"start", "complete"})
MOST_STEPS = 200  # of open ones that are listed
_step = WorkflowInstanceStep


def names_of(session: Session, actor: Actor) -> frozenset[str]:
    """Every assignee that means them, in lower case."""
    roles = list(Role)[: list(Role).index(Role(actor.role)) + 1]
    names = [f"role:{role}" for role in roles]
    if actor.user_id is not None:
        names += [actor.name, f"user:{actor.user_id}"]
        names += [f"group:{key}" for key in groups_of(session, actor.user_id)]
    return frozenset(names)


def groups_of(session: Session, user_id: int) -> list[str]:
    """The keys of the groups that somebody is in."""
    query = select(Group.key).join(GroupMember, GroupMember.group_id == Group.id)
    return list(session.scalars(query.where(GroupMember.user_id == user_id).order_by(Group.key)))


def allowed(actor: Actor, assignee: str | None, action: str, names: Collection[str]) -> bool:
    """Whether they, who have these names, may do this with a step, as far as it is asked who they
    are."""
    if permissions.allows(actor, "operate"):
        return True
    return action in OWN and assignee is not None and assignee.lower() in names


def require(session: Session, actor: Actor, instance_id: int, key: str, action: str) -> None:
    """Raise Forbidden unless they may do this with the step: because of their role, or because it
    is theirs. Raises NotFound."""
    if permissions.allows(actor, "operate"):
        return
    query = select(_step.id, _step.assignee)
    row = session.execute(query.where(_step.instance_id == instance_id, _step.key == key)).first()
    if row is None:
        raise NotFound("There is no such instance or step.")
    if not allowed(actor, row.assignee, action, names_of(session, actor)):
        permissions.require(actor, "operate")


def is_theirs(names: Collection[str]) -> ColumnElement[bool]:
    """Of steps: whether they are assigned to who has these names."""
    return func.lower(_step.assignee).in_(names)


def is_nobodys() -> ColumnElement[bool]:
    """Of steps: whether they are for nobody in particular, or for somebody who may not come any
    more: then whoever operates takes them."""
    assignee = func.lower(_step.assignee)
    named = or_(*(assignee.startswith(kind) for kind in KINDS))
    gone = [
        select(literal("user:") + who).where(~User.active)
        for who in (User.email, cast(User.id, String))
    ]
    return _step.assignee.is_(None) | ~named | or_(*(assignee.in_(names) for names in gone))


def open_steps(
    session: Session, which: ColumnElement[bool], limit: int = MOST_STEPS
) -> list[WorkflowInstanceStep]:
    """The steps of these that have not ended, oldest first."""
    query = (
        select(_step)
        .join(WorkflowInstance, WorkflowInstance.id == _step.instance_id)
        .where(which)
        .where(_step.state.in_((State.PENDING, State.READY, State.STARTED)))
        .where(WorkflowInstance.ended_at.is_(None))
    )
    return list(session.scalars(query.order_by(_step.id).limit(limit)))
