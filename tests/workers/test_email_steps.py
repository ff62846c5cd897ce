"""AUTOMATION_EMAIL, from the step to the mail server and back."""

from typing import Any

from sqlalchemy import update

from app import transaction
from app.models import AutomationJob, WorkflowInstanceStep
from tests.support.looking import do, step_of
from tests.support.mail_server import MailServer
from tests.support.mailing import carry_out_mail, email
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish

AGAIN = {"maxAttempts": 3, "schedule": [0, 0]}


@both_databases
def test_a_mail_is_sent_and_the_step_says_who_got_it(app, settings):
    publish(
        email(
            "confirm",
            to=["{{ input.name }} <{{ input.email }}>"],
            bcc=["audit@example.com"],
            subject="Order {{ input.id }}",
            text="Thank you, {{ input.name }}.",
            html="<p>Thank you, {{ input.name }}.</p>",
        )
    )
    order = begin(name="Ann <& Co>", email="ann@example.com", id="A-1")
    with MailServer() as server:
        carry_out_mail(settings, server)
        ((recipients, raw),) = server.mails
    step = step_of(order, "confirm")
    assert recipients == ["ann@example.com", "audit@example.com"]
    assert b"Subject: Order A-1\r\n" in raw and b"audit@" not in raw
    assert b"Thank you, Ann <& Co>." in raw and b"<p>Thank you, Ann &lt;&amp; Co&gt;.</p>" in raw
    assert step.state == "COMPLETED"
    assert step.output == {
        "messageId": f"<{step.execution_token}@127.0.0.1>",
        "accepted": recipients,
        "refused": [],
    }


def test_a_placeholder_alone_may_give_a_list_and_nobody_gets_a_mail_twice(app, settings):
    publish(email("tell", to=["{{ input.all }}"], cc=["bob@example.com"]))
    begin(all=["ann@example.com", "Bob <bob@example.com>", "ANN@example.com"])
    with MailServer() as server:
        carry_out_mail(settings, server)
        assert [to for to, _ in server.mails] == [["ann@example.com", "bob@example.com"]]


def test_one_malformed_recipient_loses_no_other(app, settings):
    publish(email("tell", to=["{{ input.a }}", "{{ input.b }}"]))
    order = begin(a="not an address", b="bob@example.com")
    with MailServer() as server:
        carry_out_mail(settings, server)
        assert server.mails[0][0] == ["bob@example.com"]
    output = step_of(order, "tell").output
    assert output is not None and output["refused"] == [
        {"address": "not an address", "code": None, "message": "This is no mail address."}
    ]


def test_with_nobody_left_nothing_is_sent_and_the_step_fails(app, settings):
    publish(email("tell", to=["{{ input.a }}"]))
    order = begin(a="x@y@z")
    with MailServer() as server:
        carry_out_mail(settings, server)
        assert server.heard == []
    step = step_of(order, "tell")
    assert (step.state, step.error) == (
        "FAILED",
        "No mail was sent: nobody can get it. x@y@z (This is no mail address).",
    )


def test_a_path_that_leads_nowhere_fails_at_once_and_is_named(app, settings):
    publish(
        email("address", to=["{{ input.nobody }}"]),
        email("text", "address", text="Hello\n{{ input.nothing }}"),
    )
    order = begin()
    with MailServer() as server:
        carry_out_mail(settings, server)
        assert step_of(order, "address").error == "input.nobody is missing: no mail was made"
        do(order, "skip", "address")
        carry_out_mail(settings, server)
        assert server.heard == []
    step = step_of(order, "text")
    assert step.error == "No mail was made: text, line 2: input.nothing is missing"
    assert (step.state, step.attempts) == ("FAILED", 1)


def put_off(*names: str) -> Any:
    """Answers to RCPT: these are put off."""
    return lambda line: "450 busy" if any(name in line for name in names) else "250 ok"


@both_databases
def test_a_retry_goes_only_to_those_who_do_not_have_the_mail(app, settings):
    publish(email("tell", to=["ann@example.com", "late@example.com"], retry=AGAIN))
    order = begin()
    with MailServer({"RCPT": put_off("late")}) as server:
        carry_out_mail(settings, server)
        step = step_of(order, "tell")
        assert (step.state, step.action_state) == ("STARTED", "RETRY_WAIT")
        assert step.error is not None and step.error.startswith("1 of 2 recipients have the mail.")
        del server.answers["RCPT"]
        carry_out_mail(settings, server)
        (first, before), (second, after) = server.mails
    assert (first, second) == (["ann@example.com"], ["late@example.com"])
    same = [line for line in before.splitlines() if line.startswith((b"Message-ID", b"To:"))]
    assert all(line in after for line in same) and len(same) == 2
    output = step_of(order, "tell").output
    assert output is not None and output["accepted"] == ["ann@example.com", "late@example.com"]
    assert output["refused"] == []


def test_at_the_last_attempt_who_was_put_off_is_listed_and_the_step_completes(app, settings):
    publish(email("tell", to=["ann@example.com", "late@example.com"], retry=AGAIN))
    order = begin()
    with MailServer({"RCPT": put_off("late")}) as server:
        for _ in range(3):
            carry_out_mail(settings, server)
        assert [to for to, _ in server.mails] == [["ann@example.com"]]
    step = step_of(order, "tell")
    assert step.state == "COMPLETED" and step.output is not None
    assert step.output["accepted"] == ["ann@example.com"]
    assert step.output["refused"] == [
        {"address": "late@example.com", "code": 450, "message": "busy"}
    ]


def test_an_operators_retry_sends_no_second_mail_either(app, settings):
    publish(email("tell", to=["ann@example.com", "late@example.com"], retry=AGAIN))
    order = begin()
    with MailServer({"RCPT": put_off("late")}) as server:
        carry_out_mail(settings, server)
        server.answers = {"MAIL": "550 not from you"}
        carry_out_mail(settings, server)
        step = step_of(order, "tell")
        assert (step.state, step.error) == (
            "FAILED",
            "The mail server said 550 not from you (at MAIL). Check whether it may send for "
            "MAIL_FROM. ann@example.com got it before, and no second one.",
        )
        server.answers = {}
        do(order, "retry", "tell")
        carry_out_mail(settings, server)
        assert [to for to, _ in server.mails] == [["ann@example.com"], ["late@example.com"]]
    assert step_of(order, "tell").state == "COMPLETED"


def test_a_replay_sends_to_all_again_under_another_id(app, settings):
    publish(email("tell"))
    order = begin()
    with MailServer() as server:
        carry_out_mail(settings, server)
        do(order, "replay", "tell", reason="They lost it")
        carry_out_mail(settings, server)
        ids = {
            line for _, raw in server.mails for line in raw.splitlines() if b"Message-ID" in line
        }
        assert [to for to, _ in server.mails] == [["ann@example.com"]] * 2
    assert len(ids) == 2


def test_a_connection_lost_after_the_text_is_unknown_and_tried_again_under_the_same_id(
    app, settings
):
    publish(email("tell", retry=AGAIN))
    order = begin()
    with MailServer({"text": "drop"}) as server:
        carry_out_mail(settings, server)
        attempt = step_of(order, "tell").automation_log[0]
        assert attempt.outcome == "unknown"
        assert "It may have been delivered" in (attempt.error or "")
        server.answers = {}
        carry_out_mail(settings, server)
    assert step_of(order, "tell").state == "COMPLETED"


ORG: dict[str, Any] = {"org_domains": "example.com, Example.org"}


def test_what_input_fills_in_may_lead_outside_since_a_permitted_author_wrote_it_so(app, settings):
    publish(email("tell", to=["{{ input.email }}"]))
    order = begin(email="customer@elsewhere.net")
    with MailServer() as server:
        carry_out_mail(settings, server, **ORG)
        assert server.mails[0][0] == ["customer@elsewhere.net"]
    assert step_of(order, "tell").state == "COMPLETED"


def change_recipients(order: int, *to: str) -> None:
    """Somebody changes this instance's step, so that it is not as its template has it."""
    with transaction.writing() as session:
        for row in (WorkflowInstanceStep, AutomationJob):
            config = step_of(order, "tell").action_config | {"to": [*to]}
            session.execute(
                update(row).where(row.instance_id == order).values(action_config=config)
            )


def test_an_instance_whose_recipients_were_changed_stays_inside_the_organisation(app, settings):
    publish(email("tell", to=["{{ input.email }}"]))
    order = begin(email="customer@elsewhere.net")
    change_recipients(order, "{{ input.email }}", "ann@Example.com", "bob@example.org")
    with MailServer() as server:
        carry_out_mail(settings, server, **ORG)
        assert server.mails[0][0] == ["ann@Example.com", "bob@example.org"]
    output = step_of(order, "tell").output
    assert output is not None and output["refused"][0]["address"] == "customer@elsewhere.net"
    assert "outside the organisation" in output["refused"][0]["message"]


def test_with_all_of_them_outside_the_step_fails_and_without_a_rule_it_is_sent(app, settings):
    publish(email("tell", to=["{{ input.email }}"]))
    orders = [begin(email="customer@elsewhere.net") for _ in range(2)]
    for order in orders:
        change_recipients(order, "boss@elsewhere.net")
    with MailServer() as server:
        for order, rule in zip(orders, (ORG, {}), strict=True):
            with transaction.writing() as session:
                other = AutomationJob.instance_id != order
                session.execute(update(AutomationJob).where(other).values(held=True))
            carry_out_mail(settings, server, **rule)
            with transaction.writing() as session:
                session.execute(update(AutomationJob).values(held=False))
        assert [to for to, _ in server.mails] == [["boss@elsewhere.net"]]
    failed, sent = (step_of(order, "tell") for order in orders)
    assert failed.state == "FAILED" and "outside the organisation" in (failed.error or "")
    assert sent.state == "COMPLETED"
