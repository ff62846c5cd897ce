"""The same POST sent again has one effect and one answer."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock, transaction
from app.domain import instances
from app.models import IdempotencyKey, WorkflowInstance
from tests.api.conftest import Caller
from tests.api.test_main_story import publish
from tests.support.marks import both_databases

BODY = {"templateKey": "order", "input": {"orderId": "A-1"}}
KEY = {"Idempotency-Key": "one-of-a-kind"}
only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def count(table: Any) -> int:
    with transaction.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@both_databases
def test_the_same_request_gets_the_first_answer_again(admin):
    publish(admin)
    first = admin.post("/instances", BODY, headers=KEY)
    again = admin.post("/instances", BODY, headers=KEY)
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert count(WorkflowInstance) == 1


def test_another_body_under_the_same_key_is_refused(admin):
    publish(admin)
    admin.post("/instances", BODY, headers=KEY)
    answer = admin.post("/instances", BODY | {"title": "Other"}, headers=KEY)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert count(WorkflowInstance) == 1


def test_a_key_counts_for_one_token_and_one_path(admin, caller):
    publish(admin)
    ids = {
        admin.post("/instances", BODY, headers=KEY).json["id"],
        caller("operator").post("/instances", BODY, headers=KEY).json["id"],
    }
    assert len(ids) == 2
    for instance_id in ids:
        answer = admin.post(f"/instances/{instance_id}/pause", headers=KEY)
        assert (answer.status_code, answer.json["id"]) == (200, instance_id)


def test_a_refused_request_may_be_put_right_under_its_key(admin):
    assert admin.post("/instances", BODY, headers=KEY).status_code == 404
    publish(admin)
    assert admin.post("/instances", BODY, headers=KEY).status_code == 201


@both_databases
def test_a_key_is_forgotten_after_a_day(admin):
    publish(admin)
    old = {"Idempotency-Key": "old"}
    admin.post("/instances", BODY, headers=KEY)
    admin.post("/instances", BODY, headers=old)
    clock.travel(timedelta(hours=25))
    assert "Idempotent-Replayed" not in admin.post("/instances", BODY, headers=KEY).headers
    assert count(WorkflowInstance) == 3
    assert count(IdempotencyKey) == 1, "what is too old is swept away"


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\xe9", "tab\there"])
def test_a_key_that_is_none_is_refused(admin, key):
    answer = admin.post("/instances", BODY, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["path"] == "Idempotency-Key"


@both_databases
def test_two_at_once_have_one_effect(admin):
    publish(admin)
    together = threading.Barrier(4)

    def send(_: int) -> Any:
        together.wait()
        return admin.post("/instances", BODY, headers=KEY)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert count(WorkflowInstance) == 1
    kept = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.data for answer in kept}) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}


@only_postgresql
def test_while_the_first_is_at_work_the_second_is_told_so(admin, monkeypatch):
    publish(admin)
    answers = meanwhile(
        monkeypatch, lambda: admin.post("/instances", BODY, headers=KEY), lambda caller: caller()
    )
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json["type"] == "/problems/request-in-flight"
    assert count(WorkflowInstance) == 1


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, send: Callable[[], Any], then: Callable[[Any], Any]
) -> list[Any]:
    """Send; while that is held up in its verb, send again; returns both answers."""
    begun, go_on = threading.Event(), threading.Event()
    real = instances.start

    def held(*arguments: Any) -> int:
        begun.set()
        assert go_on.wait(20)
        return real(*arguments)

    monkeypatch.setattr(instances, "start", held)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send)
        assert begun.wait(20)
        second = then(send)
        go_on.set()
        return [first.result(), second]


def test_reading_and_replacing_need_no_key(admin: Caller):
    template_id = publish(admin)
    assert admin.get(f"/templates/{template_id}", headers=KEY).status_code == 200
    assert count(IdempotencyKey) == 0
