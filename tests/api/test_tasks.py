"""The list of tasks over the API: the same as the console's."""

from datetime import timedelta

from app import clock
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish, task


def names(answer):
    return [each["name"] for each in answer.json["items"]]


@both_databases
def test_tasks_are_listed_page_by_page_what_is_due_first_on_top(caller):
    publish(task("late", due_in="PT2H"), task("soon", due_in="PT1H"), task("some"), task("time"))
    instance_id = begin()
    operator = caller("operator")
    first = operator.get("/tasks?limit=3")
    assert names(first) == ["Soon", "Late", "Some"]
    assert first.json["items"][0]["instanceId"] == instance_id
    rest = operator.get(f"/tasks?limit=3&cursor={first.json['nextCursor']}")
    assert (names(rest), rest.json["nextCursor"]) == (["Time"], None)
    beyond_soon = operator.get(f"/tasks?cursor={first.json['items'][0]['id']}")
    assert names(beyond_soon) == ["Late", "Some", "Time"]


def test_a_token_sees_what_its_role_may_take_unless_it_asks_for_all(caller):
    publish(task("viewers", assignee="role:viewer"), task("theirs", assignee="role:admin"))
    begin()
    assert names(caller("viewer").get("/tasks")) == ["Viewers"]
    assert names(caller("operator").get("/tasks?whose=mine")) == ["Viewers"]
    assert names(caller("viewer").get("/tasks?whose=all")) == ["Viewers", "Theirs"]


def test_only_what_is_late_if_that_is_asked_for(caller):
    publish(task("late", due_in="PT1H"), task("pack"))
    begin()
    operator = caller("operator")
    assert names(operator.get("/tasks?overdue=true")) == []
    clock.travel(timedelta(hours=2))
    assert names(operator.get("/tasks?overdue=true")) == ["Late"]
    assert operator.get("/tasks?overdue=perhaps").status_code == 422
