"""The request a step would send, shown on the pages of its template and its instance."""

from app.domain.outcomes import Outcome
from tests.support.looking import do
from tests.support.workflows import begin, publish, task, webhook, work
from tests.web.conftest import said

SCHEMA = {"type": "object", "properties": {"order": {"type": "string", "examples": ["A-1046"]}}}


def steps() -> list[dict]:
    body = {"order": "{{ input.order }}", "packed": "{{ steps.pack.output.by }}"}
    return [task("pack"), webhook("ship", "pack", config={"body": body})]


def test_a_template_shows_the_request_with_made_up_input(viewer, app):
    publish(*steps(), inputSchema=SCHEMA)
    text = said(viewer.get("/templates/1?step=ship"))
    assert "The input is made up from the template's schema." in text
    assert '"order": "A-1046"' in text
    assert "Not known yet, so they stand as their names: steps.pack.output.by" in text
    assert "POST http://127.0.0.1:9/ship" in text
    assert "Preview as it would be sent" not in said(viewer.get("/templates/1?step=pack"))


def test_a_step_to_come_shows_the_request_with_the_instances_own_input(viewer, operator, app):
    publish(*steps(), inputSchema=SCHEMA)
    instance = begin(order="B-7")
    before = said(viewer.get(f"/instances/{instance}/steps/ship"))
    assert '"order": "B-7"' in before
    assert "Not known yet, so they stand as their names: steps.pack.output.by" in before
    do(instance, "complete", "pack", output={"by": "Jo"})
    after = said(viewer.get(f"/instances/{instance}/steps/ship"))
    assert '"packed": "Jo"' in after and "Not known yet" not in after


def test_a_preview_says_why_the_request_could_not_be_made(viewer, app):
    publish(webhook("ship", config={"body": "{{ input.gone }}"}))
    text = said(viewer.get(f"/instances/{begin()}/steps/ship"))
    assert "It can't be sent like this. input.gone is missing: the step would fail." in text


def test_what_is_done_has_no_preview(viewer, app):
    publish(webhook("ship"))
    instance = begin()
    work(Outcome(verdict="done"))
    assert "Preview" not in said(viewer.get(f"/instances/{instance}/steps/ship"))


def test_a_webhook_step_says_what_it_takes_for_a_success(viewer, app):
    config = {
        "successStatus": [201, "3xx"],
        "expect": [{"path": "body.state", "op": "in", "value": ["done", "<b>"]}],
        "output": {"id": "body.id"},
    }
    publish(webhook("ship", config=config))
    text = said(viewer.get("/templates/1?step=ship"))
    assert "Success 201, 3xx" in text
    assert 'Expects body.state in [ "done", "<b>" ]' in text
    assert "Output id from body.id" in text
    assert "made up from the template's schema." in text
