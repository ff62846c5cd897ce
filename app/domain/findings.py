"""All that is found of a template, while it is written and when it is published. Errors keep it
from being published, and some of them from being saved as a draft by a program; warnings ask; hints
only say."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.domain import secret_uses
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.domain.checks import (
    callbacks,
    conditions,
    form,
    people,
    policies,
    references,
    secrets,
    structure,
    times,
)
from app.domain.checks.base import Check, Finding, Severity, Subject, Surroundings
from app.domain.half_done import text
from app.errors import FieldError, Invalid
from app.models import (
    Group,
    GroupMember,
    NotificationTemplate,
    Secret,
    User,
    WorkflowTemplate,
)

__all__ = ["Finding", "Severity", "Surroundings", "of_document", "surroundings"]

# Without these no document is a draft: see `templates.checked_document`.
TO_SAVE: tuple[Check, ...] = (
    form.fields,
    structure.keys,
    structure.dependencies,
    structure.circles,
    form.input_schema,
    policies.recipients,
    callbacks.handed_on,
    times.due,
    form.configs,
)
_MORE: tuple[Check, ...] = (
    form.unread_texts,
    structure.some_step,
    times.recurrences,
    policies.templates,
    secrets.exist,
    secrets.go_where_they_may,
    references.references,
    references.references_of_policies,
    conditions.never_run,
    times.passed,
    times.retries_after_due,
    people.assignees,
    people.failures_are_told,
    callbacks.nobody_calls,
    structure.names,
)
# Found by looking around: where nobody knows what is there, they say nothing.
ABOUT_SURROUNDINGS = frozenset({"no-secret", "notification-template", "nobody"})
_RANK: Mapping[str, int] = {"error": 0, "warning": 1, "hint": 2}


def of_document(
    document: Any, unread: Mapping[str, str] | None, around: Surroundings
) -> list[Finding]:
    """Everything that is found of a document, whatever its shape: errors first, each kind in the
    order of the document. `unread`: texts that could not be read, by path. Pure."""
    return _found(Subject(document, around, unread), (*TO_SAVE, *_MORE))


def faults_of_draft(document: Any, allow: AllowList) -> list[FieldError]:
    """What keeps a document from being a draft that programs read. Pure."""
    found = _found(Subject(document, Surroundings(now=clock.now(), allow=allow)), TO_SAVE)
    return _errors(found)


def require_publishable(
    session: Session,
    document: Mapping[str, Any],
    allow: AllowList,
    unread: Mapping[str, str] | None = None,
) -> None:
    """Raises Invalid with what keeps it from running. `unread`: as for `of_document`."""
    found = of_document(document, unread, surroundings(session, document, allow))
    if faults := _errors(found):
        raise Invalid(faults)


def _errors(found: Iterable[Finding]) -> list[FieldError]:
    return [FieldError(one.path, one.message) for one in found if one.severity == "error"]


def _found(subject: Subject, checks: Iterable[Check]) -> list[Finding]:
    found = dict.fromkeys(finding for check in checks for finding in check(subject))
    return sorted(found, key=lambda one: (_RANK[one.severity], _natural(one.path)))


def _natural(path: str) -> list[tuple[int, str]]:
    """The tenth step comes after the ninth."""
    parts = path.split(".")
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts]


def surroundings(
    session: Session, document: Any, allow: AllowList = NOTHING_ALLOWED
) -> Surroundings:
    """What must be known to check this document, read from the database."""
    now = clock.now()
    subject = Subject(document, Surroundings(now=now, allow=allow))
    return Surroundings(
        now=now,
        allow=allow,
        notification_templates=_notification_templates(session, subject),
        secrets=_secrets(session, subject),
        people=frozenset(_people(session)),
        namesakes=_namesakes(session, subject),
    )


def _notification_templates(session: Session, subject: Subject) -> dict[str, str]:
    named = {key for one in subject.policies for _, key in policies.named_templates(one)}
    row = NotificationTemplate
    query = select(row.key, row.newest_version, row.archived_at).where(row.key.in_(named))
    return {
        key: "archived" if archived else "published" if newest else "draft"
        for key, newest, archived in session.execute(query)
    }


def _secrets(session: Session, subject: Subject) -> dict[str, list[str]]:
    named = set(secret_uses.named_in(subject.document).values())
    query = select(Secret.name, Secret.hosts).where(Secret.name.in_(named))
    return {name: hosts or [] for name, hosts in session.execute(query)}


def _people(session: Session) -> Iterator[str]:
    query = select(User.id, User.email, User.role).where(User.active)
    for user_id, email, role in session.execute(query):
        yield from (f"user:{user_id}", f"user:{email}", f"role:{role}")
    member = GroupMember
    groups = (
        select(Group.key).join(member, member.group_id == Group.id).join(User).where(User.active)
    )
    yield from (f"group:{key}" for key in session.scalars(groups.distinct()))
    members = select(Group.key).join(GroupMember).join(User, User.id == GroupMember.user_id)
    yield from (f"group:{key}" for key in session.scalars(members.where(User.active).distinct()))


def _namesakes(session: Session, subject: Subject) -> list[str]:
    name, key = text(subject.document.get("name")), text(subject.document.get("key"))
    row = WorkflowTemplate
    query = select(row.key).where(row.name == name, row.key != key, row.archived_at.is_(None))
    return [*session.scalars(query.order_by(row.key).limit(3))] if name else []
