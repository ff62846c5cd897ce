"""Which templates name which secrets, in their drafts or newest versions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.secret_values import secrets_named
from app.errors import FieldError
from app.models import Secret, WorkflowTemplate, WorkflowTemplateStep, WorkflowTemplateVersion
from app.schemas.secret import SecretUse


def uses(session: Session) -> dict[str, list[SecretUse]]:
    """The templates that name each secret, by the secret's name. Archived ones do not count."""
    found: dict[str, dict[int, SecretUse]] = defaultdict(dict)
    for template_id, key, name, step in _steps(session):
        for secret in named_in(step).values():
            use = SecretUse(template_id=template_id, key=key, name=name)
            found[secret].setdefault(template_id, use)
    return {secret: list(by_id.values()) for secret, by_id in found.items()}


def named_in(step: Mapping[str, Any]) -> dict[str, str]:
    """The secrets that a step of a document names, by the path within it."""
    found = {f"actionConfig.{at}": name for at, name in secrets_named(step["actionConfig"]).items()}
    for at, policy in enumerate(cast("list[dict[str, Any]]", step["notificationPolicies"])):
        if name := policy.get("signingSecret"):
            found[f"notificationPolicies.{at}.signingSecret"] = name
    return found


def missing(session: Session, steps: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """A fault at each place of a document's steps that names a secret which does not exist."""
    named = {
        f"steps.{at}.{path}": name
        for at, step in enumerate(steps)
        for path, name in named_in(step).items()
    }
    known = set(session.scalars(select(Secret.name).where(Secret.name.in_(set(named.values())))))
    return [
        FieldError(path, f"There is no secret named {name}.")
        for path, name in named.items()
        if name not in known
    ]


def _steps(session: Session) -> Iterator[tuple[int, str, str, Mapping[str, Any]]]:
    """All steps of templates that are not archived, as documents: of drafts, of newest versions."""
    template, version, step = WorkflowTemplate, WorkflowTemplateVersion, WorkflowTemplateStep
    drafts = select(template.id, template.key, template.name, template.draft)
    for id, key, name, draft in session.execute(drafts.where(template.archived_at.is_(None))):
        yield from ((id, key, name, document) for document in draft["steps"])
    published = (
        select(
            template.id, template.key, template.name, step.action_config, step.notification_policies
        )
        .join(version, version.template_id == template.id)
        .join(step, step.version_id == version.id)
        .where(template.archived_at.is_(None), version.number == template.newest_version)
        .order_by(template.id)
    )
    for id, key, name, config, policies in session.execute(published):
        yield id, key, name, {"actionConfig": config, "notificationPolicies": policies}
