"""Whatever goes wrong leads into the runbook, and each link leads to something."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from app import runbook, transaction
from app.domain import incident_kinds, losses, processes, queues
from app.domain.outcomes import Outcome
from app.models.vocabulary import AUTOMATION_QUEUE, NOTIFICATION_QUEUE
from app.runbook import Section
from devtools import procfile
from devtools.check_docs import anchors
from tests.support.looking import change, do
from tests.support.notifying import later
from tests.support.scheduling import NINE, fire_at, go_to, make_schedule
from tests.support.telling import tell
from tests.support.workflows import (
    OPERATOR,
    begin,
    claim,
    make_step,
    publish,
    report_begun,
    task,
    webhook,
    work,
)
from tests.web.conftest import Person

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
RUNNING = (ROOT / "docs" / "runbook" / "running.md").read_text()
ALERTS = dict(re.findall(r"^### (Runsheet\w+)\n(.*?)(?=^##)", RUNBOOK, re.M | re.S))
LINKS = re.compile(rf'href="{runbook.PAGE}#([^"]+)"')
TRIED = {"schedule": [], "maxAttempts": 1}


def links(person: Person, path: str) -> set[str]:
    """The sections that a page leads to, its banner aside."""
    text = person.get(path).text
    return set(LINKS.findall(text.partition("<main")[2] or text))


def banner(person: Person) -> set[str]:
    return set(LINKS.findall(person.get("/banner").text))


def test_every_section_that_the_console_names_is_in_the_runbook():
    assert {*Section} - anchors(RUNBOOK) == set()


def test_templates_name_no_other_section():
    named = set[str]()
    for page in (ROOT / "app" / "templates").rglob("*.html"):
        named |= set(re.findall(r'runbook(?:_link)?\("([^"]+)"', page.read_text()))
    assert named
    assert named - {*Section} == set()


def test_a_link_to_a_section_that_is_not_there_is_a_mistake_at_once():
    with pytest.raises(ValueError, match="no-such-section"):
        runbook.path("no-such-section")


def test_what_the_runbook_has_one_call_is_in_the_api():
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    there = {f"{way.upper()} {path}" for path, ways in paths.items() for way in ways}
    named = set(re.findall(r"`((?:GET|POST) /api/[^`?]+)`", RUNBOOK + RUNNING))
    assert named
    assert unnamed(named) - unnamed(there) == set()


def unnamed(routes: set[str]) -> set[str]:
    """Whatever their parameters are called."""
    return {re.sub(r"\{\w+\}", "{}", route) for route in routes}


def test_a_worker_is_started_by_hand_as_the_procfile_does():
    command = RUNNING.partition("```sh\n.venv/bin/")[2].partition("```")[0].replace("\\\n", "")
    assert command.split() == procfile.read(ROOT / "Procfile")["worker"].split()


@pytest.mark.parametrize("kind", incident_kinds.KINDS)
def test_what_admins_are_told_of_leads_to_its_alert(kind):
    assert kind in ALERTS
    assert incident_kinds.runbook(kind, "https://a").startswith("https://a/docs/runbook#runsheet")


@pytest.mark.parametrize("name", [*ALERTS])
def test_each_alert_says_where_to_look_the_cure_and_when_it_is_over(name):
    for word in ("**Look**", "**Cure**", "**Over** when"):
        assert word in ALERTS[name], f"{name} lacks {word}"


MAIL = {"to": ["a@example.com"], "subject": "x", "text": "x", "retry": TRIED}


@pytest.mark.parametrize(
    ("step", "section"),
    [
        (webhook("a", config={"retry": TRIED}), Section.WEBHOOK_FAILED),
        (make_step("a", "AUTOMATION_EMAIL", [], MAIL, {}), Section.MAIL_FAILED),
    ],
    ids=["webhook", "email"],
)
def test_a_failed_automation_leads_to_its_cures(operator, app, step, section):
    publish(step)
    order = begin()
    work(Outcome(verdict="failed", error="It said no."))
    assert links(operator, f"/instances/{order}") == {section}
    assert links(operator, f"/instances/{order}/steps/a") == {section}


def test_a_call_that_did_not_come_and_a_person_who_could_not_lead_there_too(operator, app):
    publish(make_step("a", "WAIT_CALLBACK", [], {"timeout": "PT1M"}, {}), task("b"))
    order = begin()
    with later(minutes=2):
        work(Outcome(verdict="failed", error="Nobody called within 1 min."))
    assert links(operator, f"/instances/{order}/steps/a") == {Section.NOBODY_CALLED}
    do(order, "fail", "b", reason="The lorry broke down.")
    assert links(operator, f"/instances/{order}/steps/b") >= {Section.FAILED}


def test_a_delivery_that_did_not_arrive_leads_to_the_reasons(operator, order):
    failed, sent = change(tell, order), change(tell, order, state="SENT", reason=None)
    assert links(operator, f"/deliveries/{failed}") == {Section.NOBODY_TOLD}
    assert links(operator, f"/deliveries/{sent}") == set()


def test_a_time_at_which_nothing_started_leads_to_the_reasons(operator, app):
    publish(task("pack"))
    go_to(NINE)
    schedule = make_schedule(cron="0 * * * *", overlap="skip")
    fire_at(NINE + timedelta(hours=1))
    assert links(operator, f"/schedules/{schedule}") == set()
    fire_at(NINE + timedelta(hours=2))
    assert links(operator, f"/schedules/{schedule}") == {Section.NOT_FIRED}


def test_queues_and_processes_in_trouble_lead_to_their_alerts(operator, app):
    assert banner(operator) >= {Section.NO_WORKER, Section.NO_NOTIFIER, Section.NO_SCHEDULER}
    assert {Section.NO_WORKER, Section.NO_NOTIFIER} <= links(operator, "/queues")
    for queue in (AUTOMATION_QUEUE, NOTIFICATION_QUEUE):
        change(processes.say_alive, queue, kind="worker", host="box", pid=7, queue=queue)
    change(processes.say_alive, "clock", kind="scheduler", host="box", pid=8)
    assert links(operator, "/queues") == set()
    with transaction.writing() as session:
        queues.pause(session, AUTOMATION_QUEUE, OPERATOR, "The bank is closed.")
    assert links(operator, "/queues") == {Section.QUEUE_PAUSED}
    assert Section.QUEUE_PAUSED in banner(operator)
    with later(minutes=1):
        assert Section.WORKERS_LOST in links(operator, "/queues")


def test_a_poisoned_step_leads_to_its_cure_from_its_page_and_from_the_queues(operator, app):
    publish(webhook("a"))
    order = begin()
    for worker in ("first", "second", "third"):  # two in a row, then one while it is alone
        held = claim(worker=worker, alone=worker == "third")
        report_begun(*held, worker=worker)
        change(losses.give_back_expired, 1, [worker])
    assert links(operator, f"/instances/{order}") == {Section.POISONED}
    assert "a worker was lost while it did this step" in operator.get(f"/instances/{order}").text
    assert Section.STEPS_POISONED in links(operator, "/queues")


def test_a_reason_that_ends_with_a_stop_ends_with_one_in_the_banner(operator, app):
    change(queues.pause, AUTOMATION_QUEUE, OPERATOR, "The bank is closed.")
    assert "The bank is closed. What falls due" in operator.get("/banner").text
