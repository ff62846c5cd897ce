"""Mail addresses as people write them, and the URL of the mail server."""

import pytest

from app.config import ConfigError, Settings
from app.mailbox import Mailbox
from app.smtp_url import MailServer
from tests.conftest import environment

TAKEN = {
    "ann@example.com": ("", "ann@example.com"),
    "  ann@example.com ": ("", "ann@example.com"),
    "<ann@example.com>": ("", "ann@example.com"),
    "Ann Smith <ann@example.com>": ("Ann Smith", "ann@example.com"),
    '"Smith, Ann" <ann@example.com>': ("Smith, Ann", "ann@example.com"),
    "Smith, Ann <ann@example.com>": ("Smith, Ann", "ann@example.com"),
    "Jörg <j@müller.example>": ("Jörg", "j@xn--mller-kva.example"),
    "ann+tag.x@a-b.example": ("", "ann+tag.x@a-b.example"),
    "root@localhost": ("", "root@localhost"),
    "'Ann\r\nBcc: x' <ann@example.com>": ("'Ann Bcc: x'", "ann@example.com"),
}
REFUSED = [
    *("", "ann", "@example.com", "ann@", "ann@@example.com", "a b@example.com", "ann@exa mple.com"),
    *("ann@example.com, bob@example.com", "ann@example.com bob@example.com", "ann@example.com;"),
    *("ann@example.com, Bob <bob@example.com>", "<ann@example.com> <bob@example.com>"),
    *(".ann@example.com", "ann.@example.com", "a..b@example.com", "ann@-x.example", "ann@x..y"),
    *("ann@[127.0.0.1]", '"ann"@example.com', "ann@example.com\nbob@example.com"),
    *("jörg@example.com", "ann@example.com>", "Ann ann@example.com", "ann@example.com\x00"),
    *("a" * 65 + "@example.com", "ann@" + "a." * 130 + "x"),
]  # fmt: skip


@pytest.mark.parametrize("text", TAKEN)
def test_an_address_is_taken_as_people_write_it(text):
    box = Mailbox.parse(text)
    assert (box.name, box.address) == TAKEN[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_address_or_more_than_one_is_refused(text):
    with pytest.raises(ValueError, match=r"mail address"):
        Mailbox.parse(text)


def test_a_domain_is_compared_in_lower_case():
    assert Mailbox.parse("ann@EXAMPLE.Com").domain == "example.com"


def test_a_mail_server_is_read_with_its_options():
    server = MailServer.parse("smtps://us%40er:p%2Fw@mail.example.com?verify=false")
    assert (server.host, server.port, server.tls) == ("mail.example.com", 465, "implicit")
    assert (server.user, server.password, server.verify) == ("us@er", "p/w", False)
    plain = MailServer.parse("smtp://mail.example.com:2525?starttls=never")
    assert (plain.port, plain.tls, plain.user) == (2525, "never", "")
    assert MailServer.parse("smtp://[::1]:25").host == "::1"
    assert "p/w" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example.com", "http://mail.example.com", "smtp://", "smtp://host:port"),
        *("smtp://host/path", "smtp://host?tls=yes", "smtp://host?verify=perhaps", "smtp://host#x"),
        *("smtp://host?starttls=maybe", "smtps://host?starttls=never", "smtp://u%0d%0a:p@host"),
        "smtp://u:p/w@host",
    ],
)
def test_a_wrong_smtp_url_stops_the_start_with_one_line(url):
    with pytest.raises(ConfigError, match="SMTP_URL") as stopped:
        Settings.load(environment(DATABASE_URL="sqlite:///x", SMTP_URL=url))
    assert "\n" not in str(stopped.value) and "p/w" not in str(stopped.value)


def test_a_sender_that_is_no_address_stops_the_start():
    with pytest.raises(ConfigError, match="MAIL_FROM"):
        Settings.load(environment(DATABASE_URL="sqlite:///x", MAIL_FROM="Runsheet"))
