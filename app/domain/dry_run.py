"""A dry run: the life of an instance that does not exist, from its start until nothing more happens
by itself, with nothing sent and nothing written.

It is carried out by the functions that carry out real ones (`lifecycle`, `attempts`, `steps`,
`waiting`, `series`, `overdue`, `fanout`), moment by moment on a ledger that is never written, so it
can't come to differ from them. Only what workers, people and receivers would do is made up
(`dry_run_outcomes.py`), and times pass at once.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from app.domain import (
    callback_urls,
    contexts,
    dry_run_outcomes,
    instances,
    lifecycle,
    notices,
    overdue,
    previews,
    steps,
    waiting,
)
from app.domain.dry_run_jobs import Jobs
from app.domain.dry_run_ledger import NO_ID, DryLedger, no_database
from app.domain.dry_run_outcomes import FAILURE, OPEN, REJECTED, SKIPPED, TIMEOUT, Plan
from app.domain.dry_run_tellings import Tellings
from app.domain.fanout import NotReady
from app.domain.instances import Version
from app.domain.ledger import SYSTEM, Ledger
from app.domain.previews import Given, Preview
from app.domain.records import OPEN as OPEN_STATES
from app.domain.records import InstanceRecord, StepRecord
from app.errors import FieldError, Invalid
from app.models.vocabulary import State
from app.schemas.actions import WAIT_CALLBACK

MOST_MOMENTS = 5000  # so that retries of a series of a thousand times end some day
SOMEBODY, AN_OPERATOR = "somebody", "an operator"
_REASON = "Skipped in the dry run."
_UNFIT = "No answers could be made up that fit its form: say what its output is."
# What comes first when several things fall due at the same time.
_NEWS, _WORK, _LATE = 0, 1, 2
_Act = Callable[[Ledger], None]
_Due = tuple[datetime, int, int, _Act]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a walk looks up and leaves as it is. `people`: a session that is only read."""

    people: Session
    given: Given
    not_ready: NotReady


@dataclass(slots=True)
class Walk:
    """What has happened so far, and what falls due."""

    plan: Plan
    around: Around
    instance: InstanceRecord
    template_name: str
    now: datetime
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    path: list[str] = field(default_factory=list[str])
    notes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list[str]))
    problems: list[FieldError] = field(default_factory=list[FieldError])
    jobs: Jobs = field(init=False)
    tellings: Tellings = field(init=False)
    _due: list[_Due] = field(default_factory=list[_Due])
    _order: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        around = self.around
        self.jobs = Jobs(self)
        self.tellings = Tellings(
            people=around.people,
            base_url=around.given.base_url,
            not_ready=around.not_ready,
            template_name=self.template_name,
            log=self.jobs.log,
        )

    def run(self) -> None:
        """Start it, and let happen what happens until nothing more falls due."""
        if (late := self.instance.due_at) is not None:
            self._at(late, _LATE, self._instance_is_late)
        self._happen(self._begin, self.now)
        for _ in range(MOST_MOMENTS):
            if not self._due:
                return
            at, _, _, act = heapq.heappop(self._due)
            self._happen(act, at)
        words = f"The walk ends after {MOST_MOMENTS:,} moments: more would happen."
        self.problems.append(FieldError("", words))

    def work_at(self, at: datetime, act: _Act) -> None:
        """Plan something that is done."""
        self._at(at, _WORK, act)

    def _at(self, at: datetime, rank: int, act: _Act) -> None:
        """Plan it; what should have been done already is done now."""
        heapq.heappush(self._due, (max(at, self.now), rank, next(self._order), act))

    def _happen(self, act: _Act, at: datetime) -> None:
        """What is one transaction of a real instance: something happens, what follows follows."""
        self.now = at
        ledger = DryLedger(no_database(), SYSTEM, at)
        act(ledger)
        if self.instance.needs_settling:
            lifecycle.settle(ledger, self.instance)
        self._take_in(ledger)

    def _take_in(self, ledger: Ledger) -> None:
        """What `ledger_writer` would write."""
        self.events += [values for _, values in ledger.events]
        self.jobs.take_in(ledger)
        for owed in ledger.notices:
            self.tellings.owe(owed)
            self._at(notices.due(owed, ledger), _NEWS, self._telling(owed))
        for key, step in self.instance.steps.items():
            if step.ready_at is not None and key not in self.path:
                self.path.append(key)
                self._foresee(step)

    def _telling(self, owed: Mapping[str, Any]) -> _Act:
        return lambda ledger: self.tellings.look(ledger, owed)

    def _begin(self, ledger: Ledger) -> None:
        instances.say_started(ledger, self.instance, {})

    def _instance_is_late(self, ledger: Ledger) -> None:
        if not self.instance.is_finished:
            overdue.instance_is_late(ledger, self.instance)

    def _foresee(self, step: StepRecord) -> None:
        """Plan what becomes of a step that is ready, and when it is late."""
        if step.state not in OPEN_STATES:
            return  # it failed at once
        if step.due_at is not None:
            self._at(step.due_at, _LATE, lambda ledger: self._is_late(ledger, step))
        happens = self.plan.happens(step.key)
        if happens == SKIPPED:
            self._at(self.now, _NEWS, lambda ledger: self._pass_over(ledger, step))
        elif happens not in (OPEN, TIMEOUT) and _waits_for_others(step):
            done = self.now + self.plan.takes(step.key)
            self.work_at(done, lambda ledger: self._end_by_hand(ledger, step))

    def _is_late(self, ledger: Ledger, step: StepRecord) -> None:
        if step.state in (State.READY, State.STARTED):
            overdue.step_is_late(ledger, self.instance, step)

    def _pass_over(self, ledger: Ledger, step: StepRecord) -> None:
        if step.state in OPEN_STATES:
            ledger.actor = AN_OPERATOR
            steps.pass_over(ledger, self.instance, step, _REASON)

    def _end_by_hand(self, ledger: Ledger, step: StepRecord) -> None:
        """A person does it, or a program calls."""
        if step.state not in OPEN_STATES:
            return
        if step.action_type == WAIT_CALLBACK:
            verdict = dry_run_outcomes.call(ledger.config(step), self.plan, step.key)
            ending = waiting.Ending(verdict=verdict, actor=waiting.CALLER, worker=waiting.CALLER)
            waiting.end(ledger, self.instance, step, ending)
            return
        ledger.actor = step.assignee or SOMEBODY
        if self.plan.happens(step.key) == FAILURE:
            steps.give_up(ledger, self.instance, step)
        else:
            self._finish(ledger, step)

    def _finish(self, ledger: Ledger, step: StepRecord) -> None:
        output = self.plan.output(step.key)
        if self.plan.happens(step.key) == REJECTED:
            output = output | {"outcome": "rejected"}
        try:
            steps.finish(ledger, self.instance, step, output)
        except Invalid as invalid:
            if self.plan.is_given(step.key):
                raise _at_outputs(invalid, step.key) from None
            self.notes[step.key].append(_UNFIT)

    def preview(self, step: StepRecord, config: Mapping[str, Any]) -> Preview | None:
        """What an attempt that begins now would send."""
        given = replace(self.around.given, context=self.context(), now=self.now)
        return previews.preview(step.action_type, config, given, unknown=())

    def context(self) -> dict[str, Any]:
        """What the placeholders of an attempt read now."""
        all_steps = self.instance.steps.values()
        known = {
            step.key: {"state": step.state, "output": step.output}
            for step in all_steps
            if step.output is not None
        }
        context = contexts.context_of(NO_ID, self.instance.title, self.instance.input, known)
        waits = [step.key for step in all_steps if step.action_type == WAIT_CALLBACK]
        return callback_urls.with_urls(context, dict.fromkeys(waits, callback_urls.CONCEALED))


def _waits_for_others(step: StepRecord) -> bool:
    return step.is_for_people or step.action_type == WAIT_CALLBACK


def _at_outputs(invalid: Invalid, key: str) -> Invalid:
    begin = f"outputs.{key}"
    return Invalid(
        FieldError(begin + e.path.removeprefix("output"), e.message) for e in invalid.errors
    )


def walk(
    version: Version,
    values: dict[str, Any],
    plan: Plan,
    around: Around,
    *,
    actor: str,
    at: datetime,
) -> Walk:
    """Let `actor` start an instance of this version at a time, with this input (the defaults of
    its schema filled in), and follow it to its end. Raises Invalid for outputs that do not fit."""
    ledger = DryLedger(no_database(), actor, at)
    instance = instances.new_instance(ledger, version, plan.wish.title, values, "input")
    found = Walk(plan, around, instance, version.row.name, at)
    found.run()
    return found
