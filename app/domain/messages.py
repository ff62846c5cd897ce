"""What a try of a delivery needs, read for a batch of claims at once: whom it goes to, what its
template says, and what that can read. Rendering and sending are the notifier's threads' work."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.domain import account_links, notification_context, queries
from app.domain.claims import Claim
from app.models import (
    NotificationDelivery,
    NotificationTemplate,
    NotificationTemplateVersion,
    PushSubscription,
    User,
)
from app.models.vocabulary import ACCOUNT, Channel, JobKind
from app.schemas.instance import InstanceOut


def read_messages(
    session: Session, claims: Sequence[Claim], base_url: str
) -> dict[int, dict[str, Any]]:
    """For each claim of a delivery, by the claim's id: `{channel, recipient, address, content,
    context, link, about, targets}`; `content` is the template's, not rendered, None if it says
    nothing for that channel."""
    ids = {c.delivery_id: c.id for c in claims if c.kind == JobKind.DELIVERY and c.delivery_id}
    if not ids:
        return {}
    query = select(NotificationDelivery).where(NotificationDelivery.id.in_(ids))
    rows = session.scalars(query).all()
    contents = contents_of(session, {row.template for row in rows})
    people = _people(session, {row.user_id for row in rows if row.user_id})
    targets = _targets(
        session, {row.user_id for row in rows if row.channel == Channel.PUSH and row.user_id}
    )
    instances = _instances(session, {row.instance_id for row in rows if row.instance_id})
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        policy: dict[str, Any] = row.policy or {}
        who = people.get(row.user_id or 0, (row.recipient, "UTC"))
        context = _context(row, policy, instances.get(row.instance_id or 0), who, base_url)
        if row.trigger == ACCOUNT:
            context = account_links.with_url(session, context, policy["link"])
        found[ids[row.id]] = {
            "channel": row.channel,
            "recipient": row.recipient,
            "address": row.address or "",
            # A test brings its own words.
            "content": policy.get("content") or contents.get(row.template, {}).get(row.channel),
            "context": context,
            "targets": targets[row.user_id or 0],
            **place_of(context, base_url),
        }
    return found


def _instances(session: Session, ids: set[int]) -> dict[int, InstanceOut]:
    return {instance_id: queries.read_instance(session, instance_id) for instance_id in ids}


def _context(
    row: NotificationDelivery,
    policy: Mapping[str, Any],
    instance: InstanceOut | None,
    who: tuple[str, str],
    base_url: str,
) -> Mapping[str, Any]:
    name, time_zone = who
    if instance is None:
        context: dict[str, Any] = policy.get("context") or {}
        return {"recipient": {"name": name, "timeZone": time_zone}} | context
    step = next((step for step in instance.steps if step.id == row.step_id), None)
    return notification_context.of_instance(
        instance,
        step,
        trigger=row.trigger,
        base_url=base_url,
        recipient=name,
        time_zone=time_zone,
        round=policy.get("round", 0),
    )


def place_of(context: Mapping[str, Any], base_url: str) -> dict[str, str]:
    """Where in the console it is about, and what that is called."""
    instance: dict[str, Any] = context.get("instance") or {}
    step: dict[str, Any] = context.get("step") or {}
    about = " · ".join(filter(None, [step.get("name"), instance.get("title")]))
    link: str = step.get("url") or instance.get("url") or base_url
    return {"about": about or notification_context.PRODUCT, "link": link}


def contents_of(session: Session, keys: set[str]) -> dict[str, dict[str, Any]]:
    """What the newest versions of these templates say, by key."""
    whole, version = NotificationTemplate, NotificationTemplateVersion
    newest = and_(version.template_id == whole.id, version.number == whole.newest_version)
    query = select(whole.key, version.content).join(version, newest).where(whole.key.in_(keys))
    return {row.key: row.content for row in session.execute(query)}


def _people(session: Session, ids: set[int]) -> dict[int, tuple[str, str]]:
    """What people are called, and their time zones, by id."""
    query = select(User.id, User.name, User.time_zone).where(User.id.in_(ids))
    rows = session.execute(query) if ids else ()
    return {row.id: (row.name, row.time_zone or "UTC") for row in rows}


def _targets(session: Session, users: set[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    query = select(PushSubscription).where(PushSubscription.user_id.in_(users))
    for row in session.scalars(query) if users else ():
        found[row.user_id].append(
            {"id": row.id, "endpoint": row.endpoint, "p256dh": row.p256dh, "auth": row.auth}
        )
    return found
