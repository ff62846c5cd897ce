"""What the notification policies of a template's step would say, for its panel."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.domain import notification_previews
from app.domain.notification_context import sample
from app.domain.notification_defaults import default_for
from app.domain.notification_previews import Preview
from app.models import NotificationTemplate, NotificationTemplateVersion
from app.web.notification_previews import base_url


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy with its template; `preview`: None if that says nothing on the policy's channel."""

    policy: dict[str, Any]
    key: str
    name: str
    preview: Preview | None


def of_step(session: Session, step: Any) -> list[PolicyView]:
    """The policies of a step, with the newest words of their templates."""
    keyed = [(each, _key_of(each)) for each in step.notification_policies or ()]
    said = _said(session, {key for _, key in keyed})
    return [_view(policy, key, *said.get(key, (key, {}))) for policy, key in keyed]


def _key_of(policy: dict[str, Any]) -> str:
    return policy.get("template") or default_for(policy["trigger"])


def _said(session: Session, keys: set[str]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name and content of these, by key."""
    rows = session.execute(_newest_words().where(NotificationTemplate.key.in_(keys)))
    return {row.key: (row.name, row.content) for row in rows}


def _newest_words() -> Any:
    whole, version = NotificationTemplate, NotificationTemplateVersion
    newest = and_(version.template_id == whole.id, version.number == whole.newest_version)
    return select(whole.key, whole.name, version.content).join(version, newest)


def all_said(session: Session) -> dict[str, dict[str, Any]]:
    """What every notification template says that is published and in use, by key and channel."""
    in_use = _newest_words().where(NotificationTemplate.archived_at.is_(None))
    return {row.key: row.content for row in session.execute(in_use)}


def _view(policy: dict[str, Any], key: str, name: str, said: dict[str, Any]) -> PolicyView:
    content = said.get(policy["channel"])
    if content is None:
        return PolicyView(policy, key, name, None)
    context = sample(policy["trigger"], base_url=base_url())
    shown = notification_previews.preview(policy["channel"], content, context, made_up=True)
    return PolicyView(policy, key, name, shown)
