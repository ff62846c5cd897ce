"""What is looked at all the time (the dashboard, /metrics) reads by indexes: never all that was."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text, true
from sqlalchemy.orm import Session

from app import clock, transaction
from app.domain import by_name, figures, folding, pulse, queries, queues, standing
from app.domain.pulse import PERIODS
from app.extensions import db
from app.models import WorkflowInstance
from app.web import urgent
from tests.support.marks import both_databases

pytestmark = pytest.mark.usefixtures("app")
# Tables that hold what was; a job stands in its table only while it is owed.
HISTORY = (
    "workflow_instances workflow_instance_steps events automation_execution_log tallies".split()
)


def plans(session: Session, read: Callable[[Session], Any]) -> list[tuple[str, str]]:
    """Each statement of a read with how the database would carry it out."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        read(session)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return [(statement, plan(session, statement, values)) for statement, values in asked]


def plan(session: Session, statement: str, values: Any) -> str:
    explain = "EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN "
    rows = session.connection().exec_driver_sql(explain + statement, values)
    return "\n".join(str(row[-1]) for row in rows)


def scanned(found: str) -> list[str]:
    """Tables of HISTORY that a plan reads from end to end, be it by an index."""
    return [
        table
        for line in found.splitlines()
        for table in HISTORY
        if re.match(rf"SCAN {table}\b", line.strip()) or re.search(rf"Seq Scan on {table}\b", line)
    ]


READS: dict[str, Callable[[Session], Any]] = {
    "totals": figures.totals,
    "sums": lambda session: figures.sums(session, ["x"], clock.now() - timedelta(hours=1)),
    "pulse": lambda session: pulse.read(session, PERIODS["week"]),
    "templates": lambda session: by_name.templates(session, PERIODS["week"]),
    "destinations": lambda session: by_name.destinations(session, PERIODS["week"]),
    "gauges": lambda session: list(standing.gauges(session)),
    "poisoned": queues.poisoned,
    "late instances": lambda session: urgent.count_instances(session, queries.is_late()),
    "instances that need attention": lambda session: urgent.count_instances(
        session, WorkflowInstance.state == "ATTENTION"
    ),
}


@both_databases
@pytest.mark.parametrize("name", READS)
def test_what_is_read_again_and_again_finds_an_index(name):
    with transaction.reading() as session:
        if db.engine.dialect.name == "postgresql":
            # Of an empty table it would read all: an index would not be worth while.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        found = plans(session, READS[name])
    assert found
    for statement, how in found:
        assert scanned(how) == [], f"{statement}\n{how}"


@both_databases
def test_folding_finds_what_is_fresh_by_its_index():
    with transaction.writing() as session:
        if db.engine.dialect.name == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
        found = plans(session, folding.fold)
    assert any("ix_tallies_fresh" in how for _, how in found)
    for statement, how in found:
        assert scanned(how) == [], f"{statement}\n{how}"


def test_a_count_of_all_that_was_would_be_noticed():
    with transaction.reading() as session:
        found = plans(session, lambda session: urgent.count_instances(session, true()))
    assert [table for _, how in found for table in scanned(how)] == ["workflow_instances"]
