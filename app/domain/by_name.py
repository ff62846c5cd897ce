"""How each template and each destination does: what was counted in a period, and what fails now."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import figures
from app.domain.bounded_names import OTHER
from app.domain.figures import Total
from app.domain.pulse import Period
from app.domain.quantiles import quantile
from app.models import AutomationJob, WorkflowInstance, WorkflowTemplate
from app.models.vocabulary import InstanceState

MOST = 50  # lines of a list
_LOOKED_AT = 10_000  # rows of what fails now: a look that stays short on the worst day
LATELY = timedelta(minutes=15)
_FEW = 3  # tries that say little


@dataclass(frozen=True, slots=True)
class Line:
    """A template or a destination. `failing`: its instances that need attention, or what waits for
    another try there. `median`: seconds."""

    name: str
    key: str | None  # a template's, to link to its instances
    id: int | None
    runs: int
    good: int
    failing: int
    median: float | None

    @property
    def success(self) -> float | None:
        """The share of runs that went well by themselves, or of tries that succeeded."""
        return self.good / self.runs if self.runs else None


# By what a list can be sorted: what most will want to see comes first.
SORTS: Mapping[str, str] = {
    "name": "name",
    "runs": "runs",
    "success": "success",
    "failing": "failing now",
    "median": "median time",
}


def sorted_by(lines: Iterable[Line], sort: str) -> list[Line]:
    """In an order of SORTS; with a minus before it, the other way round. What has no number comes
    last."""
    name, back = sort.removeprefix("-"), sort.startswith("-")
    ordered = sorted(lines, key=lambda line: line.name.lower(), reverse=back and name == "name")
    if name == "name":
        return ordered[:MOST]
    ordered.sort(key=lambda line: line.runs, reverse=True)
    sign = 1 if (name == "success") != back else -1

    def order(line: Line) -> tuple[bool, float]:
        value: float | None = getattr(line, name)
        return value is None, sign * (value or 0.0)

    return sorted(ordered, key=order)[:MOST]


def templates(session: Session, period: Period) -> list[Line]:
    """Every template that had instances end in this period, or has some that need attention."""
    runs = _counted(session, period.length, "template", "runs_total", "completed")
    failing = _needing_attention(session)
    known = _named(session, {*runs, *failing} - {OTHER})
    return [
        Line(
            known[id][1] if id in known else "other templates",
            known[id][0] if id in known else None,
            int(id) if id in known else None,
            *runs.get(id, _Counts()).numbers(failing[id]),
        )
        for id in {*runs, *failing}
    ]


def destinations(session: Session, period: Period) -> list[Line]:
    """Every destination that was tried in this period, or waits to be tried again."""
    tries = _counted(session, period.length, "destination", "attempts_total", "succeeded")
    failing = _waiting_to_be_tried_again(session)
    return [
        Line(_place(name), None, None, *tries.get(name, _Counts()).numbers(failing[name]))
        for name in {*tries, *failing}
    ]


def failing_destinations(session: Session) -> list[str]:
    """Those where lately more tries failed than succeeded."""
    tries = _counted(session, LATELY, "destination", "attempts_total", "succeeded")
    return sorted(
        _place(name)
        for name, found in tries.items()
        if found.runs >= _FEW and found.good < found.runs / 2
    )


def _place(name: str) -> str:
    return {OTHER: "other destinations", "smtp": "the mail server"}.get(name, name)


class _Counts:
    """What was counted of one name."""

    def __init__(self) -> None:
        self.runs = self.good = 0
        self.buckets: dict[str, float] = defaultdict(float)

    def numbers(self, failing: int) -> tuple[int, int, int, float | None]:
        return self.runs, self.good, failing, quantile(self.buckets, 0.5)


def _counted(
    session: Session, length: timedelta, label: str, runs: str, good: str
) -> dict[str, _Counts]:
    counter, buckets = f"{label}_{runs}", f"{label}_seconds_bucket"
    found: dict[str, _Counts] = defaultdict(_Counts)
    for total in figures.sums(session, (counter, buckets), clock.now() - length):
        _add(found[total.labels[label]], total, good)
    return found


def _add(counts: _Counts, total: Total, good: str) -> None:
    if bound := total.labels.get("le"):
        counts.buckets[bound] += total.value
        return
    counts.runs += int(total.value)
    counts.good += int(total.value) if total.labels["outcome"] == good else 0


def _needing_attention(session: Session) -> Counter[str]:
    instance = WorkflowInstance
    some = (
        select(instance.template_id)
        .where(instance.state == InstanceState.ATTENTION)
        .limit(_LOOKED_AT)
        .subquery()
    )
    query = select(some.c.template_id, func.count()).group_by(some.c.template_id)
    return Counter({str(id): number for id, number in session.execute(query)})


def _waiting_to_be_tried_again(session: Session) -> Counter[str]:
    job = AutomationJob
    some = (
        select(job.destination)
        .where(job.lease_token.is_(None), ~job.held, job.attempt > 1, job.destination.is_not(None))
        .limit(_LOOKED_AT)
        .subquery()
    )
    query = select(some.c.destination, func.count()).group_by(some.c.destination)
    return Counter({row[0]: row[1] for row in session.execute(query)})


def _named(session: Session, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    template = WorkflowTemplate
    query = select(template.id, template.key, template.name)
    rows = session.execute(query.where(template.id.in_([int(id) for id in ids])))
    return {str(id): (key, name) for id, key, name in rows}
