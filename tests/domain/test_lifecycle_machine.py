"""Walks random graphs with random outcomes and operators, and checks after each command what must
hold of every instance."""

import os
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, event, select

from app import clock, transaction
from app.domain import attempts, claims, losses
from app.domain.claims import Claim
from app.domain.outcomes import Outcome, Span
from app.domain.reports import Report
from app.errors import CallbackClosed, CallbackGone, CallbackUsed, MoveNotAllowed
from app.extensions import db
from app.models import (
    AutomationExecutionLog,
    AutomationJob,
    Callback,
    Event,
    Execution,
    WorkflowInstance,
    WorkflowInstanceStep,
)
from app.schemas.instance import StepOut
from tests.support.callbacks import call, callback, token_of
from tests.support.looking import do, events_of, instance_of, jobs, look
from tests.support.workflows import begin, claim, publish, task, webhook

POISON_AFTER = 2
DONE = ("COMPLETED", "SKIPPED")
FINAL = ("COMPLETED", "SKIPPED", "CANCELLED")
FINISHED = ("COMPLETED", "CANCELLED")
PAIRS_OF_PEOPLE = {
    "PENDING": {"IDLE"},
    "READY": {"IDLE"},
    "STARTED": {"IDLE"},
    "COMPLETED": {"COMPLETED"},
    "FAILED": {"FAILED"},
    "SKIPPED": {"IDLE"},
    "CANCELLED": {"IDLE"},
}
PAIRS_OF_SYSTEM = PAIRS_OF_PEOPLE | {
    "READY": {"SCHEDULED", "QUEUED"},
    "STARTED": {"RUNNING", "RETRY_WAIT"},
    "FAILED": {"FAILED", "POISONED"},
}
PAIRS_OF_SERIES = PAIRS_OF_SYSTEM | {"STARTED": {"RUNNING", "RETRY_WAIT", "SCHEDULED"}}
PAIRS_OF_CALLBACKS = PAIRS_OF_PEOPLE | {"READY": set(), "STARTED": {"WAITING"}}
PAIRS = {
    "MANUAL_TASK": PAIRS_OF_PEOPLE,
    "AUTOMATION_WEBHOOK": PAIRS_OF_SYSTEM,
    "WAIT_CALLBACK": PAIRS_OF_CALLBACKS,
}
OWES = {
    ("READY", "QUEUED"),
    ("READY", "SCHEDULED"),
    ("STARTED", "RUNNING"),
    ("STARTED", "RETRY_WAIT"),
    ("STARTED", "SCHEDULED"),
}
STEP_ACTIONS = ("start", "complete", "fail", "retry", "skip", "replay", "run-now")
SERIES_ACTIONS = ("reschedule", "skip-occurrence", "stop-recurrence")
INSTANCE_ACTIONS = ("pause", "resume", "cancel")
# More time for work than for cancelling, or no walk gets far.
WISHES = [*STEP_ACTIONS, *SERIES_ACTIONS, "complete", "complete", "retry", "retry", "replay"]

OUTCOMES = st.one_of(
    st.integers(0, 4).map(lambda n: Outcome(verdict="done", output={"n": n})),
    st.just(Outcome(verdict="done")),
    st.sampled_from([None, 30.0]).map(
        lambda wait: Outcome(verdict="retry", error="HTTP 500", retry_after=wait)
    ),
    st.just(Outcome(verdict="retry", error="The connection ended.", unknown=True)),
    st.just(Outcome(verdict="failed", error="HTTP 404")),
)


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to eight steps, each waiting for some of those before it."""
    found: list[dict[str, Any]] = []
    for at in range(draw(st.integers(1, 8))):
        before = [step["key"] for step in found]
        depends_on = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if at else []
        more: dict[str, Any] = {"when": draw(conditions(depends_on))}
        kind = draw(st.integers(0, 6))
        if kind == 0:
            limits = draw(st.sampled_from([{}, {"timeout": "PT20S"}, {"timeout": "PT20S"}]))
            found.append(callback(f"s{at}", *depends_on, **limits, **more))
        elif kind < 5:
            tries = draw(st.integers(1, 3))
            config: dict[str, Any] = {"retry": {"maxAttempts": tries, "schedule": [4] * tries}}
            if draw(st.integers(0, 4)) == 0:
                config["delay"] = "PT10S"
            if draw(st.integers(0, 2)) == 0:
                count = draw(st.integers(1, 3))
                config["recurrence"] = {"everySeconds": 5, "count": count}
            found.append(webhook(f"s{at}", *depends_on, config=config, **more))
        else:
            found.append(task(f"s{at}", *depends_on, **more))
    return found


@st.composite
def conditions(draw: st.DrawFn, depends_on: list[str]) -> dict[str, Any] | None:
    """A condition on the input or on what a prerequisite brought forth; mostly none."""
    kind = draw(st.integers(0, 5))
    limit = draw(st.integers(0, 4))
    if kind == 0:
        return {"all": [["input.total", ">=", limit]]}
    if kind == 1 and depends_on:
        return {"any": [[f"steps.{draw(st.sampled_from(depends_on))}.output.n", ">=", limit]]}
    return None


class Life(RuleBasedStateMachine):
    """One instance, two workers and an operator."""

    @initialize(steps=graphs(), total=st.integers(0, 4))
    def start(self, steps: list[dict[str, Any]], total: int) -> None:
        self.travelled = 0.0
        clock.travel(timedelta(0))
        with transaction.writing() as session:
            session.execute(delete(AutomationJob))
        self.plan = {step["key"]: step for step in steps}
        self.total = total
        self.final: dict[str, str] = {}
        self.tokens: dict[tuple[str, int | None], str] = {}
        self.held: list[tuple[Claim, str]] = []  # claimed, not begun yet
        self.begun: list[tuple[Claim, str]] = []
        self.stale: list[tuple[Claim, str]] = []  # results come from these all the same
        key = f"walk-{next(COUNTER)}"
        publish(*steps, key=key)
        self.id = begin(key, total=total)

    # -- workers

    @rule(worker=st.sampled_from("AB"), limit=st.integers(1, 4), alone=st.sampled_from([0, 0, 1]))
    def claim(self, worker: str, limit: int, alone: bool) -> None:
        for one in claim(limit, worker=worker, alone=bool(alone)):
            assert (one.losses >= claims.ALONE_AFTER) == bool(alone)
            self.held.append((one, worker))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        one, worker = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self._report(Report(one, Span(clock.now()), worker))
        self.begun.append((one, worker))

    @precondition(lambda self: self.begun)
    @rule(data=st.data(), outcome=OUTCOMES)
    def end(self, data: st.DataObject, outcome: Outcome) -> None:
        one, worker = self.begun.pop(data.draw(st.integers(0, len(self.begun) - 1)))
        self._report(Report(one, _span(), worker, outcome))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), outcome=OUTCOMES)
    def begin_and_end_in_one_group(self, data: st.DataObject, outcome: Outcome) -> None:
        one, worker = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self._report(
            Report(one, Span(clock.now()), worker),
            Report(one, _span(), worker, outcome),
        )

    @precondition(lambda self: self.held)
    @rule()
    def hand_back(self) -> None:
        one, _ = self.held.pop()
        with transaction.writing() as session:
            claims.hand_back(session.connection(), [one])

    @rule(worker=st.sampled_from("AB"))
    def renew(self, worker: str) -> None:
        mine = [one for one, holder in [*self.held, *self.begun] if holder == worker]
        with transaction.writing() as session:
            claims.renew(session.connection(), mine, 15)

    @rule(seconds=st.sampled_from([3, 9, 40]))
    def time_passes(self, seconds: int) -> None:
        self.travelled += seconds
        clock.travel(timedelta(seconds=self.travelled))

    @rule()
    def leases_run_out(self) -> None:
        self.time_passes(16)
        self._give_back()

    @precondition(lambda self: self.held or self.begun)
    @rule()
    def another_worker_takes_over(self) -> None:
        self.leases_run_out()
        self._sort_out_stale_claims({job.lease_token for job in jobs()})
        self.claim("B", 4, False)
        self.claim("B", 1, True)

    @precondition(lambda self: self.stale)
    @rule(data=st.data(), outcome=OUTCOMES)
    def a_late_result_comes(self, data: st.DataObject, outcome: Outcome) -> None:
        # Rather for a job that somebody else holds by now.
        taken = {one.id for one, _ in [*self.held, *self.begun]}
        better = [pair for pair in self.stale if pair[0].id in taken]
        one, worker = data.draw(st.sampled_from(better or self.stale))
        before = self._everything(but_history=True)
        count = len(events_of(self.id))
        self._report(Report(one, _span(), worker, outcome))
        assert self._everything(but_history=True) == before
        assert [event.kind for event in events_of(self.id)[count:]] == ["attempt.fenced"]

    def _give_back(self) -> None:
        with transaction.writing() as session:
            losses.give_back_expired(session, POISON_AFTER)

    def _report(self, *reports: Report) -> None:
        with transaction.writing() as session:
            attempts.settle(session, reports)

    # -- programs outside

    @rule(data=st.data(), n=st.integers(0, 4), well=st.booleans())
    def somebody_calls(self, data: st.DataObject, n: int, well: bool) -> None:
        waiting = [s for s in instance_of(self.id).steps if s.action_type == "WAIT_CALLBACK"]
        if not waiting:
            return
        step = data.draw(st.sampled_from(waiting))
        token, before = token_of(self.id, step.key), self._everything()
        body = {"n": n} if well else {"outcome": "failed", "error": "declined"}
        waits = step.state == "STARTED" or (step.state == "PENDING" and not self._called(step.key))
        if waits:
            received = call(token, body)
            assert received.kept == (step.state == "PENDING")
            ended = {True: "COMPLETED", False: "FAILED"}[well]
            assert received.state == ("PENDING" if received.kept else ended)
            return
        with pytest.raises((CallbackUsed, CallbackClosed, CallbackGone)):
            call(token, body)
        assert self._everything() == before

    def _called(self, key: str) -> bool:
        return any(e.kind == "step.called_early" and e.step_key == key for e in events_of(self.id))

    # -- the operator

    @rule(data=st.data(), action=st.sampled_from(WISHES), n=st.integers(0, 4))
    def act_on_a_step(self, data: st.DataObject, action: str, n: int) -> None:
        steps = instance_of(self.id).steps
        willing = [step for step in steps if action in step.allowed_actions]
        # Mostly what is possible, sometimes what is not.
        step = data.draw(st.sampled_from(willing or steps) if n else st.sampled_from(steps))
        more: dict[str, Any] = {"reason": "because"}
        if action == "complete":
            more = {"output": {"n": n}}
        elif action == "reschedule":
            more["at"] = clock.now() + timedelta(seconds=(n - 1) * 7)
        self._try(action, step.key, allowed=step.allowed_actions, **more)

    @rule(action=st.sampled_from(["pause", "pause", "resume", "cancel"]), rarely=st.integers(0, 4))
    def act_on_the_instance(self, action: str, rarely: int) -> None:
        if action == "cancel" and rarely:
            return
        self._try(action, None, allowed=instance_of(self.id).allowed_actions)

    def _try(self, action: str, key: str | None, allowed: list[str], **more: Any) -> None:
        if action in allowed:
            puts_off = action == "skip-occurrence" or more.get("at", clock.now()) > clock.now()
            if puts_off and self._is_taken(key):
                with pytest.raises(MoveNotAllowed, match="a worker has just taken"):
                    do(self.id, action, key, **more)
            else:
                do(self.id, action, key, **more)
            return
        before = self._everything()
        with pytest.raises(MoveNotAllowed) as refusal:
            do(self.id, action, key, **more)
        assert refusal.value.extra["allowedActions"] == allowed
        assert self._everything() == before

    def _is_taken(self, key: str | None) -> bool:
        """Whether a worker holds the step's job, begun or not."""
        step_id = next(step.id for step in instance_of(self.id).steps if step.key == key)
        mine = [job for job in jobs() if job.step_id == step_id and job.kind == "step"]
        return any(job.lease_token for job in mine)

    def _everything(self, *, but_history: bool = False) -> list[Any]:
        """All rows of this instance. Without its history: less events and log."""
        own = select(WorkflowInstanceStep.id).where(WorkflowInstanceStep.instance_id == self.id)
        tables: list[tuple[Any, Any]] = [
            (WorkflowInstanceStep, WorkflowInstanceStep.instance_id == self.id),
            (AutomationJob, AutomationJob.instance_id == self.id),
            (Execution, Execution.step_id.in_(own)),
            (Callback, Callback.instance_id == self.id),
        ]
        if not but_history:
            tables += [
                (WorkflowInstance, WorkflowInstance.id == self.id),
                (Event, Event.instance_id == self.id),
                (AutomationExecutionLog, AutomationExecutionLog.step_id.in_(own)),
            ]
        return look(
            lambda session: [
                session.execute(select(*model.__table__.c).where(which).order_by(model.id)).all()
                for model, which in tables
            ]
        )

    # -- what always holds

    @invariant()
    def all_is_well(self) -> None:
        if not hasattr(self, "id"):
            return
        self.instance = instance_of(self.id)
        self.steps = {step.key: step for step in self.instance.steps}
        self.events = events_of(self.id)
        self.jobs = jobs()
        self.executions = self._executions()
        self._sort_out_stale_claims({job.lease_token for job in self.jobs})
        for step in self.steps.values():
            self._check_step(step)
        self._check_events()
        self._check_instance()
        self._check_jobs()
        self._check_callbacks()

    def _executions(self) -> list[Execution]:
        ids = [step.id for step in self.steps.values()]
        query = select(Execution).where(Execution.step_id.in_(ids)).order_by(Execution.id)
        return look(lambda session: list(session.scalars(query)))

    def _sort_out_stale_claims(self, leases: set[str | None]) -> None:
        for claimed in (self.held, self.begun):
            self.stale += [pair for pair in claimed if pair[0].lease_token not in leases]
            claimed[:] = [pair for pair in claimed if pair[0].lease_token in leases]

    def _check_step(self, step: StepOut) -> None:
        recurs = step.action_config.get("recurrence")
        pairs = PAIRS_OF_SERIES if recurs else PAIRS[step.action_type]
        assert step.action_state in pairs[step.state]
        assert (step.next_attempt_at is not None) == (
            step.action_state in ("SCHEDULED", "RETRY_WAIT") or _times_out(step)
        )
        before = [self.steps[key] for key in step.depends_on]
        if step.state in ("READY", "STARTED", "COMPLETED", "FAILED"):
            assert all(other.state in DONE for other in before), "it began too early"
            assert self._should_run(step.key), "its condition does not hold"
        if self._skipped_by_condition(step.key):
            assert not self._should_run(step.key), "it was skipped without need"
        if step.state == "PENDING" and self.instance.state not in (*FINISHED, "PAUSED"):
            assert not all(other.state in DONE for other in before), "it was forgotten"
        assert self.final.get(step.key, step.state) == step.state, "a final state changed"
        if step.state in FINAL:
            self.final[step.key] = step.state
        run = (step.key, step.occurrence)
        assert step.execution_token == self.tokens.get(run, step.execution_token)
        if step.execution_token:
            self.tokens[run] = step.execution_token
        self._check_attempts(step)
        self._check_runs(step)

    def _should_run(self, key: str) -> bool:
        """What the condition says, worked out in another way than the code does."""
        plan = self.plan[key]
        if plan["dependsOn"] and all(self._skipped_by_condition(k) for k in plan["dependsOn"]):
            return False
        if not plan["when"]:
            return True
        ((path, _, limit),) = next(iter(plan["when"].values()))
        if path == "input.total":
            return self.total >= limit
        output = self.steps[path.split(".")[1]].output or {}
        return output.get("n", -1) >= limit

    def _skipped_by_condition(self, key: str) -> bool:
        """Or by what went before it. A series that is stopped before its first occurrence is
        skipped by the system too, but it was asked for."""
        own = [event for event in self.events if event.step_key == key]
        asked_for = any(event.kind == "step.ready" for event in own)
        return not asked_for and any(
            event.kind == "step.skipped" and event.actor == "system" for event in own
        )

    def _check_attempts(self, step: StepOut) -> None:
        own = [
            row
            for row in step.automation_log
            if row.execution_token == step.execution_token and row.outcome != "fenced"
        ]
        assert [row.attempt for row in own] == list(range(1, step.attempts + 1))
        lost = [row for row in own if row.error == losses.LOST]
        if own:
            retry = self.plan[step.key]["actionConfig"].get("retry", {"maxAttempts": 1})
            tries = retry["maxAttempts"]
            assert len(own) - len(lost) <= tries * (1 + step.retry_count), "it tried too often"
        running = [row for row in own if row.ended_at is None]
        assert len(running) == (step.action_state == "RUNNING")

    def _check_runs(self, step: StepOut) -> None:
        """Executions are numbered without a gap, each has its end once, one at most is open, and
        that is the one that is owed."""
        runs = [run for run in self.executions if run.step_id == step.id and not run.replay_of]
        count = (step.action_config.get("recurrence") or {"count": 1})["count"]
        assert [run.occurrence for run in runs] == list(range(1, len(runs) + 1))
        assert len(runs) <= count, "it ran too often"
        # A step that is FAILED may be retried, and then its last execution goes on.
        going = [run.token for run in runs if run.ended_at is None]
        owed = [
            job.execution_token
            for job in self.jobs
            if job.step_id == step.id and job.kind == "step"
        ]
        if step.action_type != "WAIT_CALLBACK" and step.retry_count == 0:
            assert going == owed
        assert owed == [] or owed == [runs[-1].token]
        well = Counter(
            row.execution_token for row in step.automation_log if row.outcome == "succeeded"
        )
        assert all(times == 1 for times in well.values()), "an occurrence completed twice"
        if step.occurrence is not None and step.state in ("COMPLETED", "FAILED"):
            assert (step.error is None) == (step.state == "COMPLETED"), "it ended as no run did"

    def _check_events(self) -> None:
        seqs = [event.seq for event in self.events]
        assert seqs == list(range(1, self.instance.event_seq + 1))
        completed = Counter(e.step_key for e in self.events if e.kind == "step.completed")
        assert all(count == 1 for count in completed.values()), "a step completed twice"
        assert set(completed) == {
            key for key, step in self.steps.items() if step.state == "COMPLETED"
        }
        self._check_pauses()
        ends = [
            e.kind for e in self.events if e.kind in ("instance.completed", "instance.cancelled")
        ]
        assert len(ends) == (self.instance.state in FINISHED)

    def _check_pauses(self) -> None:
        paused = False
        for one in self.events:
            if one.kind in ("instance.paused", "instance.resumed"):
                paused = one.kind == "instance.paused"
            assert not (paused and one.kind in ("step.ready", "step.retried")), "it did not wait"

    def _check_instance(self) -> None:
        states = [step.state for step in self.steps.values()]
        cancelled = any(event.kind == "instance.cancelled" for event in self.events)
        all_done = all(state in DONE for state in states)
        assert (self.instance.state == "COMPLETED") == (all_done and not cancelled)
        assert (self.instance.state == "CANCELLED") == cancelled
        if self.instance.state in FINISHED:
            assert self.instance.ended_at is not None
            assert not any(state in ("PENDING", "READY", "STARTED") for state in states)
            return
        assert self.instance.needs_attention == ("FAILED" in states)
        words = {True: "ATTENTION", False: "RUNNING"}
        paused = [e.kind for e in self.events if e.kind in ("instance.paused", "instance.resumed")]
        is_paused = paused[-1:] == ["instance.paused"]
        assert self.instance.state == (
            "PAUSED" if is_paused else words[self.instance.needs_attention]
        )

    def _check_jobs(self) -> None:
        owed = sorted(job.step_id or 0 for job in self.jobs if job.kind == "step")
        assert owed == sorted(
            step.id
            for step in self.steps.values()
            if step.action_type != "MANUAL_TASK"
            and ((step.state, step.action_state) in OWES or _times_out(step))
        )
        for job in self.jobs:
            assert job.held == (self.instance.state == "PAUSED")
        self._check_replays()

    def _check_callbacks(self) -> None:
        query = select(Callback).where(Callback.instance_id == self.id)
        states = {step.id: step.state for step in self.steps.values()}
        for row in look(lambda session: session.scalars(query).all()):
            state = states[row.step_id]
            assert state != "STARTED" or row.called_at is None, "a call was not heard"
            assert row.early is None or state in ("PENDING", "SKIPPED", "CANCELLED")

    def _check_replays(self) -> None:
        replays = [row for row in self.executions if row.replay_of is not None]
        asked = [event for event in self.events if event.kind == "step.replayed"]
        assert len(replays) == len(asked)
        still_open = {row.token for row in replays if row.ended_at is None}
        owed = {job.execution_token for job in self.jobs if job.kind == "replay"}
        assert owed == still_open
        finished = [e for e in self.events if e.kind == "attempt.replay_finished"]
        assert len(finished) == len(replays) - len(still_open)

    # -- the end

    def teardown(self) -> None:
        if not hasattr(self, "id"):
            return
        accepted = set(self.plan)
        for turn in range(80):
            if not self._go_on(turn):
                break
        self.all_is_well()
        assert self.instance.state in FINISHED
        assert set(self.steps) == accepted
        assert all(step.state in (*FINAL, "FAILED") for step in self.steps.values())
        if self.instance.state == "COMPLETED":
            assert all(step.state in DONE for step in self.steps.values())
        assert self.jobs == []

    def _go_on(self, turn: int) -> bool:
        """One helpful turn of a worker and an operator; says whether anything is left to do."""
        instance = instance_of(self.id)
        if "resume" in instance.allowed_actions:
            do(self.id, "resume")
        self.time_passes(120)
        self._give_back()
        for one in [*claim(worker="C"), *claim(worker="C", alone=True)]:
            self._report(
                Report(one, Span(clock.now()), "C"),
                Report(one, _span(), "C", Outcome(verdict="done", output={"n": turn % 5})),
            )
        for step in instance_of(self.id).steps:
            for action in ("complete", "retry" if turn < 40 else "skip"):
                if action in step.allowed_actions:
                    do(self.id, action, step.key)
                    break
        return instance_of(self.id).state not in FINISHED or bool(jobs())


def _times_out(step: StepOut) -> bool:
    return step.action_state == "WAITING" and step.action_config["timeout"] is not None


def _span() -> Span:
    return Span(clock.now(), clock.now(), 0.01)


COUNTER = iter(range(1_000_000_000))


def _be_quick_rather_than_durable(app: Flask) -> None:
    @event.listens_for(db.engine, "connect")
    def _connect(dbapi: Any, _record: Any) -> None:
        dbapi.execute("PRAGMA synchronous=OFF").close()

    db.session.remove()
    db.engine.dispose()


def test_whatever_happens_the_rules_of_life_hold(app: Flask) -> None:
    _be_quick_rather_than_durable(app)
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=int(os.environ.get("WALKS", "25")),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            # Shrinking with a database takes minutes; the steps that failed are printed anyway.
            phases=set(Phase) - {Phase.shrink, Phase.explain},
        ),
    )
