"""/metrics as Prometheus reads it."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock, http_counts
from app.api import metrics
from app.domain import by_name, folding, processes
from app.domain.outcomes import Outcome
from app.domain.pulse import PERIODS
from app.models import Tally
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.looking import change, look
from tests.support.marks import both_databases
from tests.support.waiting import wait_until
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
    assert found["runsheet_instances state=RUNNING"] == 1
    assert "runsheet_instances state=COMPLETED" not in found  # that would count all history
    assert found["runsheet_instance_seconds_count outcome=completed"] == 2
    assert found["runsheet_tick_age_seconds"] == float("inf")


def test_requests_are_counted_by_door_noun_and_status(caller, admin):
    admin.get("/templates")
    admin.get("/templates/999")
    found = samples(caller)
    assert found["runsheet_http_requests_total door=api method=GET noun=templates status=2xx"] == 1
    assert found["runsheet_http_requests_total door=api method=GET noun=templates status=4xx"] == 1
    assert found["runsheet_http_request_seconds_count door=api"] >= 2


def written(session: Session) -> float:
    counted = select(func.sum(Tally.value)).where(Tally.name == "http_requests_total")
    return session.scalar(counted) or 0


def test_what_a_server_counted_is_written_when_no_more_requests_come_and_when_it_ends(
    app, admin, monkeypatch
):
    root = Path(__file__).parents[2]
    hooks, worker = run_path(str(root / "gunicorn.conf.py")), SimpleNamespace(wsgi=app)
    admin.get("/templates")
    assert look(written) == 0
    hooks["worker_exit"](None, worker)
    assert look(written) == 1
    hooks["worker_exit"](None, SimpleNamespace(wsgi=None))
    admin.get("/templates")
    monkeypatch.setattr(http_counts, "EVERY", 0.01)
    ends = http_counts.keep_writing(app)
    try:
        wait_until(lambda: look(written) == 2)
    finally:
        ends.set()


def test_names_that_strangers_choose_are_no_labels(caller, admin):
    for path in ("/nothing/here", "/api/workflows/secrets/MY_SECRET"):
        admin.ask("GET", path)
    text = caller(None).ask("GET", "/metrics").text
    assert "MY_SECRET" not in text
    assert "nothing" not in text


def test_what_an_alert_counts_begins_at_zero(caller):
    found = samples(caller)
    assert found["runsheet_recovered_leases_total queue=workflow-automation"] == 0
    assert found["runsheet_deliveries_total channel=EMAIL outcome=failed"] == 0
    assert found["runsheet_schedule_fires_total kind=due outcome=failed"] == 0


@both_databases
def test_folding_changes_no_counter(caller, monkeypatch):
    monkeypatch.setattr(metrics, "KEPT", -1)
    publish(webhook("send"))
    begin()
    work(Outcome(verdict="done"))
    before = samples(caller)
    assert before["runsheet_events_total kind=step.completed"] == 1
    for hours in (1, 40, 400):
        clock.travel(timedelta(hours=hours))
        change(folding.fold)
        after = samples(caller)
        for name in before:
            if name.startswith(("runsheet_events", "runsheet_attempt", "runsheet_queue_wait")):
                assert after[name] == before[name]


def test_who_asks_again_at_once_gets_the_same_answer(caller):
    first = caller(None).ask("GET", "/metrics").text
    publish(webhook("send"))
    begin()
    assert caller(None).ask("GET", "/metrics").text == first


def test_nobody_waits_for_long_while_another_reads_the_figures(caller, app, monkeypatch):
    monkeypatch.setattr(metrics, "PATIENCE", 0.01)
    monkeypatch.setattr(metrics, "KEPT", -1)
    lock = app.extensions["metrics"]._lock
    with lock:
        answer = caller(None).ask("GET", "/metrics")
    assert (answer.status_code, answer.json["type"].rsplit("/")[-1]) == (503, "unavailable")
    first = caller(None).ask("GET", "/metrics").text
    with lock:
        assert caller(None).ask("GET", "/metrics").text == first


def test_the_number_of_samples_does_not_follow_what_people_make(caller, monkeypatch):
    monkeypatch.setattr(metrics, "KEPT", -1)

    def run(number: int) -> set[str]:
        config = {"url": f"http://127.0.0.1:{number}/"}
        publish(webhook("send", config=config), key=f"template-{number}")
        begin(f"template-{number}")
        work(Outcome(verdict="done"))
        named = ("runsheet_http", "runsheet_queue_wait_seconds_bucket")
        return {name for name in samples(caller) if not name.startswith(named)}

    assert run(1) == run(2) == run(3)
    assert look(lambda session: by_name.destinations(session, PERIODS["hour"]))  # told elsewhere


def test_with_a_token_set_nobody_reads_without_it(caller, app):
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], metrics_token="a token, and long")
    answer = caller(None).ask("GET", "/metrics")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for wrong in ("another token", "a token, and longer", "\u00fc"):
        sent = {"Authorization": f"Bearer {wrong}"}
        assert caller(None).ask("GET", "/metrics", headers=sent).status_code == 401
    right = {"Authorization": "Bearer a token, and long"}
    assert "runsheet_info" in caller(None).ask("GET", "/metrics", headers=right).text


def test_every_metric_that_the_documents_name_is_there(caller):
    page = Path(__file__).parents[2] / "docs" / "runbook.md"
    named = set(re.findall(r"`(runsheet_\w+)", page.read_text()))
    text = caller(None).ask("GET", "/metrics").text
    there = set(re.findall(r"^# TYPE (\w+) ", text, re.M))
    assert named - there == set()
    assert there - named == {"runsheet_info"}
