"""Steps that recur and planned attempts, as operators see and change them."""

from datetime import timedelta

import pytest

from app import clock
from app.domain.outcomes import Outcome
from tests.support.looking import state_pair, step_of
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish, task, webhook, work
from tests.web.conftest import said

AGAIN = Outcome(verdict="retry", error="HTTP 500")
BROKEN = Outcome(verdict="failed", error="HTTP 404")


@pytest.fixture
def bill(app) -> int:
    """An instance whose step recurs each hour, with two tries each time."""
    publish(
        webhook(
            "bill",
            config={
                "recurrence": {"everySeconds": 3600, "count": 5},
                "retry": {"maxAttempts": 2, "schedule": [60]},
            },
        ),
        name="Billing",
    )
    return begin()


def hours(number: float) -> None:
    clock.travel(timedelta(hours=number, seconds=1))


def path(instance_id: int, verb: str = "") -> str:
    return f"/instances/{instance_id}/steps/bill" + (f"/{verb}" if verb else "")


def test_a_step_that_recurs_says_when_it_runs_next_and_of_how_many(operator, bill):
    first = said(operator.get(path(bill)))
    assert "Bill runs for the first time" in first
    assert "1 of 5, by itself." in first
    hours(1)
    work()
    page = said(operator.get(path(bill)))
    assert "Bill runs next" in page and "2 of 5, by itself." in page
    assert "Runs every hour" in page
    assert "Ends after 5 runs" in page
    assert "runs next" in said(operator.get(f"/instances/{bill}"))


def test_a_run_that_failed_is_told_without_alarm(operator, bill):
    hours(1)
    work(BROKEN)
    page = said(operator.get(path(bill)))
    assert "Its last run failed: HTTP 404." in page
    assert "ATTENTION" not in page
    assert "Bill failed this time · 1 of 5 · HTTP 404 · try 1 of 2 · next run" in page


def test_attempts_are_grouped_by_run(operator, bill):
    hours(1)
    work(AGAIN)
    hours(1.1)
    work()
    hours(2)
    work()
    page = operator.get(path(bill))
    words = said(page)
    assert page.text.count('class="attempt-run"') == 2
    assert words.index("Run 2") < words.index("Run 1")
    for row in step_of(bill, "bill").automation_log:
        assert row.execution_token in page.text


def test_the_timeline_tells_each_kind_of_event_in_a_sentence(operator, bill):
    ready = step_of(bill, "bill").ready_at
    hours(1)
    work()
    operator.post(path(bill, "skip-occurrence"), {"reason": "A holiday"})
    operator.post(path(bill, "reschedule"), {"at": f"{ready:%Y}-12-31T23:59"})
    operator.post(path(bill, "run-now"))
    work()
    operator.post(path(bill, "run-now"))
    hours(9.5)
    work()
    operator.post(path(bill, "stop-recurrence"), {"reason": "The contract ended"})
    page = said(operator.get(f"/instances/{bill}"))
    assert "Bill is ready · first run" in page
    assert "Bill started · 1 of 5 · try 1 of 2" in page
    assert "Bill went well · 1 of 5" in page
    assert "Bill : the run of" in page and "is skipped · next run" in page
    assert "Bill : what was planned for" in page and "was moved to" in page
    assert "Bill runs again · 2 of 5 · try 1 of 2" in page
    assert "runs were passed over, due from" in page
    assert "Bill recurs no more The contract ended" in page
    assert "Bill completed" in page


@pytest.mark.parametrize(
    ("verb", "label"),
    [
        ("reschedule", "Reschedule"),
        ("skip-occurrence", "Skip next run"),
        ("stop-recurrence", "Stop recurring"),
    ],
)
def test_each_action_says_what_it_will_do_before_it_is_done(operator, viewer, bill, verb, label):
    page = operator.get(path(bill))
    assert f'id="act-bill-{verb}"' in page.text
    assert label in said(page)
    assert f'id="act-bill-{verb}"' not in viewer.get(path(bill)).text


def test_what_stopping_does_depends_on_how_the_last_run_went(operator, bill):
    assert "Nothing has run yet, so the step is skipped" in said(operator.get(path(bill)))
    hours(1)
    work()
    assert "as completed, and the steps after it begin" in said(operator.get(path(bill)))
    hours(2)
    work(BROKEN)
    assert "as failed, and the instance needs attention" in said(operator.get(path(bill)))


def test_an_operator_reschedules_in_utc(operator, bill):
    at = (clock.now() + timedelta(days=1)).replace(second=0, microsecond=0)
    sent = {"at": f"{at:%Y-%m-%dT%H:%M}", "reason": "After the close"}
    answer = operator.post(path(bill, "reschedule"), sent, htmx=True)
    assert "Bill has another time." in said(answer)
    assert "After the close" in said(answer)
    assert step_of(bill, "bill").next_attempt_at == at


@pytest.mark.parametrize("typed", ["", "tomorrow", "2026-13-01T00:00"])
def test_a_time_that_is_none_is_refused_and_kept(operator, bill, typed):
    answer = operator.post(path(bill, "reschedule"), {"at": typed, "reason": "Because"})
    assert answer.status_code == 422
    assert 'id="act-bill-reschedule" name="actions" open' in answer.text
    assert "Because" in said(answer)
    assert state_pair(bill, "bill") == ("READY", "SCHEDULED")


def test_a_planned_retry_can_be_rescheduled_too(operator, bill):
    hours(1)
    work(AGAIN)
    page = said(operator.get(path(bill)))
    assert "Moves the planned try to another time" in page
    assert "Skip next run" not in page


def test_an_operator_says_which_run_is_replayed(operator, bill):
    hours(1)
    work(BROKEN)
    hours(2)
    work()
    assert 'name="occurrence" min="1" max="2" value="2"' in operator.get(path(bill)).text
    operator.post(path(bill, "replay"), {"occurrence": "1", "reason": "It failed then"})
    work()
    assert [row.occurrence for row in step_of(bill, "bill").automation_log] == [1, 2, 1]
    refused = operator.post(path(bill, "replay"), {"occurrence": "3"})
    assert refused.status_code == 422
    assert "No occurrence with the number 3 has been." in said(refused)


@both_databases
def test_lists_say_which_run_is_next(operator, bill):
    hours(1)
    work()
    assert "Bill runs next" in said(operator.get("/instances"))
    assert ", 2 of 5" in said(operator.get("/instances"))


def test_a_step_that_only_waits_for_its_time_says_when_it_starts(operator, app):
    publish(webhook("send", config={"delay": "PT2H"}))
    instance_id = begin()
    page = said(operator.get(f"/instances/{instance_id}"))
    assert "Send starts" in page
    assert "Send is ready · starts" in page


def test_instances_that_are_late_have_a_badge_a_filter_and_a_number(operator, app):
    publish(task("pack"), key="late", dueIn="PT1H")
    publish(task("pack"), key="timely")
    late, _ = begin("late"), begin("timely")
    assert "overdue" not in said(operator.get(f"/instances/{late}"))
    assert "due 2" in said(operator.get(f"/instances/{late}"))
    hours(2)
    page = said(operator.get("/instances?due=overdue"))
    assert "Late overdue" in page and "Timely" not in page.split("Title", 2)[-1]
    assert "overdue, it was due" in said(operator.get(f"/instances/{late}"))
    assert "1 instance overdue" in said(operator.get("/"))


def test_an_automation_that_is_late_says_so(operator, app):
    publish(webhook("send", dueIn="PT1H", config={"delay": "PT5H"}))
    instance_id = begin()
    hours(2)
    assert "overdue, it was due" in said(operator.get(f"/instances/{instance_id}"))
