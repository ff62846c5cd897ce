"""No mail server holds a mail longer than its time, whatever it does, and none outlasts a stop."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app import clock
from tests.support.looking import step_of
from tests.support.mail_server import DRIP, STALL, MailServer
from tests.support.mailing import carry_out_mail, email
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish
from tests.workers.test_mailer import mail
from workers.mailer import Mailer
from workers.outbound import CancelToken

SOON = 15  # seconds in which what is cut short has long ended; uncut, it would take 20


@pytest.fixture
def aside():
    """Does something in another thread; its result is waited for no longer than SOON."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit


@pytest.mark.parametrize("how", [STALL, DRIP])
@pytest.mark.parametrize(
    ("stage", "unknown"), [("greeting", False), ("EHLO", False), ("RCPT", False), ("text", True)]
)
def test_the_time_counts_for_the_whole_mail_and_not_from_answer_to_answer(
    aside, how, stage, unknown
):
    with MailServer({stage: how}) as server:
        mailer = Mailer(server.url())
        outcome = aside(mailer.send, mail(), ["ann@example.com"], timeout=1).result(SOON)
        mailer.close()
        assert server.stalling.is_set()
    assert (outcome.verdict, outcome.unknown) == ("retry", unknown)
    assert "did not answer in time" in (outcome.error or "")


def test_a_steps_own_timeout_is_the_limit_of_its_mail(app, settings, aside):
    publish(email("tell", timeoutSeconds=1))
    order = begin()

    def send():
        with app.app_context():
            return carry_out_mail(settings, server)

    with MailServer({"text": DRIP}) as server:
        outcome = aside(send).result(SOON)
    assert (outcome.verdict, outcome.unknown) == ("retry", True)
    step = step_of(order, "tell")
    assert step.action_state == "RETRY_WAIT"
    assert step.error is not None and "It may have been delivered" in step.error


@both_databases
@pytest.mark.parametrize("stage", ["MAIL", "text"])
def test_a_stop_closes_the_socket_and_hands_the_mail_back_with_its_token(
    app, settings, aside, stage
):
    publish(email("tell"))
    order = begin()
    cancel = CancelToken()
    with MailServer({stage: STALL}) as server:
        stop = aside(lambda: server.stalling.wait(SOON) and cancel.cancel())
        outcome = carry_out_mail(settings, server, cancel)
        stop.result(SOON)
        assert (outcome.verdict, server.mails) == ("returned", [])
        before = step_of(order, "tell")
        assert (before.state, before.retry_count) == ("STARTED", 0)
        assert before.error is not None and before.error.startswith("The attempt was stopped")
        assert before.next_attempt_at is not None and before.next_attempt_at <= clock.now()
        server.answers = {}
        carry_out_mail(settings, server)
        ((_, text),) = server.mails
    after = step_of(order, "tell")
    assert (after.state, after.execution_token) == ("COMPLETED", before.execution_token)
    assert f"Message-ID: <{before.execution_token}@".encode() in text


def test_closing_the_mailer_returns_what_is_under_way(aside):
    with MailServer({"DATA": STALL}) as server:
        mailer = Mailer(server.url())
        sent = aside(mailer.send, mail(), ["ann@example.com"])
        assert server.stalling.wait(SOON)
        mailer.close()
        assert sent.result(SOON).verdict == "returned"
