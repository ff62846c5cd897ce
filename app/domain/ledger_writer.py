"""Writes a ledger down: one statement per table and kind of change, however many rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from app import bells
from app.domain import callback_urls, counting, notices
from app.domain.ledger import Ledger
from app.domain.ledger_work import insert_ids, write_work
from app.domain.prepared import Prepared
from app.domain.records import InstanceRecord, StepRecord
from app.models import (
    AutomationJob,
    Event,
    Notice,
    WorkflowInstance,
    WorkflowInstanceStep,
)
from app.models.columns import table_of
from app.models.vocabulary import NOTIFICATION_QUEUE, JobKind

_instances = table_of(WorkflowInstance)
_steps = table_of(WorkflowInstanceStep)
_jobs = table_of(AutomationJob)

_INSTANCE_COLUMNS = ("state", "needs_attention", "paused", "generation", "event_seq", "ended_at")
_STEP_COLUMNS = (
    "state action_state reason error execution_token attempts max_attempts "
    "retry_count occurrence occurrence_at recurs_from recurs_until "
    "skipped_by_condition due_at next_attempt_at ready_at started_at completed_at"
).split()
_NEW_STEP_COLUMNS = (
    *_STEP_COLUMNS,
    *"position key name action_type action_config notification_policies assignee output".split(),
)

# Compare-and-set, though the instance's lock already keeps others out: if that is ever broken,
# nothing is overwritten and the transaction fails.
_UPDATE_INSTANCE = Prepared(
    update(_instances)
    .where(_instances.c.id == bindparam("b_id"), _instances.c.event_seq == bindparam("b_seq"))
    .values({name: bindparam(name) for name in (*_INSTANCE_COLUMNS, "updated_at")}),
    (*_INSTANCE_COLUMNS, "updated_at", "b_id", "b_seq"),
)
_WHERE_STEP = (
    _steps.c.id == bindparam("b_id"),
    _steps.c.state == bindparam("b_state"),
    _steps.c.action_state == bindparam("b_action_state"),
)
_KEY_OF_STEP = ("b_id", "b_state", "b_action_state")
_UPDATE_STEP = Prepared(
    update(_steps).where(*_WHERE_STEP).values({n: bindparam(n) for n in _STEP_COLUMNS}),
    (*_STEP_COLUMNS, *_KEY_OF_STEP),
)
_UPDATE_STEP_AND_OUTPUT = Prepared(
    update(_steps)
    .where(*_WHERE_STEP)
    .values({n: bindparam(n) for n in (*_STEP_COLUMNS, "output")}),
    (*_STEP_COLUMNS, "output", *_KEY_OF_STEP),
)
_INSERT_EVENT = Prepared(
    insert(table_of(Event)).inline(),
    ("instance_id", "seq", "at", "kind", "step_key", "actor", "reason", "data"),
)


class LostUpdate(RuntimeError):
    """A row was changed under our lock. Nothing of this transaction is kept."""


def write(ledger: Ledger) -> None:
    """Write all changes of a ledger inside its transaction."""
    connection = ledger.session.connection()
    _insert_steps(connection, ledger.added)
    _update_instances(connection, ledger)
    _update_steps(connection, ledger)
    write_work(connection, ledger)
    _write_events(connection, ledger)
    _write_notices(connection, ledger)


def insert_instances(ledger: Ledger, added: Sequence[InstanceRecord]) -> None:
    """Give new instances their rows, and with them their ids, before anything happens to them."""
    connection = ledger.session.connection()
    rows = [
        {name: getattr(instance, name) for name in _INSTANCE_COLUMNS}
        | {
            "template_id": instance.template_id,
            "version_id": instance.version_id,
            "title": instance.title,
            "input": instance.input,
            "started_by": instance.started_by,
            "started_at": instance.started_at,
            "due_at": instance.due_at,
            "updated_at": ledger.now,
        }
        for instance in added
    ]
    ids = insert_ids(connection, _instances, rows)
    for instance, new_id in zip(added, ids, strict=True):
        instance.id = new_id
    ledger.added += added


def _insert_steps(connection: Connection, instances: Iterable[InstanceRecord]) -> None:
    pairs = [(instance, step) for instance in instances for step in instance.steps.values()]
    rows = [
        {name: getattr(step, name) for name in _NEW_STEP_COLUMNS} | {"instance_id": instance.id}
        for instance, step in pairs
    ]
    for (_, step), new_id in zip(pairs, insert_ids(connection, _steps, rows), strict=True):
        step.id = new_id
    callback_urls.insert_for(connection, pairs)


def _update_instances(connection: Connection, ledger: Ledger) -> None:
    rows = [
        {name: getattr(instance, name) for name in _INSTANCE_COLUMNS}
        | {"b_id": instance.id, "b_seq": instance.was_seq, "updated_at": ledger.now}
        for instance in ledger.touched()
        if instance.event_seq != instance.was_seq
    ]
    _change_all(connection, _UPDATE_INSTANCE, rows)


def _update_steps(connection: Connection, ledger: Ledger) -> None:
    dirty = [
        step
        for instance in ledger.instances.values()
        for step in instance.steps.values()
        if step.dirty
    ]
    plain = [_step_row(step) for step in dirty if not step.output_changed]
    with_output = [_step_row(s) | {"output": s.output} for s in dirty if s.output_changed]
    _change_all(connection, _UPDATE_STEP, plain)
    _change_all(connection, _UPDATE_STEP_AND_OUTPUT, with_output)


def _step_row(step: StepRecord) -> dict[str, Any]:
    was_state, was_action_state = step.was or ("", "")
    return {name: getattr(step, name) for name in _STEP_COLUMNS} | {
        "b_id": step.id,
        "b_state": was_state,
        "b_action_state": was_action_state,
    }


def _change_all(connection: Connection, statement: Prepared, rows: list[dict[str, Any]]) -> None:
    if statement(connection, rows) != len(rows):
        raise LostUpdate


def _write_events(connection: Connection, ledger: Ledger) -> None:
    rows = [{"instance_id": instance.id} | values for instance, values in ledger.events]
    counting.happened(ledger)
    _INSERT_EVENT(connection, rows)


def _write_notices(connection: Connection, ledger: Ledger) -> None:
    if not ledger.notices:
        return
    rows = [_notice_row(notice, ledger) for notice in ledger.notices]
    ids = insert_ids(connection, table_of(Notice), rows)
    jobs = [
        _notice_job(row, notice_id, notices.due(notice, ledger), ledger)
        for notice, row, notice_id in zip(ledger.notices, rows, ids, strict=True)
    ]
    connection.execute(insert(_jobs), jobs)


def _notice_row(notice: dict[str, Any], ledger: Ledger) -> dict[str, Any]:
    return {name: notice[name] for name in ("trigger", "cause", "policy_index", "policy")} | {
        "instance_id": notice["instance"].id,
        "step_id": notice["step"].id if notice["step"] is not None else None,
        "round": notice.get("round", 0),
        "created_at": ledger.now,
    }


def _notice_job(
    row: dict[str, Any], notice_id: int, run_at: datetime, ledger: Ledger
) -> dict[str, Any]:
    # Never held: what people are owed is sent even while an instance is paused.
    if run_at > ledger.now:
        bells.ask(ledger.session.info, NOTIFICATION_QUEUE, run_at)
    return {
        "queue": NOTIFICATION_QUEUE,
        "kind": JobKind.NOTICE,
        "notice_id": notice_id,
        "instance_id": row["instance_id"],
        "step_id": row["step_id"],
        "action_type": row["policy"]["channel"],
        "action_config": row["policy"],
        "queued_at": ledger.now,
        "run_at": run_at,
    }
