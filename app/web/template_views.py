"""A template as its page shows it: the newest version or the one asked for, or the draft of one
never published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain import template_queries, template_versions, templates
from app.errors import NotFound
from app.extensions import compact_json
from app.web import words
from app.web.graph import Graph, layout
from app.web.schema_forms import properties


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a template: it has no state."""

    key: str
    name: str
    description: str
    action_type: str
    action_config: dict[str, Any]
    notification_policies: list[dict[str, Any]]
    depends_on: list[str]
    assignee: str | None
    when: Any
    due_in: str | None
    due_at: str | None
    state: None = None
    action_state: None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A field of the input, and what is known of it, in words."""

    name: str
    title: str
    facts: list[str]


@dataclass(frozen=True, slots=True)
class TemplateView:
    id: int
    key: str
    name: str
    description: str
    archived: bool
    version: int | None
    newest: int | None
    note: str
    published_at: str | None
    published_by: str | None
    updated_at: datetime
    updated_by: str
    draft_revision: int
    input_schema: dict[str, Any]
    inputs: list[Input]
    steps: list[StepView]
    graph: Graph


def read_template(session: Session, template_id: int, number: int | None = None) -> TemplateView:
    """`number`: of a version; None: the newest. Raises NotFound."""
    row = templates.find(session, template_id)
    version = _version(session, template_id, number or row.newest_version)
    source = version or row.draft
    steps = [_step(step) for step in source["steps"]]
    return TemplateView(
        id=row.id,
        key=row.key,
        name=source["name"],
        description=source["description"],
        archived=row.archived_at is not None,
        version=version["number"] if version else None,
        newest=row.newest_version,
        note=version["note"] if version else "",
        published_at=version["publishedAt"] if version else None,
        published_by=words.actor(version["publishedBy"]) if version else None,
        updated_at=row.updated_at,
        updated_by=words.actor(row.updated_by),
        draft_revision=row.draft_revision,
        input_schema=source["inputSchema"],
        inputs=_inputs(source["inputSchema"]),
        steps=steps,
        graph=layout([(step.key, step.name, step.depends_on) for step in steps]),
    )


def _version(session: Session, template_id: int, number: int | None) -> dict[str, Any] | None:
    if number is None:
        return None
    return template_queries.version_document(template_versions.find(session, template_id, number))


def find_step(template: TemplateView, key: str) -> StepView:
    """Raises NotFound."""
    for step in template.steps:
        if step.key == key:
            return step
    raise NotFound("There is no such step.")


def _step(step: dict[str, Any]) -> StepView:
    return StepView(
        key=step["key"],
        name=step["name"],
        description=step["description"],
        action_type=step["actionType"],
        action_config=step["actionConfig"],
        notification_policies=step["notificationPolicies"],
        depends_on=step["dependsOn"],
        assignee=words.who(step["assignee"]) if step["assignee"] else None,
        when=step["when"],
        due_in=step["dueIn"],
        due_at=step.get("dueAt"),  # a draft may be older than the field
    )


def _inputs(schema: dict[str, Any]) -> list[Input]:
    required = schema.get("required", ())
    return [
        Input(name, str(rule.get("title") or name), _facts(rule, required=name in required))
        for name, rule in properties(schema)
    ]


def _facts(rule: dict[str, Any], *, required: bool) -> list[str]:
    kinds = rule.get("type") or ("one of a few" if "enum" in rule else "anything")
    facts = [kinds if isinstance(kinds, str) else " or ".join(kinds)]
    if required:
        facts.append("required")
    if "default" in rule:
        facts.append(f"default {compact_json(rule['default'])}")
    return facts
