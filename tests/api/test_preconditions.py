"""`If-Match`: whoever says what they read does not overwrite what others wrote since."""

import re

import pytest

from app import transaction
from app.api import openapi
from app.domain import drafts
from app.domain.people import Actor
from app.models.vocabulary import Role
from tests.api.test_main_story import ORDER, publish
from tests.support.cast import group, person
from tests.support.marks import both_databases
from tests.support.scheduling import make_schedule
from tests.support.secrets import keep
from tests.support.workflows import publish as publish_order
from tests.support.workflows import task

WRITER = Actor("user:writer@example.com", Role.AUTHOR, may_add_automation=True)
DRAFT = {"name": "Told", "content": {"IN_APP": {"title": "Told", "body": "It is so."}}}


def begin_to_write(template_id: int) -> None:
    """Somebody gives a step no name yet, in the console."""
    with transaction.writing() as session:
        now = drafts.read(session, template_id)
        steps = [step | {"name": ""} for step in now.document["steps"]]
        document = now.document | {"steps": steps}
        drafts.save(session, template_id, now.revision, WRITER, document, {})


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ('"1"', 200),
        ('"7", "1"', 200),
        ("*", 200),
        ('W/"1"', 412),  # RFC 9110: strongly compared
        ('"7"', 412),
        ('"01"', 412),
        ('W/"1", "7"', 412),
    ],
)
def test_a_mark_is_compared_strongly_and_may_be_one_of_several(admin, given, status):
    url = f"/templates/{publish(admin)}"
    assert admin.put(url, ORDER, headers={"If-Match": given}).status_code == status


@both_databases
def test_a_draft_that_somebody_is_writing_is_not_replaced_unawares(admin):
    template_id = publish_order(task("pack"))
    url = f"/templates/{template_id}"
    assert admin.get(url).json["beingWritten"] is False
    begin_to_write(template_id)
    read = admin.get(url)
    assert (read.json["beingWritten"], read.json["steps"][0]["name"]) == (True, "Pack")
    document = {"key": "order", "name": "Orders", "steps": [task("pick")]}
    etag = {"If-Match": read.headers["ETag"]}
    for refused in (
        admin.put(url, document, headers=etag),
        admin.put(url, document),
        admin.post("/templates/import", document),
        admin.post(f"{url}/restore", {"version": 1}),
    ):
        assert (refused.status_code, refused.json["type"]) == (
            412,
            "/problems/draft-is-being-written",
        )
        assert refused.json["updatedBy"] == WRITER.name
        assert refused.json["updatedAt"] == read.json["updatedAt"]
    on_purpose = admin.put(f"{url}?discardWriting=true", document, headers=etag)
    assert (on_purpose.status_code, on_purpose.json["beingWritten"]) == (200, False)


def test_a_template_is_archived_only_as_it_was_read(admin):
    url = f"/templates/{publish(admin)}"
    assert admin.delete(url, headers={"If-Match": '"2"'}).status_code == 412
    assert admin.delete(url, headers={"If-Match": '"1"'}).status_code == 204


def test_a_notification_template_is_published_and_archived_only_as_it_was_read(admin):
    made = admin.post("/notification-templates", DRAFT | {"key": "told"})
    url, etag = "/notification-templates/told", {"If-Match": made.headers["ETag"]}
    changed = admin.put(url, DRAFT, headers=etag)
    for refused in (admin.post(f"{url}/publish", headers=etag), admin.delete(url, headers=etag)):
        assert (refused.status_code, refused.json["draftRevision"]) == (412, 2)
        assert refused.json["updatedAt"] == changed.json["updatedAt"]
    etag = {"If-Match": changed.headers["ETag"]}
    assert admin.post(f"{url}/publish", headers=etag).status_code == 200
    assert admin.delete(url, headers=etag).status_code == 204


def test_what_was_just_made_or_sent_away_has_its_mark_too(app, admin):
    publish_order(task("pack"))
    schedule = {"name": "Early", "templateKey": "order", "everySeconds": 900}
    made = {
        "/schedules": admin.post("/schedules", schedule),
        "/schedules/{scheduleId}/duplicate": admin.post("/schedules/1/duplicate"),
        "/groups": admin.post("/groups", {"key": "finance", "name": "Finance"}),
        "/users": admin.post("/users", {"email": "otto@example.com", "role": "viewer"}),
        "/secrets": admin.post("/secrets", {"name": "STOCK_KEY", "value": "a value"}),
    }
    paths = openapi.document(app)["paths"]
    for path, answer in made.items():
        assert answer.status_code == 201, answer.text
        read = admin.get(answer.headers["Location"])
        assert answer.headers["ETag"] == read.headers["ETag"], path
        assert "ETag" in paths[f"/api/workflows{path}"]["post"]["responses"]["201"]["headers"]
    away = admin.post("/users/1/deactivate", {"reason": "Left."})
    assert away.headers["ETag"] == made["/users"].headers["ETag"]


def test_whatever_takes_a_mark_can_be_read_with_one(app):
    paths = openapi.document(app)["paths"]
    takes_one = {
        re.sub(r"/(publish|restore|rotate)$", "", path)
        for path, operations in paths.items()
        for operation in operations.values()
        if any(each["name"] == "If-Match" for each in operation["parameters"])
    }
    assert len(takes_one) > 6
    for path in takes_one - {"/api/workflows/templates/import"}:  # whatever it names by its key
        assert "ETag" in paths[path]["get"]["responses"]["200"]["headers"], path


@both_databases
def test_what_counts_no_revisions_has_a_mark_that_changes_with_what_can_be_written(admin):
    publish_order(task("pack"))
    schedule = make_schedule()
    person("otto@example.com")
    group("finance")
    keep("STOCK_KEY")
    changes = {
        f"/schedules/{schedule}": {"name": "Nightly"},
        "/groups/finance": {"members": ["otto@example.com"]},
        "/users/1": {"role": "author"},
        "/secrets/STOCK_KEY": {"hosts": ["stock.example.com"]},
    }
    for url, change in changes.items():
        etag = admin.get(url).headers["ETag"]
        first = admin.ask("PATCH", url, change, headers={"If-Match": etag})
        assert first.status_code == 200, first.text
        assert first.headers["ETag"] == admin.get(url).headers["ETag"] != etag
        stale = admin.ask("PATCH", url, change, headers={"If-Match": etag})
        assert (stale.status_code, stale.json["type"]) == (412, "/problems/stale"), url


def test_a_schedules_mark_stays_while_it_only_runs_and_rests(admin):
    publish_order(task("pack"))
    url = f"/schedules/{make_schedule()}"
    etag = admin.get(url).headers["ETag"]
    admin.post(f"{url}/run-now")
    admin.post(f"{url}/pause")
    assert admin.get(url).headers["ETag"] == etag
    assert admin.delete(url, headers={"If-Match": '"other"'}).status_code == 412
    assert admin.delete(url, headers={"If-Match": etag}).status_code == 204
