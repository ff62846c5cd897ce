"""/metrics as Prometheus reads it."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from app.domain import processes
from app.domain.outcomes import Outcome
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.looking import change
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish, webhook, work


def samples(caller) -> dict[str, float]:
    answer = caller(None).ask("GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        sample.name
        + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@both_databases
def test_it_tells_what_was_counted_and_how_things_stand(caller):
    publish(webhook("send"))
    begin()
    begin()
    work(
        Outcome(verdict="done"),
    )
    begin()
    change(processes.say_alive, "w", kind="worker", host="box", pid=7, queue=AUTOMATION_QUEUE)
    found = samples(caller)
    queue = "queue=workflow-automation"
    labels = f"kind=AUTOMATION_WEBHOOK outcome=succeeded {queue}"
    assert found[f"runsheet_attempts_total {labels}"] == 2
    assert found[f"runsheet_attempt_seconds_count kind=AUTOMATION_WEBHOOK {queue}"] == 2
    assert found[f"runsheet_attempt_seconds_bucket kind=AUTOMATION_WEBHOOK le=+Inf {queue}"] == 2
    assert found[f"runsheet_queue_jobs {queue} state=due"] == 1
    assert found["runsheet_processes kind=worker"] == 1
    assert found["runsheet_processes kind=notifier"] == 0
    assert found["runsheet_instances state=COMPLETED"] == 2
    assert found["runsheet_tick_age_seconds"] == float("inf")


def test_requests_are_counted_by_door_noun_and_status(caller, admin):
    admin.get("/templates")
    admin.get("/templates/999")
    found = samples(caller)
    assert found["runsheet_http_requests_total door=api method=GET noun=templates status=2xx"] == 1
    assert found["runsheet_http_requests_total door=api method=GET noun=templates status=4xx"] == 1
    assert found["runsheet_http_request_seconds_count door=api"] >= 2


def test_names_that_strangers_choose_are_no_labels(caller, admin):
    for path in ("/nothing/here", "/api/workflows/secrets/MY_SECRET"):
        admin.ask("GET", path)
    text = caller(None).ask("GET", "/metrics").text
    assert "MY_SECRET" not in text
    assert "nothing" not in text


def test_every_metric_that_the_documents_name_is_there(caller):
    page = Path(__file__).parents[2] / "docs" / "runbook.md"
    named = set(re.findall(r"`(runsheet_\w+)", page.read_text()))
    text = caller(None).ask("GET", "/metrics").text
    there = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    assert named - there == set()
    assert there - named == {"runsheet_info"}
