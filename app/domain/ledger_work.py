"""The part of a ledger that is work: executions, attempts and jobs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from app.domain.ledger import Ledger
from app.domain.prepared import Prepared
from app.models import AutomationExecutionLog, AutomationJob, Execution
from app.models.columns import table_of
from app.models.vocabulary import AUTOMATION_QUEUE, AttemptOutcome, JobKind

_jobs = table_of(AutomationJob)
_log = table_of(AutomationExecutionLog)
_executions = table_of(Execution)

TAKEN = "Taken from the worker while it ran; the receiver may have acted."
_ENDS = ("ended_at", "duration_ms", "outcome", "status_code", "error", "request", "response")
_CLOSE_ATTEMPT = Prepared(
    update(_log)
    .where(
        _log.c.execution_id == bindparam("b_execution_id"),
        _log.c.attempt == bindparam("b_attempt"),
        _log.c.ended_at.is_(None),
    )
    .values({name: bindparam(name) for name in _ENDS}),
    (*_ENDS, "b_execution_id", "b_attempt"),
)
_INSERT_ATTEMPT = Prepared(
    insert(_log).inline(),
    (
        *"step_id execution_id execution_token occurrence attempt queued_at started_at".split(),
        "worker",
        *_ENDS,
    ),
)
_POSTPONE = (
    update(_jobs)
    .where(_jobs.c.id == bindparam("b_id"))
    .values(
        {
            name: bindparam(name)
            for name in ("run_at", "queued_at", "attempt", "allowed", "losses", "losses_alone")
        }
    )
    .values(lease_token=None, lease_until=None, worker=None, claimed_at=None)
)
_INSERT_EXECUTION = Prepared(
    insert(_executions).inline(),
    ("step_id", "token", "allowed", "replay_of", "created_at", "occurrence", "attempts"),
)
_COUNTS = ("attempts", "allowed", "outcome", "ended_at")
_UPDATE_EXECUTION = Prepared(
    update(_executions)
    .where(_executions.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in _COUNTS}),
    (*_COUNTS, "b_id"),
)


_INSERT_JOB = Prepared(
    insert(_jobs).inline(),
    (
        *"queue kind instance_id step_id execution_id action_type action_config".split(),
        *"execution_token occurrence attempt allowed queued_at run_at held".split(),
        *"losses losses_alone destination".split(),
    ),
)


def write_work(connection: Connection, ledger: Ledger) -> None:
    """Write executions, attempts and jobs."""
    if ledger.taken_from:
        _take_back(connection, ledger)
    execution_ids = _write_executions(connection, ledger)
    _write_attempts(connection, ledger)
    _write_waits(connection, ledger)
    _write_jobs(connection, ledger, execution_ids)


def _take_back(connection: Connection, ledger: Ledger) -> None:
    """Steps an operator took from the system owe nothing more. With the job goes its lease, so
    what a worker still brings back matches no row and is logged as fenced."""
    step_ids = [step.id for step in ledger.taken_from]
    tokens = [step.execution_token for step in ledger.taken_from]
    connection.execute(
        delete(_jobs).where(_jobs.c.step_id.in_(step_ids), _jobs.c.kind == JobKind.STEP)
    )
    ended = {"ended_at": ledger.now, "outcome": AttemptOutcome.ABANDONED}
    connection.execute(
        update(_log)
        .where(_log.c.execution_token.in_(tokens), _log.c.ended_at.is_(None))
        .where(_log.c.step_id.in_(step_ids))
        .values(ended | {"error": TAKEN})
    )
    connection.execute(
        update(_executions)
        .where(_executions.c.step_id.in_(step_ids), _executions.c.replay_of.is_(None))
        .where(_executions.c.ended_at.is_(None))  # the occurrence that was planned, too
        .values(ended)
    )


def _write_executions(connection: Connection, ledger: Ledger) -> dict[str, int]:
    """Returns the ids of all executions that jobs of this ledger belong to, by token."""
    _UPDATE_EXECUTION(connection, ledger.ended_executions)
    known = _known_executions(connection, {e.get("replay_of") for e in ledger.executions})
    _INSERT_EXECUTION(connection, [_execution_row(e, ledger, known) for e in ledger.executions])
    return _known_executions(connection, {job["execution_token"] for job in ledger.owed})


def _execution_row(
    execution: dict[str, Any], ledger: Ledger, known: dict[str, int]
) -> dict[str, Any]:
    return {
        "step_id": execution["step"].id,
        "token": execution["token"],
        "allowed": execution["allowed"],
        "replay_of": known.get(execution.get("replay_of") or ""),
        "created_at": ledger.now,
        "occurrence": execution["occurrence"],
        "attempts": 0,
    }


def _known_executions(connection: Connection, tokens: set[str | None]) -> dict[str, int]:
    wanted = [token for token in tokens if token]
    if not wanted:
        return {}
    rows = connection.execute(
        select(_executions.c.token, _executions.c.id).where(_executions.c.token.in_(wanted))
    )
    return {row.token: row.id for row in rows}


def _write_attempts(connection: Connection, ledger: Ledger) -> None:
    _CLOSE_ATTEMPT(connection, ledger.closed_attempts)
    _INSERT_ATTEMPT(connection, [*ledger.attempts.values(), *ledger.fenced])


def _write_waits(connection: Connection, ledger: Ledger) -> None:
    """Attempts that are known only at their end, in executions that may be as new as they are."""
    ids = _known_executions(connection, {wait["execution_token"] for wait in ledger.waits})
    rows = [_wait_row(wait, ids[wait["execution_token"]]) for wait in ledger.waits]
    _INSERT_ATTEMPT(connection, rows)
    _UPDATE_EXECUTION(connection, rows)


def _wait_row(wait: dict[str, Any], execution_id: int) -> dict[str, Any]:
    """For the attempt and for its execution at once."""
    step = wait["step"]
    counts = {"attempts": step.attempts, "allowed": step.max_attempts}
    return wait | counts | {"step_id": step.id, "execution_id": execution_id, "b_id": execution_id}


def _write_jobs(connection: Connection, ledger: Ledger, execution_ids: dict[str, int]) -> None:
    if ledger.done_jobs:
        connection.execute(delete(_jobs).where(_jobs.c.id.in_(ledger.done_jobs)))
    if ledger.postponed:
        connection.execute(_POSTPONE, ledger.postponed)
    for instance_id, held in ledger.held:
        connection.execute(
            update(_jobs)
            .where(_jobs.c.instance_id == instance_id, _jobs.c.queue == AUTOMATION_QUEUE)
            .values(held=held)
        )
    _INSERT_JOB(connection, [_job_row(job, ledger, execution_ids) for job in ledger.owed])


def _job_row(job: dict[str, Any], ledger: Ledger, execution_ids: dict[str, int]) -> dict[str, Any]:
    step, instance = job["step"], job["instance"]
    return {
        "queue": AUTOMATION_QUEUE,
        "kind": job["kind"],
        "instance_id": instance.id,
        "step_id": step.id,
        "execution_id": execution_ids[job["execution_token"]],
        "action_type": step.action_type,
        "action_config": job["action_config"],
        "execution_token": job["execution_token"],
        "attempt": job["attempt"],
        "allowed": job["allowed"],
        "queued_at": job["run_at"],  # what waits for its time does not queue
        "run_at": job["run_at"],
        "held": instance.paused,
        "occurrence": job["occurrence"],
        "losses": 0,
        "losses_alone": 0,
        "destination": job.get("destination"),
    }


def insert_ids(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows and return their new ids, in the order of the rows."""
    if not rows:
        return []
    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(connection.execute(statement, list(rows)).scalars())
