"""Whom an author can pick in the editor, and what they are told about whom they may not name."""

from dataclasses import replace
from typing import Any

import pytest

from app import clock, transaction
from app.models import Group
from tests.support.workflows import publish, task

EDIT = "/templates/{}/edit?step=pack"
NOTIFY = {"channel": "EMAIL", "trigger": "ON_READY", "recipients": ["assignee"]}


@pytest.fixture
def template(app: Any) -> int:
    return publish(task("pack", notificationPolicies=[NOTIFY]))


def test_people_and_groups_can_be_assigned_and_told(visit: Any, template: int):
    with transaction.writing() as session:
        session.add(Group(key="finance", name="Finance", created_at=clock.now()))
    page = visit("author").get(EDIT.format(template)).text

    for value, name in (("group:finance", "Finance"), ("user:author@example.com", "Author")):
        assert page.count(f'<option value="{value}">{name}</option>') == 2


def test_who_may_add_automation_may_name_anybody(visit: Any, template: int):
    page = visit("author", may_add_automation=True).get(EDIT.format(template)).text

    assert "only authors who may add automation" not in page


def test_others_are_told_whom_they_may_not_name(app: Any, visit: Any, template: int):
    author = visit("author")
    assert (
        "Anybody but URLs: only authors who may add automation"
        in author.get(EDIT.format(template)).text
    )

    app.config["SETTINGS"] = replace(app.config["SETTINGS"], org_domains="example.com,example.org")
    page = author.get(EDIT.format(template)).text
    assert "addresses at example.com or example.org. Not others, nor URLs" in page
