"""Handing mail over to a real SMTP server, whatever it answers, or does not."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from app.domain.mail_message import compose
from app.domain.outcomes import Outcome
from app.mailbox import Mailbox
from devtools.ports import free_port
from tests.support.mail_server import DROP, STALL, MailServer, plain_credentials
from tests.workers.hostile_servers import certificate_for
from workers import mail_pool
from workers.mailer import Mailer
from workers.outbound import CancelToken

PERHAPS = "It may have been delivered; another try carries the same Message-ID"
NOTHING = "Nothing was delivered"


def mail(text: str = "Hello.\n") -> EmailMessage:
    return compose(
        sender=Mailbox.parse("Runsheet <runsheet@example.org>"),
        to=[Mailbox.parse("ann@example.com")],
        subject="Order 1042",
        text=text,
        message_id="token@runsheet.example.org",
        at=datetime(2026, 1, 31, tzinfo=UTC),
    )


def send(server: MailServer, *recipients: str, url: str = "", timeout: float = 20) -> Outcome:
    mailer = Mailer(url or server.url())
    outcome = mailer.send(mail(), recipients or ["ann@example.com"], timeout=timeout)
    mailer.close()
    return outcome


def test_a_mail_is_taken_and_the_log_says_what_was_sent():
    with MailServer({"text": "250 2.0.0 queued as 4711"}) as server:
        outcome = send(server)
        ((recipients, text),) = server.mails
    assert outcome.verdict == "done"
    assert outcome.output == {
        "messageId": "<token@runsheet.example.org>",
        "accepted": ["ann@example.com"],
        "refused": [],
    }
    assert outcome.response is not None and outcome.response["answer"] == "250 2.0.0 queued as 4711"
    assert outcome.request is not None and outcome.request["text"] == "Hello.\n"
    assert recipients == ["ann@example.com"]
    assert text.endswith(b"\r\n\r\nHello.\r\n")


# The stage, what the server does there: the verdict, whether it may have been delivered, words.
ANSWERS = [
    ("greeting", "421 too busy", "retry", False, "421 too busy (at greeting)"),
    ("greeting", "554 no service", "failed", False, "554 no service (at greeting)"),
    ("greeting", "HTTP/1.1 400 Bad Request", "retry", False, "does not speak SMTP"),
    ("greeting", "99", "retry", False, "does not speak SMTP"),
    ("greeting", DROP, "retry", False, f"was lost (at greeting). {NOTHING}"),
    ("greeting", STALL, "retry", False, f"did not answer in time (at greeting). {NOTHING}"),
    ("EHLO", "421 closing", "retry", False, "421 closing (at EHLO)"),
    ("EHLO", "550 go away", "failed", False, "550 go away (at EHLO)"),
    ("EHLO", DROP, "retry", False, NOTHING),
    ("MAIL", "421 closing", "retry", False, "421 closing (at MAIL)"),
    ("MAIL", "451 try later", "retry", False, "451 try later (at MAIL)"),
    ("MAIL", "552 too large", "failed", False, "552 too large (at MAIL)"),
    ("MAIL", DROP, "retry", False, f"was lost (at MAIL). {NOTHING}"),
    ("MAIL", STALL, "retry", False, f"did not answer in time (at MAIL). {NOTHING}"),
    ("RCPT", "421 closing", "retry", False, "421 closing (at RCPT)"),
    ("RCPT", "450 greylisted", "retry", False, "ann@example.com (450 greylisted)"),
    ("RCPT", "550 no such user", "failed", False, "ann@example.com (550 no such user)"),
    ("RCPT", DROP, "retry", False, NOTHING),
    ("DATA", "451 try later", "retry", False, "451 try later (at DATA)"),
    ("DATA", "554 no", "failed", False, "554 no (at DATA)"),
    ("DATA", DROP, "retry", False, f"was lost (at DATA). {NOTHING}"),
    ("text", "451 disk full", "retry", False, "451 disk full (at the text)"),
    ("text", "421 closing", "retry", False, "421 closing (at the text)"),
    ("text", "554 spam", "failed", False, "554 spam (at the text)"),
    ("text", DROP, "retry", True, PERHAPS),
    ("text", STALL, "retry", True, PERHAPS),
    ("text", "what?", "retry", True, PERHAPS),
]


@pytest.mark.parametrize(("stage", "answer", "verdict", "unknown", "words"), ANSWERS)
def test_every_answer_at_every_stage_is_told_apart(stage, answer, verdict, unknown, words):
    with MailServer({stage: answer}) as server:
        outcome = send(server, timeout=3 if answer == STALL else 20)
        assert server.mails == []
    assert (outcome.verdict, outcome.unknown) == (verdict, unknown)
    assert outcome.error is not None and words in outcome.error
    code = int(answer[:3]) if answer[:3].isdigit() and answer[3:] else None
    assert outcome.status_code == code


def test_an_answer_without_end_is_given_up():
    endless = "250-more\r\n" * 5000
    with MailServer({"MAIL": endless}) as server:
        outcome = send(server)
    assert outcome.verdict == "retry" and "does not speak SMTP" in (outcome.error or "")


def test_nobody_listening_or_no_such_host_is_tried_again():
    refused = Mailer(f"smtp://127.0.0.1:{free_port()}").send(mail(), ["ann@example.com"])
    assert (refused.verdict, refused.error) == ("retry", "The mail server refused the connection.")
    nowhere = Mailer("smtp://nowhere.invalid").send(mail(), ["ann@example.com"])
    assert nowhere.verdict == "retry" and "could not be looked up" in (nowhere.error or "")


def test_without_a_mail_server_every_mail_fails_and_says_so():
    outcome = Mailer("").send(mail(), ["ann@example.com"])
    assert (outcome.verdict, outcome.error) == ("failed", "No mail server is set up (SMTP_URL).")


def by_name(line: str) -> str:
    """Answers to RCPT: those who are `late` later, those who are `gone` never."""
    if "late" in line:
        return "450 mailbox busy"
    return "550 no such user" if "gone" in line else "250 ok"


def test_one_refused_recipient_loses_no_other():
    with MailServer({"RCPT": by_name}) as server:
        outcome = send(server, "ann@example.com", "gone@example.com", "bob@example.com")
        ((recipients, _),) = server.mails
    assert recipients == ["ann@example.com", "bob@example.com"]
    assert outcome.verdict == "done"
    assert outcome.output["accepted"] == recipients
    assert outcome.output["refused"] == [
        {"address": "gone@example.com", "code": 550, "message": "no such user"}
    ]


def test_who_was_put_off_is_tried_again_and_who_has_it_is_named():
    with MailServer({"RCPT": by_name}) as server:
        outcome = send(server, "ann@example.com", "late@example.com")
        assert len(server.mails) == 1
    assert outcome.verdict == "retry" and outcome.response is not None
    assert outcome.response["accepted"] == ["ann@example.com"]
    assert outcome.error == (
        "1 of 2 recipients have the mail. Not yet: late@example.com (450 mailbox busy). "
        "Only they are tried again."
    )


def test_when_all_are_refused_one_who_was_put_off_makes_it_a_retry():
    with MailServer({"RCPT": by_name}) as server:
        assert send(server, "gone@example.com", "gone2@example.com").verdict == "failed"
        assert send(server, "gone@example.com", "late@example.com").verdict == "retry"
        assert server.mails == []


# -- connections


def test_a_connection_is_used_again_after_a_reset():
    with MailServer() as server:
        mailer = Mailer(server.url())
        for _ in range(3):
            assert mailer.send(mail(), ["ann@example.com"]).verdict == "done"
        mailer.close()
        (heard,) = server.heard
    one = ["MAIL", "RCPT", "DATA"]
    assert heard.verbs[:12] == ["EHLO", *one, "RSET", *one, "RSET", *one]


def test_a_kept_connection_that_is_dead_or_spent_is_replaced_and_nothing_is_sent_twice():
    seen = iter(["250 ok", DROP, "250 ok", "421 too many mails on this connection", "250 ok"])
    with MailServer({"MAIL": lambda _: next(seen)}) as server:
        mailer = Mailer(server.url())
        for _ in range(3):
            assert mailer.send(mail(), ["ann@example.com"]).verdict == "done"
        mailer.close()
        assert (len(server.heard), len(server.mails)) == (3, 3)


def test_a_kept_connection_that_does_not_answer_a_reset_well_is_left():
    with MailServer({"RSET": "503 confused"}) as server:
        mailer = Mailer(server.url())
        for _ in range(2):
            assert mailer.send(mail(), ["ann@example.com"]).verdict == "done"
        mailer.close()
        assert len(server.heard) == 2


def test_an_idle_connection_is_left_after_its_time(monkeypatch):
    monkeypatch.setattr(mail_pool, "IDLE_SECONDS", 0.0)
    with MailServer() as server:
        mailer = Mailer(server.url())
        for _ in range(2):
            assert mailer.send(mail(), ["ann@example.com"]).verdict == "done"
        mailer.close()
        assert len(server.heard) == 2


def test_threads_never_share_a_connection():
    together = threading.Barrier(4)

    def meet(_: str) -> str:
        together.wait(20)
        return "250 ok"

    with MailServer({"DATA": "354 go on", "MAIL": meet}) as server:
        mailer = Mailer(server.url())
        with ThreadPoolExecutor(4) as pool:
            sent = [pool.submit(mailer.send, mail(), [f"{n}@example.com"]) for n in range(8)]
            assert all(one.result().verdict == "done" for one in sent)
        mailer.close()
        assert len(server.heard) == 4  # each mail of the second four found one that was free
        assert sorted(r for rs, _ in server.mails for r in rs) == [
            f"{n}@example.com" for n in range(8)
        ]


def test_closing_says_goodbye_and_returns_later_mails():
    with MailServer({"QUIT": DROP}) as server:
        mailer = Mailer(server.url())
        assert mailer.send(mail(), ["ann@example.com"]).verdict == "done"
        mailer.close()
        assert mailer.send(mail(), ["ann@example.com"]).verdict == "returned"
        assert len(server.mails) == 1


# -- ending early


@pytest.mark.parametrize(("stage", "unknown"), [("EHLO", False), ("RCPT", False), ("text", True)])
def test_a_cancelled_mail_is_returned_at_once(stage, unknown):
    with MailServer({stage: STALL}) as server, ThreadPoolExecutor(1) as pool:
        mailer, cancel = Mailer(server.url()), CancelToken()
        sent = pool.submit(mailer.send, mail(), ["ann@example.com"], timeout=60, cancel=cancel)
        assert server.stalling.wait(20)
        cancel.cancel()
        outcome = sent.result(20)
    assert (outcome.verdict, outcome.unknown) == ("returned", unknown)


def test_a_mail_that_was_cancelled_before_it_began_is_returned():
    cancel = CancelToken()
    cancel.cancel()
    with MailServer() as server:
        outcome = Mailer(server.url()).send(mail(), ["ann@example.com"], cancel=cancel)
        assert (outcome.verdict, server.mails) == ("returned", [])


def test_a_connection_that_was_cut_is_not_used_again():
    with MailServer({"RCPT": by_name, "text": STALL}) as server:
        mailer = Mailer(server.url())
        assert mailer.send(mail(), ["ann@example.com"], timeout=3).unknown
        del server.answers["text"]
        assert mailer.send(mail(), ["ann@example.com"]).verdict == "done"
        mailer.close()
        assert len(server.heard) == 2


# -- TLS and signing in


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A certificate for `localhost` that this process trusts."""
    context, _ = certificate_for("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "localhost.pem"))
    return context


def test_starttls_is_used_where_it_is_offered(tls):
    with MailServer(tls=tls) as server:
        assert send(server).verdict == "done"
        (heard,) = server.heard
    assert heard.secure
    assert heard.verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "MAIL"]


def test_smtps_speaks_tls_from_the_first_byte(tls):
    with MailServer(tls=tls, implicit=True) as server:
        assert send(server, url=server.url(scheme="smtps")).verdict == "done"
        assert server.heard[0].verbs[:2] == ["EHLO", "MAIL"]


def test_a_certificate_for_another_name_is_refused_unless_told_otherwise(tmp_path, monkeypatch):
    other, _ = certificate_for("mail.example.com", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "mail.example.com.pem"))
    with MailServer(tls=other) as server:
        outcome = send(server)
        assert outcome.verdict == "retry" and "Hostname mismatch" in (outcome.error or "")
        assert server.mails == []
        assert send(server, url=server.url(query="?verify=false")).verdict == "done"


def test_no_mail_goes_out_in_the_clear_where_tls_is_required():
    with MailServer() as server:
        outcome = send(server, url=server.url(query="?starttls=required"))
        assert outcome.verdict == "failed" and "does not offer STARTTLS" in (outcome.error or "")
        assert server.mails == []


def test_starttls_that_is_refused_sends_nothing(tls):
    with MailServer({"STARTTLS": "454 not now"}, tls=tls) as server:
        outcome = send(server)
    assert (outcome.verdict, outcome.status_code) == ("retry", 454)


def test_starttls_can_be_left_alone(tls):
    with MailServer(tls=tls) as server:
        assert send(server, url=server.url(query="?starttls=never")).verdict == "done"
        assert not server.heard[0].secure


def test_signing_in_reads_percent_encoded_credentials():
    with MailServer(offers=("AUTH PLAIN LOGIN",)) as server:
        assert send(server, url=server.url("us%40er:p%C3%A4ss%2Fw%3A%23")).verdict == "done"
        auth = next(line for line in server.heard[0].lines if line.startswith("AUTH"))
    assert plain_credentials(auth) == ("us@er", "päss/w:#")


def test_signing_in_the_old_way():
    def login(_: str) -> str:
        return "334 VXNlcm5hbWU6"

    steps = {"AUTH": login, "DQ==".upper(): "235 ok", "DXNLCG==": "250"}
    said = {"dXNlcg==".upper(): "334 UGFzc3dvcmQ6", "cGFzcw==".upper(): "235 welcome"}
    with MailServer(steps | said, offers=("AUTH LOGIN",)) as server:
        assert send(server, url=server.url("user:pass")).verdict == "done"
        assert server.heard[0].lines[1:4] == ["AUTH LOGIN", "dXNlcg==", "cGFzcw=="]


@pytest.mark.parametrize(
    ("answer", "verdict"), [("535 bad credentials", "failed"), ("454 later", "retry")]
)
def test_a_refused_sign_in_is_told_apart_and_names_no_password(answer, verdict):
    with MailServer({"AUTH": answer}, offers=("AUTH PLAIN",)) as server:
        outcome = send(server, url=server.url("user:hunter2"))
    assert (outcome.verdict, outcome.status_code) == (verdict, int(answer[:3]))
    assert "hunter2" not in repr(outcome)


def test_a_server_that_lets_nobody_sign_in_is_told():
    with MailServer() as server:
        outcome = send(server, url=server.url("user:pass"))
    assert outcome.verdict == "failed" and "does not offer to sign in" in (outcome.error or "")


def test_a_password_goes_to_another_machine_only_under_tls():
    from app.smtp_url import MailServer as Setting

    assert Setting.parse("smtp://u:p@mail.example.com").tls == "required"
    assert Setting.parse("smtp://u:p@mail.example.com?starttls=never").tls == "never"
    assert Setting.parse("smtp://mail.example.com").tls == "if-offered"
    assert Setting.parse("smtp://u:p@localhost:1025").tls == "if-offered"
