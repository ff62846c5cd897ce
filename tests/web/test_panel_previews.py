"""Beside the form stands what the step would send as it is written, faults and all."""

from typing import Any

import pytest

from app import transaction
from app.domain import drafts
from app.domain.people import Actor
from app.web.editor_previews import understood
from tests.support.mailing import email
from tests.support.workflows import begin, publish, webhook
from tests.web.conftest import said

ANN = Actor("author@example.com", "author", may_add_automation=True)


@pytest.fixture
def author(visit):
    return visit("author", may_add_automation=True)


def write(template_id: int, at: int = 0, **config: Any) -> None:
    """Save these fields of a step's config in the draft."""
    with transaction.writing() as session:
        draft = drafts.read(session, template_id)
        draft.document["steps"][at]["actionConfig"] |= config
        drafts.save(session, template_id, draft.revision, ANN, draft.document, draft.unread)


def page(author, template_id: int, query: str = "") -> Any:
    return author.get(f"/templates/{template_id}/edit?step=send&tab=action{query}")


def test_the_request_of_a_draft_stands_beside_its_form(author):
    template = publish(webhook("send", config={"body": {"order": "{{ input.orderId }}"}}))
    write(template, url="https://new.example.com/{{ input.orderId }}")

    text = said(page(author, template))

    assert "POST https://new.example.com/" in text
    assert "Nothing is sent from here." in text


def test_a_field_with_a_fault_is_left_out_and_named(author):
    template = publish(webhook("send"))
    write(template, timeoutSeconds="soon")

    text = said(page(author, template))

    assert "What has a fault is left out: Time limit." in text
    assert "POST https://" in text or "POST http://" in text


def test_what_can_not_be_made_up_is_asked_for(author):
    template = publish(webhook("send"))
    write(template, url="")

    assert "It can't be sent like this. See to this first: URL." in said(page(author, template))


def test_it_is_filled_in_with_an_instance_that_the_author_names(author):
    template = publish(webhook("send", config={"body": {"order": "{{ input.orderId }}"}}))
    instance = begin(orderId="A-1042")

    assert "A-1042" in said(page(author, template, f"&instance={instance}"))
    assert "Write the number of an instance" in said(page(author, template, "&instance=x"))


def test_the_html_of_a_mail_stands_in_a_frame_of_its_own(author):
    template = publish(email("send", html="<p>Hello.</p>"))
    write(template, html="<p>Hello <b>{{ input.name }}</b></p>")

    frame = author.get(f"/templates/{template}/edit/steps/send/mail")

    assert "<b>" in frame.get_data(as_text=True)
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert f"/templates/{template}/edit/steps/send/mail" in page(author, template).get_data(
        as_text=True
    )


@pytest.mark.parametrize("schema", [{"type": 5}, [], "x", {"properties": []}])
def test_a_broken_input_schema_does_not_break_the_preview(author, schema):
    template = publish(webhook("send"))
    with transaction.writing() as session:
        draft = drafts.read(session, template)
        document = draft.document | {"inputSchema": schema}
        drafts.save(session, template, draft.revision, ANN, document, {})

    assert page(author, template).status_code == 200


@pytest.mark.parametrize(
    ("config", "faulty"),
    [
        ({"url": "https://x", "delay": "soon", "expect": [{}]}, ["delay", "expect"]),
        ({"url": "https://x", "sudo": 1}, ["sudo"]),
    ],
)
def test_of_a_config_all_that_can_be_understood_is_kept(config, faulty):
    kept, left_out = understood("AUTOMATION_WEBHOOK", config)

    assert kept and kept["url"] == "https://x"
    assert left_out == faulty
