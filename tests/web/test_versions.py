"""Versions of a template on pages: the list, two side by side, one restored, one published, one
started on."""

import re
from typing import Any

import pytest

from app import transaction
from app.domain import drafts, instances, template_versions, templates
from app.domain.people import Actor
from app.models.vocabulary import Role
from app.schemas.instance import InstanceIn
from app.schemas.template import Template
from tests.support.looking import instance_of
from tests.support.scheduling import make_schedule
from tests.support.workflows import AUTHOR, LOOPBACK, OPERATOR, begin, publish, task, webhook
from tests.web.conftest import Person, said

STEPS = [task("pack"), webhook("ship", "pack"), task("wrap", "pack")]
LATER = [
    task("pack", config={"instructions": "Pack it well, and weigh it."}),
    webhook("ship", "pack", "weigh", config={"url": "http://127.0.0.1:9/ship-now"}),
    task("weigh", "pack"),
]
OTTO = Actor("user:otto@example.com", Role.AUTHOR, may_add_automation=True)


def write(template_id: int, *steps: dict[str, Any], by: str = AUTHOR, **more: Any) -> int:
    """Replace the draft; returns its revision."""
    document = {"key": "order", "name": "Order", "steps": list(steps)} | more
    with transaction.writing() as session:
        draft = Template.read(document)
        row = templates.replace_draft(session, template_id, draft, by, allow=LOOPBACK)
        return row.draft_revision


def publish_again(template_id: int, note: str = "") -> None:
    with transaction.writing() as session:
        templates.publish(session, template_id, AUTHOR, note, allow=LOOPBACK)


@pytest.fixture
def author(visit) -> Person:
    return visit("author", may_add_automation=True)


@pytest.fixture
def template(app) -> int:
    """Two versions, and a draft that is the second one."""
    template_id = publish(*STEPS)
    write(template_id, *LATER)
    publish_again(template_id, "Weighed before it goes")
    return template_id


def test_the_list_says_who_published_what_when_and_why(viewer, template):
    page = said(viewer.get(f"/templates/{template}/versions"))
    assert "Version 2 newest Weighed before it goes" in page
    assert "by author@example.com" in page
    assert "The same as version 2." in page
    assert "Restore" not in page and "Start on it" not in page


def test_the_list_counts_what_goes_on_and_all_that_ever_started(operator, template):
    for version in (1, 1, 1, 2):
        with transaction.writing() as session:
            wish = InstanceIn.read({"templateKey": "order", "version": version})
            instances.start(session, wish, OPERATOR)
    with transaction.writing() as session:
        instances.pause(session, 1, OPERATOR)
        instances.cancel(session, 2, OPERATOR)
    rows = operator.get(f"/templates/{template}/versions").text.split("<tr ")[1:]
    first = re.sub(r"<[^>]*>|\s+", " ", rows[-1].partition("</table>")[0])
    second = re.sub(r"<[^>]*>|\s+", " ", rows[-2])
    assert "1 running" in first and "1 paused" in first and re.search(r"3 +started", first)
    assert "1 running" in second and "paused" not in second


def test_a_template_never_published_has_no_versions_yet(viewer, app):
    with transaction.writing() as session:
        draft = Template.read({"key": "draft", "name": "Draft"})
        template_id = templates.create(session, draft, AUTHOR).id
    assert "No versions yet" in said(viewer.get(f"/templates/{template_id}/versions"))
    answer = viewer.get(f"/templates/{template_id}/compare")
    assert (answer.status_code, "no published version" in said(answer)) == (409, True)


def test_versions_come_in_pages(viewer, template):
    for _ in range(50):
        publish_again(template)
    page = viewer.get(f"/templates/{template}/versions")
    assert 'id="version-3"' in page.text and 'id="version-2"' not in page.text
    (older,) = re.findall(r'href="([^"]*before=[0-9]+)"', page.text)
    assert 'id="version-2"' in viewer.get(older).text


def test_any_version_can_be_read_with_its_steps_and_leads_back_to_the_newest(viewer, template):
    page = viewer.get(f"/templates/{template}?version=1&step=wrap")
    assert page.status_code == 200
    assert "This is version 1, published by author@example.com" in said(page)
    assert f"/templates/{template}?version=1&amp;step=pack" in page.text.replace(
        "step=pack&amp;version=1", "version=1&amp;step=pack"
    )
    assert viewer.get(f"/templates/{template}?step=wrap").status_code == 404
    for unknown in ("3", "0", "x", "9" * 30):
        assert viewer.get(f"/templates/{template}?version={unknown}").status_code == 404


def test_two_versions_stand_side_by_side(viewer, template):
    page = viewer.get(f"/templates/{template}/compare?from=1&to=2")
    text = said(page)
    assert "Added Weigh. Removed Wrap. Changed Pack and Ship." in text
    assert "Pack it well, and weigh it." in text
    assert "<del>ship</del>" not in page.text
    assert re.search(r"<ins>-now</ins>", page.text)
    assert "Waits for Pack + also Weigh" in text


def test_what_stayed_is_shown_when_asked_for(viewer, template):
    write(template, *LATER, name="Orders")
    url = f"/templates/{template}/compare"
    assert 'id="step-pack"' not in viewer.get(url).text
    assert 'id="step-pack"' in viewer.get(f"{url}?show=all").text
    assert "Of the whole: name." in said(viewer.get(url))


def test_the_graph_says_what_became_of_each_step_and_arrow(viewer, template):
    page = viewer.get(f"/templates/{template}/compare?from=1&to=2").text
    assert 'aria-label="Weigh: Added"' in page
    assert 'aria-label="Wrap: Removed"' in page
    assert 'aria-label="Ship: Changed, also after Weigh"' in page
    assert page.count('class="graph-edge diff-added"') == 2
    assert page.count('class="graph-edge diff-removed"') == 1


def test_arrows_turned_round_between_two_versions_are_both_drawn(viewer, app):
    template_id = publish(task("a"), task("b", "a"))
    write(template_id, task("a", "b"), task("b"))
    page = viewer.get(f"/templates/{template_id}/compare").text
    assert 'class="graph-edge diff-added"' in page and 'class="graph-edge diff-removed"' in page


def test_a_half_done_draft_is_compared_too(viewer, template):
    half = {"key": "order", "name": "", "steps": [task("a", "b"), task("b", "a", "nowhere")]}
    with transaction.writing() as session:
        drafts.save(session, template, 2, OTTO, half, {})
    answer = viewer.get(f"/templates/{template}/compare")
    assert answer.status_code == 200
    assert "Added A and B." in said(answer)


@pytest.mark.parametrize("query", ["from=9", "from=x", "to=0", "from=1&to=99999999999"])
def test_a_comparison_with_what_is_not_there_is_not_found(viewer, template, query):
    assert viewer.get(f"/templates/{template}/compare?{query}").status_code == 404


def test_markup_in_what_authors_wrote_stays_text(viewer, app):
    nasty = "<script>alert(1)</script>"
    template_id = publish(task("pack", config={"instructions": nasty}))
    write(template_id, task("pack", name=nasty, config={"instructions": f"{nasty} <b>"}))
    page = viewer.get(f"/templates/{template_id}/compare").text
    assert "<script>alert" not in page and "<b>" not in page


def restore(person: Person, template: int, version: int, revision: int) -> Any:
    sent = {"version": version, "revision": revision}
    return person.post(f"/templates/{template}/restore", sent)


def test_a_version_becomes_the_draft_again(author, template):
    answer = restore(author, template, 1, 2)
    assert (answer.status_code, answer.location) == (303, f"/templates/{template}/compare")
    page = said(author.get(answer.location))
    assert "The draft is what version 1 was." in page
    assert "Added Wrap. Removed Weigh." in page
    assert author.get(f"/templates/{template}/compare?from=1").text.count("Nothing differs.") == 1


def test_who_comes_too_late_is_told_whose_change_they_would_overwrite(author, template):
    write(template, *LATER, name="Orders", by="user:otto@example.com")
    answer = restore(author, template, 1, 2)
    page = said(answer)
    assert answer.status_code == 409
    assert "otto@example.com was quicker" in page and "Of the whole: name." in page
    assert "Nothing was restored" in page
    (revision,) = re.findall(r'name="revision" value="(\d+)"', answer.text)
    assert restore(author, template, 1, int(revision)).status_code == 303


def test_restoring_automation_takes_the_permission_to_add_it(visit, template):
    refused = restore(visit("author"), template, 1, 2)
    assert (refused.status_code, "automation" in said(refused)) == (403, True)


def test_restoring_asks_for_a_version_that_is_there(author, template):
    assert restore(author, template, 7, 2).status_code == 404
    assert author.post(f"/templates/{template}/restore").status_code == 422


def test_what_would_not_be_taken_any_more_comes_back_with_its_fault(author, template):
    with transaction.writing() as session:
        template_versions.find(session, template, 1).name = ""  # as older rules may have let it
    assert restore(author, template, 1, 2).status_code == 303
    assert "Nothing differs." in said(author.get(f"/templates/{template}/compare?from=1"))
    assert "Errors 1 ·" in said(author.get(f"/templates/{template}/publish"))


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


INPUTS = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
OTHERS = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"type": "boolean", "default": True}},
}


@pytest.fixture
def two_forms(app) -> int:
    """Version 1 asks for `a`; version 2 for `a` and `b`, which is on unless told otherwise."""
    template_id = publish(task("pack"), inputSchema=INPUTS)
    write(template_id, task("pack"), inputSchema=OTHERS)
    publish_again(template_id)
    return template_id


def test_an_instance_starts_on_the_newest_unless_told_otherwise(operator, two_forms):
    page = operator.get(f"/templates/{two_forms}/start")
    assert re.search(r'<option selected value="2">version 2, the newest', page.text)
    operator.post(f"/templates/{two_forms}/start", {"input.a": "x"})
    assert instance_of(1).version == 2
    page = operator.get(f"/templates/{two_forms}/start?version=1")
    assert 'name="input.b"' not in page.text
    operator.post(f"/templates/{two_forms}/start", {"version": "1", "shown": "1", "input.a": "x"})
    assert instance_of(2).version == 1


def test_another_version_asks_for_its_own_and_loses_nothing_that_was_typed(operator, two_forms):
    url = f"/templates/{two_forms}/start/fields"
    sent = {"version": "1", "shown": "2", "title": "Mine", "input.a": "typed", "input.b": "y"}
    part = operator.post(url, sent, htmx=True).text
    assert 'value="typed"' in part and 'value="Mine"' in part and "<html" not in part
    assert '<input type="hidden" name="input.b" value="y">' in part
    whole = operator.post(url, sent).text
    assert "<html" in whole and 'value="typed"' in whole
    assert "No instances yet" in said(operator.get("/instances"))


def test_fields_that_were_not_on_the_page_begin_with_their_defaults(operator, two_forms):
    sent = {"version": "2", "shown": "1", "input.a": "typed"}
    part = operator.post(f"/templates/{two_forms}/start/fields", sent, htmx=True).text
    assert re.search(r'<input checked [^>]*name="input.b"', part)


def test_nothing_starts_with_the_fields_of_another_version(operator, two_forms):
    sent = {"version": "2", "shown": "1", "input.a": "typed"}
    answer = operator.post(f"/templates/{two_forms}/start", sent)
    assert (answer.status_code, "Version 2 was chosen" in said(answer)) == (422, True)
    assert 'name="input.b"' in answer.text and 'value="typed"' in answer.text


def test_a_version_that_is_not_there_can_not_be_started(operator, two_forms):
    assert operator.get(f"/templates/{two_forms}/start?version=9").status_code == 404
    assert operator.post(f"/templates/{two_forms}/start", {"version": "9"}).status_code == 404


def test_a_template_is_put_away_and_brought_back(author, template):
    answer = author.post(f"/templates/{template}/archive")
    assert answer.location == f"/templates/{template}"
    page = said(author.get(answer.location))
    assert "It is archived: nothing starts from it." in page and "Start an instance" not in page
    refused = author.get(f"/templates/{template}/start?version=1")
    assert (refused.status_code, "archived" in said(refused)) == (404, True)
    assert "Order" not in said(author.get("/templates")).partition("Archived")[2]
    assert "Order" in said(author.get("/templates?archived=1"))
    author.post(f"/templates/{template}/unarchive")
    assert "Start an instance" in said(author.get(f"/templates/{template}"))


def test_a_draft_with_unpublished_changes_is_marked_and_one_saved_again_is_not(viewer, template):
    write(template, *LATER)
    assert "unpublished changes" not in viewer.get("/templates").text
    assert "unpublished changes" not in said(viewer.get(f"/templates/{template}"))
    write(template, *LATER, description="Now described")
    assert "unpublished changes" in viewer.get("/templates").text
    assert "the draft has unpublished changes" in said(viewer.get(f"/templates/{template}"))
