"""The published versions of a template beside its draft: reading one, comparing two, bringing one
back as the draft, and what runs on them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.domain import audit, drafts, templates
from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.domain.half_done import mapping, steps_of
from app.domain.people import Actor
from app.domain.template_diff import TemplateDiff, compare
from app.domain.template_queries import step_document
from app.domain.value_diff import equal
from app.errors import NotFound
from app.models import WorkflowInstance, WorkflowTemplate, WorkflowTemplateVersion
from app.models.vocabulary import InstanceState
from app.schemas.actions import ACTION_TYPES
from app.schemas.base import Schema
from app.schemas.template import MAX_NUMBER, Template, TemplateStep, VersionInstances

GOING = (InstanceState.RUNNING, InstanceState.ATTENTION, InstanceState.PAUSED)
_version, _instance = WorkflowTemplateVersion, WorkflowInstance


def find(session: Session, template_id: int, number: int) -> WorkflowTemplateVersion:
    """A version by its number. Raises NotFound."""
    templates.find(session, template_id)
    query = select(_version).where(_version.template_id == template_id, _version.number == number)
    row = session.scalar(query) if number <= MAX_NUMBER else None
    if row is None:
        raise NotFound(f"This template has no version {number}.")
    return row


def document(session: Session, template_id: int, number: int | None) -> dict[str, Any]:
    """A version as a template document, or what is being written (None), completed. Raises
    NotFound."""
    if number is None:
        return completed(drafts.read(session, template_id).document)
    return completed(version_template(find(session, template_id, number)))


def version_template(row: WorkflowTemplateVersion) -> dict[str, Any]:
    """A version as the template document it was published from."""
    return {
        "key": row.template.key,
        "name": row.name,
        "description": row.description,
        "inputSchema": row.input_schema,
        "notificationPolicies": row.notification_policies or [],
        "dueIn": row.due_in,
        "dueAt": row.due_at,
        "steps": [step_document(step) for step in row.steps],
    }


def completed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with the defaults of fields that are younger than it, so that they are no
    difference. Parts that would not be taken any more stay as they are."""
    whole = _written(Template, {n: value for n, value in document.items() if n != "steps"})
    return whole | {"steps": [_completed_step(step.document) for step in steps_of(document)]}


def _completed_step(step: Mapping[str, Any]) -> dict[str, Any]:
    whole = _written(TemplateStep, step)
    kind = ACTION_TYPES.get(str(whole.get("actionType")))
    config = whole["actionConfig"]
    if kind is not None and isinstance(config, dict):
        whole["actionConfig"] = _written(kind.config, mapping(config))
    return whole


def _written(schema: type[Schema], value: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return schema.model_validate(value).document()
    except ValidationError:
        return schema.model_construct().document() | dict(value)


def difference(
    session: Session, template_id: int, before: int | None, after: int | None
) -> TemplateDiff:
    """What differs between two versions (None: the draft). Raises NotFound."""
    return compare(*(document(session, template_id, number) for number in (before, after)))


def restore(
    session: Session,
    template_id: int,
    number: int,
    actor: Actor,
    revision: int | None = None,
    *,
    allow: AllowList = NOTHING_ALLOWED,
    org_domains: str = "",
) -> None:
    """Make a version the draft again, as if the actor had written it; what of it would not be
    taken any more stands in the draft as a fault. Raises NotFound, DraftIsStale when `revision` is
    given and is not the present one, Forbidden where it changes automation and they may not."""
    old = document(session, template_id, number)
    row = templates.find(session, template_id, lock=True)
    templates.require_revision(row, revision)
    drafts.save(session, template_id, row.draft_revision, actor, old, {}, allow, org_domains)
    after = {"version": number}
    audit.record(session, actor.name, "template.restored", "template", row.key, after=after)


def unpublished(session: Session, template_ids: Collection[int]) -> set[int]:
    """Which of these have a draft that says something else than their newest version."""
    template = WorkflowTemplate
    query = (
        select(template.id, _version.number)
        .join(_version, _version.template_id == template.id)
        .where(template.id.in_(template_ids), _version.number == template.newest_version)
        .where(template.updated_at > _version.published_at)  # the others can't
    )
    touched = session.execute(query).all()
    return {id for id, newest in touched if not _says_the_same(session, id, newest)}


def _says_the_same(session: Session, template_id: int, number: int) -> bool:
    # A list of templates asks this of each; what differs, which takes longer, nobody asks there.
    return equal(document(session, template_id, number), document(session, template_id, None))


def going(session: Session, template_id: int) -> dict[int, VersionInstances]:
    """How many instances go on, by the number of the version they run on."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    query = _numbers(template_id).where(_instance.state.in_(GOING))
    for number, state, many in session.execute(query):
        found[number][state.lower()] = many
    return {number: VersionInstances(**states) for number, states in found.items()}


def started(session: Session, template_id: int) -> dict[int, int]:
    """How many instances were ever started, by the number of the version."""
    found: dict[int, int] = defaultdict(int)
    for number, _, many in session.execute(_numbers(template_id)):
        found[number] += many
    return found


def _numbers(template_id: int) -> Select[int, str, int]:
    return (
        select(_version.number, _instance.state, func.count())
        .join(_version, _version.id == _instance.version_id)
        .where(_instance.template_id == template_id)
        .group_by(_version.number, _instance.state)
    )
