"""Invitations by mail: the link arrives, and stands nowhere else."""

import re
from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import text

from app import transaction
from app.domain import account_links, messages, users
from app.domain.account_links import Link
from app.extensions import Base
from app.models import NotificationDelivery, User
from app.models.vocabulary import NOTIFICATION_QUEUE
from app.schemas.people import UserIn
from tests.support.cast import NO_MAIL, ROOT, person
from tests.support.looking import change, look
from tests.support.mail_server import MailServer
from tests.support.marks import both_databases
from tests.support.workflows import claim, report_begun, report_ended
from workers.handlers import Tools, Work, delivery
from workers.mailer import Mailer
from workers.outbound import CancelToken, Outbound


@pytest.fixture(autouse=True)
def _hash_quickly(hash_quickly):
    """Nobody here signs in."""


def invite(email: str = "nora@example.com") -> tuple[User, Link]:
    wish = UserIn.read({"email": email, "name": "Nora", "role": "author"})
    return change(users.invite, wish, ROOT, {})


def deliver(settings, server: MailServer) -> str:
    """Send the mail that is owed; returns its text, or an empty one."""
    settings = replace(settings, smtp_url=server.url())
    (held,) = claim(queue=NOTIFICATION_QUEUE)
    report_begun(held)
    with transaction.reading() as session:
        told = messages.read_messages(session, [held], settings.base_url)[held.id]
    tools = Tools(settings, Outbound(), Mailer(settings.smtp_url))
    outcome = delivery.carry_out(Work(held, told, CancelToken()), tools)
    tools.mailer.close()
    tools.outbound.close()
    report_ended(outcome, held)
    bodies = [
        message_from_bytes(raw, policy=default).get_body(("plain",)) for _, raw in server.mails
    ]
    return "".join(body.get_content() for body in bodies if body)


def everything() -> str:
    """All rows of all tables."""
    return look(
        lambda session: "\n".join(
            repr(tuple(row))
            for table in Base.metadata.tables
            for row in session.execute(text(f"SELECT * FROM {table}"))
        )
    )


@both_databases
def test_a_link_arrives_by_mail_and_is_kept_nowhere(app, settings):
    user, link = invite()
    assert link.mailed
    change(lambda session: setattr(session.get_one(User, user.id), "time_zone", "Europe/Berlin"))
    with MailServer() as server:
        said = deliver(settings, server)
    assert link.url in said
    assert "root@example.com invites you" in said
    assert re.search(r"until \d\d \w{3} \d{4}, \d\d:\d\d CES?T", said)
    assert look(lambda session: session.query(NotificationDelivery.state).scalar()) == "SENT"
    kept = everything()
    assert link.url.rpartition("/")[2] not in kept
    assert account_links.CONCEALED in kept


def test_a_link_that_was_taken_back_is_not_mailed(app, settings):
    user, _ = invite()
    change(users.new_link, user.id, ROOT, NO_MAIL)
    with MailServer() as server:
        assert deliver(settings, server) == ""
    state, reason = look(
        lambda s: s.query(NotificationDelivery.state, NotificationDelivery.reason).one()
    )
    assert state == "FAILED"
    assert reason is not None and "account.url" in reason


def test_who_has_turned_mail_off_gets_the_link_all_the_same(app, settings):
    otto = person("otto@example.com", channels_off=["EMAIL"])
    link = change(users.new_link, otto.id, ROOT, {})
    assert link.mailed
    with MailServer() as server:
        assert link.url in deliver(settings, server)


def test_a_mail_that_is_skipped_is_not_said_to_be_on_its_way(app):
    otto = person("otto@example.com", active=False)
    link = change(account_links.make, otto, ROOT.name, {})
    state = look(lambda session: session.query(NotificationDelivery.state).scalar())
    assert (link.mailed, state) == (False, "SKIPPED")


def test_without_a_mail_server_nothing_is_owed(app):
    otto = person("otto@example.com")
    assert not change(users.new_link, otto.id, ROOT, NO_MAIL).mailed
    assert claim(queue=NOTIFICATION_QUEUE) == []
