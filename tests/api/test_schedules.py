"""/schedules through the API: written, previewed, changed, paused, run and deleted."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import clock
from tests.api.test_junk import JSON, SCALARS, dumped, thorough
from tests.api.test_main_story import publish
from tests.support.marks import both_databases
from tests.support.scheduling import fire, go_to

NINE = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
WEEKDAYS = {
    "name": "Morning order",
    "templateKey": "order",
    "input": {"orderId": "A-1"},
    "cron": "0 9 * * MON-FRI",
    "timezone": "Europe/Berlin",
}


@pytest.fixture
def schedules(admin):
    """An admin's caller on a Monday at nine; the template order is published."""
    publish(admin)
    go_to(NINE)
    yield admin
    clock.travel(timedelta(0))


def make(caller, **more):
    answer = caller.post("/schedules", WEEKDAYS | more)
    assert answer.status_code == 201, answer.text
    return answer.json


def faults(answer):
    assert answer.status_code == 422, answer.text
    return {fault["path"]: fault["message"] for fault in answer.json["errors"]}


@both_databases
def test_a_schedule_is_written_fires_and_tells_of_it(schedules):
    answer = schedules.post("/schedules", WEEKDAYS)
    made = answer.json
    assert answer.headers["Location"] == f"/api/workflows/schedules/{made['id']}"
    assert made["nextAt"] == "2027-03-02T08:00:00Z"
    assert made["nextOccurrences"][:2] == ["2027-03-02T08:00:00Z", "2027-03-03T08:00:00Z"]
    assert (made["overlap"], made["catchUp"], made["paused"]) == ("allow", "one", False)

    go_to(datetime(2027, 3, 2, 8, tzinfo=UTC))
    fire()
    read = schedules.get(f"/schedules/{made['id']}").json
    (fired,) = read["recentFires"]
    assert (fired["fireAt"], fired["outcome"]) == ("2027-03-02T08:00:00Z", "started")
    assert (fired["kind"], fired["instanceState"], read["fired"]) == ("due", "RUNNING", 1)
    assert fired["instanceTitle"] == "Morning order · 2027-03-02 09:00"
    instance = schedules.get(f"/instances/{fired['instanceId']}").json
    assert instance["startedBy"] == "schedule:Morning order"
    assert instance["input"] == {"orderId": "A-1", "gift": False}
    assert schedules.get(f"/schedules/{made['id']}/fires").json["items"] == [fired]


def test_lists_are_filtered_and_paged(schedules):
    for name in ("Morning", "Evening", "Noon"):
        make(schedules, name=name)
    schedules.post("/schedules/2/pause", {"reason": "holiday"})

    def names(query):
        return [item["name"] for item in schedules.get(f"/schedules?{query}").json["items"]]

    assert names("") == ["Noon", "Evening", "Morning"]
    assert names("q=NIN") == ["Evening", "Morning"]
    assert names("paused=true") == ["Evening"]
    assert names("paused=false&templateKey=order") == ["Noon", "Morning"]
    assert names("templateKey=other") == []
    first = schedules.get("/schedules?limit=2").json
    rest = schedules.get(f"/schedules?limit=2&cursor={first['nextCursor']}").json
    assert [item["name"] for item in rest["items"]] == ["Morning"]
    assert rest["nextCursor"] is None


def test_a_preview_says_when_a_rule_occurs_strictly_after(schedules):
    def preview(**wish):
        return schedules.post("/schedules/preview", wish).json["occurrences"]

    at_nine = {"cron": "0 9 * * *", "timezone": "Europe/Berlin", "count": 3}
    assert preview(after="2027-03-27T08:00:00Z", **at_nine) == [
        "2027-03-28T07:00:00Z",
        "2027-03-29T07:00:00Z",
        "2027-03-30T07:00:00Z",
    ]
    weekly = {"rrule": "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "start": "2027-03-01T09:00:00Z"}
    assert preview(after="2027-03-01T09:00:00Z", count=1, **weekly) == ["2027-03-15T09:00:00Z"]
    assert preview(everySeconds=90, after="2027-03-01T09:00:00Z", count=2) == [
        "2027-03-01T09:01:30Z",
        "2027-03-01T09:03:00Z",
    ]
    assert len(preview(everySeconds=90)) == 5
    tokyo = {"start": "2027-03-02T09:00:00+09:00", "after": "2027-02-01T00:00:00-05:00"}
    assert preview(everySeconds=90, count=1, **tokyo) == ["2027-03-02T00:00:00Z"]
    assert len(preview(everySeconds=10 * 366 * 86_400, count=1000)) == 7
    ended = {"rrule": "FREQ=DAILY;COUNT=2", "start": "2027-03-01T09:00:00Z"}
    assert preview(after="2027-03-05T00:00:00Z", **ended) == []


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({}, ""),
        ({"cron": "0 9 * * *", "everySeconds": 60}, ""),
        ({"cron": "0 0 31 4,6 *"}, "cron"),
        ({"cron": "0 9 * *"}, "cron"),
        ({"cron": "@reboot"}, "cron"),
        ({"cron": "0 9 * * *", "timezone": "Europe"}, "timezone"),
        ({"cron": "0 9 * * *", "timezone": "../../etc/passwd"}, "timezone"),
        ({"rrule": "FREQ=SECONDLY"}, "rrule"),
        ({"rrule": "FREQ=DAILY;BYSETPOS=2"}, "rrule"),
        ({"rrule": "FREQ=DAILY;UNTIL=99999999"}, "rrule"),
        ({"rrule": "DTSTART:20270101T000000Z\nRRULE:FREQ=DAILY"}, "rrule"),
        ({"everySeconds": 0}, "everySeconds"),
        ({"everySeconds": 60, "count": 1001}, "count"),
        ({"everySeconds": 60, "count": 0}, "count"),
        ({"everySeconds": 60, "count": -1}, "count"),
        ({"everySeconds": 60, "count": 10**17}, "count"),
        ({"everySeconds": 60, "after": "2027-03-01T09:00:00"}, "after"),
        ({"everySeconds": 60, "after": "yesterday"}, "after"),
        ({"everySeconds": 60, "after": "{{ input.at }}"}, "after"),
        ({"everySeconds": 60, "start": "2027-03-01T09:00:00"}, "start"),
    ],
)
def test_a_preview_refuses_what_could_not_be_saved(schedules, wish, path):
    assert path in faults(schedules.post("/schedules/preview", wish))


def test_how_dense_is_too_dense_is_a_setting(schedules, app, settings):
    often = schedules.post("/schedules/preview", {"everySeconds": 5})
    assert len(often.json["occurrences"]) == 5
    app.config["SETTINGS"] = replace(settings, min_schedule_seconds=60)
    for path, wish in (("/schedules/preview", {}), ("/schedules", WEEKDAYS | {"cron": None})):
        assert (
            "too often" in faults(schedules.post(path, wish | {"everySeconds": 5}))["everySeconds"]
        )


@both_databases
@pytest.mark.parametrize(
    "rule",
    [
        {"cron": "30 2 * * *", "timezone": "America/New_York", "after": "2027-03-13T00:00:00Z"},
        {"cron": "*/20 * * * *", "timezone": "Australia/Lord_Howe"},
        {"rrule": "FREQ=HOURLY;INTERVAL=5", "start": "2027-03-01T09:30:00Z"},
        {"everySeconds": 5400, "start": "2027-02-01T00:00:01Z"},
    ],
)
def test_what_a_preview_says_is_what_fires(schedules, rule):
    wish = {name: value for name, value in rule.items() if name != "after"}
    go_to(datetime.fromisoformat(rule["after"]) if "after" in rule else NINE)
    after = clock.now().isoformat()
    said = schedules.post("/schedules/preview", wish | {"after": after, "count": 4}).json
    base = {name: value for name, value in WEEKDAYS.items() if name not in ("cron", "timezone")}
    made = schedules.post("/schedules", base | wish).json
    for at in said["occurrences"]:
        go_to(datetime.fromisoformat(at))
        assert fire() == 1
    fires = schedules.get(f"/schedules/{made['id']}").json["recentFires"]
    assert [one["fireAt"] for one in reversed(fires)] == said["occurrences"]


def test_a_patch_changes_what_it_names(schedules):
    url = f"/schedules/{make(schedules)['id']}"
    changed = schedules.ask("PATCH", url, {"name": "Later", "rrule": "FREQ=DAILY;BYHOUR=12"}).json
    assert (changed["name"], changed["cron"]) == ("Later", None)
    assert changed["rrule"] == "FREQ=DAILY;BYHOUR=12"
    assert changed["input"] == {"orderId": "A-1"}
    until = {"until": "2028-01-01T00:00:00Z"}
    assert schedules.ask("PATCH", url, until).json["until"] == "2028-01-01T00:00:00Z"
    assert schedules.ask("PATCH", url, {"until": None}).json["until"] is None
    assert "timezone" in faults(schedules.ask("PATCH", url, {"timezone": "Mars"}))
    assert "input.orderId" in faults(schedules.ask("PATCH", url, {"input": {}}))
    assert "name" in faults(schedules.ask("PATCH", url, {"name": None}))
    assert "version" in faults(schedules.ask("PATCH", url, {"version": True}))
    assert "overlap" in faults(schedules.ask("PATCH", url, {"overlap": "wait"}))
    both = {"rrule": "FREQ=DAILY", "everySeconds": 3600}
    assert "" in faults(schedules.ask("PATCH", url, both))
    assert "" in faults(schedules.ask("PATCH", url, {"rrule": None}))
    assert "colour" in faults(schedules.ask("PATCH", url, {"colour": "red"}))
    assert schedules.get(url).json["name"] == "Later"


def test_pause_resume_and_run_now(schedules):
    url = f"/schedules/{make(schedules)['id']}"
    until = "2027-03-05T00:00:00Z"
    paused = schedules.post(f"{url}/pause", {"reason": "holiday", "until": until}).json
    assert (paused["paused"], paused["pauseReason"]) == (True, "holiday")
    assert (paused["resumeAt"], paused["nextAt"]) == (until, None)
    assert schedules.post(f"{url}/pause").json["type"].endswith("move-not-allowed")
    run = schedules.post(f"{url}/run-now", {"reason": "asked for"}).json
    assert (run["kind"], run["outcome"], run["instanceState"]) == ("run-now", "started", "RUNNING")
    resumed = schedules.post(f"{url}/resume").json
    assert (resumed["paused"], resumed["nextAt"]) == (False, "2027-03-02T08:00:00Z")
    assert schedules.post(f"{url}/resume").status_code == 409


@pytest.mark.parametrize(
    "until",
    [
        "2027-03-05T00:00:00",
        "2027-03-01T09:00:00Z",
        "9999-12-31T23:59:59-23:00",
        1804000000,
        "soon",
    ],
)
def test_a_pause_until_what_is_no_time_to_come_is_refused(schedules, until):
    url = f"/schedules/{make(schedules)['id']}"
    assert "until" in faults(schedules.post(f"{url}/pause", {"until": until}))
    assert not schedules.get(url).json["paused"]


def test_the_same_key_runs_it_once(schedules):
    url = f"/schedules/{make(schedules)['id']}"
    key = {"Idempotency-Key": "once"}
    first, again = (schedules.post(f"{url}/run-now", headers=key).json for _ in range(2))
    assert first == again
    assert len(schedules.get(f"{url}/fires").json["items"]) == 1


def test_run_now_says_what_keeps_it_from_starting(schedules):
    url = f"/schedules/{make(schedules)['id']}"
    schedules.delete("/templates/1")
    answer = schedules.post(f"{url}/run-now")
    assert answer.status_code == 409
    assert "This template is archived" in answer.json["detail"]
    assert schedules.get(url).json["recentFires"] == []


def test_the_same_key_makes_one_schedule(schedules):
    key = {"Idempotency-Key": "once"}
    first = schedules.post("/schedules", WEEKDAYS, headers=key)
    again = schedules.post("/schedules", WEEKDAYS, headers=key)
    assert first.json == again.json
    assert len(schedules.get("/schedules").json["items"]) == 1


def test_a_deleted_schedule_is_not_found(schedules):
    url = f"/schedules/{make(schedules)['id']}"
    assert schedules.delete(url).status_code == 204
    for method, path in (
        ("GET", url),
        ("PATCH", url),
        ("DELETE", url),
        ("GET", f"{url}/fires"),
        ("POST", f"{url}/run-now"),
        ("POST", f"{url}/pause"),
    ):
        body = {} if method in ("PATCH", "POST") else None
        assert schedules.ask(method, path, body).status_code == 404


FIELDS = st.sampled_from(
    "name templateKey templateId version title input cron rrule everySeconds timezone start until "
    "count overlap catchUp jitterSeconds after reason".split()
)
EDGES = SCALARS | st.sampled_from(
    [
        *("0 0 29 2 *", "* * * * *", "0 0 L * 5L", "9999-12-31T23:59:59Z", "UTC", "Factory"),
        *("FREQ=YEARLY;BYWEEKNO=53", "FREQ=SECONDLY;COUNT=9", "FREQ=MONTHLY;BYDAY=-5FR"),
        *("1970-01-01T00:00:00Z", "3000-12-31T23:59:59+14:00", "1969-12-31T23:00:00-14:00"),
        "FREQ=DAILY;UNTIL=00010101T000000",
    ]
)


@thorough
@given(document=st.dictionaries(FIELDS, EDGES | JSON, max_size=6))
def test_no_junk_makes_the_server_fail(schedules, document):
    make_again = schedules.get("/schedules/1").status_code == 404
    if make_again:
        make(schedules)
    for method, path in (
        ("POST", "/schedules"),
        ("POST", "/schedules/preview"),
        ("PATCH", "/schedules/1"),
        ("POST", "/schedules/1/pause"),
        ("POST", "/schedules/1/resume"),
        ("POST", "/schedules/1/run-now"),
    ):
        for body in (document, WEEKDAYS | document):
            answer = schedules.ask(method, path, raw=dumped(body))
            assert answer.status_code < 500, f"{method} {path} {json.dumps(body)}: {answer.text}"
    assert schedules.get("/schedules").status_code == 200
    assert schedules.get("/schedules/1").status_code == 200


def test_a_copy_rests_until_somebody_resumes_it(admin):
    publish(admin)
    made = admin.post("/schedules", WEEKDAYS).json
    copy = admin.post(f"/schedules/{made['id']}/duplicate")
    assert (copy.status_code, copy.json["paused"]) == (201, True)
    assert copy.json["name"] == "Copy of Morning order"
    assert admin.get(copy.headers["Location"]).json["cron"] == made["cron"]
