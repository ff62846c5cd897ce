"""Whatever authors and inputs hold, a mail has the headers that were meant and no other. At a
real SMTP server: what counts is what arrives there."""

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.domain import emails
from app.domain.mail_message import NotAMail
from tests.support.mail_server import MailServer
from workers.mailer import Mailer

AT = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
FRAME = ["Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding"]
PIECES = st.sampled_from(
    [
        *("\r\n", "\n", "\r", "\r\n\r\n", "\x00", "\x0b", "\x85", "\u2028", "\ud800", "\u202e"),
        *("Bcc: evil@example.net", "X-Evil: 1", "\r\nBcc: evil@example.net\r\n\r\nhi", "\r\n.\r\n"),
        *("=?utf-8?q?a=0D=0ABcc:_evil@example.net?=", "=?utf-8?b?DQpCY2M6IHhAeA==?=", "=?", "?="),
        *(
            ",",
            ";",
            "<",
            ">",
            "<evil@example.net>",
            '"',
            "\\",
            "(",
            ")",
            "@",
            ":",
            " ",
            "é",
            "日本",
        ),
        *("evil@example.net", "ann@example.com", "a" * 300, " " * 100, "\t", "From ", "."),
    ]
)
NASTY = st.lists(PIECES | st.text(max_size=20), max_size=8).map("".join)


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def mailer(server: MailServer) -> Iterator[Mailer]:
    mailer = Mailer(server.url())
    yield mailer
    mailer.close()


def build(context: dict[str, str], **config: object) -> emails.Mail:
    whole = {"to": ["ann@example.com"], "subject": "s", "text": "t"} | config
    return emails.build(
        whole,
        {"input": context},
        token="token",
        sender="Runsheet <runsheet@example.org>",
        base_url="https://runsheet.example.org",
        at=AT,
    )


def arrived(server: MailServer, mailer: Mailer, mail: emails.Mail) -> tuple[list[str], bytes]:
    """Whom the server took a mail for, and the mail."""
    before = len(server.mails)
    assert mailer.send(mail.message, mail.recipients).verdict == "done"
    assert len(server.mails) == before + 1, "one mail came of one mail"
    return server.mails[-1]


def names(raw: bytes) -> list[str]:
    """The names of all headers, read as strictly and as laxly as anybody may read them."""
    head = raw.partition(b"\r\n\r\n")[0]
    for ending in (b"\r\n", None):  # None: at every kind of line break
        lines = head.split(ending) if ending else head.splitlines()
        found = [line.partition(b":")[0].decode() for line in lines if line[:1] not in b" \t"]
        assert not any(line.strip() == b"" for line in lines)
    return found


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(subject=NASTY, name=NASTY, address=NASTY, text=NASTY, answer=NASTY)
@example(subject="", name="", address="ann@example.com", text="", answer="")
def test_no_input_adds_a_header_a_recipient_or_a_second_mail(
    server, mailer, subject, name, address, text, answer
):
    context = {"s": subject, "n": name, "a": address, "t": text, "r": answer}
    try:
        mail = build(
            context,
            to=["ann@example.com", "{{ input.n }} <bob@example.com>", "{{ input.a }}"],
            cc=["Team <{{ input.a }}>"],
            bcc=["blind@example.com"],
            subject="{{ input.s }}",
            text="{{ input.t }}",
        )
    except NotAMail:
        return  # a subject without end: refused, which is safe
    recipients, raw = arrived(server, mailer, mail)
    cc = ["Cc"] if "Cc" in mail.message else []  # an address, then, perhaps one that is there twice
    assert sorted(names(raw)) == sorted(["From", "To", *cc, "Subject", *FRAME, "MIME-Version"])
    assert recipients == mail.recipients
    wanted = {"ann@example.com", "bob@example.com", "blind@example.com"}
    assert wanted <= set(recipients) and len(recipients) <= 4
    assert b"blind@example.com" not in raw


@settings(max_examples=60, deadline=None)
@given(answer=NASTY)
def test_a_reply_address_is_one_address_or_no_mail_is_made(answer):
    try:
        mail = build({"r": answer}, replyTo="{{ input.r }}")
    except NotAMail:
        return
    assert str(mail.message["Reply-To"]).count("@") == 1


@settings(max_examples=60, deadline=None)
@given(subject=NASTY, html=NASTY)
def test_what_was_written_is_what_is_read(server, mailer, subject, html):
    try:
        mail = build({"s": subject, "h": html}, subject="{{ input.s }}", html="<p>{{ input.h }}")
    except NotAMail:
        return
    _, raw = arrived(server, mailer, mail)
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    plain = subject.isascii() and subject.isprintable()
    if plain:
        assert str(read["Subject"]).split() == subject.split()
    assert {part.get_content_type() for part in read.walk()} == {
        "multipart/alternative",
        "text/plain",
        "text/html",
    }
    assert "<script" not in str(read.get_body(("html",)))


def test_names_and_subjects_in_any_script_arrive_as_they_are(server, mailer):
    subject = "Überweisung für 日本 – Größe 42 " * 5
    mail = build({}, to=['"Müller, Jörg" <joerg@müller.example>'], subject=subject, text="ä\n.\nb")
    recipients, raw = arrived(server, mailer, mail)
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    assert str(read["Subject"]) == subject.strip()
    assert str(read["To"]) == '"Müller, Jörg" <joerg@xn--mller-kva.example>'
    assert recipients == ["joerg@xn--mller-kva.example"]
    assert read.get_content().split() == ["ä", ".", "b"]
    assert all(len(line) <= 78 for line in raw.splitlines())


def test_a_mail_with_html_has_both_forms_and_one_without_text_only_html(server, mailer):
    _, both = arrived(server, mailer, build({}, text="plain", html="<b>bold</b>"))
    kinds = [part.get_content_type() for part in email.message_from_bytes(both).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    _, html = arrived(server, mailer, build({}, text="", html="<b>bold</b>"))
    assert email.message_from_bytes(html).get_content_type() == "text/html"


def test_the_message_id_is_the_executions_and_the_same_on_every_attempt():
    ids = {str(build({}).message["Message-ID"]) for _ in range(2)}
    assert ids == {"<token@runsheet.example.org>"}
