"""What was counted, and how things stand, in the families that prometheus-client writes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from app.domain import figures, standing
from app.domain.figures import Total
from app.domain.tallies import LE
from app.models.vocabulary import (
    AUTOMATION_QUEUE,
    NOTIFICATION_QUEUE,
    QUEUES,
    Channel,
    FireKind,
    FireOutcome,
)
from app.version import VERSION

PREFIX = "runsheet_"
# What each count is; the names are those of domain/counting.py and http_counts.py.
COUNTERS: Mapping[str, str] = {
    "jobs_total": "Jobs that ended, by queue, kind and outcome.",
    "attempts_total": "Attempts of steps and tries of deliveries that ended, by outcome.",
    "retries_total": "Attempts after which another one was planned.",
    "fenced_results_total": "Results that came after their lease had gone to another worker.",
    "recovered_leases_total": "Leases taken back from workers that were lost.",
    "deliveries_total": "Deliveries that were sent, failed for good or were skipped.",
    "events_total": "Lines of the histories of instances, by kind.",
    "schedule_fires_total": "Times of schedules, by what became of them.",
    "http_requests_total": "Requests answered by the web processes.",
}
HISTOGRAMS: Mapping[str, str] = {
    "queue_wait_seconds": "From when a job was due until a worker began it.",
    "attempt_seconds": "How long attempts and tries took.",
    "instance_seconds": "How long instances ran, by how they ended.",
    "schedule_lateness_seconds": "How late schedules started what was due.",
    "http_request_seconds": "How long requests took, by door.",
}


def _each(**labels: Iterable[str]) -> list[dict[str, str]]:
    """Every combination of these labels."""
    return [dict(zip(labels, values, strict=True)) for values in product(*labels.values())]


_ENDS = ("done", "failed", "poisoned")
# Counters that begin at 0, so that Prometheus sees the first of something as a rise.
FROM_ZERO: Mapping[str, list[dict[str, str]]] = {
    "jobs_total": [
        *_each(queue=[AUTOMATION_QUEUE], kind=["step", "replay"], outcome=_ENDS),
        *_each(queue=[NOTIFICATION_QUEUE], kind=["notice", "delivery"], outcome=_ENDS),
    ],
    "retries_total": _each(queue=QUEUES),
    "fenced_results_total": _each(queue=QUEUES),
    "recovered_leases_total": _each(queue=QUEUES),
    "deliveries_total": _each(channel=Channel, outcome=("sent", "failed", "skipped")),
    "schedule_fires_total": _each(kind=FireKind, outcome=FireOutcome),
}


def text(session: Session) -> bytes:
    """All of it, as Prometheus reads it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given([*_counted(figures.totals(session)), *_standing_now(session)]))
    return generate_latest(registry)


class _Given(Collector):
    """A collector of what is known already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _counted(totals: Iterable[Total]) -> Iterator[Metric]:
    """The sums as counters and histograms. What was never counted is there too, without samples."""
    by_name: dict[str, list[Total]] = defaultdict(list)
    for total in totals:
        by_name[total.name].append(total)
    for name, about in COUNTERS.items():
        yield _counter(name, about, by_name[name])
    for name, about in HISTOGRAMS.items():
        yield _histogram(name, about, by_name[f"{name}_bucket"], by_name[f"{name}_sum"])


def _counter(name: str, about: str, totals: list[Total]) -> Metric:
    known = [total.labels for total in totals]
    zeros = [Total(name, some, 0.0) for some in FROM_ZERO.get(name, ()) if some not in known]
    names = _label_names([*totals, *zeros])
    family = CounterMetricFamily(PREFIX + name, about, labels=names)
    for total in [*totals, *zeros]:
        family.add_metric(_values(total, names), total.value)
    return family


def _histogram(name: str, about: str, buckets: list[Total], sums: list[Total]) -> Metric:
    names = _label_names(sums)
    family = HistogramMetricFamily(PREFIX + name, about, labels=names)
    by_labels: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for total in buckets:
        by_labels[_values(total, names)][total.labels["le"]] = total.value
    for total in sums:
        values = _values(total, names)
        family.add_metric(values, _cumulated(by_labels[values]), total.value)
    return family


def _label_names(totals: Iterable[Total]) -> list[str]:
    return sorted({label for total in totals for label in total.labels})


def _values(total: Total, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(total.labels.get(label, "") for label in names)


def _cumulated(counts: Mapping[str, float]) -> list[tuple[str, float]]:
    total, found = 0.0, list[tuple[str, float]]()
    for bound in LE:
        total += counts.get(bound, 0.0)
        found.append((bound, total))
    return found


def _standing_now(session: Session) -> Iterator[Metric]:
    for gauge in standing.gauges(session):
        names = list(gauge.samples[0][0]) if gauge.samples else []
        family = GaugeMetricFamily(PREFIX + gauge.name, gauge.about, labels=names)
        for labels, value in gauge.samples:
            family.add_metric(list(labels.values()), value)
        yield family
    family = GaugeMetricFamily(PREFIX + "info", "Which version this is.", labels=["version"])
    family.add_metric([VERSION], 1)
    yield family
