"""Lists, search, and what stands around every page."""

import pytest

from app import transaction
from app.domain import instances
from app.domain.outcomes import Outcome
from app.schemas.instance import InstanceIn
from tests.support.looking import do, step_of
from tests.support.marks import both_databases
from tests.support.workflows import OPERATOR, begin, publish, task, work
from tests.web.conftest import said


def start(title: str) -> int:
    with transaction.writing() as session:
        return instances.start(
            session, InstanceIn.read({"templateKey": "order", "title": title}), OPERATOR
        )


def test_nothing_yet_teaches(operator):
    for path in ("/", "/instances", "/tasks", "/templates"):
        assert operator.get(path).status_code == 200
    assert "one run of a template" in said(operator.get("/instances"))


def test_instances_say_what_they_wait_for(operator, order):
    assert "Pack waits for somebody" in said(operator.get("/instances"))
    do(order, "complete", "pack")
    assert "Ship is queued" in said(operator.get("/instances"))
    work(Outcome(verdict="retry", error="503 from x"))
    assert "Ship will be tried again" in said(operator.get("/instances"))
    do(order, "run-now", "ship")
    work(Outcome(verdict="failed", error="503 from x"))
    assert "Ship: 503 from x, tried 2 of 2" in said(operator.get("/instances"))


@both_databases
def test_every_list_and_action_works_on_both_databases(operator, order):
    operator.post(f"/instances/{order}/steps/pack/complete", {"output": '{"packages": 2}'})
    work(Outcome(verdict="failed", error="503 from x", status_code=503))
    operator.post(f"/instances/{order}/steps/ship/retry", {"reason": "Back again"})
    for path in ("/", "/instances?q=order&state=RUNNING&template=order", "/tasks?due=overdue"):
        assert operator.get(path).status_code == 200
    for path in ("/templates", "/templates/1", "/templates/1/start", "/search?q=00-unknown"):
        assert operator.get(path).status_code in (200, 302)
    assert "Back again" in said(operator.get(f"/instances/{order}/steps/ship"))
    assert operator.get("/search?q=a%00b").status_code == 302


def test_filters_stand_in_the_url_and_keep_one_another(operator, order):
    paused = start("A 100% special_order")
    do(paused, "pause")
    page = operator.get("/instances?state=PAUSED&q=special")
    assert "A 100% special_order" in said(page)
    assert "state=RUNNING&amp;q=special" in page.text
    assert "No instances match" in said(operator.get("/instances?state=RUNNING&q=special"))
    assert "A 100%" not in said(operator.get("/instances?q=speciál"))
    assert "A 100%" in said(operator.get("/instances?template=order"))
    assert "No instances match" in said(operator.get("/instances?template=other"))


@pytest.mark.parametrize("query", ["state=NONSENSE", "q=%00", "q=%FF", "cursor=x", "template=%00"])
def test_odd_filters_harm_nothing(operator, order, query):
    assert operator.get(f"/instances?{query}").status_code == 200


def test_a_long_list_goes_on(operator, app, monkeypatch):
    monkeypatch.setattr("app.web.instance_lists.ROWS", 2)
    publish(task("pack"))
    for number in range(3):
        start(f"Order {number}")
    page = operator.get("/instances?state=RUNNING")
    assert "Order 0" not in said(page) and "Older ones" in said(page)
    assert "state=RUNNING" in page.text.split('rel="next"')[0].rsplit("href", 1)[1]
    assert "Order 0" in said(operator.get("/instances?cursor=2"))


def test_pasting_an_id_leads_there(operator, order):
    assert operator.get(f"/search?q={order}").location == f"/instances/{order}"
    assert operator.get(f"/search?q=%23{order}").location == f"/instances/{order}"
    assert operator.get("/search?q=order").location == "/templates/1"
    assert operator.get("/search?q=A-1042").location == "/instances?q=A-1042"
    assert operator.get("/search?q=777").location == "/instances?q=777"
    do(order, "complete", "pack")
    token = step_of(order, "ship").execution_token
    assert operator.get(f"/search?q={token}").location == f"/instances/{order}/steps/ship"


def test_tasks_are_those_one_may_do(operator, visit, app):
    publish(
        task("mine", assignee="role:operator", dueIn="PT4H"),
        task("theirs", assignee="role:admin"),
        task("named", assignee="user:jo@example.com"),
        task("open"),
    )
    begin()
    text = said(operator.get("/tasks"))
    assert "Mine" in text and "Open" in text and "3 shown" not in text and "2 shown" in text
    assert "4 shown" in said(operator.get("/tasks?whose=all"))
    assert "3 shown" in said(visit("admin").get("/tasks"))
    assert "No tasks match" in said(operator.get("/tasks?due=overdue"))


def test_paused_instances_have_no_tasks(operator, order):
    do(order, "pause")
    assert "Nothing waits for anybody" in said(operator.get("/tasks"))


def test_a_template_shows_its_steps_and_one_of_them(operator, order):
    page = operator.get("/templates/1?step=ship")
    assert "http://127.0.0.1:9/ship" in said(page)
    assert "<svg" in page.text
    assert operator.get("/templates/1?step=nope").status_code == 404
    assert operator.get("/templates/9").status_code == 404
