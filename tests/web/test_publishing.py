"""A draft is published: what changes, what stands against it, what follows."""

import re

import pytest

from tests.support.scheduling import make_schedule
from tests.support.versions import LATER, publish_twice, write
from tests.support.workflows import begin, task, webhook
from tests.web.conftest import Person, said


@pytest.fixture
def author(visit) -> Person:
    return visit("author", may_add_automation=True)


@pytest.fixture
def template(app) -> int:
    return publish_twice()


def test_the_publish_page_shows_what_changes_and_what_follows(author, template):
    begin("order")
    make_schedule(templateKey="order", name="Every morning", input={})
    make_schedule(templateKey="order", name="Pinned", version=1, input={})
    write(template, *LATER, name="Orders")
    page = said(author.get(f"/templates/{template}/publish"))
    assert "Publish version 3 of Orders" in page
    assert "Of the whole: name." in page
    assert "1 instance goes on and stays on its version" in page
    assert "Every morning" in page and "Pinned" not in page


def test_publishing_leads_to_what_comes_next(author, template):
    revision = write(template, *LATER, name="Orders")
    sent = {"revision": revision, "note": "Renamed"}
    answer = author.post(f"/templates/{template}/publish", sent)
    assert answer.status_code == 303
    page = author.get(answer.location)
    assert "Version 3 is published." in said(page)
    assert f'href="/templates/{template}/start"' in page.text
    assert "Renamed" in said(author.get(f"/templates/{template}/versions"))


def test_a_draft_that_was_changed_since_it_was_shown_is_not_published(author, template):
    write(template, *LATER, name="Other", by="user:otto@example.com")
    sent = {"revision": 2, "note": "My note"}
    answer = author.post(f"/templates/{template}/publish", sent)
    page = said(answer)
    assert answer.status_code == 409
    assert "otto@example.com changed the draft" in page and "Nothing was published" in page
    assert "My note" in answer.text and 'name="revision" value="3"' in answer.text
    assert "Version 3" not in said(author.get(f"/templates/{template}/versions"))
    assert author.post(f"/templates/{template}/publish", {}).status_code == 422


def test_warnings_ask_and_hints_only_say(author, template):
    revision = write(template, task("pack", assignee="user:nobody@example.com"))
    page = author.get(f"/templates/{template}/publish")
    assert "Warnings 1 · To be decided. Pack" in said(page)
    url = f"/templates/{template}/publish"
    refused = author.post(url, {"revision": revision, "note": "All the same"})
    assert (refused.status_code, "There are warnings" in said(refused)) == (422, True)
    assert "All the same" in refused.text
    assert author.post(url, {"revision": revision, "anyway": "1"}).status_code == 303


def test_what_keeps_it_from_being_published_leads_to_its_step(author, template):
    revision = write(template, webhook("ship", config={"signingSecret": "NO_SUCH_KEY"}))
    page = author.get(f"/templates/{template}/publish")
    assert "Errors 1 · To be mended first. Ship · Action" in said(page)
    field = f"/templates/{template}/edit?step=ship&amp;tab=action#field-actionConfig-signingSecret"
    assert f'href="{field}"' in page.text
    answer = author.post(f"/templates/{template}/publish", {"revision": revision, "note": "n"})
    assert (answer.status_code, "NO_SUCH_KEY" in said(answer)) == (422, True)


def test_a_note_that_is_too_long_is_said_at_its_field(author, template):
    revision = write(template, *LATER, name="Orders")
    sent = {"revision": revision, "note": "x" * 501}
    answer = author.post(f"/templates/{template}/publish", sent)
    assert answer.status_code == 422
    assert 'aria-describedby="note-error"' in answer.text


def test_a_draft_that_differs_in_nothing_has_nothing_to_publish(author, template):
    page = author.get(f"/templates/{template}/publish").text
    assert "there is nothing to publish" in page
    assert re.search(r"<button[^>]*disabled[^>]*>Publish version 3", page)
