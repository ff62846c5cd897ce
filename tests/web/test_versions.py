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
from tests.support.versions import LATER, publish_again, publish_twice, write
from tests.support.workflows import AUTHOR, OPERATOR, publish, task
from tests.web.conftest import Person, said

OTTO = Actor("user:otto@example.com", Role.AUTHOR, may_add_automation=True)


@pytest.fixture
def author(visit) -> Person:
    return visit("author", may_add_automation=True)


@pytest.fixture
def template(app) -> int:
    return publish_twice()


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
