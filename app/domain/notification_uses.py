"""Where notification templates are used: in the policies of workflow templates, published and
drafts."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, defer, selectinload

from app.domain.notification_defaults import default_for
from app.models import NotificationTemplate, WorkflowTemplate, WorkflowTemplateVersion
from app.models.vocabulary import ESCALATION, REMINDER
from app.schemas.notification_template import NotificationUse

Step = tuple[str, str]  # key and name


def used_by(session: Session, key: str) -> list[NotificationUse]:
    """The places where this one is used; in drafts, only those that no version has yet."""
    return [use for used, use in _all(session) if used == key]


def counts(session: Session) -> dict[str, int]:
    """How many published workflow templates use each, by key."""
    found: dict[str, set[int]] = {}
    for key, use in _all(session):
        if use.version is not None:
            found.setdefault(key, set()).add(use.template_id)
    return {key: len(templates) for key, templates in found.items()}


def _all(session: Session) -> Iterator[tuple[str, NotificationUse]]:
    """Every use with the key that it uses."""
    whole, version = WorkflowTemplate, WorkflowTemplateVersion
    rows = session.execute(
        select(whole, version)
        .outerjoin(
            version, and_(version.template_id == whole.id, version.number == whole.newest_version)
        )
        .where(whole.archived_at.is_(None))
        .order_by(whole.name, whole.id)
        .options(selectinload(version.steps), defer(version.input_schema))
    )
    for template, newest in rows:
        seen: set[tuple[str, ...]] = set()
        for number, document in ((newest and newest.number, newest), (None, template.draft)):
            if document is None:
                continue
            for key, step, channel, trigger in _of(document):
                mark = (key, step[0] if step else "", channel, trigger)
                if mark not in seen:
                    seen.add(mark)
                    yield key, _use(template, number, step, channel, trigger)


def _of(document: Any) -> Iterator[tuple[str, Step | None, str, str]]:
    """What a version, or a draft, uses: key, step, channel, trigger."""
    if isinstance(document, WorkflowTemplateVersion):
        yield from _of_policies(document.notification_policies or (), None)
        for step in document.steps:
            yield from _of_policies(step.notification_policies, (step.key, step.name))
    else:
        yield from _of_policies(document.get("notificationPolicies") or (), None)
        for step in document.get("steps") or ():
            policies = step.get("notificationPolicies") or ()
            yield from _of_policies(policies, (step["key"], step["name"]))


def _of_policies(policies: Any, step: Step | None) -> Iterator[tuple[str, Step | None, str, str]]:
    for policy in policies:
        trigger = policy["trigger"]
        said = policy.get("template") or default_for(trigger, instance=step is None)
        yield said, step, policy["channel"], trigger
        if fallback := policy.get("fallback"):
            yield fallback.get("template") or said, step, fallback["channel"], trigger
        if policy.get("remind"):
            yield default_for(REMINDER), step, policy["channel"], REMINDER
        for escalation in policy.get("escalate") or ():
            told = escalation.get("template") or default_for(ESCALATION)
            yield told, step, escalation["channel"], ESCALATION


def _use(
    template: WorkflowTemplate,
    number: int | None,
    step: Step | None,
    channel: str,
    trigger: str,
) -> NotificationUse:
    return NotificationUse(
        template_id=template.id,
        template_key=template.key,
        template_name=template.name,
        version=number,
        step_key=step[0] if step else None,
        step_name=step[1] if step else None,
        channel=channel,
        trigger=trigger,
    )


def names(session: Session, keys: Collection[str]) -> dict[str, str]:
    """The names of these notification templates, by key."""
    row = NotificationTemplate
    query = select(row.key, row.name).where(row.key.in_(keys))
    return {each.key: each.name for each in session.execute(query)}
