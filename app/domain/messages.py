"""What a try of a delivery needs, read for a batch of claims at once: whom it goes to, what its
template says, and what that can read. Rendering and sending are the notifier's threads' work."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select

from app.domain.claims import Claim
from app.models import (
    NotificationDelivery,
    NotificationTemplate,
    NotificationTemplateVersion,
    PushSubscription,
    User,
    WorkflowInstance,
    WorkflowInstanceStep,
    WorkflowTemplateVersion,
)
from app.models.vocabulary import Channel, JobKind
from app.schemas.base import zulu

_delivery, _step, _instance = NotificationDelivery, WorkflowInstanceStep, WorkflowInstance
_version, _user = WorkflowTemplateVersion, User


def read_messages(
    connection: Connection, claims: Sequence[Claim], base_url: str
) -> dict[int, dict[str, Any]]:
    """For each claim of a delivery, by the claim's id: `{channel, recipient, address, content,
    context, link, about, targets}`; `content` is the template's, not rendered, None if it says
    nothing for that channel."""
    ids = {c.delivery_id: c.id for c in claims if c.kind == JobKind.DELIVERY and c.delivery_id}
    if not ids:
        return {}
    rows: list[Row[Any]] = list(connection.execute(_rows(ids)))
    outputs = _outputs(connection, {row.instance_id for row in rows if row.instance_id})
    contents = _contents(connection, {row.template for row in rows})
    targets = _targets(
        connection, {row.user_id for row in rows if row.channel == Channel.PUSH and row.user_id}
    )
    return {
        ids[row.id]: {
            "channel": row.channel,
            "recipient": row.recipient,
            "address": row.address or "",
            "content": _content(row, contents),
            "context": _context(row, outputs[row.instance_id], base_url),
            "link": _link(row, base_url),
            "about": " · ".join(filter(None, [row.step_name, row.title])) or "Runsheet",
            "targets": targets[row.user_id],
        }
        for row in rows
    }


def _rows(ids: Mapping[int, int]) -> Select[*tuple[Any, ...]]:
    names = "id instance_id channel trigger template recipient address user_id policy".split()
    return (
        select(
            *(getattr(_delivery, name) for name in names),
            _user.name.label("user_name"),
            _instance.title,
            _instance.state.label("instance_state"),
            _instance.input,
            _instance.started_by,
            _version.name.label("template_name"),
            *(
                getattr(_step, name).label(f"step_{name}")
                for name in "key name state action_type error reason assignee attempts "
                "max_attempts next_attempt_at due_at".split()
            ),
        )
        .outerjoin(_instance, _instance.id == _delivery.instance_id)
        .outerjoin(_version, _version.id == _instance.version_id)
        .outerjoin(_step, _step.id == _delivery.step_id)
        .outerjoin(_user, _user.id == _delivery.user_id)
        .where(_delivery.id.in_(ids))
    )


def _outputs(connection: Connection, ids: set[int]) -> dict[int | None, dict[str, Any]]:
    found: dict[int | None, dict[str, Any]] = defaultdict(dict)
    query = select(_step.instance_id, _step.key, _step.state, _step.output).where(
        _step.instance_id.in_(ids), _step.output.is_not(None)
    )
    for row in connection.execute(query) if ids else ():
        found[row.instance_id][row.key] = {"state": row.state, "output": row.output}
    return found


def _contents(connection: Connection, keys: set[str]) -> dict[str, dict[str, Any]]:
    """What the newest versions of these templates say, by key."""
    whole, version = NotificationTemplate, NotificationTemplateVersion
    rows = connection.execute(
        select(whole.key, version.content)
        .join(
            version,
            and_(version.template_id == whole.id, version.number == whole.newest_version),
        )
        .where(whole.key.in_(keys))
    )
    return {row.key: row.content for row in rows}


def _policy(row: Row[Any]) -> dict[str, Any]:
    return row.policy or {}


def _content(row: Row[Any], contents: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    given: dict[str, Any] | None = _policy(row).get("content")  # of a test
    return given or contents.get(row.template, {}).get(row.channel)


def _targets(connection: Connection, users: set[int]) -> dict[int | None, list[dict[str, Any]]]:
    found: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
    sub = PushSubscription
    query = select(sub.id, sub.user_id, sub.endpoint, sub.p256dh, sub.auth).where(
        sub.user_id.in_(users)
    )
    for row in connection.execute(query) if users else ():
        found[row.user_id].append(
            {"id": row.id, "endpoint": row.endpoint, "p256dh": row.p256dh, "auth": row.auth}
        )
    return found


def _link(row: Row[Any], base_url: str) -> str:
    if row.instance_id is None:
        return base_url
    whole = f"{base_url}/instances/{row.instance_id}"
    return f"{whole}/steps/{row.step_key}" if row.step_key else whole


def _context(row: Row[Any], outputs: dict[str, Any], base_url: str) -> dict[str, Any]:
    """What templates read; `notification_context.py` documents it."""
    given: dict[str, Any] | None = _policy(row).get("context")  # of a test
    if given:
        return given
    return {
        "trigger": row.trigger,
        "round": _policy(row).get("round", 0),
        "recipient": {"name": row.user_name or row.recipient},
        "product": {"name": "Runsheet", "url": base_url},
        "input": row.input or {},
        "steps": outputs,
        "instance": {
            "id": row.instance_id,
            "title": row.title,
            "state": row.instance_state,
            "url": f"{base_url}/instances/{row.instance_id}",
            "templateName": row.template_name,
            "startedBy": row.started_by,
        },
        "step": _step_facts(row, base_url),
    }


def _step_facts(row: Row[Any], base_url: str) -> dict[str, Any] | None:
    if row.step_key is None:
        return None
    return {
        "key": row.step_key,
        "name": row.step_name,
        "state": row.step_state,
        "actionType": row.step_action_type,
        "error": row.step_error,
        "reason": row.step_reason,
        "assignee": row.step_assignee,
        "attempts": row.step_attempts,
        "maxAttempts": row.step_max_attempts,
        "nextAttemptAt": zulu(row.step_next_attempt_at) if row.step_next_attempt_at else None,
        "dueAt": zulu(row.step_due_at) if row.step_due_at else None,
        "url": _link(row, base_url),
    }
