"""What names a group: templates in their drafts or newest versions, and steps that are open."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from app.domain import assignments
from app.domain.half_done import mapping
from app.models import (
    WorkflowInstanceStep,
    WorkflowTemplate,
    WorkflowTemplateStep,
    WorkflowTemplateVersion,
)


@dataclass(frozen=True, slots=True)
class TemplateUse:
    template_id: int
    name: str


@dataclass(frozen=True, slots=True)
class StepUse:
    instance_id: int
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Uses:
    """Who would miss the group. False in a condition when nobody would."""

    templates: list[TemplateUse]
    steps: list[StepUse]

    def __bool__(self) -> bool:
        return bool(self.templates or self.steps)

    def words(self) -> str:
        """'by the template Order fulfilment and by 2 open steps'."""
        names = [one.name for one in self.templates]
        steps = len(self.steps)
        parts = [f"by the template{'s' * (len(names) > 1)} {', '.join(names)}"] if names else []
        parts += [f"by {steps} open step{'s' * (steps > 1)}"] if steps else []
        return " and ".join(parts)

    def document(self) -> dict[str, Any]:
        """For a problem's body."""
        return {
            "templates": [{"id": one.template_id, "name": one.name} for one in self.templates],
            "steps": [{"instanceId": one.instance_id, "key": one.key} for one in self.steps],
        }


def of(session: Session, key: str) -> Uses:
    """What names this group. Archived templates do not count."""
    name = f"group:{key}"
    found = {
        template_id: TemplateUse(template_id, title)
        for template_id, title, document in _documents(session)
        if _names(document, name)
    }
    policies = cast(WorkflowInstanceStep.notification_policies, Text)
    named = assignments.is_theirs([name]) | policies.contains(f'"{name}"', autoescape=True)
    steps = [
        StepUse(step.instance_id, step.key, step.name)
        for step in assignments.open_steps(session, named)
    ]
    return Uses(list(found.values()), steps)


def _names(document: Any, name: str) -> bool:
    """Whether any text of a document, or a key of it, is this name."""
    if isinstance(document, str):
        return document.lower() == name
    if isinstance(document, dict):
        return any(_names(part, name) for part in document.values())  # type: ignore[reportUnknownVariableType]
    return isinstance(document, list) and any(_names(part, name) for part in document)  # type: ignore[reportUnknownVariableType]


def _documents(session: Session) -> Iterator[tuple[int, str, Any]]:
    """What may name a group: drafts, and the newest versions' assignees and policies."""
    template, version = WorkflowTemplate, WorkflowTemplateVersion
    step = WorkflowTemplateStep
    about = select(template.id, template.name).where(template.archived_at.is_(None))
    for id, name, draft, editing in session.execute(
        about.add_columns(template.draft, template.editing)
    ):
        yield id, name, _parts(draft)
        yield id, name, _parts(mapping(mapping(editing).get("document")))
    newest = version.number == template.newest_version
    published = about.join(version, (version.template_id == template.id) & newest)
    for id, name, policies in session.execute(published.add_columns(version.notification_policies)):
        yield id, name, policies
    steps = published.join(step, step.version_id == version.id)
    for id, name, *told in session.execute(
        steps.add_columns(step.assignee, step.notification_policies)
    ):
        yield id, name, told


def _parts(draft: Mapping[str, Any]) -> list[Any]:
    """Of a draft, what can name people: an action's config may hold any text. It may be half
    done."""
    steps: Any = draft.get("steps")
    whole = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []  # type: ignore[reportUnknownVariableType]
    named = ("assignee", "notificationPolicies")
    return [draft.get(named[1]), *(step.get(name) for step in whole for name in named)]  # type: ignore[reportUnknownMemberType]
