"""The page of a dry run."""

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from app.extensions import Base
from tests.support.callbacks import callback
from tests.support.looking import look
from tests.support.mailing import email
from tests.support.notifying import cast, policy
from tests.support.workflows import begin, make_step, publish, task, webhook
from tests.web.conftest import said

SCHEMA = {
    "type": "object",
    "required": ["orderId"],
    "properties": {
        "orderId": {"type": "string", "title": "Order number", "examples": ["A-1046"]},
        "total": {"type": "number", "title": "Total", "default": 10},
        "gift": {"type": "boolean", "title": "Gift"},
    },
}
BIG = {"all": [["input.total", ">", 500]]}


@pytest.fixture
def path(app) -> str:
    told = [policy("ON_READY", "IN_APP", ["role:operator"])]
    template = publish(
        webhook("reserve", config={"body": {"order": "{{ input.orderId }}"}}),
        make_step("approve", "APPROVAL", ["reserve"], {}, {"when": BIG}),
        task("pack", "reserve", "approve", notificationPolicies=told),
        email("tell", "pack", html="<p>Order {{ input.orderId }}</p>"),
        inputSchema=SCHEMA,
        name="Order fulfilment",
    )
    return f"/templates/{template}/dry-run"


def given(**more: str) -> dict[str, str]:
    """What a browser sends of the form."""
    return {"shown": "1", "input.orderId": "A-7", "input.total": "10"} | more


def test_it_opens_with_made_up_input_and_what_would_happen(viewer, path):
    page = viewer.get(path)
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert 'value="A-1046"' in text
    words = said(page)
    assert "It is completed after 0 s at the shortest" in words
    assert "3 of 4 steps are taken up, 1 skipped" in words
    assert "input.total was 10, wanted > 500" in words
    assert '"order": "A-1046"' in words


def test_what_is_typed_is_walked_and_stands_in_the_form_again(viewer, path):
    page = viewer.post(path, given(**{"input.total": "900", "outcomes.approve": "rejected"}))
    words, text = said(page), page.get_data(as_text=True)
    assert '"order": "A-7"' in words
    assert "4 of 4 steps are taken up" in words
    assert re.search(r'<option selected value="rejected">', text)
    assert 'value="900"' in text


def test_the_graph_marks_the_path_by_shape_word_and_thick_arrows(viewer, path):
    text = viewer.get(path).get_data(as_text=True)
    assert 'aria-label="Approve: Skipped, after reserve"' in text
    assert 'href="#ran-pack"' in text
    assert text.count("graph-edge-taken") == 2  # reserve → pack → tell
    assert text.count("graph-edge-skipped") == 1


def test_notifications_stand_as_they_would_be_sent(viewer, path):
    cast()
    words = said(viewer.get(path))
    assert "In the console to operator@example.com" in words
    assert "Ready: Pack" in words


def test_outputs_and_times_are_taken(viewer, path):
    more = {
        "outputs.reserve": '{"ref": "R-7"}',
        "takes.pack": "PT2H",
        "startAt": "2027-03-01T09:00",
    }
    words = said(viewer.post(path, given(**more)))
    assert '"ref": "R-7"' in words
    assert (
        "It is completed after 2 h at the shortest, having begun 2027-03-01 09:00:00 UTC" in words
    )


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("input.total", "many", "Write a number with a point, such as 129.9."),
        ("input.orderId", "", "This is required."),
        ("outputs.reserve", "{", "This is not JSON"),
        ("outputs.reserve", "[1]", "Write a JSON object: { … }."),
        ("takes.pack", "soon", "such as PT15M, PT2H or P1D."),
        ("startAt", "tomorrow", "is not a time"),
        ("outcomes.pack", "maybe", "Input should be"),
        ("outcomes.pack", "timeout", "use one of success"),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_does_not_fit_is_said_at_its_field_and_nothing_typed_is_lost(
    viewer, path, name, text, fault, htmx
):
    sent = given(**{"takes.reserve": "PT1H"}) | {name: text}
    page = viewer.post(path, sent, htmx=htmx)
    assert page.status_code == 422
    assert "Nothing was walked" in said(page)
    assert fault in said(page)
    if not htmx:
        assert 'value="PT1H"' in page.get_data(as_text=True)


def test_htmx_gets_the_result_and_the_faults_alone(viewer, path):
    page = viewer.post(path, given(), htmx=True).get_data(as_text=True)
    assert "<html" not in page
    assert '<hx-partial hx-target="#dry-run-result" hx-swap="outerMorph">' in page
    assert 'id="dry-run-form"' not in page


def test_its_link_walks_the_same_again(viewer, path):
    sent = given(**{"outcomes.reserve": "failure", "input.gift": "y", "takes.pack": "PT1H"})
    text = viewer.post(path, sent).get_data(as_text=True)
    link = re.search(r'<a href="([^"]+)">A link to this dry run', text)
    assert link is not None
    again = viewer.get(link[1].replace("&amp;", "&"))
    words = said(again)
    assert "400 Bad Request from 127.0.0.1:9" in words
    (gift,) = re.findall(r'<input [^>]*name="input.gift"[^>]*>', again.get_data(as_text=True))
    assert " checked" in gift


def test_a_form_that_is_too_long_for_a_link_has_none(viewer, path):
    sent = given(**{"outputs.reserve": '{"a": "' + "x" * 5000 + '"}'})
    assert "A link to this dry run" not in said(viewer.post(path, sent))


def test_the_input_of_an_instance_can_be_copied(viewer, path):
    number = begin("order", orderId="A-99", total=700)
    page = viewer.post(path, given(instanceId=f"#{number}", copy="1"))
    assert 'value="A-99"' in page.get_data(as_text=True)
    assert "4 of 4 steps are taken up" in said(page)
    assert 'value="A-99"' in viewer.get(f"{path}?instanceId={number}").get_data(as_text=True)
    assert "Write the number of an instance" in said(viewer.post(path, given(copy="1")))
    assert "There is no such instance" in said(viewer.get(f"{path}?instanceId=999"))


def test_a_version_is_walked_if_it_is_chosen(viewer, path):
    page = viewer.get(f"{path}?version=1")
    assert '<option selected value="1">version 1</option>' in page.get_data(as_text=True)
    assert viewer.get(f"{path}?version=9").status_code == 404
    assert viewer.get("/templates/99/dry-run").status_code == 404


def test_the_html_of_a_mail_stands_in_a_frame_with_what_was_typed(viewer, path):
    text = viewer.post(path, given()).get_data(as_text=True)
    frame = re.search(r'<iframe [^>]*src="([^"]+)"', text)
    assert frame is not None
    shown = viewer.get(frame[1].replace("&amp;", "&"))
    assert "<p>Order A-7</p>" in shown.get_data(as_text=True)
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert viewer.get(f"{path}/steps/pack/mail").status_code == 404


def test_what_keeps_a_draft_from_being_published_is_listed_and_leads_to_its_field(viewer, visit):
    from tests.support.dry_runs import draft

    template = draft(webhook("a", config={"signingSecret": "GONE"}))
    words = said(viewer.get(f"/templates/{template}/dry-run"))
    assert "1 problem with what was walked" in words
    assert "steps.0.actionConfig.signingSecret There is no secret named GONE." in words
    page = visit("author").get(f"/templates/{template}/dry-run")
    assert re.search(
        r'<a href="[^"]+step=a[^"]*#[^"]+">A · Action</a>', page.get_data(as_text=True)
    )


def test_every_kind_of_step_offers_what_can_happen_to_it(viewer, app):
    form = make_step("ask", "FORM_INPUT", [], {}, {})
    timer = make_step("wait", "WAIT_TIMER", [], {"delay": "PT1H"}, {})
    template = publish(form, timer, callback("called"), key="kinds")
    text = viewer.get(f"/templates/{template}/dry-run").get_data(as_text=True)
    chosen = dict(re.findall(r'<select [^>]*name="outcomes\.(\w+)">(.*?)</select>', text, re.S))
    offered = {key: re.findall(r'value="(\w+)"', options) for key, options in chosen.items()}
    assert offered == {
        "ask": ["success", "failure", "skipped", "open"],
        "wait": ["success", "skipped"],
        "called": ["success", "failure", "timeout", "skipped"],
    }


def test_foreign_text_stays_text(viewer, app):
    evil = "<script>alert(1)</script>"
    template = publish(
        task("a", name=evil), webhook("b", config={"body": {"x": "{{ input.x }}"}}), name=evil
    )
    page = viewer.get(f"/templates/{template}/dry-run").get_data(as_text=True)
    assert evil not in page


def test_walking_writes_no_row(viewer, path):
    before = counts()
    viewer.get(path)
    viewer.post(path, given())
    assert counts() == before


def counts() -> Any:
    return look(
        lambda session: {
            name: session.scalar(select(func.count()).select_from(table))
            for name, table in Base.metadata.tables.items()
        }
    )
