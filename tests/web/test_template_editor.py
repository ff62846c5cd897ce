"""The template editor by its forms, as a browser without script and as htmx would send them."""

from typing import Any

import pytest

from app import transaction
from app.domain import drafts
from app.domain.drafts import Draft
from tests.support.looking import change
from tests.support.workflows import publish, task, webhook
from tests.web.conftest import Person, said

EDIT = "/templates/1/edit"


@pytest.fixture
def author(visit) -> Person:
    return visit("author", may_add_automation=True)


@pytest.fixture
def template(app) -> int:
    return publish(task("pack"), webhook("ship", "pack"), name="Order fulfilment")


def draft() -> Draft:
    with transaction.reading() as session:
        return drafts.read(session, 1)


def keys() -> list[str]:
    return [step["key"] for step in draft().document["steps"]]


def post(person: Person, path: str = "", **more: Any) -> Any:
    """A post with the present revision, unless another is given."""
    htmx = more.pop("htmx", False)
    data = {"revision": draft().revision} | {k.replace("__", "."): v for k, v in more.items()}
    return person.post(f"{EDIT}{path}", data, htmx=htmx)


def test_a_template_begins_with_a_name_and_the_key_made_from_it(author):
    answer = author.post("/templates", {"name": "Order fulfilment"})

    assert answer.status_code == 303
    assert answer.location == "/templates/1/edit"
    assert draft().key == "order-fulfilment"
    page = author.get("/templates/1/edit")
    assert "Order fulfilment" in said(page)
    assert "draft of v1" in said(page)


def test_the_page_of_a_new_template_asks_for_name_key_and_purpose(author):
    page = author.get("/templates/new")
    assert page.status_code == 200
    assert all(f'id="{name}" name="{name}"' in page.text for name in ("name", "key", "description"))
    assert "Make the first one" in said(author.get("/templates"))


def test_a_key_that_is_taken_is_said_at_its_field_and_nothing_typed_is_lost(author, template):
    answer = author.post("/templates", {"name": "Another", "key": "order"})

    assert answer.status_code == 409
    assert "There is already a template with the key" in said(answer)
    assert 'value="Another"' in answer.text


def test_a_template_without_a_name_is_refused_at_its_field(author):
    answer = author.post("/templates", {"name": " "})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_the_page_shows_steps_their_graph_and_the_first_one_open(author, template):
    page = author.get(EDIT)

    assert page.status_code == 200
    assert 'id="box-ship"' in page.text
    assert 'id="open-pack" href="/templates/1/edit?step=pack' in page.text
    assert 'name="panel" id="editor-open" value="step:pack"' in page.text


@pytest.mark.parametrize(
    "query",
    [
        "?step=ship",
        "?part=input",
        "?part=policies",
        "?part=template",
        "?part=checks",
        "?step=ship&tab=retry",
    ],
)
def test_every_part_has_a_url(author, template, query):
    assert author.get(EDIT + query).status_code == 200
    assert author.get(EDIT + query, htmx=True).status_code == 200


@pytest.mark.parametrize("query", ["?step=ghost", "?part=nonsense", "?step="])
def test_what_is_not_there_is_not_found(author, template, query):
    assert author.get(EDIT + query).status_code == 404


def test_a_step_is_added_behind_the_open_one_and_opened(author, template):
    answer = post(author, "/steps", panel="step:pack", after="pack", kind="APPROVAL")

    assert answer.status_code == 303
    assert answer.location == "/templates/1/edit?step=approval&tab=general"
    assert keys() == ["pack", "approval", "ship"]
    assert draft().document["steps"][1]["dependsOn"] == ["pack"]


def test_what_is_typed_comes_along_whichever_button_is_pressed(author, template):
    post(author, "/steps/pack/move", panel="step:pack", name="Pack it", to="down")

    assert keys() == ["ship", "pack"]
    assert draft().document["steps"][1]["name"] == "Pack it"


def test_a_step_is_moved_copied_removed_and_put_back(author, template):
    post(author, "/steps/ship/move", to="up")
    assert keys() == ["ship", "pack"]
    post(author, "/steps/ship/move", to="1")
    assert keys() == ["pack", "ship"]
    before = draft().document
    copied = post(author, "/steps/ship/duplicate", panel="step:ship")
    assert copied.location.endswith("step=ship-2&tab=general")
    post(author, "/steps/ship-2/remove")
    removed = post(author, "/steps/pack/remove", panel="step:pack")
    assert removed.location.endswith("step=ship&tab=general")
    assert draft().document["steps"][0]["dependsOn"] == []
    assert "Removed Pack Put back Ship (copy) Put back" in said(author.get(EDIT))
    post(author, "/put-back", at="0")
    assert draft().document == before


def test_a_key_is_renamed_and_all_that_names_it_follows(author, template):
    answer = post(author, "/steps/pack", panel="step:pack", key="wrap")

    assert answer.location.endswith("step=wrap&tab=general")
    assert draft().document["steps"][1]["dependsOn"] == ["wrap"]


def test_a_key_that_is_refused_is_said_at_its_field_and_the_rest_is_saved(author, template):
    answer = post(author, "/steps/pack", panel="step:pack", key="ship", name="Wrap it")

    assert answer.status_code == 422
    assert "There is already a step with the key" in said(answer)
    assert 'value="ship"' in answer.text
    assert keys() == ["pack", "ship"]
    assert draft().document["steps"][0]["name"] == "Wrap it"


def test_the_parts_of_the_template_as_a_whole_are_saved(author, template):
    post(author, "/template", panel="template", name="Orders", description="All of them.")
    post(author, "/template", panel="template", dueIn="soon")

    assert draft().name == "Orders"
    assert draft().document["description"] == "All of them."
    page = author.get(f"{EDIT}?part=template")
    assert "soon" in page.text
    assert "1 check" in said(page)


def test_an_autosave_answers_with_the_regions_and_nothing_else(author, template):
    answer = post(author, "/steps/pack", panel="step:pack", name="", htmx=True)

    assert answer.status_code == 200
    assert answer.headers["HX-Replace-Url"] == "/templates/1/edit?step=pack&tab=general"
    for region in ("head", "steps", "graph", "panel"):
        assert f'hx-target="#editor-{region}" hx-swap="outerMorph"' in answer.text
    assert "<html" not in answer.text
    assert draft().revision == 2


def test_another_step_is_never_morphed_into_the_fields_of_the_one_before(author, template):
    answer = post(author, "/steps", panel="step:pack", after="pack", kind="APPROVAL", htmx=True)

    assert 'hx-target="#editor-panel" hx-swap="outerHTML"' in answer.text
    assert answer.headers["HX-Push-Url"] == "/templates/1/edit?step=approval&tab=general"


def test_saving_what_is_saved_makes_no_revision(author, template):
    post(author, "/steps/pack", panel="step:pack", name="Pack")
    assert draft().revision == 1


@pytest.mark.parametrize(("htmx", "status"), [(True, 200), (False, 303)])
def test_who_saves_again_since_the_answer_was_lost_is_not_told_of_somebody_else(
    author, template, htmx, status
):
    for _ in range(2):
        answer = post(author, "/steps/pack", panel="step:pack", name="M", revision="1", htmx=htmx)
        assert answer.status_code == status
    assert draft().revision == 2

    answer = post(author, "/steps/pack", panel="step:pack", name="N", revision="1", htmx=htmx)
    assert answer.status_code == 409


def test_a_circle_is_drawn_as_far_as_it_can_be_and_said(author, template):
    post(author, "/steps/pack", panel="step:pack", dependsOn="ship")
    page = author.get(EDIT)

    assert page.status_code == 200
    assert 'id="box-pack"' in page.text
    assert "These wait for each other in a circle" in said(page)
    assert "This step waits for itself" in said(author.get(f"{EDIT}?part=checks"))


# Two authors.


def test_the_second_to_save_gets_both_versions_and_nothing_typed_is_lost(author, template):
    post(author, "/steps/pack", panel="step:pack", name="Theirs")
    answer = post(author, "/steps/pack", panel="step:pack", name="Mine", revision="1")

    assert answer.status_code == 409
    assert "name Mine Theirs" in said(answer)
    assert 'value="Mine"' in answer.text
    assert draft().document["steps"][0]["name"] == "Theirs"


def test_htmx_is_given_both_versions_beside_what_is_typed(author, template):
    post(author, "/steps/pack", panel="step:pack", name="Theirs")
    answer = post(author, "/steps/pack", panel="step:pack", name="Mine", revision="1", htmx=True)

    assert answer.status_code == 409
    assert 'hx-target="#editor-overtaken"' in answer.text
    assert "editor-panel" not in answer.text
    assert 'name="mine" value="2"' in answer.text


def test_ours_replaces_theirs_only_when_asked_to(author, template):
    post(author, "/steps/pack", panel="step:pack", name="Theirs")
    post(author, "/steps/pack", panel="step:pack", name="Mine", revision="1", mine="2")
    assert draft().document["steps"][0]["name"] == "Mine"
    again = post(author, "/steps/pack", panel="step:pack", name="Mine too", revision="1", mine="2")
    assert again.status_code == 409


def test_a_stale_button_shows_how_it_is_now(author, template):
    post(author, "/steps/pack", panel="step:pack", name="Theirs")
    answer = post(author, "/steps/ship/move", panel="step:ship", to="up", revision="1", htmx=True)

    assert answer.status_code == 409
    assert "Theirs" in answer.text
    assert 'id="editor-revision" value="2"' in answer.text
    assert keys() == ["pack", "ship"]


def test_words_for_a_step_that_was_removed_meanwhile_are_kept_and_can_be_put_back(author, template):
    post(author, "/steps/pack/remove")
    answer = post(author, "/steps/pack", panel="step:pack", name="Mine", revision="1")
    assert answer.status_code == 409
    assert "removed this step" in said(answer)
    assert "name Mine" in said(answer)

    post(author, "/steps/pack", panel="step:pack", name="Mine", mine="2")
    assert keys() == ["pack", "ship"]
    assert draft().document["steps"][0]["name"] == "Mine"


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 40])
def test_a_post_that_names_no_revision_is_stale(author, template, revision):
    answer = post(author, "/steps/pack", panel="step:pack", name="Mine", revision=revision)
    assert answer.status_code == 409


# Who may not add automation.


def test_automation_is_to_be_seen_but_not_to_be_changed_and_it_is_said_why(visit, template):
    page = visit("author").get(f"{EDIT}?step=ship&tab=action")

    assert "Only an author who may add automation" in said(page)
    assert 'value="http://127.0.0.1:9/ship"' in page.text
    assert 'id="add-AUTOMATION_WEBHOOK" name="kind" value="AUTOMATION_WEBHOOK"' in page.text
    assert "disabled" in page.text.split('id="add-AUTOMATION_WEBHOOK"')[1].split(">")[0]
    assert "disabled" not in page.text.split('id="add-MANUAL_TASK"')[1].split(">")[0]


@pytest.mark.parametrize("htmx", [True, False])
def test_a_forged_post_is_refused_and_nothing_typed_is_lost(visit, template, htmx):
    plain = visit("author")
    url = "https://evil.example/"
    answer = post(plain, "/steps/ship", panel="step:ship", actionConfig__url=url, htmx=htmx)

    assert answer.status_code == 403
    assert "Only an author who may add automation" in said(answer)
    assert draft().revision == 1
    if not htmx:
        assert url in answer.text


def test_who_may_not_add_automation_saves_the_rest_of_such_a_step(visit, template):
    answer = post(visit("author"), "/steps/ship", panel="step:ship", name="Send it")

    assert answer.status_code == 303
    assert draft().document["steps"][1]["name"] == "Send it"
    assert post(visit("operator"), "/steps/ship", name="x").status_code == 403


def test_what_automation_waits_for_says_which_of_its_fields_are_closed_and_why(visit):
    ok = {"key": "ok", "name": "Ok?", "actionType": "APPROVAL", "actionConfig": {"question": "?"}}
    publish(ok, task("pack", "ok"), webhook("ship", "pack"), task("tell", "ship"))
    plain = visit("author")

    def closed(step: str) -> list[str]:
        page = plain.get(f"{EDIT}?step={step}")
        parts = page.text.split('<fieldset class="bare" disabled')[1:]
        assert ("Automation waits for this step" in said(page)) == bool(parts)
        return [part.split('id="field-')[1].split('"')[0] for part in parts]

    asked = ["actionConfig-question", "actionConfig-instructions"]
    assert closed("ok") == ["key", "assignee", "dependsOn", *asked, "when"]
    assert closed("pack") == ["key", "dependsOn", "when"]
    assert closed("tell") == []
    button = plain.get(f"{EDIT}?step=pack").text.split('id="duplicate_step"')[1].split(">")[0]
    assert "disabled" not in button
    assert post(plain, "/steps/pack/duplicate").status_code == 303  # nothing waits for the copy


@pytest.mark.parametrize(
    "path", ["/steps/ship/remove", "/steps/ship/duplicate", "/steps/pack/remove"]
)
def test_who_may_not_add_automation_removes_and_copies_none(visit, template, path):
    assert post(visit("author"), path).status_code == 403


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("/steps", {"kind": "TELEPATHY"}, 422),
        ("/steps", {"kind": "APPROVAL", "after": "ghost"}, 404),
        ("/steps/ghost/move", {"to": "up"}, 404),
        ("/steps/pack/move", {"to": "sideways"}, 422),
        ("/steps/pack/move", {"to": "²"}, 422),
        ("/steps/ghost", {"name": "x"}, 404),
        ("/put-back", {"at": "3"}, 404),
        ("/put-back", {"at": "²"}, 404),
    ],
)
def test_nonsense_is_refused_in_words(author, template, path, more, status):
    answer = post(author, path, **more)
    assert answer.status_code == status
    assert "Not saved." in said(answer)
    assert draft().revision == 1


@pytest.mark.parametrize(
    "do", ["remove:steps.0", "up:steps.²", "remove:notificationPolicies.².x.0"]
)
def test_a_button_that_no_panel_has_changes_nothing(author, template, do):
    before = draft().document
    assert post(author, "/template", panel="template", do=do).status_code == 303
    assert draft().document == before


def test_markup_in_names_is_text(author, template):
    post(author, "/steps/pack", panel="step:pack", name="<script>alert(1)</script>")
    page = author.get(EDIT)
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_what_programs_replace_is_what_is_edited(author, template):
    from app.domain import templates
    from app.schemas.template import Template

    post(author, "/steps/pack", panel="step:pack", dependsOn="ship")
    wish = Template.read({"key": "order", "name": "Order", "steps": [task("only")]})
    change(templates.replace_draft, 1, wish, "api:shop")
    assert "Only" in said(author.get(EDIT))
