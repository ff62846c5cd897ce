"""What notifications say, as programs read and write it."""

import pytest

from app.domain.notification_defaults import OWN_KEYS
from tests.support.workflows import begin, publish, task, webhook

URL = "/notification-templates"
PAGER = {"key": "pager", "name": "Pager", "content": {"SMS": {"text": "{{ step.name }} failed"}}}
DRAFT = {name: value for name, value in PAGER.items() if name != "key"}


def faults(answer):
    assert answer.status_code == 422, answer.text
    return {fault["path"]: fault["message"] for fault in answer.json["errors"]}


def test_those_that_come_with_runsheet_are_there_from_the_start(admin):
    listed = admin.get(f"{URL}?limit=200").json["items"]
    assert {one["key"] for one in listed} == OWN_KEYS
    failed = admin.get(f"{URL}/step-failed").json
    assert failed["builtIn"] and failed["newestVersion"] == 1 and not failed["changed"]
    assert "{{ step.name }}" in failed["content"]["EMAIL"]["subject"]


def test_a_list_goes_on_where_its_cursor_says(admin):
    first = admin.get(f"{URL}?limit=10").json
    second = admin.get(f"{URL}?limit=10&cursor={first['nextCursor']}").json
    keys = [one["key"] for one in first["items"] + second["items"]]
    assert (len(keys), len(set(keys)), second["nextCursor"]) == (len(OWN_KEYS), len(OWN_KEYS), None)
    assert [one["key"] for one in admin.get(f"{URL}?q=SKIP").json["items"]] == ["step-skipped"]


def test_a_template_is_created_changed_published_and_archived(admin):
    created = admin.post(URL, PAGER)
    assert created.status_code == 201
    url = created.headers["Location"]
    assert admin.get(url).json == created.json
    assert created.json["newestVersion"] is None and created.json["changed"]
    changed = admin.put(url, DRAFT | {"name": "On call"})
    assert (changed.json["name"], changed.json["draftRevision"]) == ("On call", 2)
    first = admin.post(f"{url}/publish", {"note": "Shorter."})
    assert (first.status_code, first.json["number"], first.json["note"]) == (200, 1, "Shorter.")
    assert admin.get(f"{url}/versions").json["items"] == [first.json]
    assert admin.get(url).json["changed"] is False
    assert admin.delete(url).status_code == 204
    assert admin.get(url).json["archived"] is True
    assert [one["key"] for one in admin.get(f"{URL}?archived=true").json["items"]] == ["pager"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"If-Match": '"1"'}, DRAFT, 200),
        ({"If-Match": '"7"'}, DRAFT, 412),
        ({}, DRAFT | {"draftRevision": 1}, 200),
        ({}, DRAFT | {"draftRevision": 7}, 412),
        ({}, PAGER, 200),
    ],
)
def test_a_draft_that_was_not_read_is_not_replaced(admin, headers, body, status):
    admin.post(URL, PAGER)
    answer = admin.put(f"{URL}/pager", body, headers=headers)
    assert answer.status_code == status
    assert answer.headers.get("ETag") == ('"2"' if status == 200 else None)


def test_a_key_is_taken_once_and_stays(admin):
    admin.post(URL, PAGER)
    assert admin.post(URL, PAGER).status_code == 409
    assert admin.post(URL, PAGER | {"key": "step-failed"}).status_code == 409
    assert "key" in faults(admin.put(f"{URL}/pager", PAGER | {"key": "other"}))


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"FAX": {"text": "x"}}, "content.FAX"),
        ({"SMS": {}}, "content.SMS.text"),
        ({"SMS": {"text": ""}}, "content.SMS.text"),
        ({"SMS": {"text": "x" * 4001}}, "content.SMS.text"),
        ({"SMS": {"text": 5}}, "content.SMS.text"),
        ({"SMS": "x"}, "content.SMS"),
        ({"EMAIL": {"subject": "x"}}, "content.EMAIL.text"),
        ({"EMAIL": {"subject": "{% if %}", "text": "x"}}, "content.EMAIL.subject"),
        ({"PUSH": {"title": "x", "body": "{{ x"}}, "content.PUSH.body"),
        ({"WEBHOOK": {"body": [{"a": "{{ x"}]}}, "content.WEBHOOK.body"),
        ("x", "content"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(admin, content, path):
    assert path in faults(admin.post(URL, PAGER | {"content": content}))


def test_a_line_that_is_no_liquid_is_named(admin):
    said = faults(admin.post(URL, PAGER | {"content": {"SMS": {"text": "a\nb {{ c\n"}}}))
    assert said == {"content.SMS.text": "Line 2: '{{' has no closing '}}'."}


def test_a_name_that_nothing_has_is_found_when_it_is_published(admin):
    admin.post(URL, PAGER | {"content": {"SMS": {"text": "{{ instance.titel }}"}}})
    said = faults(admin.post(f"{URL}/pager/publish"))
    assert said["content.SMS.text"] == (
        "Line 1: no notification knows instance.titel. Did you mean instance.title?"
    )
    admin.put(f"{URL}/pager", DRAFT | {"content": {}})
    assert "content" in faults(admin.post(f"{URL}/pager/publish"))


def test_what_is_used_says_where_and_is_not_archived(admin):
    admin.post(URL, PAGER)
    admin.post(f"{URL}/pager/publish")
    policy = {"channel": "SMS", "trigger": "ON_FAILED", "template": "pager"}
    template_id = publish(webhook("charge", notificationPolicies=[policy]), name="Orders")
    assert admin.get(f"{URL}/pager").json["usedBy"] == [
        {
            "templateId": template_id,
            "templateKey": "order",
            "templateName": "Orders",
            "version": 1,
            "stepKey": "charge",
            "stepName": "Charge",
            "channel": "SMS",
            "trigger": "ON_FAILED",
        }
    ]
    refused = admin.delete(f"{URL}/pager")
    assert (refused.status_code, refused.json["detail"]) == (409, "It is in use: Orders v1.")
    assert refused.json["usedBy"][0]["stepKey"] == "charge"
    assert admin.delete(f"{URL}/step-failed").status_code == 409


def test_a_preview_shows_a_likely_occasion(admin):
    shown = admin.post(f"{URL}/step-failed/preview", {"channel": "SMS"})
    assert shown.status_code == 200
    assert shown.json["content"]["text"].startswith("FAILED: Charge card - Order A-1042")
    assert shown.json["segments"] == 2
    again = admin.post(f"{URL}/step-failed/preview", {"channel": "SMS", "trigger": "ON_RETRY"})
    assert again.status_code == 200


def test_a_preview_shows_a_real_instance(admin):
    publish(task("pack"), name="Orders")
    instance_id = begin(orderId="A-7")
    content = {
        "title": "{{ step.name }} of {{ input.orderId }}",
        "body": "{{ instance.templateName }}",
    }
    wish = {"channel": "PUSH", "content": content, "instanceId": instance_id, "stepKey": "pack"}
    shown = admin.post(f"{URL}/step-ready/preview", wish)
    assert shown.json["content"] == {"title": "Pack of A-7", "body": "Orders"}
    wish["content"] = {"title": "{{ input.total }}"}
    said = faults(admin.post(f"{URL}/step-ready/preview", wish))
    assert said == {"content.title": "Line 1: input.total is missing."}


def test_what_only_a_workflow_knows_stands_as_its_name_in_made_up_values(admin):
    wish = {"channel": "SMS", "content": {"text": "{{ input.phone }}"}}
    shown = admin.post(f"{URL}/step-ready/preview", wish)
    assert shown.json["content"] == {"text": "input.phone"}


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({}, "channel"),
        ({"channel": "FAX"}, "channel"),
        ({"channel": "SMS", "instanceId": 99}, "instanceId"),
        ({"channel": "SMS", "instanceId": 1, "stepKey": "gone"}, "stepKey"),
        ({"channel": "SMS", "stepKey": "pack"}, "instanceId"),
        ({"channel": "SMS", "trigger": "ON_FIRE"}, "trigger"),
        ({"channel": "SMS", "content": {}}, "content.text"),
        ({"channel": "EMAIL"}, "channel"),
    ],
)
def test_a_preview_of_nothing_says_why(admin, wish, path):
    publish(task("pack"))
    begin()
    admin.post(URL, PAGER)
    assert path in faults(admin.post(f"{URL}/pager/preview", wish))


def test_what_is_not_there_is_404(admin):
    for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/versions"), ("POST", "/publish")):
        assert admin.ask(method, f"{URL}/nobody{tail}").status_code == 404
    assert admin.put(f"{URL}/nobody", DRAFT).status_code == 404
    assert admin.post(f"{URL}/nobody/preview", {"channel": "SMS"}).status_code == 404
