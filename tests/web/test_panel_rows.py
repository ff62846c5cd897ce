"""Rows and groups of the panel by plain buttons, and what is wrong at its field."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from app.domain.automation_parts import PARTS
from app.domain.findings import Finding
from app.domain.known_paths import KnownPath
from app.web.panel import Around, Tab, read_step, step_form
from app.web.panel.nodes import Node
from app.web.panel.tabs import where
from tests.support.panel_forms import Form, browsed, drawn, sent
from tests.web.test_panel import a_step

AT = "steps.2"
Step = dict[str, Any]


def error(path: str, message: str) -> Finding:
    return Finding("error", path, message, "x")


@pytest.fixture
def step() -> Step:
    return a_step("AUTOMATION_WEBHOOK")


def config(step: Step, **fields: Any) -> Step:
    return step | {"actionConfig": step["actionConfig"] | fields}


def press(step: Step, button: str, typed: dict[str, str] | None = None) -> Step:
    """The step after a button was pressed, with what was typed before."""
    form = sent(step)
    for name, text in {**(typed or {}), "do": button}.items():
        form.setlist(name, [text])
    found, unread = read_step(form, step)
    assert not unread
    return found


def find(tabs: list[Tab], path: str) -> Node:
    nodes = (node for tab in tabs for top in tab.nodes for node in top.walk())
    return next(node for node in nodes if node.path == path)


def errors(tabs: list[Tab]) -> dict[str, list[str]]:
    nodes = (node for tab in tabs for top in tab.nodes for node in top.walk())
    return {node.path: node.errors for node in nodes if node.errors}


def test_what_is_typed_into_the_empty_row_becomes_a_row_and_another_one_is_there(app, step):
    found = press(step, "", {"actionConfig.successStatus.2": "503"})

    assert found["actionConfig"]["successStatus"] == ["2xx", 404, 503]
    assert sent(found)["actionConfig.successStatus.3"] == ""


def test_a_row_is_removed_with_what_was_typed_into_the_others(app, step):
    found = press(
        step, "remove:actionConfig.successStatus.0", {"actionConfig.successStatus.1": "3xx"}
    )

    assert found["actionConfig"]["successStatus"] == ["3xx"]


@pytest.mark.parametrize("button", ["up:actionConfig.expect.1", "down:actionConfig.expect.0"])
def test_rows_of_objects_change_places_with_all_that_is_in_them(app: Flask, step, button: str):
    first = {"path": "body.a", "op": "=", "value": {"deep": [1]}}
    second = {"path": "body.b", "op": "exists", "value": True}

    found = press(config(step, expect=[first, second]), button)

    assert found["actionConfig"]["expect"] == [second, first]


@pytest.mark.parametrize(
    "button",
    [
        "up:actionConfig.expect.0",
        "down:actionConfig.expect.0",
        "remove:actionConfig.expect.99",
        "up:",
        "x",
    ],
)
def test_a_button_that_leads_nowhere_changes_nothing(app: Flask, step, button: str):
    assert press(step, button) == step


def test_a_row_of_an_object_is_added_empty_and_says_what_it_lacks(app, step):
    found = press(step, "add:actionConfig.expect")

    assert found["actionConfig"]["expect"][1:] == [{}]
    assert sent(found)["actionConfig.expect.1.path"] == ""


def test_a_group_is_absent_until_it_is_added_and_again_when_it_is_removed(app, step):
    bare = config(step, auth=None)
    assert "actionConfig.auth.secret" not in sent(bare)

    added = press(bare, "add:actionConfig.auth")
    assert "actionConfig.auth.secret" in sent(added)
    assert press(added, "remove:actionConfig.auth")["actionConfig"]["auth"] is None


def test_fields_appear_with_the_choice_that_they_belong_to_and_none_is_lost(app, step):
    basic = config(step, auth={"type": "basic", "secret": "A", "username": "shop"})
    assert "actionConfig.auth.header" not in sent(basic)

    found = press(basic, "", {"actionConfig.auth.type": "header"})

    form = sent(found)
    assert form["actionConfig.auth.header"] == ""
    assert form["actionConfig.auth.username"] == "shop"


def test_waits_of_ones_own_take_the_place_of_a_named_schedule(app, step):
    named = config(step, retry={"maxAttempts": 4, "schedule": "standard"})

    own = press(named, "", {"actionConfig.retry.schedule": "~1"})
    assert own["actionConfig"]["retry"]["schedule"] == []

    waits = press(own, "", {"actionConfig.retry.schedule.0": "5"})
    assert waits["actionConfig"]["retry"]["schedule"] == [5]
    back = press(waits, "", {"actionConfig.retry.schedule": "exponential"})
    assert back["actionConfig"]["retry"]["schedule"] == "exponential"


def test_names_that_stand_twice_stay_as_typed_and_are_said(app, step):
    form = sent(step)
    form["actionConfig.headers.1.name"] = "X-Source"
    form["actionConfig.headers.1.value"] = "again"

    found, unread = read_step(form, step, at=AT)
    tabs = step_form(found, at=AT, unread=unread)

    assert found == step
    assert list(unread) == [f"{AT}.actionConfig.headers"]
    assert sent(found, at=AT, unread=unread)["actionConfig.headers.1.value"] == "again"
    assert errors(tabs) == {"actionConfig.headers": ["X-Source stands twice. Give each name once."]}


def test_names_that_stood_twice_are_read_once_they_differ(app, step):
    unread = {f"{AT}.actionConfig.headers": '[["A", "1"], ["A", "2"]]', "steps.0.when": "{"}
    form = sent(step, at=AT, unread=unread)
    form["actionConfig.headers.1.name"] = "B"

    found, left = read_step(form, step, at=AT, unread=unread)

    assert found["actionConfig"]["headers"] == {"A": "1", "B": "2"}
    assert left == {"steps.0.when": "{"}


def test_broken_json_stays_as_typed_beside_the_last_that_was_not(app, step):
    form = sent(step)
    form["actionConfig.body"] = '{"order": '

    found, unread = read_step(form, step, at=AT)

    assert (found, unread) == (step, {f"{AT}.actionConfig.body": '{"order": '})
    shown = errors(step_form(found, at=AT, unread=unread))["actionConfig.body"]
    assert shown[0].startswith("This is not JSON")


def test_broken_json_moves_with_its_row(app, step):
    rows = [{"path": "body.a", "op": "=", "value": 1}, {"path": "body.b", "op": "=", "value": 2}]
    step = config(step, expect=rows)
    form = sent(step)
    form["actionConfig.expect.1.value"] = "{"
    form["do"] = "up:actionConfig.expect.1"

    found, unread = read_step(form, step)

    assert found["actionConfig"]["expect"] == [rows[1], rows[0]]
    assert unread == {"actionConfig.expect.0.value": "{"}


def test_what_a_page_does_not_show_stays_as_it_was(app, step):
    unread = {f"{AT}.actionConfig.body": "{"}

    found, left = read_step(MultiDict({"name": "Another"}), step, at=AT, unread=unread)

    assert (found, left) == (step | {"name": "Another"}, unread)


def test_faults_stand_at_their_fields_and_are_counted_on_their_tabs(app, step):
    faults = [
        error(f"{AT}.actionConfig.headers.X-Source", "control characters"),
        error(f"{AT}.actionConfig.body.lines.2", "leads nowhere"),
        error(f"{AT}.actionConfig.retry.schedule.1", "too long"),
        error(f"{AT}.name", "required"),
        error(f"{AT}.actionConfig", "either runAt or delay"),
        error(AT, "either dueIn or dueAt"),
        error("steps.20.name", "of another step"),
    ]

    tabs = step_form(step, at=AT, faults=faults)

    assert errors(tabs) == {
        "actionConfig.headers.X-Source": ["control characters"],
        "actionConfig.body": ["leads nowhere"],
        "actionConfig.retry.schedule.1": ["too long"],
        "name": ["required"],
    }
    by_name = {tab.name: tab for tab in tabs}
    assert by_name["action"].errors == ["either runAt or delay"]
    assert by_name["general"].errors == ["either dueIn or dueAt"]
    assert {tab.name: tab.count for tab in tabs if tab.count} == {
        "general": 2,
        "action": 3,
        "retry": 1,
    }


def test_hints_are_not_said_in_the_form(app, step):
    hint = Finding("hint", f"{AT}.name", "nice", "x")

    assert not errors(step_form(step, at=AT, faults=[hint]))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("name", ("general", "field-name")),
        ("when", ("conditions", "field-when")),
        ("actionConfig.headers.X-A", ("action", "field-actionConfig-headers")),
        ("actionConfig.retry.schedule.3", ("retry", "field-actionConfig-retry")),
        ("actionConfig", ("action", "")),
        ("", ("general", "")),
    ],
)
def test_a_path_leads_to_its_tab_and_its_field(app: Flask, path: str, place: tuple[str, str]):
    assert where("AUTOMATION_WEBHOOK", path) == place


@pytest.mark.parametrize("kind", ["AUTOMATION_WEBHOOK", "AUTOMATION_EMAIL", "WAIT_CALLBACK"])
def test_no_id_stands_twice_and_the_same_step_has_the_same_ones(app: Flask, kind: str):
    step = a_step(kind)
    first, second = browsed(drawn(step_form(step))).ids, browsed(drawn(step_form(step))).ids

    assert first == second
    assert len(set(first)) == len(first)


def test_a_secret_that_is_missing_stays_picked_and_is_said(app, step):
    tabs = step_form(step, around=Around(secrets=["PAY_KEY"]))
    node = find(tabs, "actionConfig.signingSecret")

    assert node.value == "STOCK_KEY"
    assert [choice.value for choice in node.choices if choice.missing] == ["STOCK_KEY"]
    assert (
        sent(step, around=Around(secrets=["PAY_KEY"]))["actionConfig.signingSecret"] == "STOCK_KEY"
    )


def test_who_may_not_change_automation_reads_it_and_sends_none_of_it(app, step):
    around = Around(fixed=PARTS, locked="Only Ann may.")
    form = sent(step, around=around)

    assert "actionConfig.url" not in form and "key" not in form
    assert form["name"] == "Reserve stock"
    assert "Only Ann may." in drawn(step_form(step, around=around))
    assert read_step(form, step) == (step, {})


def test_a_forged_form_can_name_no_field_that_is_not_there(app, step):
    form: Form = sent(step)
    form["actionConfig.retry.schedule"] = "~7"
    form["actionConfig.sudo"] = "yes"
    form["actionType"] = "WAIT_TIMER"

    assert read_step(form, step) == (step, {})


KNOWN = [KnownPath("input.orderId", "Order number", "string", certain=True)]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("url", "https://stock.example.com/{{ input.oderId }}"),
        ("body", "{{ input.oderId }}"),
    ],
)
def test_a_line_is_drawn_under_a_path_that_leads_nowhere(app: Flask, step, field: str, text: str):
    tabs = step_form(config(step, **{field: text}), around=Around(paths=KNOWN))

    assert "<u>input.oderId</u>" in drawn(tabs)
    said = "input.oderId leads nowhere. Did you mean input.orderId?"
    assert find(tabs, f"actionConfig.{field}").warnings == [said]


def test_a_path_that_the_findings_name_is_not_said_twice(app, step):
    step = config(step, url="https://{{ input.oderId }}")
    fault = error(f"{AT}.actionConfig.url", "input.oderId leads nowhere.")

    tabs = step_form(step, at=AT, faults=[fault], around=Around(paths=KNOWN))

    node = find(tabs, "actionConfig.url")
    assert (node.errors, node.warnings) == ([fault.message], [])


def test_paths_of_liquid_are_found_within_its_tags_and_its_own_variables_are_not(app):
    text = "{% for line in input.lines %}{{ line }}{% endfor %}{{ input.orderId | upcase }}"
    mail = config(a_step("AUTOMATION_EMAIL"), text=text)

    tabs = step_form(mail, around=Around(paths=KNOWN))

    assert list(find(tabs, "actionConfig.text").options["unknown"]) == ["input.lines"]


def test_what_an_author_writes_is_text_to_the_page(app, step):
    evil = '"><script>alert(1)</script>{{ input.x }}'
    step = config(step | {"name": evil, "description": f"</textarea>{evil}"}, url=evil, body=evil)

    html = drawn(step_form(step, around=Around(paths=KNOWN, steps=[(evil, evil)])))

    assert "<script" not in html
    assert browsed(html).form["name"] == evil
