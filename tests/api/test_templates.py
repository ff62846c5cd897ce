"""Drafts, versions, export and import."""

import json

import yaml

from tests.api.conftest import Caller
from tests.api.test_main_story import ORDER, publish, start
from tests.support.workflows import task, webhook


def test_a_draft_is_created_read_and_listed(admin):
    created = admin.post("/templates", ORDER)
    url = created.headers["Location"]
    assert created.json["draftRevision"] == 1 and created.json["newestVersion"] is None
    read = admin.get(url)
    assert read.json == created.json
    assert read.headers["ETag"] == created.headers["ETag"] == '"1"'
    listed = admin.get("/templates?q=ORD").json["items"]
    assert [item["key"] for item in listed] == ["order"]


def test_a_key_is_taken_only_once(admin):
    publish(admin)
    answer = admin.post("/templates", ORDER)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/conflict")


def test_a_stale_draft_is_refused_and_a_fresh_one_replaces(admin):
    url = f"/templates/{publish(admin)}"
    changed = ORDER | {"name": "Orders"}
    first = admin.put(url, changed, headers={"If-Match": '"1"'})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    stale = admin.put(url, changed, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json["draftRevision"]) == (412, 2)
    assert admin.put(url, changed, headers={"If-Match": "*"}).status_code == 200
    assert admin.put(url, changed).json["draftRevision"] == 4


def test_an_if_match_that_is_no_etag_of_ours_matches_nothing(admin):
    url = f"/templates/{publish(admin)}"
    for tag in ('"x"', 'W/"1"', "1e999", '"' + "9" * 5000 + '"'):
        assert admin.put(url, ORDER, headers={"If-Match": tag}).status_code == 412, tag


def test_versions_are_numbered_and_stay_as_they_were(admin):
    template_id = publish(admin)
    admin.put(f"/templates/{template_id}", ORDER | {"steps": [task("only")]})
    second = admin.post(f"/templates/{template_id}/publish", {"note": "simpler"}).json
    assert (second["number"], second["note"]) == (2, "simpler")
    versions = admin.get(f"/templates/{template_id}/versions").json["items"]
    assert [(v["number"], len(v["steps"])) for v in versions] == [(2, 1), (1, 3)]
    assert len(start(admin, version=1)["steps"]) == 3
    assert len(start(admin)["steps"]) == 1


def test_nothing_starts_on_a_draft_or_on_an_archived_template(admin):
    url = admin.post("/templates", ORDER).headers["Location"]
    unpublished = admin.post("/instances", {"templateKey": "order"})
    assert (unpublished.status_code, unpublished.json["type"]) == (409, "/problems/not-published")
    admin.post(f"{url}/publish")
    assert admin.delete(url).status_code == 204
    assert admin.get(url).json["archived"] is True
    assert admin.get("/templates").json["items"] == []
    assert len(admin.get("/templates?archived=true").json["items"]) == 1
    assert admin.post("/instances", {"templateKey": "order"}).status_code == 404


def test_an_export_can_be_imported_here_and_elsewhere(admin):
    odd = ["no", "1e5", "2026-01-31", "~", "0x10", "1_000", "1:30", " ", "<<", "# x", "é\u2028"]
    template = ORDER | {"steps": [webhook("send", config={"body": odd})], "description": "a: b"}
    url = f"/templates/{publish(admin, template)}"
    as_json, as_yaml = (admin.get(f"{url}/export?format={form}") for form in ("json", "yaml"))
    assert as_json.json == yaml.safe_load(as_yaml.data)

    again = admin.post("/templates/import", raw=as_yaml.data, content_type="application/yaml")
    assert (again.status_code, again.json["draftRevision"]) == (200, 2)
    assert again.json["steps"][0]["actionConfig"]["body"] == odd

    moved = as_json.json | {"key": "moved"}
    new = admin.post("/templates/import", moved)
    assert (new.status_code, new.json["steps"]) == (201, as_json.json["steps"])


def test_yaml_can_say_no_more_than_json_can(admin):
    def refused(text: str | bytes) -> str:
        raw = text.encode() if isinstance(text, str) else text
        answer = admin.post("/templates/import", raw=raw, content_type="application/yaml")
        assert answer.status_code in (400, 422), answer.text
        return answer.json["errors"][0]["message"]

    assert "aliases" in refused("a: &a [x]\nb: [*a, *a]")
    assert "same key" in refused("key: a\nkey: b")
    assert "not a string" in refused("1: a")
    assert "too large" in refused("key: 1e999")
    assert "too large" in refused("key: " + "9" * 5000)
    for text in (
        "!!python/object/apply:os.system [id]",
        "key: !!binary aGk=",
        "key: !!timestamp 2026-01-31",
        "key: !!float .inf",
        "key: !!int x",
        "? [a]\n: b",
        "[" * 5000,
        "- " * 3000 + "a",
        "{",
        "key: a\0",
        b"key: \xff",
        "--- a\n--- b",
        "just text",
        "<<: {key: a}",
    ):
        refused(text)


def test_an_author_who_may_not_add_automation_edits_all_else(caller, admin):
    author: Caller = caller("author")
    terse = json.loads(json.dumps(ORDER))
    assert author.post("/templates", terse).status_code == 403
    assert author.post("/templates/import", terse).status_code == 403
    url = f"/templates/{publish(admin)}"
    terse["steps"][1]["name"] = "Pack it well"
    assert author.put(url, terse).status_code == 200
    terse["steps"][0]["actionConfig"]["url"] = "https://elsewhere.example.com"
    refused = author.put(url, terse)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/forbidden")
    assert author.put(url, ORDER | {"steps": [task("only")]}).status_code == 403
    assert caller("author", may_add_automation=True).put(url, terse).status_code == 200
