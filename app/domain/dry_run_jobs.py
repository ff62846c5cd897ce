"""The jobs of a dry run: what workers would take up, and what would come of it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from app.domain import attempts, calls, dry_run_outcomes, series, waiting
from app.domain.claims import Claim
from app.domain.dry_run_ledger import NO_ID
from app.domain.ledger import SYSTEM, Ledger
from app.domain.outcomes import Outcome, Span
from app.domain.previews import Preview
from app.domain.records import StepRecord
from app.domain.reports import Report, is_tried_again, word_of
from app.models.vocabulary import AUTOMATION_QUEUE
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.instance import AttemptOut

if TYPE_CHECKING:
    from app.domain.dry_run import Walk

WORKER = "dry run"
MOST_OCCURRENCES = 10  # of a step that recurs; what lies between them and the last is passed over


@dataclass(slots=True)
class Jobs:
    """What is owed, by the key of its step, and the log of what was done."""

    walk: "Walk"
    log: dict[str, list[AttemptOut]] = field(default_factory=lambda: defaultdict(list[AttemptOut]))
    _owed: dict[str, Claim] = field(default_factory=dict[str, Claim])
    _numbers: "count[int]" = field(default_factory=count)

    def take_in(self, ledger: Ledger) -> None:
        """What `ledger_work` would write, in the same order."""
        for step in ledger.taken_from:
            self._owed.pop(step.key, None)
        for row in ledger.postponed:
            key = next(key for key, claim in self._owed.items() if claim.id == row["b_id"])
            kept = {name: row[name] for name in ("run_at", "attempt", "allowed")}
            self._plan(self.walk.instance.steps[key], replace(self._owed[key], **kept))
        for owed in ledger.owed:
            step: StepRecord = owed["step"]
            claim = _claim(owed, next(self._numbers))
            if step.occurrence == MOST_OCCURRENCES < claim.occurrence:
                claim = self._jump(ledger, step, claim)
            self._plan(step, claim)

    def _jump(self, ledger: Ledger, step: StepRecord, claim: Claim) -> Claim:
        """From the last occurrence that is shown beside others to the last of all."""
        last = series.last(ledger, step, claim.occurrence)
        if last is None:
            return claim
        number, at = last
        words = f"Occurrences {claim.occurrence} to {number - 1} are not shown."
        self.walk.notes[step.key].append(words)
        step.occurrence_at = step.next_attempt_at = at
        return replace(claim, run_at=at, occurrence=number)

    def _plan(self, step: StepRecord, claim: Claim) -> None:
        self._owed[step.key] = claim
        self.walk.work_at(claim.run_at, lambda ledger: self._take_up(ledger, step, claim))

    def _take_up(self, ledger: Ledger, step: StepRecord, claim: Claim) -> None:
        """A worker has it, unless it was taken away meanwhile."""
        if self._owed.get(step.key) is not claim:
            return
        if step.action_type == WAIT_CALLBACK:
            verdict = calls.on_timeout(claim.action_config)
            ending = waiting.Ending(verdict=verdict, actor=SYSTEM, worker=WORKER)
            waiting.end(ledger, self.walk.instance, step, ending)
            return
        preview = self.walk.preview(step, claim.action_config)
        begun = Span(ledger.now)
        attempts.begin(ledger, self.walk.instance, step, claim, begun, WORKER)
        self.walk.work_at(
            ledger.now + self.walk.plan.takes(step.key),
            lambda ledger: self._bring_back(ledger, step, claim, begun, preview),
        )

    def _bring_back(
        self, ledger: Ledger, step: StepRecord, claim: Claim, begun: Span, preview: Preview | None
    ) -> None:
        if self._owed.get(step.key) is not claim:
            return
        outcome = dry_run_outcomes.attempt(
            step.action_type, claim.action_config, preview, self.walk.plan, step.key, ledger.now
        )
        seconds = (ledger.now - begun.started_at).total_seconds()
        span = Span(begun.started_at, ledger.now, seconds)
        self.log[step.key].append(_logged(claim, span, outcome))
        report = Report(claim, span, WORKER, outcome)
        # In the middle of what chance may make of the wait.
        attempts.end(ledger, self.walk.instance, step, report, outcome, spread=lambda: 0.5)


def _claim(owed: Mapping[str, Any], number: int) -> Claim:
    """A job as a worker would hold it."""
    step: StepRecord = owed["step"]
    return Claim(
        id=number,
        queue=AUTOMATION_QUEUE,
        kind=owed["kind"],
        instance_id=NO_ID,
        step_id=step.id,
        execution_id=number,
        notice_id=None,
        delivery_id=None,
        action_type=step.action_type,
        action_config=owed["action_config"],
        execution_token=owed["execution_token"],
        occurrence=owed["occurrence"],
        attempt=owed["attempt"],
        allowed=owed["allowed"],
        queued_at=owed["run_at"],
        run_at=owed["run_at"],
        lease_token="",
        losses=0,
        losses_alone=0,
        destination=None,
    )


def _logged(claim: Claim, span: Span, outcome: Outcome) -> AttemptOut:
    """A row of the attempts' log."""
    word = word_of(outcome, is_tried_again(claim, outcome))
    return AttemptOut(
        attempt=claim.attempt,
        occurrence=claim.occurrence,
        execution_token=claim.execution_token or "",
        queued_at=claim.queued_at,
        started_at=span.started_at,
        worker=WORKER,
        replay=False,
        **attempts.ending(span, outcome, word),
    )
