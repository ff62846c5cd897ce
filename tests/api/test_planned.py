"""What programs do with planned attempts and with steps that recur."""

from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.schemas.base import zulu
from tests.api.conftest import Caller
from tests.api.test_main_story import publish, start
from tests.support.marks import both_databases
from tests.support.workflows import task, webhook, work

BILLING: dict[str, Any] = {
    "key": "order",
    "name": "Billing",
    "dueAt": "{{ input.orderId }}",
    "steps": [webhook("bill", config={"recurrence": {"everySeconds": 3600, "count": 5}})],
}
STEP = "/steps/bill"


@pytest.fixture
def url(admin: Caller) -> str:
    """The step of an instance that recurs each hour."""
    publish(admin, BILLING)
    by = zulu(clock.now() + timedelta(hours=12))
    return f"/instances/{start(admin, input={'orderId': by})['id']}{STEP}"


def read(admin: Caller, url: str) -> dict[str, Any]:
    steps = admin.get(url.removesuffix(STEP)).json["steps"]
    return next(step for step in steps if step["key"] == "bill")


@both_databases
def test_a_step_says_when_it_runs_next_and_its_log_says_which_occurrence_it_was(admin, url):
    step = read(admin, url)
    assert (step["state"], step["actionState"], step["occurrence"]) == ("READY", "SCHEDULED", 1)
    assert step["nextAttemptAt"].endswith("Z")
    clock.travel(timedelta(hours=1, seconds=1))
    work()
    clock.travel(timedelta(hours=2, seconds=1))
    work()
    step = read(admin, url)
    log = [(row["occurrence"], row["attempt"], row["outcome"]) for row in step["automationLog"]]
    assert log == [(1, 1, "succeeded"), (2, 1, "succeeded")]
    assert len({row["executionToken"] for row in step["automationLog"]}) == 2


@both_databases
def test_a_program_reschedules_skips_and_stops_with_a_reason(admin, url):
    at = clock.now() + timedelta(minutes=5)
    moved = admin.post(f"{url}/reschedule", {"at": zulu(at), "reason": "Quarter end"})
    assert (moved.status_code, moved.json["nextAttemptAt"]) == (200, zulu(at))

    skipped = admin.post(f"{url}/skip-occurrence", {"reason": "A holiday"})
    assert skipped.json["nextAttemptAt"] > zulu(clock.now() + timedelta(hours=1))

    ran = admin.post(f"{url}/run-now", {"reason": "Asked for"})
    assert (ran.json["state"], ran.json["actionState"]) == ("READY", "QUEUED")
    work()
    stopped = admin.post(f"{url}/stop-recurrence", {"reason": "The contract ended"})
    assert (stopped.json["state"], stopped.json["allowedActions"]) == ("COMPLETED", ["replay"])

    events = admin.get(f"{url.removesuffix(STEP)}/events").json["items"]
    reasons = {event["kind"]: event["reason"] for event in events if event["reason"]}
    assert {"step.rescheduled", "step.occurrence_skipped", "step.run_now"} <= reasons.keys()
    assert reasons["step.recurrence_stopped"] == "The contract ended"
    refused = admin.post(f"{url}/stop-recurrence", {})
    assert (refused.status_code, refused.json["type"].endswith("move-not-allowed")) == (409, True)


@pytest.mark.parametrize(
    "body", [{}, {"at": "soon"}, {"at": "2026-01-31T09:00:00"}, {"at": 5}, {"at": None}]
)
def test_a_time_that_is_none_is_refused_at_its_field(admin, url, body):
    answer = admin.post(f"{url}/reschedule", body)
    assert answer.status_code == 422
    assert [error["path"] for error in answer.json["errors"]] == ["at"]


def test_a_recurrence_that_can_not_be_read_is_refused_at_publish_and_says_where(admin):
    recurrence = {"cron": "0 9 * * *", "timezone": "Mars/Olympus", "count": 3}
    steps = [webhook("bill", config={"recurrence": recurrence})]
    template = admin.post("/templates", BILLING | {"steps": steps}).json
    answer = admin.post(f"/templates/{template['id']}/publish")
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["path"] == "steps.0.actionConfig.recurrence.timezone"
    assert "Mars/Olympus" in error["message"]


@both_databases
def test_instances_can_be_narrowed_to_those_that_are_late(admin, url):
    assert admin.get("/instances?overdue=true").json["items"] == []
    clock.travel(timedelta(hours=13))
    (late,) = admin.get("/instances?overdue=true").json["items"]
    assert (late["overdue"], late["dueAt"] < zulu(clock.now())) == (True, True)


def test_a_template_keeps_when_it_is_due(admin):
    wish = BILLING | {"steps": [task("pack", dueAt="2999-01-01T00:00:00Z")]}
    template_id = publish(admin, wish)
    document = admin.get(f"/templates/{template_id}").json
    assert document["dueAt"] == "{{ input.orderId }}"
    assert document["steps"][0]["dueAt"] == "2999-01-01T00:00:00Z"
    (version,) = admin.get(f"/templates/{template_id}/versions").json["items"]
    assert version["steps"][0]["dueAt"] == "2999-01-01T00:00:00Z"
