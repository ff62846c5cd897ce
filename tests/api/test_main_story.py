"""A template is written, published and run, all through the API."""

from typing import Any

from app.domain.outcomes import Outcome
from tests.api.conftest import Caller
from tests.support.marks import both_databases
from tests.support.workflows import task, webhook, work

ORDER: dict[str, Any] = {
    "key": "order",
    "name": "Order",
    "inputSchema": {
        "type": "object",
        "required": ["orderId"],
        "properties": {
            "orderId": {"type": "string"},
            "gift": {"type": "boolean", "default": False},
        },
    },
    "steps": [
        webhook("reserve", config={"body": {"order": "{{ input.orderId }}"}}),
        task("pack", "reserve"),
        webhook("ship", "pack", config={"retry": {"maxAttempts": 1}}),
    ],
}


def publish(admin: Caller, template: dict[str, Any] = ORDER) -> int:
    """Create and publish; returns the template's id."""
    answer = admin.post("/templates", template)
    assert answer.status_code == 201, answer.text
    published = admin.post(f"/templates/{answer.json['id']}/publish")
    assert published.status_code == 200, published.text
    return answer.json["id"]


def start(admin: Caller, **more: Any) -> dict[str, Any]:
    answer = admin.post("/instances", {"templateKey": "order", "input": {"orderId": "A-1"}} | more)
    assert answer.status_code == 201, answer.text
    return answer.json


def states(admin: Caller, instance_id: int) -> dict[str, str]:
    instance = admin.get(f"/instances/{instance_id}").json
    return {step["key"]: step["state"] for step in instance["steps"]}


@both_databases
def test_a_template_is_written_published_and_run_to_its_end(admin):
    publish(admin)
    instance = start(admin, title="Order A-1")
    url = f"/instances/{instance['id']}"
    assert instance["input"] == {"orderId": "A-1", "gift": False}
    assert instance["startedBy"] == "api:admin-False"
    assert instance["startedAt"].endswith("Z")

    work()
    started = admin.post(f"{url}/steps/pack/start", {"reason": "on it"}).json
    assert (started["state"], started["allowedActions"]) == (
        "STARTED",
        ["complete", "fail", "skip"],
    )
    packed = admin.post(f"{url}/steps/pack/complete", {"output": {"boxes": 2}})
    assert (packed.status_code, packed.json["output"]) == (200, {"boxes": 2})
    work()

    done = admin.get(url).json
    assert done["state"] == "COMPLETED"
    assert [attempt["outcome"] for attempt in done["steps"][0]["automationLog"]] == ["succeeded"]
    assert done["steps"][1]["dependsOn"] == ["reserve"]


@both_databases
def test_a_failed_step_is_retried_replayed_and_skipped(admin):
    publish(admin)
    url = f"/instances/{start(admin)['id']}"
    work()
    admin.post(f"{url}/steps/pack/complete")
    work(Outcome(verdict="failed", error="The receiver said 500."))
    assert admin.get(url).json["state"] == "ATTENTION"

    replayed = admin.post(f"{url}/steps/ship/replay", {"reason": "receiver asks"})
    ship = admin.get(url).json["steps"][2]
    assert replayed.json["executionToken"] != ship["executionToken"]
    assert replayed.json["state"] == ship["state"] == "FAILED"

    retried = admin.post(f"{url}/steps/ship/retry", {"reason": "receiver is back"})
    assert (retried.json["state"], retried.json["retryCount"]) == ("READY", 1)
    skipped = admin.post(f"{url}/steps/ship/skip", {"reason": "sent by hand"})
    assert (skipped.json["state"], skipped.json["reason"]) == ("SKIPPED", "sent by hand")
    assert admin.get(url).json["state"] == "COMPLETED"


def test_a_planned_attempt_runs_now(admin):
    publish(admin, ORDER | {"steps": [webhook("later", config={"delay": "P1D"})]})
    url = f"/instances/{start(admin)['id']}"
    assert work() == 0
    assert admin.post(f"{url}/steps/later/run-now").json["actionState"] == "QUEUED"
    assert work() == 1


def test_an_instance_is_paused_resumed_and_cancelled(admin):
    publish(admin)
    url = f"/instances/{start(admin)['id']}"
    assert admin.post(f"{url}/pause", {"reason": "stocktaking"}).json["state"] == "PAUSED"
    assert admin.post(f"{url}/pause").status_code == 409
    assert admin.post(f"{url}/resume").json["state"] == "RUNNING"
    cancelled = admin.post(f"{url}/cancel").json
    assert (cancelled["state"], cancelled["allowedActions"]) == ("CANCELLED", [])


def test_a_refused_move_says_what_is_allowed_and_who_was_there_before(admin):
    publish(admin)
    url = f"/instances/{start(admin)['id']}"
    answer = admin.post(f"{url}/steps/reserve/complete")
    assert answer.status_code == 409
    problem = answer.json
    assert problem["type"] == "/problems/move-not-allowed"
    assert problem["state"] == "READY" and problem["allowedActions"] == ["skip"]
    assert problem["lastChange"]["actor"] == "api:admin-False"
    assert problem["lastChange"]["at"].endswith("Z")


def test_the_history_is_read_in_pages(admin):
    publish(admin)
    url = f"/instances/{start(admin)['id']}/events"
    everything = admin.get(url).json
    assert [event["seq"] for event in everything["items"]] == [1, 2]
    assert everything["items"][0]["kind"] == "instance.started"
    assert everything["nextCursor"] is None
    first = admin.get(f"{url}?limit=1").json
    rest = admin.get(f"{url}?cursor={first['nextCursor']}").json
    assert first["items"] + rest["items"] == everything["items"]
    assert admin.get(f"{url}?after=2").json["items"] == []


@both_databases
def test_many_instances_start_together_or_not_at_all(admin):
    publish(admin)
    good = {"templateKey": "order", "input": {"orderId": "x"}}
    answer = admin.post("/instances/bulk", {"items": [good] * 20})
    assert answer.status_code == 201
    assert len({item["id"] for item in answer.json["items"]}) == 20

    bad = good | {"input": {"orderId": 5}}
    refused = admin.post("/instances/bulk", {"items": [good, bad]})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["path"] == "items.1.input.orderId"
    assert len(admin.get("/instances?limit=200").json["items"]) == 20


def test_instances_are_listed_filtered_and_found(admin):
    publish(admin)
    ids = [start(admin, title=f"Order {n}")["id"] for n in range(5)]
    admin.post(f"/instances/{ids[0]}/cancel")
    first = admin.get("/instances?limit=3").json
    rest = admin.get(f"/instances?limit=3&cursor={first['nextCursor']}").json
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["nextCursor"] is None

    def found(query: str) -> list[int]:
        return [item["id"] for item in admin.get(f"/instances?{query}").json["items"]]

    assert found("state=CANCELLED") == [ids[0]]
    assert found("q=order 3") == [ids[3]]
    assert found("q=100%25") == []
    assert found("templateKey=other") == []
    assert len(found("state=&templateKey=order&q=")) == 5
