"""Versions of a template: read, compared, brought back; and published only as they were read."""

import pytest

from tests.api.test_main_story import ORDER, publish, start
from tests.support.workflows import task, webhook

SIMPLER = ORDER | {"name": "Orders", "steps": [task("only")]}


@pytest.fixture
def url(admin) -> str:
    """A template with two versions: three steps, then one."""
    url = f"/templates/{publish(admin)}"
    admin.put(url, SIMPLER)
    admin.post(f"{url}/publish", {"note": "simpler"})
    return url


def test_a_version_is_read_as_it_was_published(admin, url):
    first = admin.get(f"{url}/versions/1").json
    assert (first["number"], first["name"], len(first["steps"])) == (1, "Order", 3)
    assert first == admin.get(f"{url}/versions").json["items"][1]
    for unknown in (3, 0, 2**31, 10**18 - 1):
        assert admin.get(f"{url}/versions/{unknown}").status_code == 404, unknown
    assert admin.get("/templates/9/versions/1").status_code == 404


def test_each_version_says_what_goes_on_on_it(admin, url):
    start(admin, version=1)
    paused = start(admin, version=1)["id"]
    admin.post(f"/instances/{paused}/pause")
    start(admin)
    ended = start(admin)["id"]
    admin.post(f"/instances/{ended}/cancel")
    counted = {v["number"]: v["instances"] for v in admin.get(f"{url}/versions").json["items"]}
    assert counted == {
        1: {"running": 1, "attention": 0, "paused": 1},
        2: {"running": 1, "attention": 0, "paused": 0},
    }


def test_two_versions_are_compared_in_words_and_place_by_place(admin, url):
    found = admin.get(f"{url}/compare?from=1&to=2").json
    assert (found["from"], found["to"], found["equal"]) == ("1", "2", False)
    assert found["summary"].startswith("Added Only. Removed ")
    assert found["summary"].endswith("Of the whole: name.")
    assert found["fields"] == [
        {"path": "name", "label": "Name", "kind": "changed", "before": "Order", "after": "Orders"}
    ]
    marks = {step["key"]: step["marks"] for step in found["steps"]}
    assert marks["only"] == ["added"] and set(map(tuple, marks.values())) == {
        ("added",),
        ("removed",),
    }


def test_what_is_published_is_compared_with_the_draft_unless_told_otherwise(admin, url):
    assert admin.get(f"{url}/compare").json | {"steps": 0} == {
        "from": "2",
        "to": "draft",
        "equal": True,
        "summary": "Nothing differs.",
        "fields": [],
        "steps": 0,
    }
    admin.put(url, SIMPLER | {"steps": [task("only", assignee="role:operator")]})
    (step,) = admin.get(f"{url}/compare").json["steps"]
    assert [field["path"] for field in step["fields"]] == ["assignee"]


def test_a_default_that_is_written_out_is_no_difference(admin):
    url = f"/templates/{publish(admin, ORDER | {'steps': [webhook('send')]})}"
    admin.put(url, ORDER | {"steps": [webhook("send", config={"method": "POST"})]})
    assert admin.get(f"{url}/compare").json["equal"] is True


@pytest.mark.parametrize(
    ("query", "status"),
    [("from=3", 404), ("from=x", 422), ("to=0", 422), ("from=1&to=999999999", 404)],
)
def test_what_can_not_be_compared_is_refused(admin, url, query, status):
    assert admin.get(f"{url}/compare?{query}").status_code == status


def test_a_draft_that_was_never_published_has_nothing_to_be_compared_with(admin):
    url = admin.post("/templates", ORDER).headers["Location"]
    assert admin.get(f"{url}/compare").json["type"] == "/problems/not-published"
    assert admin.get(f"{url}/compare?from=draft").json["equal"] is True


def test_a_version_is_brought_back_as_the_draft_and_nothing_is_published(admin, url):
    answer = admin.post(f"{url}/restore", {"version": 1, "revision": 2})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')
    assert (answer.json["name"], len(answer.json["steps"])) == ("Order", 3)
    assert answer.json["newestVersion"] == 2
    assert admin.get(f"{url}/compare?from=1").json["equal"] is True


def test_who_brings_back_over_a_draft_they_did_not_read_is_refused(admin, url):
    by_field = admin.post(f"{url}/restore", {"version": 1, "revision": 1})
    by_etag = admin.post(f"{url}/restore", {"version": 1}, headers={"If-Match": '"1"'})
    for stale in (by_field, by_etag):
        assert (stale.status_code, stale.json["draftRevision"]) == (412, 2)
    assert admin.get(f"{url}/compare").json["equal"] is True
    assert admin.post(f"{url}/restore", {"version": 7}).status_code == 404
    assert admin.post(f"{url}/restore", {}).json["errors"][0]["path"] == "version"


def test_bringing_back_changes_automation_only_for_who_may(caller, url):
    author = caller("author")
    assert author.post(f"{url}/restore", {"version": 1}).status_code == 403
    assert author.post(f"{url}/restore", {"version": 2}).status_code == 200
    assert caller("author", may_add_automation=True).post(
        f"{url}/restore", {"version": 1}
    ).status_code == 200  # fmt: skip


def test_only_the_draft_that_was_read_is_published(admin, url):
    stale = admin.post(f"{url}/publish", {"revision": 1})
    assert (stale.status_code, stale.json["updatedBy"]) == (412, "api:admin-False")
    assert admin.post(f"{url}/publish", headers={"If-Match": '"1"'}).status_code == 412
    assert admin.post(f"{url}/publish", headers={"If-Match": '"2"'}).json["number"] == 3
    assert admin.post(f"{url}/publish", {"revision": 2}).json["number"] == 4


def test_an_archived_template_says_so_and_can_be_brought_back(admin, url):
    admin.delete(url)
    refused = admin.post("/instances", {"templateKey": "order"})
    assert (refused.status_code, "archived" in refused.json["detail"]) == (404, True)
    assert admin.post(f"{url}/unarchive").json["archived"] is False
    assert admin.post(f"{url}/unarchive").status_code == 200
    assert start(admin)["version"] == 2


def test_findings_say_what_stands_against_publishing(caller, admin):
    steps = [task("pack", "pick", assignee="group:nobody")]
    made = admin.post(
        "/templates", {"key": "order", "name": "Order", "steps": [task("pick"), *steps]}
    )
    url = f"/templates/{made.json['id']}/findings"
    found = admin.get(url).json["items"]
    assert ("warning", "steps.1.assignee") in [(each["severity"], each["path"]) for each in found]
    assert caller("viewer").get(url).status_code == 403
