"""/users, /groups, /tokens: people, groups and programs by the API."""

from datetime import timedelta

import pytest

from app import clock
from app.models import IdempotencyKey, User
from tests.support.cast import person
from tests.support.looking import look
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish, task

KEY = {"Idempotency-Key": "once"}


@pytest.fixture(autouse=True)
def _hash_quickly(hash_quickly):
    """Real argon2, with as little work as it allows."""


@both_databases
def test_somebody_is_invited_and_their_link_given_once(admin):
    wish = {"email": "Nora@Example.com", "role": "author", "mayAddAutomation": True}
    first = admin.post("/users", wish, headers=KEY)
    assert first.status_code == 201
    assert first.headers["Location"] == "/api/workflows/users/1"
    link = first.json["link"]
    assert "/welcome/" in link["url"] and link["purpose"] == "invitation"
    again = admin.post("/users", wish, headers=KEY)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == first.json | {"link": link | {"url": None}}
    kept = look(lambda session: session.query(IdempotencyKey.answer).scalar())
    assert link["url"].rpartition("/")[2] not in repr(kept)
    found = admin.get("/users/1").json
    assert (found["name"], found["invited"], found["active"]) == ("Nora", True, True)


@both_databases
def test_a_person_is_changed_sent_away_and_let_in_again(admin):
    person("otto@example.com")
    changed = admin.ask("PATCH", "/users/1", {"role": "author", "reason": "Writes."})
    assert (changed.status_code, changed.json["role"]) == (200, "author")
    assert changed.json["name"] == "Otto"
    gone = admin.post("/users/1/deactivate", {"reason": "Left."})
    assert not gone.json["active"]
    assert admin.post("/users/1/invite", {}).status_code == 409
    assert admin.post("/users/1/reactivate", {}).json["active"]
    link = admin.post("/users/1/invite", {"reason": "Forgot it."})
    assert (link.status_code, link.json["purpose"]) == (201, "password")


def test_the_last_admin_is_not_sent_away(admin):
    person("ada@example.com", "admin")
    for answer in (
        admin.post("/users/1/deactivate", {}),
        admin.ask("PATCH", "/users/1", {"role": "viewer"}),
    ):
        assert answer.status_code == 409
        assert "last admin" in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"email": "nobody", "role": "viewer"}, "email"),
        ({"email": "a@example.com", "role": "king"}, "role"),
        ({"email": "a@example.com"}, "role"),
        ({"email": "a@example.com", "role": "viewer", "password": "x"}, "password"),
        (
            {"email": "a@example.com", "role": "viewer", "mayAddAutomation": "yes"},
            "mayAddAutomation",
        ),
    ],
)
def test_what_is_wrong_is_named(admin, body, path):
    answer = admin.post("/users", body)
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json["errors"]] == [path]


def test_people_are_listed_by_role_and_state(admin):
    person("otto@example.com")
    person("gone@example.com", active=False)
    found = admin.get("/users?state=active&role=operator").json["items"]
    assert [one["email"] for one in found] == ["otto@example.com"]
    assert admin.get("/users?state=nothing").status_code == 422


@both_databases
def test_a_group_is_made_changed_and_deleted(admin):
    person("fay@example.com", "viewer")
    wish = {"key": "finance", "name": "Finance", "members": ["fay@example.com"]}
    made = admin.post("/groups", wish)
    assert (made.status_code, made.headers["Location"]) == (201, "/api/workflows/groups/finance")
    assert [one["email"] for one in made.json["members"]] == ["fay@example.com"]
    assert admin.post("/groups", wish).status_code == 409
    changed = admin.ask("PATCH", "/groups/finance", {"name": "Money"})
    assert (changed.json["name"], len(changed.json["members"])) == ("Money", 1)
    assert admin.get("/groups?q=mon").json["items"] == [changed.json]
    assert admin.get("/users/1").json["groups"] == ["finance"]
    assert admin.delete("/groups/finance").status_code == 204
    assert admin.get("/groups/finance").status_code == 404


def test_a_group_that_is_named_stays(admin):
    admin.post("/groups", {"key": "finance", "name": "Finance"})
    publish(task("pay", assignee="group:finance"))
    instance = begin()
    answer = admin.delete("/groups/finance")
    assert answer.status_code == 409
    assert answer.json["templates"] == [{"id": 1, "name": "Order"}]
    assert answer.json["steps"] == [{"instanceId": instance, "key": "pay"}]


@both_databases
def test_a_token_is_given_once_and_revoked(admin, caller):
    until = (clock.now() + timedelta(days=1)).isoformat()
    wish = {"name": "shop", "role": "viewer", "expiresAt": until}
    first = admin.post("/tokens", wish, headers=KEY)
    token = first.json["token"]
    assert first.status_code == 201 and token.startswith("rs_")
    assert admin.post("/tokens", wish, headers=KEY).json == first.json | {"token": None}
    assert token not in repr(look(lambda session: session.query(IdempotencyKey.answer).scalar()))

    shop = caller(None)
    shop.token = token
    assert shop.get("/instances").status_code == 200
    listed = admin.get("/tokens?q=shop").json["items"][0]
    assert listed["lastUsedAt"] is not None and "token" not in listed
    assert admin.delete(f"/tokens/{listed['id']}").status_code == 204
    refused = shop.get("/instances")
    assert (refused.status_code, refused.json["detail"]) == (
        401,
        "This token was revoked. Ask an admin for another.",
    )
    ended = admin.get("/tokens?state=ended").json["items"]
    assert [(one["name"], one["valid"]) for one in ended] == [("shop", False)]
    assert admin.delete("/tokens/99").status_code == 404


def test_a_token_does_the_steps_of_its_role_and_no_others(admin, caller):
    publish(task("pack", assignee="role:viewer"), task("ship", assignee="role:operator"))
    step = f"/instances/{begin()}/steps"
    viewer = caller("viewer")
    assert viewer.post(f"{step}/pack/skip", {}).status_code == 403
    assert viewer.post(f"{step}/pack/start", {}).status_code == 200
    assert viewer.post(f"{step}/pack/complete", {}).json["state"] == "COMPLETED"
    for verb in ("start", "complete"):
        assert viewer.post(f"{step}/ship/{verb}", {}).status_code == 403
    assert viewer.post(f"{step}/nothing/start", {}).status_code == 404


def test_who_made_a_change_stands_in_the_record(admin):
    from app.models import AuditEntry

    admin.post("/users", {"email": "nora@example.com", "role": "viewer", "reason": "New here."})
    rows = look(lambda session: session.query(AuditEntry).order_by(AuditEntry.id).all())
    assert [(row.action, row.actor, row.subject_id, row.reason) for row in rows] == [
        ("user.invited", "api:admin-False", "nora@example.com", "New here."),
        ("user.invitation-link", "api:admin-False", "nora@example.com", None),
    ]
    assert look(lambda session: session.query(User).count()) == 1


def test_members_come_and_go_one_by_one(admin):
    person("otto@example.com")
    person("olga@example.com")
    admin.post("/groups", {"key": "finance", "name": "Finance", "members": ["otto@example.com"]})
    found = admin.post("/groups/finance/members", {"email": "Olga@Example.com"})
    assert [each["name"] for each in found.json["members"]] == ["Olga", "Otto"]
    again = admin.post("/groups/finance/members", {"email": "olga@example.com"})
    assert (again.status_code, again.json) == (200, found.json)
    nobody = admin.post("/groups/finance/members", {"email": "nobody@example.com"})
    assert (nobody.status_code, nobody.json["errors"][0]["path"]) == (422, "email")
    otto = found.json["members"][1]["id"]
    assert admin.delete(f"/groups/finance/members/{otto}").json["members"] == [
        found.json["members"][0]
    ]
