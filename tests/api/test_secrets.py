"""/secrets: values go in and never come out."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.models import IdempotencyKey
from tests.support.looking import look
from tests.support.marks import both_databases

VALUE = "a value that nobody reads"
NEXT = "another one nobody reads"


@pytest.fixture
def keeper(caller):
    return caller("author", may_add_automation=True)


def create(keeper, name="STOCK_TOKEN", **more):
    return keeper.post("/secrets", {"name": name, "value": VALUE} | more)


@both_databases
def test_a_secret_is_created_and_comes_back_without_its_value(keeper):
    answer = create(keeper, hosts=["Stock.example.com", "*.example.org:8443"])
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/workflows/secrets/STOCK_TOKEN"
    found = keeper.get("/secrets/STOCK_TOKEN").json
    assert found == answer.json
    assert found | {"createdAt": "", "updatedAt": ""} == {
        "name": "STOCK_TOKEN",
        "hosts": ["stock.example.com", "*.example.org:8443"],
        "keyId": "k1",
        "previousValidUntil": None,
        "createdAt": "",
        "updatedAt": "",
        "updatedBy": "api:author-True",
        "usedBy": [],
    }


@both_databases
def test_the_list_has_pages(keeper):
    for name in ("A", "B", "C"):
        create(keeper, name)
    first = keeper.get("/secrets?limit=2").json
    second = keeper.get(f"/secrets?limit=2&cursor={first['nextCursor']}").json
    names = [secret["name"] for secret in first["items"] + second["items"]]
    assert (names, second["nextCursor"]) == (["C", "B", "A"], None)


@both_databases
def test_a_rotation_keeps_the_old_one_for_a_day_or_as_long_as_is_said(keeper):
    create(keeper)
    answer = keeper.post("/secrets/STOCK_TOKEN/rotate", {"value": NEXT})
    assert answer.status_code == 200
    day = (clock.now() + timedelta(hours=24)).isoformat()[:16]
    assert answer.json["previousValidUntil"][:16] == day
    until = {"value": VALUE, "previousValidUntil": "2020-01-01T00:00:00Z"}
    answer = keeper.post("/secrets/STOCK_TOKEN/rotate", until)
    assert answer.json["previousValidUntil"] is None


def test_hosts_change_without_the_value(keeper):
    create(keeper, hosts=["a.example.com"])
    answer = keeper.ask("PATCH", "/secrets/STOCK_TOKEN", {"hosts": []})
    assert (answer.status_code, answer.json["hosts"]) == (200, [])


def test_what_is_deleted_is_gone(keeper):
    create(keeper)
    assert keeper.delete("/secrets/STOCK_TOKEN").status_code == 204
    assert keeper.get("/secrets/STOCK_TOKEN").status_code == 404
    assert keeper.delete("/secrets/STOCK_TOKEN").status_code == 404
    assert keeper.post("/secrets/STOCK_TOKEN/rotate", {"value": NEXT}).status_code == 404


def test_a_name_is_taken_once(keeper):
    create(keeper)
    answer = create(keeper)
    assert answer.status_code == 409
    assert answer.json["detail"] == "There is already a secret named STOCK_TOKEN."


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": "1"}, "name"),
        ({"name": "A"}, "value"),
        ({"name": "A", "value": ""}, "value"),
        ({"name": "A", "value": None}, "value"),
        ({"name": "A", "value": {"a": VALUE}}, "value"),
        ({"name": "A", "value": f"{VALUE}\n"}, "value"),
        ({"name": "A", "value": "whsec_?"}, "value"),
        ({"name": "A", "value": VALUE, "hosts": ["http://x"]}, "hosts.0"),
        ({"name": "A", "value": VALUE, "hosts": "x"}, "hosts"),
        ({"name": "A", "value": VALUE, "extra": 1}, "extra"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_value_is_not_repeated(keeper, body, path):
    answer = keeper.post("/secrets", body)
    assert answer.status_code == 422
    assert path in [error["path"] for error in answer.json["errors"]]
    assert VALUE not in answer.text


@pytest.mark.parametrize("name", ["a b", "1a", "x" * 65, "ä", "..", "a%00"])
def test_what_can_be_no_name_is_no_route(keeper, name):
    assert keeper.get(f"/secrets/{name}").status_code == 404


def test_templates_that_use_it_are_named(keeper):
    create(keeper)
    step = {"key": "send", "name": "Send", "actionType": "AUTOMATION_WEBHOOK"}
    config = {"url": "https://x.example.com", "auth": {"type": "bearer", "secret": "STOCK_TOKEN"}}
    template = {"key": "order", "name": "Order", "steps": [step | {"actionConfig": config}]}
    id = keeper.post("/templates", template).json["id"]
    used = keeper.get("/secrets").json["items"][0]["usedBy"]
    assert used == [{"templateId": id, "key": "order", "name": "Order"}]
    keeper.delete(f"/templates/{id}")
    assert keeper.get("/secrets").json["items"][0]["usedBy"] == []


def test_publishing_names_the_field_of_a_missing_secret(keeper):
    config = {"url": "https://x.example.com", "auth": {"type": "bearer", "secret": "NONE"}}
    step = {"key": "send", "name": "Send", "actionType": "AUTOMATION_WEBHOOK"}
    template = {"key": "order", "name": "Order", "steps": [step | {"actionConfig": config}]}
    id = keeper.post("/templates", template).json["id"]
    answer = keeper.post(f"/templates/{id}/publish", {})
    assert answer.status_code == 422
    assert answer.json["errors"] == [
        {
            "path": "steps.0.actionConfig.auth.secret",
            "message": "There is no secret named NONE.",
        }
    ]


@both_databases
def test_what_is_kept_for_a_repeated_request_holds_no_value(keeper):
    key = {"Idempotency-Key": "once"}
    first = keeper.post("/secrets", {"name": "A", "value": VALUE}, headers=key)
    again = keeper.post("/secrets", {"name": "A", "value": VALUE}, headers=key)
    assert (again.status_code, again.json) == (201, first.json)
    other = keeper.post("/secrets", {"name": "A", "value": NEXT}, headers=key)
    assert other.status_code == 422
    (row,) = look(lambda session: list(session.scalars(select(IdempotencyKey))))
    kept = json.dumps([row.answer, row.body_hash])
    assert VALUE not in kept


def test_the_hash_of_a_body_can_not_be_guessed_from_outside(keeper):
    import hashlib

    body = json.dumps({"name": "A", "value": "1234"}).encode()
    keeper.post("/secrets", raw=body, headers={"Idempotency-Key": "once"})
    (row,) = look(lambda session: list(session.scalars(select(IdempotencyKey))))
    assert row.body_hash != hashlib.sha256(body).hexdigest()


def test_an_author_who_may_not_add_automation_sees_names_and_changes_nothing(caller, keeper):
    create(keeper)
    author = caller("author")
    assert author.get("/secrets").json["items"][0]["name"] == "STOCK_TOKEN"
    for method, path in (
        ("POST", "/secrets"),
        ("PATCH", "/secrets/STOCK_TOKEN"),
        ("DELETE", "/secrets/STOCK_TOKEN"),
        ("POST", "/secrets/STOCK_TOKEN/rotate"),
    ):
        answer = author.ask(method, path, {})
        assert answer.status_code == 403
        assert "may add automation" in answer.json["detail"]


def test_an_operator_who_may_add_automation_manages_no_secrets(caller):
    operator = caller("operator", may_add_automation=True)
    assert operator.get("/secrets").status_code == 403
    assert create(operator).status_code == 403


def test_an_author_who_may_not_add_automation_may_not_say_what_notices_are_signed_with(caller):
    policy = {
        "channel": "WEBHOOK",
        "trigger": "ON_FAILED",
        "recipients": ["https://hooks.example.com"],
        "signingSecret": "KEY",
    }
    step = {"key": "pack", "name": "Pack", "actionType": "MANUAL_TASK"}
    template = {
        "key": "order",
        "name": "Order",
        "steps": [step | {"notificationPolicies": [policy]}],
    }
    answer = caller("author").post("/templates", template)
    assert answer.status_code == 403
    assert caller("author", may_add_automation=True).post("/templates", template).status_code == 201
