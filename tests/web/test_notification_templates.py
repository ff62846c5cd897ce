"""The pages where people write what notifications say."""

import html
import re
from typing import Any

import pytest
from flask import render_template

from app.domain import notification_templates
from app.schemas.notification_template import NotificationTemplateDraft, NotificationTemplateIn
from app.version import VERSION
from tests.support.looking import change, look
from tests.support.workflows import AUTHOR, begin, publish, task, webhook
from tests.web.conftest import said

URL = "/notification-templates"
PAGER = {"name": "Pager", "revision": "1", "content.SMS.text": "{{ step.name }} failed"}


@pytest.fixture
def author(visit):
    return visit("author")


@pytest.fixture
def pager(app):
    wish = {"key": "pager", "name": "Pager", "content": {"SMS": {"text": "{{ step.name }} failed"}}}
    change(notification_templates.create, NotificationTemplateIn.read(wish), AUTHOR)
    return "pager"


def row(key="pager"):
    return look(lambda session: notification_templates.find(session, key))


def field(page, name):
    """What stands in a field of the form."""
    found = re.search(
        rf'<textarea[^>]*name="{re.escape(name)}"[^>]*>\s?(.*?)</textarea>', page, re.S
    )
    found = found or re.search(
        rf'<input(?=[^>]*name="{re.escape(name)}")[^>]*value="([^"]*)"', page
    )
    return html.unescape(found[1]).strip() if found else ""


def test_the_list_shows_what_comes_with_runsheet_and_where_it_is_used(viewer):
    publish(webhook("ship", notificationPolicies=[{"channel": "SMS", "trigger": "ON_FAILED"}]))
    page = said(viewer.get(URL))
    assert "Step has failed step-failed" in page
    assert "email, sms, push, chat, in-app, webhook 1 template v1" in page
    assert "Write a new one" not in page
    assert "step-skipped" in said(viewer.get(f"{URL}?q=skip"))
    assert "No notification templates match" in said(viewer.get(f"{URL}?q=nothing-like-this"))


def test_everybody_reads_how_it_looks_where_it_is_used_and_who_wrote_it(viewer):
    policy = {"channel": "SMS", "trigger": "ON_FAILED"}
    publish(webhook("ship", notificationPolicies=[policy]), name="Orders")
    page = viewer.get(f"{URL}/step-failed")
    assert "FAILED: Charge card · Order A-1042" in said(page)
    assert "Orders · Ship v1 · SMS, on failed" in said(page)
    assert "Version 1" in said(page) and "by system · As it comes with Runsheet." in said(page)
    assert f"{URL}/step-failed/edit" not in page.text


def test_the_foot_names_the_version_of_runsheet_and_not_the_template_s(viewer):
    assert said(viewer.get(f"{URL}/step-failed")).count(f"v{VERSION} ") == 1
    assert "published_by" not in said(viewer.get(f"{URL}/step-failed"))


def test_a_version_and_another_occasion_have_a_url(viewer, author, pager):
    author.post(f"{URL}/pager", PAGER | {"do": "publish", "note": "First."})
    author.post(f"{URL}/pager", PAGER | {"revision": "2", "content.SMS.text": "Now shorter"})
    assert "The draft says something else." in said(viewer.get(f"{URL}/pager"))
    assert "Charge card failed" in said(viewer.get(f"{URL}/pager?version=1"))
    assert "Now shorter" in said(viewer.get(f"{URL}/pager?version=draft"))
    assert "Pack the order failed" in said(viewer.get(f"{URL}/pager?trigger=ON_READY"))
    assert viewer.get(f"{URL}/pager?version=9").status_code == 404


def test_a_real_instance_is_shown_and_a_wrong_one_is_told(viewer):
    publish(task("pack"), name="Orders")
    instance_id = begin()
    shown = viewer.get(f"{URL}/step-ready?instanceId={instance_id}&stepKey=pack")
    assert "Ready: Pack · Orders" in said(shown)
    for query, words in (
        ("instanceId=99", "There is no such instance."),
        ("instanceId=x", "Write the number of an instance"),
        (f"instanceId={instance_id}&stepKey=gone", "It has no such step. It has pack."),
        ("stepKey=pack", "Say of which instance this step is."),
    ):
        page = said(viewer.get(f"{URL}/step-ready?{query}"))
        assert words in page
        assert "Ready: Pack the order" in page


def test_a_new_one_is_written_and_published(author):
    assert author.get("/notification-drafts/new").status_code == 200
    sent = PAGER | {
        "key": "pager",
        "do": "publish",
        "content.EMAIL.subject": "A",
        "content.EMAIL.text": "B",
    }
    answer = author.post(URL, sent)
    assert (answer.status_code, answer.location) == (303, f"{URL}/pager")
    assert row().draft == {
        "EMAIL": {"subject": "A", "text": "B", "html": None},
        "SMS": {"text": "{{ step.name }} failed"},
    }
    assert row().newest_version == 1
    assert "Version 1 is published" in said(author.get(answer.location))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("key", "Not A Key", "String should match pattern"),
        ("key", "step-failed", "There is already a notification template with the key"),
        ("name", "", "at least 1 character"),
        ("content.SMS.text", "a\n{{ b", "Line 2: '{{' has no closing '}}'."),
        ("content.EMAIL.subject", "only this", "at least 1 character"),
        ("content.WEBHOOK.body", "{no json}", "This is not JSON"),
        ("content.PUSH.title", "x" * 201, "at most 200 characters"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(author, name, text, words):
    sent = PAGER | {"key": "pager", "content.CHAT.text": "kept\nas it is", name: text}
    answer = author.post(URL, sent)
    assert answer.status_code in (409, 422)
    assert words in said(answer)
    for each, typed in sent.items():
        assert field(answer.text, each) in (typed, typed.strip()), each


def test_a_fault_that_only_publishing_finds_keeps_the_draft_from_being_saved_too(author, pager):
    sent = PAGER | {"do": "publish", "content.SMS.text": "{{ step.nmae }}"}
    answer = author.post(f"{URL}/pager", sent)
    assert answer.status_code == 422
    assert "Did you mean step.name?" in said(answer)
    assert field(answer.text, "content.SMS.text") == "{{ step.nmae }}"
    assert row().draft_revision == 1


def test_when_two_write_the_second_sees_both_texts_and_may_then_save(author, visit, pager):
    visit("admin").post(f"{URL}/pager", PAGER | {"content.SMS.text": "From the admin"})
    mine = PAGER | {"content.SMS.text": "From me", "description": "Mine too"}
    answer = author.post(f"{URL}/pager", mine)
    assert answer.status_code == 409
    assert "admin@example.com saved this while you wrote." in said(answer)
    assert "From the admin" in said(answer)
    assert field(answer.text, "content.SMS.text") == "From me"
    assert field(answer.text, "description") == "Mine too"
    again = mine | {"revision": field(answer.text, "revision")}
    assert author.post(f"{URL}/pager", again).status_code == 303
    assert row().draft == {"SMS": {"text": "From me"}}


def test_the_editor_shows_the_draft_and_warns_where_it_is_used(author):
    publish(webhook("ship", notificationPolicies=[{"channel": "SMS", "trigger": "ON_FAILED"}]))
    page = author.get(f"{URL}/step-failed/edit")
    assert "It is in use: what you publish is what Order says" in said(page)
    assert (
        field(page.text, "content.EMAIL.subject")
        == "FAILED: {{ step.name }} · {{ instance.title }}"
    )
    assert "FAILED: Charge card · Order A-1042" in said(page)
    assert '"trigger": "{{ trigger }}"' in field(page.text, "content.WEBHOOK.body")


def test_the_preview_follows_what_is_typed(author):
    sent = PAGER | {
        "for": "",
        "content.SMS.text": "é{{ step.name }} " + "x" * 200,
        "content.PUSH.title": "{{ step.nmae",
        "content.CHAT.text": "{{ input.room }}",
    }
    answer = author.post("/notification-drafts/preview", sent, htmx=True)
    assert answer.text.count("<hx-partial") == 6
    assert "éCharge card xxx" in said(answer)
    assert "2 segments, 213 characters." in said(answer)
    assert "Title: Line 1: '{{' has no closing '}}'." in said(answer)
    assert "Only a workflow knows input.room" in said(answer)
    assert "Nothing is said here" in said(answer)


def test_a_letter_that_halves_the_room_is_named(author):
    sent = {"content.SMS.text": "Ж" * 71}
    assert "2 segments, 71 characters. ‘Ж’ is not in the alphabet of SMS" in said(
        author.post("/notification-drafts/preview", sent, htmx=True)
    )


def test_without_script_the_preview_is_a_page_with_all_that_was_typed(author, pager):
    sent = PAGER | {"for": "pager", "content.SMS.text": "Typed {{ step.name }}", "note": "why"}
    answer = author.post("/notification-drafts/preview", sent)
    assert "Typed Charge card" in said(answer)
    assert field(answer.text, "content.SMS.text") == "Typed {{ step.name }}"
    assert field(answer.text, "note") == "why"
    assert row().draft_revision == 1


def test_the_preview_can_show_a_real_instance(author):
    publish(task("pack"), name="Orders")
    sent = {"content.SMS.text": "{{ step.name }} of {{ instance.title }} {{ input.phone }}"}
    number = {"instanceId": f"#{begin(phone='112')}", "stepKey": "pack"}
    answer = author.post("/notification-drafts/preview", sent | number, htmx=True)
    assert "Pack of Orders 112" in said(answer)


def test_a_mail_stands_in_a_frame_that_can_do_nothing(author, viewer, pager):
    mail = {
        "content.EMAIL.subject": "A",
        "content.EMAIL.text": "B",
        "content.EMAIL.html": "<p style='color:red'>{{ step.name }}</p><script>bad()</script>",
    }
    answer = author.post("/notification-drafts/mail", mail | {"for": "pager"})
    assert "<p style='color:red'>Charge card</p>" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "script" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    author.post(f"{URL}/pager", PAGER | mail)
    shown = viewer.get(f"{URL}/pager/mail?version=draft")
    assert shown.headers["Content-Security-Policy"] == policy
    assert viewer.get(f"{URL}/pager").headers["X-Frame-Options"] == "DENY"


def test_a_mail_without_html_is_shown_as_it_will_be_made(viewer):
    shown = viewer.get(f"{URL}/step-failed/mail").text
    assert '<a href="http' in shown and "Charge card failed after 10 tries." in shown


def test_a_test_is_owed_to_who_asks_and_followed(author, pager):
    sent = PAGER | {"for": "pager", "test": "IN_APP", "content.IN_APP.title": "{{ step.name }}!"}
    answer = author.post("/notification-drafts/test", sent, htmx=True)
    follow = re.search(r'hx-get="([^"]+)"', answer.text)
    assert follow
    assert "no notifier has answered" in said(author.get(follow[1], htmx=True))


def test_a_test_that_can_not_be_sent_says_why(author, pager):
    sent = {"for": "pager", "test": "SMS", "content.SMS.text": "x"}
    assert "not sent. No SMS provider is set up" in said(
        author.post("/notification-drafts/test", sent, htmx=True)
    )
    sent["content.SMS.text"] = "{{ step.nmae }}"
    assert "Nothing was sent: Line 1: step.nmae is missing." in said(
        author.post("/notification-drafts/test", sent, htmx=True)
    )
    assert author.post("/notification-drafts/test", sent | {"test": "CHAT"}).status_code == 422


def test_a_test_without_script_gives_the_page_back(author, pager):
    sent = PAGER | {"for": "pager", "test": "IN_APP", "content.IN_APP.title": "typed"}
    answer = author.post("/notification-drafts/test", sent)
    assert "A test is on its way to you." in said(answer)
    assert field(answer.text, "content.IN_APP.title") == "typed"


def test_it_is_archived_unless_it_is_used(author, pager):
    author.post(f"{URL}/pager", PAGER | {"do": "publish"})
    publish(
        webhook(
            "s",
            notificationPolicies=[{"channel": "SMS", "trigger": "ON_FAILED", "template": "pager"}],
        )
    )
    answer = author.post(f"{URL}/pager/archive")
    assert "It is in use: Order v1." in said(author.get(answer.location))
    draft = NotificationTemplateDraft.read({"name": "Other"})
    change(
        notification_templates.create,
        NotificationTemplateIn(key="other", **draft.model_dump()),
        AUTHOR,
    )
    answer = author.post(f"{URL}/other/archive")
    assert "It is archived." in said(author.get(answer.location))
    assert "other" in said(author.get(f"{URL}?archived=1"))


def test_a_step_of_a_template_shows_what_its_policies_say(viewer):
    policy = {"channel": "SMS", "trigger": "ON_FAILED", "recipients": ["role:operator"]}
    template_id = publish(webhook("ship", notificationPolicies=[policy]))
    page = viewer.get(f"/templates/{template_id}?step=ship")
    assert "SMS, on failed Step has failed" in said(page)
    assert "FAILED: Charge card - Order A-1042" in said(page)
    assert 'href="/notification-templates/step-failed?trigger=ON_FAILED"' in page.text


def test_a_policy_whose_template_is_silent_on_its_channel_says_so(viewer, author, pager):
    author.post(f"{URL}/pager", PAGER | {"do": "publish"})
    policy = {
        "channel": "CHAT",
        "trigger": "ON_FAILED",
        "template": "pager",
        "recipients": ["chat:ops"],
    }
    template_id = publish(webhook("ship", notificationPolicies=[policy]))
    assert "Nothing is said here" in said(viewer.get(f"/templates/{template_id}?step=ship"))


def test_a_picker_offers_templates_and_shows_the_chosen_one(app):
    picker: dict[str, Any] = {
        "name": "template",
        "id": "t",
        "value": "pager",
        "own": "Step has failed",
    }
    picker["choices"] = [("pager", "Pager"), ("step-ready", "Step is ready")]
    with app.test_request_context():
        page = render_template("_template_picker.html", picker=picker, channel="SMS", preview=None)
    assert '<option value="pager" selected>Pager</option>' in page
    assert "Step has failed, the trigger's own" in html.unescape(page)
