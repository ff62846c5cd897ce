"""Starting instances, and what people and programs do with a whole one."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audit, input_schemas, lifecycle, notices, producer
from app.domain.actions import require_instance_action
from app.domain.graph import Graph, graph_of
from app.domain.ledger import Ledger, changing
from app.domain.ledger_writer import insert_instances
from app.domain.paths import MissingPath
from app.domain.records import InstanceRecord, StepRecord
from app.errors import FieldError, Invalid, NotFound, NotPublished, RunsheetError
from app.models import WorkflowTemplate, WorkflowTemplateStep, WorkflowTemplateVersion
from app.models.vocabulary import ActionState, InstanceState, InstanceTrigger, State
from app.schemas.instance import InstanceIn


@dataclass(slots=True)
class Version:
    """What instances of one version are made from."""

    row: WorkflowTemplateVersion
    steps: Sequence[WorkflowTemplateStep]
    graph: Graph


_Versions = dict[tuple[Any, ...], Version]
_Started = tuple[InstanceRecord, dict[str, Any]]  # and what its first event tells


def start(session: Session, wish: InstanceIn, actor: str) -> int:
    """Start one instance; returns its id. Raises NotFound, NotPublished or Invalid."""
    return _start(session, [wish], actor, at=["input"])[0]


def start_many(session: Session, wishes: Sequence[InstanceIn], actor: str) -> list[int]:
    """Start all or none; returns their ids in order."""
    at = [f"items.{index}.input" for index in range(len(wishes))]
    return _start(session, wishes, actor, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An instance that something else than a request asks for: who it is, and what its first
    event tells beside the version."""

    instance: InstanceIn
    actor: str
    data: dict[str, Any]


def start_each(session: Session, wishes: Sequence[Wish]) -> list[int | RunsheetError]:
    """Start what can be started: in their order, an id or what keeps it from being started."""
    answers: list[InstanceRecord | RunsheetError] = []
    versions: _Versions = {}
    with changing(session) as ledger:
        started: list[_Started] = []
        for wish in wishes:
            try:
                instance, data = _prepare(ledger, versions, wish.instance, "input")
            except RunsheetError as why_not:
                answers.append(why_not)
                continue
            instance.started_by = wish.actor
            started.append((instance, data | wish.data))
            answers.append(instance)
        _begin(ledger, started)
    return [one.id or 0 if isinstance(one, InstanceRecord) else one for one in answers]


def _start(
    session: Session, wishes: Sequence[InstanceIn], actor: str, at: Sequence[str]
) -> list[int]:
    versions: _Versions = {}
    faults: list[FieldError] = []
    started: list[_Started] = []
    with changing(session, actor=actor) as ledger:
        for wish, path in zip(wishes, at, strict=True):
            try:
                started.append(_prepare(ledger, versions, wish, path))
            except Invalid as invalid:
                faults += invalid.errors
        if faults:
            raise Invalid(faults)
        _begin(ledger, started)
    ids = [instance.id or 0 for instance in ledger.added]
    many = {"count": len(ids), "lastId": ids[-1]} if len(ids) > 1 else {}
    after = {"title": ledger.added[0].title} | many
    audit.record(session, actor, "instance.started", "instance", str(ids[0]), after=after)
    return ids


def _prepare(ledger: Ledger, versions: _Versions, wish: InstanceIn, at: str) -> _Started:
    key = (wish.template_key, wish.template_id, wish.version)
    if key not in versions:
        versions[key] = _find_version(ledger.session, wish)
    version = versions[key]
    values = input_schemas.read_input(version.row.input_schema, wish.input, at)
    instance = new_instance(ledger, version, wish.title, values, at)
    return instance, {"version": version.row.number}


def _begin(ledger: Ledger, started: Sequence[_Started]) -> None:
    insert_instances(ledger, [instance for instance, _ in started])
    for instance, data in started:
        say_started(ledger, instance, data)


def say_started(ledger: Ledger, instance: InstanceRecord, data: dict[str, Any]) -> None:
    """Write its first event, which tells `data`, and whom its policies tell of it."""
    by = instance.started_by
    seq = ledger.record(instance, "instance.started", actor=by, data=data)
    notices.on_instance(ledger, instance, InstanceTrigger.ON_STARTED, seq)


def _find_version(session: Session, wish: InstanceIn) -> Version:
    by_key = WorkflowTemplate.key == wish.template_key
    wanted = by_key if wish.template_key is not None else WorkflowTemplate.id == wish.template_id
    template = session.scalar(select(WorkflowTemplate).where(wanted))
    if template is None:
        raise NotFound("There is no such template.")
    if template.archived_at is not None:
        raise NotFound("This template is archived: no new instances start from it.")
    number = wish.version or template.newest_version
    if number is None:
        raise NotPublished
    row = session.scalar(
        select(WorkflowTemplateVersion).where(
            WorkflowTemplateVersion.template_id == template.id,
            WorkflowTemplateVersion.number == number,
        )
    )
    if row is None:
        raise NotFound(f"This template has no version {number}.")
    return Version(row, row.steps, graph_of(session.connection(), row.id))


def new_instance(
    ledger: Ledger, version: Version, title: str, values: dict[str, Any], at: str
) -> InstanceRecord:
    """An instance of a version with this input, in memory: it has no row yet, and nothing has
    happened to it. Raises Invalid at the path `at`."""
    row = version.row
    instance = InstanceRecord(
        id=None,
        template_id=row.template_id,
        version_id=row.id,
        title=title or row.name,
        state=InstanceState.RUNNING,
        started_by=ledger.actor,
        started_at=ledger.now,
        graph=version.graph,
        input=values,
        needs_settling=True,
    )
    instance.due_at = _late_at(ledger, instance, at)
    for step in version.steps:
        instance.steps[step.key] = _new_step(step)
    return instance


def _late_at(ledger: Ledger, instance: InstanceRecord, at: str) -> datetime | None:
    """Raises Invalid if its `dueAt` reads what the input lacks, or what is no time."""
    graph = instance.graph
    if graph.due_at is None:
        return ledger.now + graph.due_in if graph.due_in else None
    try:
        return producer.read_time("dueAt", graph.due_at, ledger, instance, outputs=False)
    except (MissingPath, ValueError) as error:
        raise Invalid.at(at, str(error)) from None


def _new_step(step: WorkflowTemplateStep) -> StepRecord:
    return StepRecord(
        id=None,
        key=step.key,
        position=step.position,
        name=step.name,
        action_type=step.action_type,
        action_config=step.action_config,
        notification_policies=step.notification_policies,
        assignee=step.assignee,
        state=State.PENDING,
        action_state=ActionState.IDLE,
    )


@contextmanager
def acting(
    session: Session, instance_id: int, action: str, actor: str
) -> Generator[tuple[Ledger, InstanceRecord]]:
    """Lock an instance for one action on it. Raises NotFound or MoveNotAllowed."""
    with changing(session, [instance_id], actor) as ledger:
        instance = ledger.instances.get(instance_id)
        if instance is None:
            raise NotFound("There is no such instance.")
        require_instance_action(ledger, instance, action)
        before = {"state": instance.state}
        yield ledger, instance
        said = ledger.last_said()
    after = {"state": instance.state}  # as what follows has left it
    audit.acted(ledger, said, "instance", str(instance_id), before=before, after=after)


def cancel(session: Session, instance_id: int, actor: str, reason: str = "") -> None:
    """End an instance: what is open becomes CANCELLED."""
    with acting(session, instance_id, "cancel", actor) as (ledger, instance):
        lifecycle.cancel(ledger, instance, reason)


def pause(session: Session, instance_id: int, actor: str, reason: str = "") -> None:
    """Let nothing new start until it is resumed."""
    with acting(session, instance_id, "pause", actor) as (ledger, instance):
        lifecycle.pause(ledger, instance, reason)


def resume(session: Session, instance_id: int, actor: str, reason: str = "") -> None:
    """Go on; what fell due meanwhile is due now."""
    with acting(session, instance_id, "resume", actor) as (ledger, instance):
        lifecycle.resume(ledger, instance, reason)
