"""What is shipped for Prometheus and Grafana speaks of what /metrics tells, and of the runbook.
(`devtools/check_alerts.py` has Prometheus's own checker read it and fire each alert.)"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from app.domain.outcomes import Outcome
from tests.support.workflows import begin, publish, webhook, work
from tests.test_architecture import ROOT

DEPLOY = ROOT / "deploy"
ALERTS = (
    "Down NoWorker NoNotifier NoScheduler QueueBacklog QueuePaused StepsPoisoned NeedsAttention "
    "InstancesOverdue ReceiversFailing DeliveriesFailing SchedulesLate SchedulesFailing "
    "WorkersLost HttpErrors"
).split()
OF_PROMETHEUS = {"job", "instance", "le"}
METRIC = re.compile(r"\b(runsheet_\w+)(?:\{([^}]*)\})?")
NAMES = re.compile(r"\b(?:by|on|without) \(([^)]*)\)")


def rules() -> list[dict]:
    document = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict]:
    return json.loads((DEPLOY / "grafana" / "runsheet.json").read_text())["panels"]


def queries() -> Iterator[tuple[str, str]]:
    """Each query with the words that use its labels."""
    for rule in rules():
        words = " ".join(rule["annotations"].values())
        yield rule["expr"], " ".join(re.findall(r"\$labels\.(\w+)", words))
    for panel in panels():
        for target in panel.get("targets", ()):
            yield target["expr"], " ".join(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))


@pytest.fixture
def told(caller, admin) -> dict[str, set[str]]:
    """The names of all metrics that are told, as they stand in queries, with their labels."""
    publish(webhook("send"))
    begin()
    work(Outcome(verdict="done"))
    admin.get("/templates")
    text = caller(None).ask("GET", "/metrics").text
    found: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(text):
        names = [family.name, *(f"{family.name}_{end}" for end in ("total", "bucket", "count"))]
        labels = {label for sample in family.samples for label in sample.labels}
        for name in names if family.type != "gauge" else [family.name]:
            found[name] |= labels
    return found


def test_every_metric_and_label_of_the_rules_and_panels_is_told(told):
    for query, used in queries():
        metrics = METRIC.findall(query)
        assert metrics or "up{" in query, query
        assert {name for name, _ in metrics} <= set(told), query
        labels = set().union(*(told[name] for name, _ in metrics)) | OF_PROMETHEUS
        asked = {label for _, match in metrics for label in re.findall(r"(\w+)=", match)}
        grouped = {name for names in NAMES.findall(query) for name in re.findall(r"\w+", names)}
        assert asked | grouped | set(used.split()) <= labels, query


def test_each_alert_says_what_is_wrong_how_bad_and_where_the_cure_stands():
    assert [rule["alert"] for rule in rules()] == [f"Runsheet{name}" for name in ALERTS]
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        words = rule["annotations"]
        assert set(words) == {"summary", "description", "runbook_url"}
        assert words["runbook_url"].endswith(f"/docs/runbook#{rule['alert'].lower()}")


def test_each_alert_has_a_test_that_it_fires():
    tests = yaml.safe_load((DEPLOY / "prometheus" / "alerts.test.yml").read_text())["tests"]
    fired = [
        re.findall(r'alertname="(\w+)"', sample["labels"])[0]
        for test in tests
        for expected in test["promql_expr_test"]
        for sample in expected["exp_samples"]
    ]
    assert sorted(fired) == sorted(rule["alert"] for rule in rules())


def test_panels_have_a_place_a_title_and_numbers_of_their_own():
    assert len({panel["id"] for panel in panels()}) == len(panels())
    places = [tuple(panel["gridPos"].values()) for panel in panels()]
    assert len(set(places)) == len(places)
    assert all(panel["title"] for panel in panels())


def test_the_example_of_a_scrape_asks_for_metrics_with_the_token():
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (scrape,) = config["scrape_configs"]
    assert scrape["metrics_path"] == "/metrics"
    assert scrape["authorization"]["type"] == "Bearer"
    assert scrape["job_name"] == "runsheet"  # as RunsheetDown says
    assert config["rule_files"] == ["alerts.yml"]
