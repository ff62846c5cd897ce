"""Templates as files on pages: exported, and imported from what is pasted or picked."""

import io
import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from app import transaction
from app.domain import drafts, templates
from app.models import WorkflowTemplate
from app.schemas.yaml_text import dumps_yaml
from tests.support.workflows import publish, task, webhook
from tests.web.conftest import Person, said

ORDER = {"key": "order", "name": "Order", "steps": [task("pack"), task("wrap", "pack")]}
PLACE = "/templates/import"


@pytest.fixture
def author(visit) -> Person:
    return visit("author", may_add_automation=True)


def kept(page: Any) -> str:
    """What stands in the text area."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page.text, re.S)
    assert found is not None
    return unescape(found[1])


def drafted(key: str = "order") -> list[str] | None:
    """The keys of the steps of a template's draft; None: there is no such template."""
    with transaction.reading() as session:
        row = session.scalar(select(WorkflowTemplate).where(WorkflowTemplate.key == key))
        return row and [step["key"] for step in row.draft["steps"]]


def test_a_template_is_exported_as_a_file_named_after_its_key(viewer, app):
    template_id = publish(task("pack"))
    for query, kind in (("", "yaml"), ("?format=json", "json"), ("?format=other", "yaml")):
        answer = viewer.get(f"/templates/{template_id}/export{query}")
        assert answer.mimetype == f"application/{kind}"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="order.{kind}"'
    assert f'href="/templates/{template_id}/export"' in viewer.get(f"/templates/{template_id}").text


def test_what_is_pasted_is_checked_before_it_is_imported(author):
    text = dumps_yaml(ORDER)
    page = author.post(PLACE, {"text": text, "do": "check"})
    assert page.status_code == 200
    assert "No template has the key order yet: this makes a new one." in said(page)
    assert kept(page) == text
    assert drafted() is None

    assert author.post(PLACE, {"text": text, "do": "import"}).status_code == 303
    assert drafted() == ["pack", "wrap"]
    assert "Order is a new template." in said(author.get("/templates"))


def test_of_a_key_that_is_there_it_becomes_the_draft_and_versions_stay(author):
    template_id = publish(task("look"))
    page = author.post(PLACE, {"text": dumps_yaml(ORDER), "do": "check"})
    assert "this becomes its new draft" in said(page)
    author.post(PLACE, {"text": dumps_yaml(ORDER), "do": "import"})
    assert drafted() == ["pack", "wrap"]
    with transaction.reading() as session:
        assert templates.find(session, template_id).newest_version == 1


def test_a_file_takes_the_place_of_what_is_pasted(author):
    file = (io.BytesIO(b"\xef\xbb\xbf" + dumps_yaml(ORDER).encode()), "order.yaml")
    answer = author.post(PLACE, {"file": file, "text": "{", "do": "import"})
    assert answer.status_code == 303
    assert drafted() == ["pack", "wrap"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Paste a template, or pick a file."),
        ("key: [", "The body is not YAML"),
        ('{"key": "a" 1}', "The body is not JSON"),
        ("key: &a order\nname: *a\n", "Anchors and aliases are not supported"),
        ("key: a\nkey: b\n", "same key twice"),
    ],
)
def test_what_can_not_be_read_is_given_back_with_the_reason(author, text, why):
    page = author.post(PLACE, {"text": text, "do": "import"})
    assert page.status_code == 422
    assert why in said(page)
    assert kept(page) == text


def test_faults_stand_at_their_paths_and_nothing_is_lost(author):
    text = dumps_yaml(ORDER | {"steps": [task("a", "ghost"), webhook("b", config={"url": "x"})]})
    page = author.post(PLACE, {"text": text, "do": "import"})
    assert page.status_code == 422
    assert "steps.0.dependsOn.0 There is no step with the key 'ghost'." in said(page)
    assert "steps.1.actionConfig.url" in said(page)
    assert kept(page) == text
    assert drafted() is None


def test_what_was_pasted_is_shown_as_text(author):
    text = "</textarea><script>alert(1)</script>"
    page = author.post(PLACE, {"text": text, "do": "check"})
    assert "<script>alert" not in page.text
    assert kept(page) == text


def test_only_who_may_add_automation_imports_it(visit):
    text = dumps_yaml(ORDER | {"steps": [webhook("send")]})
    page = visit("author").post(PLACE, {"text": text, "do": "import"})
    assert page.status_code == 403
    assert "Only an author who may add automation" in said(page)
    assert kept(page) == text
    assert drafted() is None


def revision_of(page) -> str:
    found = re.search(r'name="revision" value="(\d+)"', page.text)
    assert found
    return found[1]


def test_a_draft_that_changed_since_it_was_checked_is_not_replaced(author):
    template_id = publish(task("look"))
    page = author.post(PLACE, {"text": dumps_yaml(ORDER), "do": "check"})
    revision = revision_of(page)
    author.post(PLACE, {"text": dumps_yaml(ORDER | {"name": "Mine"}), "do": "import"})

    late = {"text": dumps_yaml(ORDER | {"name": "Late"}), "do": "import", "revision": revision}
    page = author.post(PLACE, late)
    assert page.status_code == 409
    assert "import once more to replace it" in said(page)
    with transaction.reading() as session:
        assert drafts.read(session, template_id).name == "Mine"
    again = revision_of(page)
    assert author.post(PLACE, late | {"revision": again}).status_code == 303


def test_what_says_the_same_changes_nothing(author):
    author.post(PLACE, {"text": dumps_yaml(ORDER), "do": "import"})
    answer = author.post(PLACE, {"text": dumps_yaml(ORDER), "do": "import"})
    assert answer.status_code == 303
    assert "says the same already" in said(author.get(answer.location))
    with transaction.reading() as session:
        row = templates.find_by_key(session, "order")
        assert row is not None
        assert row.draft_revision == 1
