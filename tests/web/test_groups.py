"""The pages of groups, and what belonging to one lets a person do."""

import pytest

from app import transaction
from app.models import User
from tests.support.cast import group, person
from tests.support.looking import look
from tests.support.workflows import begin, publish, task
from tests.web.conftest import said


@pytest.fixture(autouse=True)
def _hash_quickly(hash_quickly):
    """Real argon2, with as little work as it allows."""


@pytest.fixture
def admin(visit):
    return visit("admin")


def test_an_empty_list_teaches(admin, viewer):
    assert "No groups yet" in said(admin.get("/groups"))
    page = said(viewer.get("/groups"))
    assert "Admins make them." in page and "New group" not in page


def test_a_group_is_made_filled_renamed_and_deleted(admin):
    person("fay@example.com", "viewer")
    answer = admin.post("/groups", {"name": "Finance", "key": "finance"})
    assert answer.location == "/groups/finance"
    admin.post("/groups/finance/members", {"email": "FAY@example.com"})
    page = said(admin.get("/groups/finance"))
    assert "Fay is in the group." in page and "1 member" in page
    admin.post("/groups/finance", {"name": "Money"})
    assert "Money" in said(admin.get("/groups")) and "Fay" in said(admin.get("/groups"))
    admin.post("/groups/finance/members/2/remove")
    assert "Nobody yet." in said(admin.get("/groups/finance"))
    assert admin.post("/groups/finance/delete").location == "/groups"
    assert admin.get("/groups/finance").status_code == 404


@pytest.mark.parametrize(
    ("path", "wish", "status", "words"),
    [
        ("/groups", {"name": "Finance", "key": "Not a key"}, 422, "should match pattern"),
        ("/groups", {"name": "", "key": "x"}, 422, "at least 1 character"),
        ("/groups", {"name": "Again", "key": "finance"}, 409, "already a group with the key"),
        ("/groups/finance", {"name": ""}, 422, "at least 1 character"),
        ("/groups/finance/members", {"email": "nobody@example.com"}, 422, "There is nobody"),
    ],
)
def test_what_is_wrong_stands_at_its_field(admin, path, wish, status, words):
    group("finance")
    answer = admin.post(path, wish)
    assert answer.status_code == status
    assert words in said(answer)
    assert 'aria-invalid="true"' in answer.text


def test_a_group_that_is_named_stays_and_says_by_what(admin):
    group("finance")
    publish(task("pay", name="Pay it", assignee="group:finance"), name="Payments")
    instance = begin()
    page = admin.get("/groups/finance").text
    assert 'href="/templates/1">Payments</a>' in page
    assert f'href="/instances/{instance}/steps/pay">Pay it</a>' in page
    assert "Delete …" not in page
    answer = admin.post("/groups/finance/delete")
    assert answer.status_code == 409
    assert "by the template Payments and by 1 open step" in said(answer)


def test_the_tasks_of_a_group_are_those_of_its_members(viewer, operator):
    group("finance", "viewer@example.com")
    publish(task("pay", name="Pay it", assignee="group:finance"))
    instance = begin()
    page = viewer.get("/tasks")
    assert "Pay it" in said(page) and "the group finance" in said(page)
    assert "1 for you" in said(page)
    assert "Pay it" not in said(operator.get("/tasks"))
    assert "Pay it" in said(operator.get("/tasks?whose=all"))

    step = f"/instances/{instance}/steps/pay"
    shown = viewer.get(step).text
    assert f'action="{step}/complete"' in shown and f'action="{step}/skip"' not in shown
    assert viewer.post(f"{step}/skip").status_code == 403
    assert viewer.post(f"{step}/complete", {"output": "{}"}).status_code == 303
    assert "viewer@example.com" in said(viewer.get(step))


def test_who_leaves_a_group_may_not_any_more(viewer):
    group("finance", "viewer@example.com")
    publish(task("pay", assignee="group:finance"))
    step = f"/instances/{begin()}/steps/pay"
    assert viewer.post(f"{step}/start").status_code == 303
    with transaction.writing() as session:
        from app.domain import groups
        from tests.support.cast import ROOT

        groups.remove_member(session, "finance", look(viewer_id), ROOT)
    assert viewer.post(f"{step}/complete").status_code == 403
    assert f'action="{step}/complete"' not in viewer.get(step).text


def viewer_id(session) -> int:
    return session.query(User.id).filter_by(role="viewer").scalar()
