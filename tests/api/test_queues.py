"""/queues and /workers."""

from app.domain import processes
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.looking import change


def test_a_queue_is_paused_and_resumed_with_a_reason(admin):
    queue = "/queues/workflow-automation"
    paused = admin.post(f"{queue}/pause", {"reason": "The bank is closed."})
    assert paused.status_code == 200
    assert paused.json["paused"] is True
    assert paused.json["reason"] == "The bank is closed."
    listed = admin.get("/queues").json
    assert [one["name"] for one in listed["items"]] == [
        "workflow-automation",
        "workflow-notifications",
    ]
    assert listed["items"][0]["pausedBy"].startswith("api:")
    again = admin.post(f"{queue}/pause")
    assert (again.status_code, again.json["type"].rsplit("/")[-1]) == (409, "conflict")
    assert admin.post(f"{queue}/resume").json["paused"] is False
    assert admin.post("/queues/default/pause").status_code == 404


def test_workers_are_listed(admin):
    assert admin.get("/workers").json == {"items": [], "nextCursor": None}
    change(processes.say_alive, "w", kind="worker", host="box", pid=7, queue=AUTOMATION_QUEUE)
    (worker,) = admin.get("/workers").json["items"]
    assert (worker["host"], worker["alive"], worker["running"]) == ("box", True, [])
