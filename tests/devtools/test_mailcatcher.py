"""The mail catcher takes every mail, keeps it, and shows it as it would be read."""

import smtplib
import socket
import threading
from email.message import EmailMessage

import pytest
import requests

from devtools.mailbox import Mailbox
from devtools.mailcatcher import MailPage
from devtools.smtp import LARGEST_MAIL, SmtpServer


@pytest.fixture
def mailbox(tmp_path):
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def serving():
    started = []

    def serve(server):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return server

    yield serve
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def smtp(mailbox, serving):
    return serving(SmtpServer(0, mailbox.keep))


@pytest.fixture
def client(smtp):
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=15) as client:
        yield client


@pytest.fixture
def page(mailbox, smtp, serving):
    server = serving(MailPage(0, mailbox, smtp.port))
    with requests.Session() as session:

        def get(path, method="GET", **options):
            url = f"http://127.0.0.1:{server.port}{path}"
            return session.request(method, url, timeout=15, **options)

        yield get


def mail(subject="Step ‘Charge’ failed", text="Dear Olivia,\n.dot\n..dots\n", html=None):
    message = EmailMessage()
    message["From"] = "Runsheet <runsheet@localhost>"
    message["To"] = "Olivia <olivia@example.com>"
    message["Subject"] = subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def test_a_mail_arrives_as_it_was_sent(client, page):
    client.send_message(mail())
    (caught,) = page("/_mails").json()
    assert caught["subject"] == "Step ‘Charge’ failed"
    assert caught["from"] == "Runsheet <runsheet@localhost>"
    assert caught["text"].splitlines() == ["Dear Olivia,", ".dot", "..dots"]


def test_blind_copies_are_seen_because_the_envelope_is_kept(client, page):
    client.send_message(mail(), to_addrs=["olivia@example.com", "boss@example.com"])
    assert page("/_mails").json()[0]["recipients"] == ["olivia@example.com", "boss@example.com"]


def test_one_connection_brings_many_mails_and_the_newest_is_first(client, page):
    for subject in ("one", "two", "three"):
        client.send_message(mail(subject))
    assert [m["subject"] for m in page("/_mails").json()] == ["three", "two", "one"]
    assert [m["subject"] for m in page("/_mails?after=2").json()] == ["three"]


def test_mails_are_kept_as_files_and_found_again(client, mailbox, tmp_path):
    client.send_message(mail("kept"))
    assert [path.name for path in (tmp_path / "mail").iterdir()] == ["000001.eml"]
    again = Mailbox(tmp_path / "mail")
    assert (again.count, again.newest()[0].subject) == (1, "kept")


def test_old_mails_make_room(client, mailbox, monkeypatch):
    monkeypatch.setattr("devtools.mailbox.KEPT", 2)
    for subject in ("one", "two", "three"):
        client.send_message(mail(subject))
    assert [m.subject for m in mailbox.newest()] == ["three", "two"]


def test_text_is_shown_escaped_and_html_stays_in_its_cage(client, page):
    client.send_message(mail("<b>x</b>", "see http://127.0.0.1:8000/x <i>", "<script>1</script>"))
    listed = page("/").text
    assert "&lt;b&gt;x&lt;/b&gt;" in listed
    assert '<a href="http://127.0.0.1:8000/x"' in listed
    assert '<iframe sandbox title="HTML part of mail 1" src="/_html/1"' in listed
    html = page("/_html/1")
    assert "<script>1</script>" in html.text
    assert html.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_a_mail_that_is_not_well_formed_is_shown_all_the_same(client, page):
    client.sendmail("a@x.test", ["b@x.test"], b"Subject: =?bad?=\r\nFrom: <<>>\r\n\r\n\xff\xfe\x00")
    assert page("/").status_code == 200
    assert len(page("/_mails").json()) == 1


def test_too_large_a_mail_is_refused_and_the_conversation_goes_on(client, mailbox):
    with pytest.raises(smtplib.SMTPSenderRefused):
        client.sendmail("a@x.test", ["b@x.test"], b"x" * (LARGEST_MAIL + 1))
    client.send_message(mail("small"))
    assert [m.subject for m in mailbox.newest()] == ["small"]


def test_a_size_that_was_not_announced_is_counted(smtp, mailbox):
    with (
        socket.create_connection(("127.0.0.1", smtp.port), timeout=15) as raw,
        raw.makefile("rwb") as talk,
    ):
        for line in (b"HELO x", b"MAIL FROM:<a@x.test>", b"RCPT TO:<b@x.test>", b"DATA"):
            talk.write(line + b"\r\n")
        talk.write((b"." * 70_000 + b"\r\n") * (LARGEST_MAIL // 70_000 + 2) + b".\r\nQUIT\r\n")
        talk.flush()
        answers = [line[:3] for line in talk]
    assert answers == [
        b"220",
        b"250",
        b"250",
        b"250",
        b"250",
        b"250",
        b"250",
        b"354",
        b"552",
        b"221",
    ]
    assert mailbox.newest() == []


def test_commands_out_of_order_are_refused(client):
    assert client.docmd("MAIL", "FROM:<a@x.test>")[0] == 503
    client.ehlo()
    assert client.docmd("RCPT", "TO:<b@x.test>")[0] == 503
    assert client.docmd("DATA")[0] == 503
    assert client.docmd("MAIL", "FROM:nobody")[0] == 501
    assert client.docmd("STARTTLS")[0] == 502
    assert client.docmd("RSET")[0] == 250


def test_clearing_empties_the_list(client, page):
    client.send_message(mail())
    page("/_mails", "DELETE")
    assert page("/_mails").json() == []
    assert "No mail has come yet" in page("/").text


def test_other_web_pages_may_not_read_mail(page):
    assert page("/_mails", headers={"Host": "evil.example"}).status_code == 403
