"""WAIT_CALLBACK: a step that waits for a call ends once: with the call, its timeout, or by hand."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock, transaction
from app.domain import callback_urls, calls, losses
from app.domain.contexts import read_contexts
from app.domain.outcomes import Outcome
from app.errors import CallbackClosed, CallbackGone, CallbackUsed, Invalid, NotFound
from app.models import Callback
from tests.support.callbacks import call, callback, nobody_calls, token_of, url_of
from tests.support.looking import (
    attempts_of,
    do,
    events_of,
    executions_of,
    instance_of,
    jobs,
    kinds,
    look,
    refuses,
    state_pair,
    states,
    step_of,
)
from tests.support.marks import both_databases
from tests.support.workflows import (
    begin,
    claim,
    publish,
    report_begun,
    report_ended,
    task,
    webhook,
    work,
)

WAITS = ("STARTED", "WAITING")


def row_of(instance_id):
    return look(
        lambda session: session.scalars(
            select(Callback).where(Callback.instance_id == instance_id)
        ).one()
    )


# -- waiting


@both_databases
def test_a_step_waits_from_the_moment_it_is_ready(app):
    publish(callback("paid"), task("ship", "paid"))
    instance_id = begin()

    step = step_of(instance_id, "paid")
    assert (step.state, step.action_state) == WAITS
    assert step.ready_at == step.started_at
    assert step.next_attempt_at is None and step.execution_token
    assert kinds(instance_id, "paid") == ["step.ready", "step.started"]
    assert states(instance_id)["ship"] == "PENDING"
    assert jobs() == [], "nobody has anything to do"


@both_databases
def test_a_call_completes_it_and_its_body_is_the_output(app):
    publish(callback("paid"), task("ship", "paid"))
    instance_id = begin()
    clock.travel(timedelta(seconds=90))
    received = call(token_of(instance_id, "paid"), {"reference": "P-1", "amount": 12.5})

    assert (received.state, received.kept) == ("COMPLETED", False)
    step = step_of(instance_id, "paid")
    assert step.output == {"reference": "P-1", "amount": 12.5}
    assert states(instance_id)["ship"] == "READY"
    (attempt,) = step.automation_log
    assert (attempt.attempt, attempt.outcome, attempt.worker) == (1, "succeeded", "callback")
    assert attempt.duration_ms is not None and attempt.duration_ms >= 90_000
    assert attempt.execution_token == step.execution_token
    (execution,) = executions_of(step.id)
    assert (execution.outcome, execution.attempts) == ("succeeded", 1)
    ended = events_of(instance_id)[-2]
    assert (ended.kind, ended.actor) == ("step.completed", "callback")


@pytest.mark.parametrize(
    ("body", "state", "output", "error"),
    [
        ({}, "COMPLETED", {}, None),
        ({"outcome": "completed"}, "COMPLETED", {}, None),
        ({"outcome": "completed", "output": {"a": 1}}, "COMPLETED", {"a": 1}, None),
        ({"output": {"outcome": "odd"}}, "COMPLETED", {"outcome": "odd"}, None),
        ({"outcome": "odd", "id": 7}, "COMPLETED", {"outcome": "odd", "id": 7}, None),
        ({"outcome": "failed"}, "FAILED", None, "The call said that it failed."),
        ({"outcome": "failed", "error": "Declined"}, "FAILED", None, "Declined"),
        ({"error": "Declined", "output": {"code": 5}}, "FAILED", {"code": 5}, "Declined"),
        ({"outcome": "failed", "reason": "Nobody in"}, "FAILED", None, "Nobody in"),
        ({"outcome": "completed", "error": "a warning"}, "COMPLETED", {}, None),
    ],
    ids=json.dumps,
)
def test_what_a_body_says(app, body, state, output, error):
    publish(callback("paid"))
    instance_id = begin()
    call(token_of(instance_id, "paid"), body)

    step = step_of(instance_id, "paid")
    assert (step.state, step.output, step.error) == (state, output, error)
    assert instance_of(instance_id).state == ("ATTENTION" if error else "COMPLETED")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"outcome": "done"}, "outcome"),
        ({"outcome": "failed", "error": 5}, "error"),
        ({"output": []}, "output"),
        ({"reason": "x" * 2001}, "reason"),
    ],
)
def test_what_a_body_in_our_form_gets_wrong_is_named(app, body, path):
    with pytest.raises(Invalid) as invalid:
        calls.read("POST", [], json.dumps(body).encode(), callback_urls.url_of("t" * 43))
    assert [fault.path for fault in invalid.value.errors] == [path]


def test_its_reason_stands_on_the_timeline(app):
    publish(callback("paid"))
    instance_id = begin()
    call(token_of(instance_id, "paid"), {"outcome": "completed", "reason": "Paid in cash"})
    assert [e.reason for e in events_of(instance_id) if e.kind == "step.completed"] == [
        "Paid in cash"
    ]


# -- once


@both_databases
def test_a_second_call_is_told_when_the_first_came_and_changes_nothing(app):
    publish(callback("paid"))
    instance_id = begin()
    first = call(token_of(instance_id, "paid"), {"n": 1})
    clock.travel(timedelta(minutes=1))
    before = instance_of(instance_id)
    with pytest.raises(CallbackUsed) as used:
        call(token_of(instance_id, "paid"), {"n": 2})

    assert used.value.extra["state"] == "COMPLETED"
    assert first.at.isoformat()[:19] in used.value.message
    assert instance_of(instance_id) == before


def test_an_unknown_token_is_not_found(app):
    publish(callback("paid"))
    begin()
    with pytest.raises(NotFound):
        call("x" * 43, {})


@both_databases
def test_a_failed_step_that_is_retried_waits_again_at_the_same_url(app):
    publish(callback("paid", timeout="PT1H"))
    instance_id = begin()
    url = url_of(instance_id, "paid")
    call(token_of(instance_id, "paid"), {"outcome": "failed", "error": "Declined"})
    with pytest.raises(CallbackUsed):
        call(token_of(instance_id, "paid"), {})
    clock.travel(timedelta(minutes=30))
    do(instance_id, "retry", "paid", reason="Another card")

    step = step_of(instance_id, "paid")
    assert (step.state, step.action_state, step.error) == (*WAITS, None)
    assert step.next_attempt_at is not None
    assert step.next_attempt_at - clock.now() > timedelta(minutes=59), "it has its full time again"
    assert url_of(instance_id, "paid") == url
    call(token_of(instance_id, "paid"), {"ok": True})

    again = step_of(instance_id, "paid")
    assert (again.state, again.output) == ("COMPLETED", {"ok": True})
    assert [(a.attempt, a.outcome) for a in again.automation_log] == [
        (1, "failed"),
        (2, "succeeded"),
    ]
    assert len(executions_of(step.id)) == 1
    assert jobs() == []


# -- a call that comes early


@both_databases
def test_a_call_before_the_step_waits_is_kept_and_ends_it_as_it_becomes_ready(app):
    publish(task("ask"), callback("paid", "ask", timeout="PT1H"), task("ship", "paid"))
    instance_id = begin()
    received = call(token_of(instance_id, "paid"), {"reference": "P-1"})

    assert (received.state, received.kept) == ("PENDING", True)
    assert state_pair(instance_id, "paid") == ("PENDING", "IDLE")
    assert kinds(instance_id, "paid") == ["step.called_early"]
    do(instance_id, "complete", "ask")

    step = step_of(instance_id, "paid")
    assert (step.state, step.output, step.next_attempt_at) == (
        "COMPLETED",
        {"reference": "P-1"},
        None,
    )
    assert states(instance_id)["ship"] == "READY"
    assert kinds(instance_id, "paid")[1:] == ["step.ready", "step.started", "step.completed"]
    (attempt,) = step.automation_log
    assert attempt.request is not None and "P-1" in attempt.request["body"]
    assert [execution.outcome for execution in executions_of(step.id)] == ["succeeded"]
    assert jobs() == [], "its timeout is not owed"


@both_databases
def test_a_second_early_call_is_refused_and_the_first_one_stays(app):
    publish(task("ask"), callback("paid", "ask"))
    instance_id = begin()
    call(token_of(instance_id, "paid"), {"n": 1})
    with pytest.raises(CallbackUsed) as used:
        call(token_of(instance_id, "paid"), {"n": 2})
    assert used.value.extra["state"] == "PENDING"
    do(instance_id, "complete", "ask")
    assert step_of(instance_id, "paid").output == {"n": 1}
    with pytest.raises(CallbackUsed):
        call(token_of(instance_id, "paid"), {"n": 3})


@both_databases
def test_an_early_call_that_says_it_failed_fails_the_step_and_a_retry_waits_anew(app):
    publish(task("ask"), callback("paid", "ask"), task("ship", "paid"))
    instance_id = begin()
    call(token_of(instance_id, "paid"), {"error": "Declined"})
    do(instance_id, "complete", "ask")

    assert state_pair(instance_id, "paid") == ("FAILED", "FAILED")
    assert instance_of(instance_id).state == "ATTENTION"
    do(instance_id, "retry", "paid")
    assert state_pair(instance_id, "paid") == WAITS, "what came early is not heard twice"
    call(token_of(instance_id, "paid"), {})
    assert states(instance_id)["ship"] == "READY"


def test_an_early_call_whose_step_is_then_skipped_by_condition_leads_nowhere(app):
    when = {"all": [["steps.ask.output.pay", "=", True]]}
    publish(task("ask"), callback("paid", "ask", when=when))
    instance_id = begin()
    call(token_of(instance_id, "paid"), {})
    do(instance_id, "complete", "ask", output={"pay": False})
    assert states(instance_id)["paid"] == "SKIPPED"


@both_databases
def test_a_chain_of_early_calls_runs_through_in_one_go(app):
    publish(task("ask"), callback("a", "ask"), callback("b", "a"), task("ship", "b"))
    instance_id = begin()
    call(token_of(instance_id, "b"), {"b": 1})
    call(token_of(instance_id, "a"), {"a": 1})
    do(instance_id, "complete", "ask")
    assert states(instance_id) == {
        "ask": "COMPLETED",
        "a": "COMPLETED",
        "b": "COMPLETED",
        "ship": "READY",
    }


# -- timeout


@both_databases
def test_the_step_says_when_it_is_too_late_and_a_job_is_owed_for_then(app):
    publish(callback("paid", timeout="PT2H"))
    instance_id = begin()

    step = step_of(instance_id, "paid")
    (job,) = jobs()
    assert step.next_attempt_at == job.run_at
    assert timedelta(hours=1, minutes=59) < job.run_at - clock.now() <= timedelta(hours=2)
    assert job.execution_token == step.execution_token
    assert nobody_calls() == 0
    clock.travel(timedelta(hours=2))
    assert nobody_calls() == 1


@both_databases
def test_when_nobody_calls_in_time_it_fails_and_says_so(app):
    publish(callback("paid", timeout="PT2H"), task("ship", "paid"))
    instance_id = begin()
    clock.travel(timedelta(hours=2))
    nobody_calls()

    step = step_of(instance_id, "paid")
    assert (step.state, step.action_state) == ("FAILED", "FAILED")
    assert step.error == "Nobody called within 2 hours."
    assert [(a.outcome, a.error, a.worker) for a in step.automation_log] == [
        ("failed", step.error, "worker-1")
    ]
    assert jobs() == []
    with pytest.raises(CallbackClosed) as closed:
        call(token_of(instance_id, "paid"), {})
    assert closed.value.extra["state"] == "FAILED" and "good again" in closed.value.message
    do(instance_id, "retry", "paid")
    call(token_of(instance_id, "paid"), {})
    assert states(instance_id) == {"paid": "COMPLETED", "ship": "READY"}


@both_databases
def test_or_it_completes_and_the_output_says_why(app):
    publish(callback("paid", timeout="PT2H", onTimeout="complete"), task("ship", "paid"))
    instance_id = begin()
    clock.travel(timedelta(hours=2))
    nobody_calls()

    step = step_of(instance_id, "paid")
    assert (step.state, step.output) == ("COMPLETED", {"outcome": "timeout"})
    assert states(instance_id)["ship"] == "READY"
    with pytest.raises(CallbackClosed) as closed:
        call(token_of(instance_id, "paid"), {})
    assert "good again" not in closed.value.message


@both_databases
def test_a_call_while_a_worker_holds_the_timeout_wins_and_the_worker_is_fenced(app):
    publish(callback("paid", timeout="PT2H"))
    instance_id = begin()
    clock.travel(timedelta(hours=2))
    held = claim()
    report_begun(*held)
    assert state_pair(instance_id, "paid") == WAITS, "until its end is written, it waits"
    call(token_of(instance_id, "paid"), {"just": "in time"})
    report_ended(Outcome(verdict="failed", error="Nobody called within 2 hours."), *held)

    step = step_of(instance_id, "paid")
    assert (step.state, step.output) == ("COMPLETED", {"just": "in time"})
    assert [row.outcome for row in step.automation_log] == ["succeeded", "fenced"]
    assert kinds(instance_id, "paid").count("step.completed") == 1


@both_databases
def test_a_worker_that_is_lost_with_the_timeout_counts_as_nothing(app):
    publish(callback("paid", timeout="PT2H"))
    instance_id = begin()
    for hours in range(3, 7):
        clock.travel(timedelta(hours=hours))
        (held,) = claim()
        assert held.losses == 0
        clock.travel(timedelta(hours=hours, seconds=16))
        with transaction.writing() as session:
            assert losses.give_back_expired(session, 1) == 1
        assert state_pair(instance_id, "paid") == WAITS
    assert attempts_of(step_of(instance_id, "paid").id) == []
    assert nobody_calls() == 1
    assert state_pair(instance_id, "paid") == ("FAILED", "FAILED")


def test_a_wait_of_months_is_logged_though_its_milliseconds_are_beyond_the_column(app):
    publish(callback("paid"))
    instance_id = begin()
    clock.travel(timedelta(days=60))
    call(token_of(instance_id, "paid"), {})
    (attempt,) = step_of(instance_id, "paid").automation_log
    assert attempt.duration_ms is None and attempt.ended_at is not None
    assert (attempt.ended_at - attempt.started_at).days >= 59


# -- operators


@both_databases
@pytest.mark.parametrize(
    ("action", "more", "state"),
    [
        ("complete", {"output": {"by": "hand"}}, "COMPLETED"),
        ("fail", {"reason": "They called us"}, "FAILED"),
        ("skip", {"reason": "Not needed"}, "SKIPPED"),
    ],
)
def test_an_operator_ends_a_wait_by_hand(app, action, more, state):
    publish(callback("paid", timeout="PT2H"))
    instance_id = begin()
    assert step_of(instance_id, "paid").allowed_actions == ["complete", "fail", "skip"]
    do(instance_id, action, "paid", **more)

    step = step_of(instance_id, "paid")
    assert (step.state, step.output) == (state, more.get("output"))
    assert step.next_attempt_at is None and jobs() == []
    assert step.automation_log == []
    assert events_of(instance_id)[-2].actor == "user:operator@example.com"
    with pytest.raises(CallbackGone if action == "skip" else CallbackClosed):
        call(token_of(instance_id, "paid"), {})


def test_a_step_of_the_system_that_does_not_wait_is_not_completed_by_hand(app):
    publish(webhook("send"), callback("paid", "send"))
    instance_id = begin()
    refuses(instance_id, "complete", "send")
    refuses(instance_id, "complete", "paid")
    work()
    call(token_of(instance_id, "paid"), {})
    refuses(instance_id, "replay", "paid")


@both_databases
def test_a_call_to_a_skipped_or_cancelled_step_is_gone(app):
    publish(callback("paid"), callback("sent", "paid"))
    instance_id = begin()
    do(instance_id, "skip", "sent")
    with pytest.raises(CallbackGone) as gone:
        call(token_of(instance_id, "sent"), {})
    assert gone.value.status == 410 and "skipped" in gone.value.message
    do(instance_id, "cancel")
    with pytest.raises(CallbackGone) as gone:
        call(token_of(instance_id, "paid"), {})
    assert "cancelled" in gone.value.message


@both_databases
def test_in_a_paused_instance_a_call_ends_its_step_and_the_next_one_waits(app):
    publish(callback("paid", timeout="PT1H"), task("ship", "paid"))
    instance_id = begin()
    do(instance_id, "pause")
    assert step_of(instance_id, "paid").allowed_actions == ["skip"]
    clock.travel(timedelta(hours=2))
    assert nobody_calls() == 0, "its time falls due but waits"
    call(token_of(instance_id, "paid"), {"n": 1})
    assert states(instance_id) == {"paid": "COMPLETED", "ship": "PENDING"}
    do(instance_id, "resume")
    assert states(instance_id)["ship"] == "READY"


@both_databases
def test_an_early_call_in_a_paused_instance_waits_for_the_resume(app):
    publish(task("ask"), callback("paid", "ask"))
    instance_id = begin()
    do(instance_id, "pause")
    call(token_of(instance_id, "paid"), {"n": 1})
    do(instance_id, "skip", "ask")
    assert states(instance_id)["paid"] == "PENDING"
    do(instance_id, "resume")
    assert step_of(instance_id, "paid").output == {"n": 1}


@both_databases
def test_what_a_paused_instance_did_not_time_out_times_out_when_it_is_resumed(app):
    publish(callback("paid", timeout="PT1H"))
    instance_id = begin()
    do(instance_id, "pause")
    clock.travel(timedelta(hours=2))
    do(instance_id, "resume")
    assert nobody_calls() == 1
    assert states(instance_id)["paid"] == "FAILED"


# -- the secret


@both_databases
def test_only_a_hash_of_the_token_is_stored(app):
    publish(callback("paid"))
    instance_id = begin()
    row, token = row_of(instance_id), token_of(instance_id, "paid")
    assert token not in (row.nonce, row.token_hash)
    assert len(token) == 43 and len(row.token_hash) == 64


@both_databases
def test_instances_without_such_steps_have_no_callbacks(app):
    publish(task("ask"))
    begin()
    assert look(lambda session: session.scalars(select(Callback)).all()) == []


def test_after_a_change_of_the_secret_key_the_url_is_not_shown_but_the_old_one_works(app, settings):
    publish(callback("paid"))
    instance_id = begin()
    token = token_of(instance_id, "paid")
    try:
        callback_urls.use("another secret key that is long enough", settings.base_url)
        assert url_of(instance_id, "paid") is None
        assert call(token, {}).state == "COMPLETED"
    finally:
        callback_urls.use(settings.secret_key, settings.base_url)


def test_urls_are_made_from_the_base_url(app, settings):
    publish(callback("paid"))
    instance_id = begin()
    url = url_of(instance_id, "paid")
    assert url == f"{settings.base_url}/api/workflows/callbacks/{token_of(instance_id, 'paid')}"


@both_databases
def test_a_step_is_given_the_url_if_its_config_asks_for_it_and_no_other(app):
    body = {"notify": "{{ steps.paid.callbackUrl }}"}
    other = webhook("other", config={"body": "{{ input.a }}"})
    publish(webhook("ask", config={"body": body}), callback("paid"), other)
    instance_id = begin()
    held = claim()

    contexts = look(lambda session: read_contexts(session.connection(), held))
    asking = contexts.pop(held[0].id)
    assert asking["steps"]["paid"]["callbackUrl"] == url_of(instance_id, "paid")
    assert "paid" not in contexts.pop(held[1].id)["steps"]


def test_the_url_is_taken_out_of_what_is_kept_of_a_call(app):
    url = callback_urls.url_of("t" * 43)
    body = {"self": url, "short": "t" * 43, "in": f"https://x/?u={url.replace('/', '%2F')}"}
    came = calls.read("POST", [("Referer", url)], json.dumps(body).encode(), url)
    assert "t" * 43 not in json.dumps([came.body, came.request])
    assert came.body["self"] == "[callback URL]"


def test_a_body_is_kept_to_16_kib_in_the_log_and_whole_in_the_output(app):
    publish(callback("paid"))
    instance_id = begin()
    call(token_of(instance_id, "paid"), {"big": "x" * 50_000})
    step = step_of(instance_id, "paid")
    assert len(step.output["big"]) == 50_000
    request = step.automation_log[0].request
    assert request is not None and len(request["body"]) == 16 * 1024
    assert request["url"] == "[callback URL]"
