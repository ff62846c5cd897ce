"""What is counted, and by which labels: the one list. The labels' values are words of ours, so
there are only so many of them; of names that people give there are only so many too, and they are
for the dashboard alone (`tallies.BY_NAME`)."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy.orm import Session

from app.domain import bounded_names, tallies
from app.domain.claims import Claim
from app.domain.ledger import Ledger
from app.domain.outcomes import Span
from app.domain.records import InstanceRecord
from app.models import ScheduleFire
from app.models.vocabulary import FireKind, FireOutcome, State

CANCELLED = "instance.cancelled"
_ENDS = ("instance.completed", CANCELLED)


def began(ledger: Ledger, claim: Claim, span: Span) -> None:
    """An attempt or a try began: how long it waited for a worker since it was due."""
    waited = (span.started_at - claim.queued_at).total_seconds()
    tallies.time(ledger.session, "queue_wait_seconds", {"queue": claim.queue}, waited)


def ended(ledger: Ledger, claim: Claim, span: Span, outcome: str, *, again: bool) -> None:
    """An attempt or a try ended; `again`: there will be another."""
    session, labels = ledger.session, {"queue": claim.queue, "kind": claim.action_type}
    tallies.add(session, "attempts_total", {**labels, "outcome": outcome})
    tallies.time(session, "attempt_seconds", labels, span.seconds)
    if claim.destination:
        _went_to(session, claim.destination, span, outcome)
    if again:
        tallies.add(session, "retries_total", {"queue": claim.queue})
    else:
        job_ended(ledger, claim, "done" if outcome == "succeeded" else "failed")


def _went_to(session: Session, destination: str, span: Span, outcome: str) -> None:
    labels = {"destination": bounded_names.here.bounded("destination", destination)}
    tallies.add(session, "destination_attempts_total", {**labels, "outcome": outcome})
    tallies.time(session, "destination_seconds", labels, span.seconds)


def job_ended(ledger: Ledger, claim: Claim, outcome: str) -> None:
    """Nothing more is owed: done, failed or poisoned."""
    labels = {"queue": claim.queue, "kind": claim.kind, "outcome": outcome}
    tallies.add(ledger.session, "jobs_total", labels)


def fenced(ledger: Ledger, claim: Claim) -> None:
    """A result came after its lease had gone to somebody else."""
    tallies.add(ledger.session, "fenced_results_total", {"queue": claim.queue})


def recovered(ledger: Ledger, claim: Claim) -> None:
    """A lease was taken back from a worker that was lost."""
    tallies.add(ledger.session, "recovered_leases_total", {"queue": claim.queue})


def delivered(ledger: Ledger, channel: str, outcome: str) -> None:
    """A delivery was sent, failed for good or was skipped."""
    labels = {"channel": channel, "outcome": outcome.lower()}
    tallies.add(ledger.session, "deliveries_total", labels)


def happened(ledger: Ledger) -> None:
    """Lines of histories, by their kind, and the instances that ended with them."""
    for kind, number in Counter(event["kind"] for _, event in ledger.events).items():
        tallies.add(ledger.session, "events_total", {"kind": kind}, number)
    for instance, event in ledger.events:
        if event["kind"] in _ENDS:
            _finished(ledger, instance, event["kind"])


def _finished(ledger: Ledger, instance: InstanceRecord, kind: str) -> None:
    outcome = "cancelled" if kind == CANCELLED else _how_it_completed(instance)
    seconds = (ledger.now - (instance.started_at or ledger.now)).total_seconds()
    labels = {"template": bounded_names.here.bounded("template", str(instance.template_id))}
    tallies.time(ledger.session, "instance_seconds", {"outcome": outcome}, seconds)
    tallies.add(ledger.session, "template_runs_total", {**labels, "outcome": outcome})
    tallies.time(ledger.session, "template_seconds", labels, seconds)


def _how_it_completed(instance: InstanceRecord) -> str:
    """By itself, or repaired: somebody retried or skipped a step."""
    helped = any(
        step.retry_count or (step.state == State.SKIPPED and not step.skipped_by_condition)
        for step in instance.steps.values()
    )
    return "repaired" if helped else "completed"


def fired(session: Session, fires: Iterable[ScheduleFire]) -> None:
    """Times of schedules: what became of them, and how late those that came by themselves were."""
    for fire in fires:
        labels = {"kind": str(fire.kind), "outcome": str(fire.outcome)}
        tallies.add(session, "schedule_fires_total", labels)
        if fire.kind == FireKind.DUE and fire.outcome == FireOutcome.STARTED:
            tallies.time(session, "schedule_lateness_seconds", {}, fire.late_seconds)
