"""The audit through the API."""

from tests.support.marks import both_databases


@both_databases
def test_what_a_program_does_is_written_under_its_name(admin):
    admin.post("/secrets", {"name": "KEY", "value": "a value", "hosts": ["a.example.com"]})
    (one,) = admin.get("/audit?subject=secret").json["items"]
    assert one == {
        "id": one["id"],
        "at": one["at"],
        "actor": "api:admin-False",
        "action": "secret.created",
        "subject": "secret",
        "subjectId": "KEY",
        "reason": None,
        "before": None,
        "after": {"hosts": ["a.example.com"]},
    }
    assert "a value" not in admin.get("/audit").text


@both_databases
def test_filters_and_pages(running):
    running.post("/instances/1/pause", {"reason": "The lorry is late."})
    running.post("/instances/1/resume")
    assert [one["action"] for one in running.get("/audit?subject=instance").json["items"]] == [
        "instance.resumed",
        "instance.paused",
        "instance.started",
    ]
    page = running.get("/audit?subject=instance&limit=2").json
    rest = running.get(f"/audit?subject=instance&limit=2&cursor={page['nextCursor']}").json
    assert [one["action"] for one in rest["items"]] == ["instance.started"]
    assert rest["nextCursor"] is None
    (paused,) = running.get("/audit?q=lorry").json["items"]
    assert (paused["before"], paused["after"]) == ({"state": "RUNNING"}, {"state": "PAUSED"})
    assert running.get(f"/audit?until={paused['at']}&subject=instance").json["items"][0][
        "action"
    ] == ("instance.started")
    assert running.get("/audit?subject=instance&subjectId=1&action=instance&actor=admin").json[
        "items"
    ]


def test_a_time_that_is_none_is_a_422_at_its_name(admin):
    answer = admin.get("/audit?since=tomorrow")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["path"] == "since"
