"""What a dry run shows, rule by rule. That it is what really happens: `test_dry_run_is_real.py`."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app import transaction
from app.domain import drafts, dry_run_sources, dry_runs, templates
from app.domain.people import Actor
from app.errors import Invalid, NotFound
from app.extensions import Base
from app.models import WorkflowTemplate
from app.schemas.dry_run import DryRunIn
from app.schemas.template import Template
from app.schemas.yaml_text import loads_yaml
from app.seeds import cast as people
from app.seeds import documents
from tests.support.callbacks import callback
from tests.support.dry_runs import draft, dry_run, step, told
from tests.support.looking import look
from tests.support.mailing import email
from tests.support.marks import both_databases
from tests.support.notifying import cast, policy
from tests.support.secrets import keep
from tests.support.workflows import LOOPBACK, OPERATOR, begin, make_step, publish, task, webhook

GUIDE = Path(__file__).parent.parent.parent / "docs" / "authoring" / "refund.yaml"
NINE = "2027-03-01T09:00:00Z"  # a Monday
HOUR = 3600.0


def timer(key: str, *depends_on: str, **config: Any) -> dict[str, Any]:
    return make_step(key, "WAIT_TIMER", depends_on, config, {})


def approval(key: str, *depends_on: str, **more: Any) -> dict[str, Any]:
    return make_step(key, "APPROVAL", depends_on, {}, more)


def states(found: Any) -> dict[str, str]:
    return {one.key: one.state for one in found.steps}


def counts() -> dict[str, int]:
    """How many rows each table has."""
    return look(
        lambda session: {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
    )


# -- nothing is sent, nothing is written


@both_databases
def test_a_dry_run_of_every_seeded_template_opens_no_connection_and_writes_no_row(
    app, settings, tmp_path, monkeypatch
):
    with transaction.writing() as session:
        people.come(session, tmp_path)
        documents.publish_all(session, "http://127.0.0.1:8001")
    ids = look(lambda session: list(session.scalars(select(WorkflowTemplate.id))))
    before = counts()

    def refuse(*_: Any) -> None:
        raise AssertionError("A dry run tried to connect.")

    with monkeypatch.context() as patched:
        for name in ("connect", "connect_ex", "sendto", "bind"):
            patched.setattr(socket.socket, name, refuse)
        patched.setattr(socket, "getaddrinfo", refuse)
        with transaction.reading() as session:
            for template_id in ids:
                source = dry_runs.read(session, template_id, None, settings)
                found = dry_runs.run(session, source, DryRunIn.read({}), settings, OPERATOR)
                assert found.path
                assert found.state in ("COMPLETED", "ATTENTION")
                assert not session.new
                assert not session.dirty
                assert not session.info
    assert len(ids) == len(documents.read_all("http://127.0.0.1:8001"))
    assert counts() == before


# -- the path


def test_the_path_names_the_steps_in_the_order_in_which_they_become_ready(app, settings):
    template = draft(task("b", "a"), task("a"), task("c", when={"all": [["input.x", "exists"]]}))
    found = dry_run(settings, template)
    assert found.path == ["a", "b"]
    assert found.state == "COMPLETED"
    assert states(found) == {"b": "COMPLETED", "a": "COMPLETED", "c": "SKIPPED"}
    assert step(found, "c").reason == "input.x is missing, wanted exists"


def test_what_waits_for_skipped_steps_alone_is_skipped_likewise(app, settings):
    no = {"all": [["input.gift", "=", True]]}
    found = dry_run(settings, draft(task("wrap", when=no), task("ribbon", "wrap")), input={})
    assert step(found, "ribbon").reason == "all steps before it were skipped"
    assert found.path == []


def test_a_step_that_fails_leaves_the_instance_in_attention_and_says_what_still_waits(
    app, settings
):
    template = draft(webhook("charge"), task("pack", "charge"), task("print"))
    found = dry_run(settings, template, outcomes={"charge": "failure"})
    assert found.state == "ATTENTION"
    assert step(found, "charge").error == "400 Bad Request from 127.0.0.1:9"
    assert step(found, "pack").reason == "It waits for Charge."
    assert step(found, "print").state == "COMPLETED"
    assert found.end_at is None


def test_a_rejected_approval_takes_the_other_branch(app, settings):
    yes = {"all": [["steps.ask.output.outcome", "=", "approved"]]}
    no = {"all": [["steps.ask.output.outcome", "=", "rejected"]]}
    template = draft(approval("ask"), task("go", "ask", when=yes), task("stop", "ask", when=no))
    assert dry_run(settings, template).path == ["ask", "go"]
    assert dry_run(settings, template, outcomes={"ask": "rejected"}).path == ["ask", "stop"]


def test_a_step_that_an_operator_skips_counts_as_done(app, settings):
    found = dry_run(settings, draft(webhook("a"), task("b", "a")), outcomes={"a": "skipped"})
    assert states(found) == {"a": "SKIPPED", "b": "COMPLETED"}
    assert step(found, "a").attempts == []


def test_a_step_that_nobody_does_stays_open(app, settings):
    found = dry_run(settings, draft(task("a"), task("b", "a")), outcomes={"a": "open"})
    assert states(found) == {"a": "READY", "b": "PENDING"}
    assert found.state == "RUNNING"


def test_a_value_that_is_missing_fails_the_step_at_once_and_names_the_path(app, settings):
    template = draft(webhook("a", config={"body": {"of": "{{ input.order.id }}"}}))
    found = step(dry_run(settings, template, input={"order": {}}), "a")
    assert found.state == "FAILED"
    assert found.error == "input.order.id is missing: the request could not be made"
    assert found.request is None


def test_a_time_that_is_missing_fails_the_step_before_it_is_asked_for(app, settings):
    template = draft(timer("wait", runAt="{{ input.day }}"))
    found = step(dry_run(settings, template, input={}), "wait")
    assert (found.state, found.error) == ("FAILED", "input.day is missing")


# -- what is sent


def test_a_request_stands_as_it_would_be_sent_with_secrets_as_their_names(app, settings):
    keep("STOCK_TOKEN")
    config = {
        "url": "http://127.0.0.1:9/orders/{{ input.id }}",
        "body": {"order": "{{ input.id }}", "n": "{{ input.n }}", "run": "{{ instance.id }}"},
        "auth": {"type": "bearer", "secret": "STOCK_TOKEN"},
    }
    found = dry_run(settings, draft(webhook("a", config=config)), input={"id": "A/1", "n": 2})
    request = step(found, "a").request or {}
    assert request["url"] == "http://127.0.0.1:9/orders/A%2F1"
    assert request["body"] == '{"order": "A/1", "n": 2, "run": 0}'
    assert ["Authorization", "Bearer [secret STOCK_TOKEN]"] in request["headers"]


def test_a_secret_that_does_not_exist_fails_the_step_and_is_a_problem_of_the_draft(app, settings):
    template = draft(webhook("a", config={"signingSecret": "GONE"}))
    found = dry_run(settings, template)
    assert step(found, "a").error == "There is no secret named GONE."
    assert [one.path for one in found.problems] == ["steps.0.actionConfig.signingSecret"]


def test_a_destination_that_the_guard_refuses_fails_the_step(app, settings):
    template = draft(webhook("a", config={"url": "http://{{ input.host }}/a"}))
    found = step(dry_run(settings, template, input={"host": "169.254.169.254"}), "a")
    assert found.state == "FAILED"
    assert "not on the public internet" in (found.error or "")


def test_a_mail_stands_as_it_would_be_sent(app, settings):
    template = draft(email("tell", to=["{{ input.to }}"], subject="Order {{ input.id }}"))
    found = dry_run(settings, template, input={"to": "ann@example.com", "id": 7})
    message = step(found, "tell").message or {}
    assert (message["to"], message["subject"]) == ("ann@example.com", "Order 7")
    assert step(found, "tell").output["accepted"] == ["ann@example.com"]


def test_the_url_of_a_callback_stands_as_its_place_holder(app, settings):
    body = {"call": "{{ steps.paid.callbackUrl }}"}
    template = draft(webhook("pay", config={"body": body}), callback("paid", "pay"))
    found = dry_run(settings, template)
    assert step(found, "pay").request["body"] == '{"call": "[callback URL]"}'  # type: ignore[index]
    assert step(found, "paid").callback_url == "[callback URL]"


# -- outputs


def test_an_output_that_is_given_is_read_by_later_steps(app, settings):
    template = draft(
        webhook("reserve"),
        webhook("ship", "reserve", config={"body": "{{ steps.reserve.output.ref }}"}),
    )
    found = dry_run(settings, template, outputs={"reserve": {"ref": "R-77"}})
    assert step(found, "ship").request["body"] == "R-77"  # type: ignore[index]
    assert not step(found, "reserve").made_up


def test_what_later_steps_read_is_made_up_and_marked(app, settings):
    high = {"all": [["steps.reserve.output.score", ">", 10]]}
    template = draft(
        webhook("reserve"),
        webhook(
            "ship", "reserve", when=high, config={"body": "{{ steps.reserve.output.to.email }}"}
        ),
    )
    found = dry_run(settings, template)
    assert step(found, "reserve").output == {"to": {"email": "name@example.com"}, "score": 11}
    assert step(found, "reserve").made_up
    assert step(found, "ship").state == "COMPLETED"


def test_an_answer_is_made_up_that_meets_what_the_step_expects(app, settings):
    config = {
        "expect": [{"path": "body.lines.0.state", "op": "=", "value": "held"}],
        "output": {"state": "body.lines.0.state", "ref": "body.ref"},
        "successStatus": [202],
    }
    found = step(dry_run(settings, draft(webhook("a", config=config))), "a")
    assert found.output == {"state": "held", "ref": "example-ref"}
    assert found.attempts[0].response["status"] == 202  # type: ignore[index]


def test_the_answers_of_a_form_are_made_up_from_its_schema(app, settings):
    schema = {
        "type": "object",
        "required": ["size"],
        "properties": {"size": {"enum": ["S", "M"]}, "on": {"type": "string", "format": "date"}},
    }
    template = draft(make_step("ask", "FORM_INPUT", [], {"schema": schema}, {}))
    assert step(dry_run(settings, template), "ask").output == {"size": "S", "on": "2026-01-31"}
    with pytest.raises(Invalid) as refusal:
        dry_run(settings, template, outputs={"ask": {"size": "XL"}})
    assert refusal.value.errors[0].path == "outputs.ask.size"


def test_answers_that_can_not_be_made_up_leave_the_form_open_and_say_so(app, settings):
    schema = {"type": "object", "properties": {"no": {"type": "string", "pattern": "^[0-9]{8}$"}}}
    found = step(
        dry_run(settings, draft(make_step("a", "FORM_INPUT", [], {"schema": schema}, {}))), "a"
    )
    assert found.state == "READY"
    assert "say what its output is" in found.notes[0]


def test_the_input_is_made_up_unless_it_is_given_or_that_of_an_instance(app, settings):
    schema = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string", "examples": ["A-1"]}, "n": {"default": 3}},
    }
    template = publish(task("a"), inputSchema=schema)
    instance_id = begin(id="A-9")
    made_up = dry_run(settings, template)
    assert (made_up.input, made_up.input_made_up) == ({"id": "A-1", "n": 3}, True)
    copied = dry_run(settings, template, instanceId=instance_id)
    assert (copied.input, copied.input_made_up) == ({"id": "A-9", "n": 3}, False)
    for wish, path in (({"input": {}}, "input.id"), ({"instanceId": 999}, "instanceId")):
        with pytest.raises(Invalid) as refusal:
            dry_run(settings, template, **wish)
        assert [error.path for error in refusal.value.errors] == [path]


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"outcomes": {"b": "failure"}}, "outcomes.b"),
        ({"outputs": {"b": {}}}, "outputs.b"),
        ({"takes": {"b": "PT1H"}}, "takes.b"),
        ({"outcomes": {"a": "timeout"}}, "outcomes.a"),
    ],
)
def test_what_is_said_of_steps_must_fit_them(app, settings, wish, path):
    with pytest.raises(Invalid) as refusal:
        dry_run(settings, draft(task("a")), **wish)
    assert [error.path for error in refusal.value.errors] == [path]


# -- times


def test_waits_count_from_the_start_and_make_the_shortest_duration(app, settings):
    template = draft(
        timer("wait", delay="PT2H"),
        task("check", "wait"),
        webhook("send", "check", config={"delay": "PT30M"}),
    )
    found = dry_run(settings, template, startAt=NINE)
    assert found.start_at == datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert found.duration_seconds == 2.5 * HOUR
    assert [step(found, key).offset_seconds for key in ("wait", "check", "send")] == [
        0,
        2 * HOUR,
        2 * HOUR,
    ]
    assert step(found, "send").attempts[0].offset_seconds == 2.5 * HOUR


def test_how_long_steps_take_can_be_said(app, settings):
    found = dry_run(
        settings,
        draft(task("a"), webhook("b", "a")),
        startAt=NINE,
        takes={"a": "PT3H", "b": "PT10S"},
    )
    assert found.duration_seconds == 3 * HOUR + 10


def test_tries_stand_at_the_middle_of_what_chance_makes_of_their_waits(app, settings):
    retry = {"schedule": "exponential", "baseSeconds": 30, "maxSeconds": 3600, "maxAttempts": 3}
    found = dry_run(
        settings, draft(webhook("a", config={"retry": retry})), outcomes={"a": "exhausted"}
    )
    only = step(found, "a")
    assert [attempt.offset_seconds for attempt in only.attempts] == [0, 30, 90]
    assert [attempt.outcome for attempt in only.attempts] == ["retry", "retry", "failed"]
    assert only.retry == (
        "Up to 3 tries: again after 30 seconds, 60 seconds; in all 90 seconds. "
        "Each wait varies by a fifth."
    )


def test_a_step_whose_time_has_passed_is_skipped_if_it_says_so(app, settings):
    config = {"runAt": "2027-03-01T08:00:00Z", "ifPast": "skip"}
    found = step(dry_run(settings, draft(timer("wait", **config)), startAt=NINE), "wait")
    assert found.reason == "its time, 2027-03-01 08:00:00 UTC, had passed"


def test_occurrences_follow_the_rule_in_its_time_zone(app, settings):
    rule = {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin", "count": 3}
    found = dry_run(settings, draft(webhook("a", config={"recurrence": rule})), startAt=NINE)
    times = [attempt.at.isoformat() for attempt in step(found, "a").attempts]
    assert times == [f"2027-03-0{day}T08:00:00+00:00" for day in (2, 3, 4)]
    assert [attempt.occurrence for attempt in step(found, "a").attempts] == [1, 2, 3]


def test_a_long_series_is_shown_by_its_first_occurrences_and_its_last(app, settings):
    rule = {"everySeconds": 60, "count": 50_000}
    template = draft(webhook("a", config={"recurrence": rule}), task("b", "a"))
    found = dry_run(settings, template, startAt=NINE)
    attempts = step(found, "a").attempts
    assert [one.occurrence for one in attempts] == [*range(1, 11), 50_000]
    assert attempts[-1].offset_seconds == 50_000 * 60
    assert step(found, "a").notes == ["Occurrences 11 to 49999 are not shown."]
    assert step(found, "b").offset_seconds == 50_000 * 60


def test_a_series_that_ends_with_a_time_is_shown_to_its_last_occurrence(app, settings):
    rule = {"cron": "0 * * * *", "until": "2027-03-03T09:30:00Z"}
    found = dry_run(settings, draft(webhook("a", config={"recurrence": rule})), startAt=NINE)
    last = step(found, "a").attempts[-1]
    assert (last.occurrence, last.at) == (48, datetime(2027, 3, 3, 9, tzinfo=UTC))


def test_a_walk_without_end_is_stopped_and_says_so(app, settings, monkeypatch):
    monkeypatch.setattr("app.domain.dry_run.MOST_MOMENTS", 5)
    found = dry_run(settings, draft(*(webhook(f"a{n}") for n in range(9))))
    assert "ends after 5 moments" in found.problems[-1].message


# -- callbacks


def test_a_callback_ends_with_the_call_or_with_its_timeout(app, settings):
    template = draft(callback("paid", timeout="PT1H"), task("b", "paid"))
    assert dry_run(settings, template).duration_seconds == 0
    late = dry_run(settings, template, outcomes={"paid": "timeout"})
    assert step(late, "paid").error == "Nobody called within 1 hour."
    assert step(late, "paid").completed_at == late.start_at + timedelta(hours=1)
    slow = dry_run(settings, template, takes={"paid": "PT2H"})
    assert step(slow, "paid").state == "FAILED"


def test_a_callback_without_a_timeout_waits_on(app, settings):
    found = dry_run(settings, draft(callback("paid")), outcomes={"paid": "timeout"})
    assert (step(found, "paid").state, step(found, "paid").action_state) == ("STARTED", "WAITING")


def test_a_call_is_made_up_that_meets_what_the_step_expects(app, settings):
    expect = [{"path": "body.paid", "op": "=", "value": True}]
    template = draft(callback("paid", expect=expect, output={"ref": "body.ref"}))
    assert step(dry_run(settings, template), "paid").output == {"ref": "example-ref"}


# -- notifications


def test_notifications_stand_as_they_would_be_sent(app, settings):
    cast()
    policies = [policy("ON_READY", "IN_APP", ["role:operator", "user:author@example.com"])]
    found = dry_run(settings, draft(task("pack", notificationPolicies=policies)))
    assert told(found, "pack") == [
        ("ON_READY", "IN_APP", "operator@example.com", "SENT"),
        ("ON_READY", "IN_APP", "second@example.com", "SENT"),
        ("ON_READY", "IN_APP", "author@example.com", "SENT"),
    ]
    assert "Pack" in str(step(found, "pack").notifications[0].content)


def test_a_mail_that_tells_ends_with_the_way_into_the_console(app, settings):
    cast()
    with_mail = type(settings)(**{**_values(settings), "smtp_url": "smtp://127.0.0.1:2"})
    template = draft(
        task(
            "pack",
            notificationPolicies=[policy("ON_READY", "EMAIL", "assignee")],
            assignee="role:operator",
        )
    )
    content = step(dry_run(with_mail, template), "pack").notifications[0].content or {}
    assert "/instances/0/steps/pack" in content["text"]


def _values(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in type(settings).__dataclass_fields__}


def test_a_channel_that_is_not_set_up_is_skipped_with_the_reason_and_falls_back(app, settings):
    cast()
    policies = [policy("ON_READY", "EMAIL", ["user:author@example.com"], fallback="IN_APP")]
    found = dry_run(settings, draft(task("pack", notificationPolicies=policies)))
    first, second = step(found, "pack").notifications
    assert (first.state, first.reason) == ("SKIPPED", "No mail server is set up (SMTP_URL).")
    assert (second.channel, second.state, second.fallback) == ("IN_APP", "SENT", True)


def test_operators_are_told_of_a_failure_that_reaches_nobody_else(app, settings):
    cast()
    policies = [policy("ON_FAILED", "EMAIL", ["user:author@example.com"])]
    template = draft(webhook("a", notificationPolicies=policies), webhook("b"))
    found = dry_run(settings, template, outcomes={"a": "failure", "b": "failure"})
    assert ("ON_FAILED", "IN_APP", "operator@example.com", "SENT") in told(found, "a")
    assert ("ON_FAILED", "IN_APP", "operator@example.com", "SENT") in told(found, "b")


def test_a_policy_whose_condition_does_not_hold_says_why_nobody_is_told(app, settings):
    cast()
    policies = [policy("ON_READY", "IN_APP", when={"all": [["input.vip", "=", True]]})]
    found = dry_run(settings, draft(task("a", notificationPolicies=policies)), input={"vip": False})
    (only,) = step(found, "a").notifications
    assert (only.state, only.reason) == ("SKIPPED", "input.vip was false, wanted = true")


def test_a_template_that_can_not_be_rendered_fails_the_notification_with_its_words(app, settings):
    cast()
    policies = [policy("ON_READY", "IN_APP", template="no-such-template")]
    found = dry_run(settings, draft(task("a", notificationPolicies=policies)))
    assert step(found, "a").notifications[0].state == "FAILED"
    assert [one.path for one in found.problems] == ["steps.0.notificationPolicies.0.template"]


def test_reminders_escalations_and_lateness_follow_while_nobody_does_it(app, settings):
    cast()
    policies = [
        policy(
            "ON_READY",
            "IN_APP",
            remind={"every": "PT1H", "times": 2},
            escalate=[{"after": "PT3H", "to": ["user:author@example.com"], "channel": "IN_APP"}],
        ),
        policy("ON_OVERDUE", "IN_APP"),
    ]
    template = draft(task("pack", notificationPolicies=policies, dueIn="PT90M"))
    found = dry_run(settings, template, outcomes={"pack": "open"})
    seen = {
        (one.trigger, one.round, one.offset_seconds) for one in step(found, "pack").notifications
    }
    assert seen == {
        ("ON_READY", 0, 0),
        ("REMINDER", 1, HOUR),
        ("ON_OVERDUE", 0, 1.5 * HOUR),
        ("REMINDER", 2, 2 * HOUR),
        ("ESCALATION", 1, 3 * HOUR),
    }
    quick = dry_run(settings, template, takes={"pack": "PT70M"})
    assert {one.trigger for one in step(quick, "pack").notifications} == {"ON_READY", "REMINDER"}


def test_a_notification_may_come_later_than_its_cause(app, settings):
    cast()
    policies = [policy("ON_COMPLETED", "IN_APP", delay="P1D")]
    found = dry_run(settings, draft(task("a", notificationPolicies=policies)))
    assert step(found, "a").notifications[0].offset_seconds == 24 * HOUR


def test_the_policies_of_the_whole_instance_tell_too(app, settings):
    cast()
    whole = [
        policy(trigger, "IN_APP") for trigger in ("ON_STARTED", "ON_COMPLETED", "ON_ATTENTION")
    ]
    template = draft(task("a"), notificationPolicies=whole)
    assert {one[0] for one in told(dry_run(settings, template))} == {"ON_STARTED", "ON_COMPLETED"}
    failed = dry_run(settings, template, outcomes={"a": "failure"})
    assert {one[0] for one in told(failed)} == {"ON_STARTED", "ON_ATTENTION"}


# -- the guide's own template


def test_the_template_of_the_authors_guide_goes_as_the_guide_says(app, settings):
    cast()
    for secret in ("SHOP_TOKEN", "PAY_KEY"):
        keep(secret)
    with transaction.writing() as session:
        template = Template.read(loads_yaml(GUIDE.read_bytes()))
        template_id = templates.create(session, template, OPERATOR).id
    small = dry_run(settings, template_id, input={"orderId": "A-1", "amount": 40})
    assert small.path == ["order", "pay", "tell"]
    large = {"orderId": "A-1", "amount": 900}
    rejected = dry_run(settings, template_id, input=large, outcomes={"approve": "rejected"})
    assert rejected.path == ["order", "approve"]
    assert step(rejected, "pay").state == "SKIPPED"
    wish: dict[str, Any] = {"takes": {"approve": "PT3H"}, "outcomes": {"pay": "exhausted"}}
    failing = dry_run(settings, template_id, input=large, **wish)
    assert len(step(failing, "pay").attempts) == 6
    reminders = [one for one in step(failing, "approve").notifications if one.round]
    assert {one.offset_seconds for one in reminders} == {HOUR, 2 * HOUR, 3 * HOUR}
    assert ("ON_FAILED", "IN_APP", "operator@example.com", "SENT") in told(failing, "pay")


# -- drafts, versions, half-done drafts


def test_a_version_is_walked_as_it_was_published(app, settings):
    template = publish(task("a"))
    with transaction.writing() as session:
        row = session.get_one(WorkflowTemplate, template)
        row.draft = row.draft | {"steps": [row.draft["steps"][0] | {"key": "b"}]}
    assert dry_run(settings, template).path == ["b"]
    assert dry_run(settings, template, version=1).path == ["a"]
    with pytest.raises(NotFound, match="no version 2"):
        dry_run(settings, template, version=2)


def test_a_draft_without_steps_is_over_at_once_and_says_what_it_lacks(app, settings):
    found = dry_run(settings, draft())
    assert found.path == []
    assert [one.message for one in found.problems] == [
        "A template needs at least one step to be published."
    ]


def test_of_a_half_done_draft_everything_is_walked_that_can_be(app):
    document = {
        "key": "half",
        "name": "",
        "dueIn": "soon",
        "steps": [
            {"key": "a", "name": "A", "actionType": "MANUAL_TASK"},
            {"key": "b", "name": "B", "actionType": "AUTOMATION_WEBHOOK", "actionConfig": {}},
            {"key": "c", "name": "C", "actionType": "MANUAL_TASK", "dependsOn": ["b"]},
            {"key": "d", "name": "D", "actionType": "MANUAL_TASK", "dependsOn": ["a", "gone"]},
            {"key": "a", "name": "Again", "actionType": "MANUAL_TASK"},
            {"key": "e", "name": "E", "actionType": "MANUAL_TASK", "dependsOn": ["f"]},
            {"key": "f", "name": "F", "actionType": "MANUAL_TASK", "dependsOn": ["e"]},
            {"key": "g", "name": "G", "actionType": "MANUAL_TASK", "dependsOn": ["a"]},
        ],
    }
    checked, left_out = dry_run_sources.walkable(document, [], LOOPBACK)
    assert [one["key"] for one in checked["steps"]] == ["a", "g"]
    assert {key: why for key, (_, why) in left_out.items()} == {
        "steps.4": "It has errors.",
        "b": "It has errors.",
        "c": "It waits for b, which has errors.",
        "d": "It has errors.",
        "e": "It has errors.",
        "f": "It has errors.",
    }


def test_a_step_with_a_text_that_can_not_be_read_is_left_out(app):
    steps = [webhook("a"), task("b", "a"), task("c")]
    document = {"key": "half", "name": "Half", "steps": steps}
    unread = ["steps.0.actionConfig.body"]
    checked, left_out = dry_run_sources.walkable(document, unread, LOOPBACK)
    assert [one["key"] for one in checked["steps"]] == ["c"]
    assert left_out["a"][1] == "It has errors."


def test_what_an_author_is_writing_is_walked_with_its_faults_listed(app, settings):
    template = draft(task("a"), webhook("b", "a"), task("c", "b"), task("d", "a"))
    with transaction.writing() as session:
        written = drafts.read(session, template)
        written.document["steps"][1]["actionConfig"]["url"] = ""
        actor = Actor("user:author@example.com", "author", may_add_automation=True)
        drafts.save(session, template, written.revision, actor, written.document, {}, LOOPBACK)
    found = dry_run(settings, template)
    assert found.path == ["a", "d"]
    assert [one.path for one in found.problems] == ["steps.1.actionConfig.url"]
    assert (step(found, "b").state, step(found, "b").reason) == ("PENDING", "It has errors.")
    assert step(found, "c").reason == "It waits for b, which has errors."
