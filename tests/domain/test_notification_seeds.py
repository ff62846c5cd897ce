"""What notifications say as Runsheet comes: in every database, for every trigger and channel."""

import pytest
from sqlalchemy import select

from app.domain import notification_contents, notification_templates
from app.domain.notification_context import sample, sample_for
from app.domain.notification_defaults import OWN_KEYS, default_for
from app.models import NotificationTemplate, NotificationTemplateVersion
from app.models.vocabulary import Channel
from app.schemas.notification_template import NotificationTemplateDraft
from app.seeds.notification_templates import WORDS, content_of, ensure_seeded
from tests.support.looking import change, look
from tests.support.marks import both_databases

BASE = "https://runsheet.example.com"


@both_databases
def test_a_migrated_database_has_all_of_them_published(app):
    row = NotificationTemplate
    found = {one.key: one for one in look(lambda session: list(session.scalars(select(row))))}
    assert found.keys() == OWN_KEYS == WORDS.keys()
    assert {one.newest_version for one in found.values()} == {1}
    assert all(set(one.draft) == set(Channel) for one in found.values())


def test_planting_again_changes_nothing(app):
    assert change(ensure_seeded) == []


def test_words_that_somebody_changed_stay(app):
    ours = NotificationTemplateDraft.read({"name": "Ours", "content": {"SMS": {"text": "Ours."}}})
    change(notification_templates.replace_draft, "step-failed", ours, "user:author@example.com")
    assert change(ensure_seeded) == []
    assert look(lambda s: notification_templates.find(s, "step-failed").name) == "Ours"


def test_words_that_nobody_changed_are_brought_up_to_date(app):
    def age(session):
        row = notification_templates.find(session, "step-ready", lock=True)
        row.draft = {"SMS": {"text": "As it was two years ago."}}

    change(age)
    assert change(ensure_seeded) == ["step-ready"]
    versions = select(NotificationTemplateVersion).order_by(NotificationTemplateVersion.id.desc())
    newest = look(lambda session: session.scalars(versions).first())
    assert newest is not None
    assert (newest.number, newest.content) == (2, content_of("step-ready"))


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("key", WORDS)
def test_each_of_them_can_be_rendered_on_each_channel(key, channel):
    content = content_of(key)[channel]
    assert not notification_contents.faults(content, channel, sample_for(key, BASE), channel)
    said = notification_contents.render(content, channel, sample_for(key, BASE))
    assert not any(mark in str(said) for mark in ("{{", "{%", "missing"))
    assert all(said[field] for field in said if field != "html")


@pytest.mark.parametrize("key", WORDS)
def test_a_text_message_of_ours_has_one_link_and_no_letter_that_halves_its_room(key):
    text = notification_contents.render(content_of(key)["SMS"], "SMS", sample_for(key, BASE))[
        "text"
    ]
    assert text.isascii()
    assert text.count(BASE) == 1


def test_a_failure_says_whether_the_receiver_may_have_acted():
    def said(acted):
        context = sample("ON_FAILED")
        context["step"]["mayHaveActed"] = acted  # type: ignore[index]
        return notification_contents.render(content_of("step-failed")["EMAIL"], "EMAIL", context)

    assert "may have acted" in said(True)["text"]
    assert "Nothing reached the receiver." in said(False)["text"]
    assert "receiver" not in said(None)["text"]


def test_a_trigger_has_a_template_of_its_own():
    assert default_for("ON_FAILED") == "step-failed"
    assert default_for("ON_ATTENTION", instance=True) == "instance-attention"
    assert default_for("ON_STARTED", instance=True) == "instance-started"
