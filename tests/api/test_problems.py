"""Every error is a problem that says what, where and what is possible instead."""

import logging

import pytest
from sqlalchemy.exc import OperationalError

from app import transaction
from app.domain import queries, templates
from tests.api.conftest import Caller
from tests.api.test_main_story import ORDER, publish
from tests.support.marks import both_databases
from tests.support.workflows import task

PROBLEM = "application/problem+json"


def check(answer, status: int, slug: str) -> dict:
    """The answer is this problem, complete."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == PROBLEM
    assert answer.headers["Cache-Control"] == "no-store"
    problem = answer.json
    assert (problem["type"], problem["status"]) == (f"/problems/{slug}", status)
    assert problem["title"] and problem["detail"]
    assert isinstance(problem["errors"], list)
    return problem


def test_who_sends_no_token_or_a_wrong_one_is_told_to(app, caller):
    answer = caller(None).get("/templates")
    check(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    for token in ("wrong", "é", "a b", ""):
        check(Caller(app, token).get("/templates"), 401, "unauthorized")
    basic = {"Authorization": "Basic eDp5"}
    check(caller(None).get("/templates", headers=basic), 401, "unauthorized")


def test_a_token_that_was_revoked_is_refused(admin):
    from app.models import ApiToken

    with transaction.writing() as session:
        for token in session.query(ApiToken):
            token.revoked_at = token.created_at
    check(admin.get("/templates"), 401, "unauthorized")


def test_a_role_that_may_not_is_told_so(caller):
    check(caller("viewer").post("/instances", {}), 403, "forbidden")


@pytest.mark.parametrize(
    "path",
    [
        "/templates/7",
        "/instances/7",
        "/instances/7/events",
        "/instances/7/events/stream",
        "/nothing",
        "/api/nothing",
        "/api/",
        "/api",
        "/templates/" + "9" * 5000,
        "/templates/٣",
        "/templates/-1",
        "/instances/1e3",
        "/templates/%00",
        "/instances/1/steps/A%00/start",
    ],
)
def test_what_is_not_there_is_not_found(admin, path):
    check(admin.get(path), 404, "not-found")


def test_an_unknown_step_is_not_found(admin):
    publish(admin)
    instance = admin.post("/instances", {"templateKey": "order", "input": {"orderId": "1"}})
    url = f"/instances/{instance.json['id']}/steps"
    for key in ("nothing", "x" * 100, "x" * 101, "A", "%ED%A0%80", "a%00b"):
        check(admin.post(f"{url}/{key}/start"), 404, "not-found")


def test_a_wrong_method_is_told_the_right_ones(admin):
    answer = admin.ask("PATCH", "/templates")
    check(answer, 405, "method-not-allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    check(admin.post("/healthz"), 405, "method-not-allowed")


def test_every_fault_of_a_template_is_told_with_its_path(admin):
    steps = [
        {"key": "a", "name": "A", "actionType": "AUTOMATION_WEBHOOK", "dependsOn": ["b"]},
        {
            "key": "b",
            "name": "B",
            "actionType": "AUTOMATION_WEBHOOK",
            "dependsOn": ["a"],
            "actionConfig": {"url": "ftp://x", "retry": {"maxAttempts": 0}, "colour": "red"},
        },
    ]
    problem = check(admin.post("/templates", ORDER | {"steps": steps}), 422, "invalid")
    assert {fault["path"] for fault in problem["errors"]} == {
        "steps.0.dependsOn",
        "steps.1.dependsOn",
        "steps.0.actionConfig.url",
        "steps.1.actionConfig.retry.maxAttempts",
        "steps.1.actionConfig.colour",
    }


def test_all_that_is_missing_from_an_input_is_named(admin):
    schema = {"type": "object", "required": ["a", "b"], "properties": {"c": {"type": "integer"}}}
    publish(admin, ORDER | {"inputSchema": schema, "steps": [task("do")]})
    answer = admin.post("/instances", {"templateKey": "order", "input": {"c": "x"}})
    problem = check(answer, 422, "invalid")
    assert {fault["path"] for fault in problem["errors"]} == {"input.a", "input.b", "input.c"}


def test_nothing_but_json_is_read(admin):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        answer = admin.post("/templates", raw=b'{"key":"a","name":"A"}', content_type=kind)
        check(answer, 415, "unsupported-media-type")
    kind = "application/vnd.api+json; charset=utf-8"
    answer = admin.post("/templates", raw=b'{"key":"a","name":"A"}', content_type=kind)
    assert answer.status_code == 201


def test_a_body_that_is_too_large_is_not_read(admin):
    mebibyte = 1024 * 1024
    huge = b'{"key": "' + b"a" * mebibyte + b'"}'
    check(admin.post("/templates", raw=huge), 413, "too-large")
    check(admin.post("/instances/1/cancel", raw=huge), 413, "too-large")
    items = b'{"items": [' + b" " * 2 * mebibyte + b"]}"
    check(admin.post("/instances/bulk", raw=items), 422, "invalid")
    check(admin.post("/instances/bulk", raw=items * 5), 413, "too-large")


def test_a_body_of_unsaid_length_is_cut_off_too(app, admin):
    from io import BytesIO

    answer = admin.ask(
        "POST",
        "/templates",
        raw=b"",
        content_type="application/json",
        input_stream=BytesIO(b"[" * (1024 * 1024 + 1)),
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    check(answer, 413, "too-large")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=1_0", "limit"),
        ("cursor=-1", "cursor"),
        ("cursor=1.5", "cursor"),
        ("cursor=" + "9" * 19, "cursor"),
        ("cursor=é", "cursor"),
        ("state=LOST", "state"),
        ("q=" + "x" * 501, "q"),
    ],
)
def test_a_wrong_query_is_told_with_the_name(admin, query, path):
    problem = check(admin.get(f"/instances?{query}"), 422, "invalid")
    assert [fault["path"] for fault in problem["errors"]] == [path]


@both_databases
def test_nul_in_a_query_is_refused(admin):
    check(admin.get("/instances?q=a%00b"), 400, "malformed")
    check(admin.get("/templates?q=%00"), 400, "malformed")
    assert admin.get("/instances?q=%ED%A0%80&other=1").status_code == 200


@both_databases
def test_numbers_at_the_edge_of_what_columns_hold_are_no_accident(admin):
    publish(admin)
    start = {"templateKey": "order", "input": {"orderId": "1"}}
    assert admin.post("/instances", start | {"version": 2**31}).status_code == 422
    assert admin.post("/instances", start | {"version": 2**31 - 1}).status_code == 404
    wish = {"templateId": 10**18}
    assert admin.post("/instances", wish).status_code == 404
    assert admin.get(f"/instances?cursor={10**18 - 1}").status_code == 200
    assert admin.get(f"/templates/1/versions?cursor={2**31 - 1}").status_code == 200
    assert admin.get(f"/templates/1/versions?cursor={2**31}").status_code == 422
    assert admin.get(f"/instances/1/events?after={2**31 - 1}").status_code == 404
    assert admin.get(f"/instances/1/events?after={2**31}").status_code == 422


def test_what_nobody_expected_is_logged_and_not_shown(admin, monkeypatch, caplog):
    monkeypatch.setattr(templates, "find", lambda *_, **__: 1 / 0)
    with caplog.at_level(logging.ERROR):
        answer = admin.get("/templates/1")
    check(answer, 500, "error")
    assert "ZeroDivision" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_a_database_that_does_not_answer_is_503(admin, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("connection refused"))

    monkeypatch.setattr(queries, "list_instances", away)
    answer = admin.get("/instances")
    check(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "5" and "SELECT" not in answer.text


def test_no_answer_is_cached_and_none_sets_a_cookie(admin):
    publish(admin)
    for path in ("/templates", "/templates/1/export", "/healthz", "/api/openapi.json", "/x"):
        answer = admin.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


def test_forms_protection_is_not_asked_of_programs(app, admin):
    app.config["WTF_CSRF_ENABLED"] = True
    assert admin.post("/templates", ORDER).status_code == 201
