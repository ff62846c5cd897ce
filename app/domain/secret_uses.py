"""Which templates name which secrets, in their drafts or newest versions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.half_done import items, mapping, steps_of, text
from app.domain.secret_values import secrets_named
from app.models import WorkflowTemplate, WorkflowTemplateStep, WorkflowTemplateVersion
from app.schemas.secret import SecretUse


def uses(session: Session) -> dict[str, list[SecretUse]]:
    """The templates that name each secret, by the secret's name. Archived ones do not count."""
    found: dict[str, dict[int, SecretUse]] = defaultdict(dict)
    for template_id, key, name, document in _documents(session):
        for secret in named_in(document).values():
            use = SecretUse(template_id=template_id, key=key, name=name)
            found[secret].setdefault(template_id, use)
    return {secret: list(by_id.values()) for secret, by_id in found.items()}


def named_in(document: Mapping[str, Any]) -> dict[str, str]:
    """The secrets that a template's document names, half done or not, by the path where it does."""
    found = dict(_in_policies("", document))
    for step in steps_of(document):
        for path, name in secrets_named(step.config).items():
            found[f"{step.place}.actionConfig.{path}"] = name
        found |= _in_policies(f"{step.place}.", step.document)
    return found


def _in_policies(place: str, part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for at, policy in enumerate(items(part.get("notificationPolicies"))):
        if name := text(mapping(policy).get("signingSecret")):
            yield f"{place}notificationPolicies.{at}.signingSecret", name


def _documents(session: Session) -> Iterator[tuple[int, str, str, Mapping[str, Any]]]:
    """Drafts and newest versions of all templates that are not archived; of versions, what may
    name a secret."""
    template, version = WorkflowTemplate, WorkflowTemplateVersion
    about = select(template.id, template.key, template.name).where(template.archived_at.is_(None))
    for id, key, name, draft in session.execute(about.add_columns(template.draft)):
        yield id, key, name, draft
    newest = version.number == template.newest_version
    published = about.join(version, (version.template_id == template.id) & newest)
    rows = session.execute(published.add_columns(version.id, version.notification_policies)).all()
    steps = _steps(session, [row[3] for row in rows])
    for id, key, name, version_id, policies in rows:
        document = {"notificationPolicies": policies, "steps": steps[version_id]}
        yield id, key, name, document


def _steps(session: Session, version_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    step = WorkflowTemplateStep
    query = select(step.version_id, step.action_config, step.notification_policies)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for version_id, config, policies in session.execute(
        query.where(step.version_id.in_(version_ids))
    ):
        found[version_id].append({"actionConfig": config, "notificationPolicies": policies})
    return found
