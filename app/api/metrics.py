"""/metrics: what was counted and how things stand now, as Prometheus reads it. The counts come
from the database, so every web process gives the same answer for all processes and machines."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from app import http_counts, transaction
from app.api.endpoint import bare
from app.domain import figures, standing
from app.domain.figures import Total
from app.domain.tallies import LE
from app.version import VERSION

blueprint = Blueprint("api_metrics", __name__)
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
    "schedule_lateness_seconds": "How late schedules started what was due.",
    "http_request_seconds": "How long requests took, by door.",
}


@blueprint.get("/metrics")
@bare("Counts and figures for Prometheus", permission=None, gives="text/plain", errors=(503,))
def read_metrics() -> Response:
    http_counts.here().write()
    with transaction.reading() as session:
        metrics = [*counted(figures.totals(session)), *standing_now(session)]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(metrics))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Given(Collector):
    """A collector of what is known already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def counted(totals: Iterable[Total]) -> Iterator[Metric]:
    """The sums as counters and histograms. What was never counted is there too, without samples."""
    by_name: dict[str, list[Total]] = defaultdict(list)
    for total in totals:
        by_name[total.name].append(total)
    for name, about in COUNTERS.items():
        yield _counter(name, about, by_name[name])
    for name, about in HISTOGRAMS.items():
        yield _histogram(name, about, by_name[f"{name}_bucket"], by_name[f"{name}_sum"])


def _counter(name: str, about: str, totals: list[Total]) -> Metric:
    names = sorted({label for total in totals for label in total.labels})
    family = CounterMetricFamily(PREFIX + name, about, labels=names)
    for total in totals:
        family.add_metric([total.labels.get(label, "") for label in names], total.value)
    return family


def _histogram(name: str, about: str, buckets: list[Total], sums: list[Total]) -> Metric:
    names = sorted({label for total in sums for label in total.labels})
    family = HistogramMetricFamily(PREFIX + name, about, labels=names)
    by_labels: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for total in buckets:
        key = tuple(total.labels.get(label, "") for label in names)
        by_labels[key][total.labels["le"]] = total.value
    for total in sums:
        key = tuple(total.labels.get(label, "") for label in names)
        family.add_metric(key, _cumulated(by_labels[key]), total.value)
    return family


def _cumulated(counts: Mapping[str, float]) -> list[tuple[str, float]]:
    total, found = 0.0, list[tuple[str, float]]()
    for bound in LE:
        total += counts.get(bound, 0.0)
        found.append((bound, total))
    return found


def standing_now(session: Session) -> Iterator[Metric]:
    """How things stand at this moment."""
    for gauge in standing.gauges(session):
        names = list(gauge.samples[0][0]) if gauge.samples else []
        family = GaugeMetricFamily(PREFIX + gauge.name, gauge.about, labels=names)
        for labels, value in gauge.samples:
            family.add_metric(list(labels.values()), value)
        yield family
    family = GaugeMetricFamily(PREFIX + "info", "Which version this is.", labels=["version"])
    family.add_metric([VERSION], 1)
    yield family
