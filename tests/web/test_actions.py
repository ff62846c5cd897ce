"""What people do with steps and instances, with htmx and without."""

import pytest

from app.domain.outcomes import Outcome
from tests.support.looking import do, instance_of, kinds, state_pair, step_of
from tests.support.workflows import begin, publish, task, work
from tests.web.conftest import said


def test_without_htmx_an_action_leads_back_to_the_page(operator, order):
    answer = operator.post(f"/instances/{order}/steps/pack/start")
    assert (answer.status_code, answer.location) == (303, f"/instances/{order}/steps/pack")
    page = operator.get(answer.location)
    assert "Pack is yours" in said(page)
    assert state_pair(order, "pack") == ("STARTED", "IDLE")


def test_it_leads_back_to_the_view_one_came_from(operator, order):
    came_from = f"http://localhost/instances/{order}?view=graph"
    answer = operator.post(f"/instances/{order}/pause", headers={"Referer": came_from})
    assert answer.location == f"/instances/{order}?view=graph"


@pytest.mark.parametrize("url", ["http://[", "http://evil.example/instances/9999", "/nope", "//"])
def test_an_odd_referer_harms_nothing(operator, order, url):
    answer = operator.post(f"/instances/{order}/pause", headers={"Referer": url})
    assert answer.location == f"/instances/{order}"


def test_with_htmx_the_live_part_and_a_toast_come_back(operator, order):
    answer = operator.post(f"/instances/{order}/steps/pack/complete", htmx=True)
    assert answer.status_code == 200
    assert answer.text.count('<section id="live"') == 1
    assert "<html" not in answer.text
    assert '<hx-partial hx-target="#toasts" hx-swap="beforeend">' in answer.text
    assert "Pack is completed." in said(answer)
    assert {"HX-Request", "HX-Request-Type"} <= set(answer.vary)


def test_the_answer_keeps_the_step_and_view_that_were_open(operator, order):
    url = f"http://localhost/instances/{order}/steps/ship?view=graph"
    answer = operator.post(f"/instances/{order}/pause", htmx=True, headers={"HX-Current-URL": url})
    assert 'id="step-ship-panel"' in answer.text
    assert 'id="graph"' in answer.text


def test_a_reason_stands_on_the_timeline(operator, order):
    operator.post(f"/instances/{order}/steps/pack/skip", {"reason": "Sent in a letter\r\ninstead"})
    page = operator.get(f"/instances/{order}")
    assert "Sent in a letter instead" in said(page)
    assert "operator@example.com" in said(page)


def test_completing_takes_json(operator, order):
    sent = {"output": '{"packages": 2, "weight": 1.5}'}
    operator.post(f"/instances/{order}/steps/pack/complete", sent)
    assert step_of(order, "pack").output == {"packages": 2, "weight": 1.5}


@pytest.mark.parametrize(
    ("typed", "says"),
    [("{packages: 2}", "not JSON"), ("[1]", "Write a JSON object"), ('{"a": NaN}', "NaN")],
)
def test_json_that_is_wrong_is_refused_and_kept(operator, order, typed, says):
    path = f"/instances/{order}/steps/pack/complete"
    answer = operator.post(path, {"output": typed})
    assert answer.status_code == 422
    assert says in said(answer) and typed in said(answer)
    assert 'id="act-pack-complete" name="actions" open' in answer.text
    toast = operator.post(path, {"output": typed}, htmx=True)
    assert toast.status_code == 422
    assert says in said(toast)
    assert 'id="live"' not in toast.text
    assert state_pair(order, "pack") == ("READY", "IDLE")


def test_a_move_that_is_not_allowed_any_more_says_who_was_quicker(operator, order):
    do(order, "complete", "pack")
    path = f"/instances/{order}/steps/pack/skip"
    answer = operator.post(path, {"reason": "It was paid in cash"}, htmx=True)
    assert answer.status_code == 409
    assert "the step is COMPLETED" in said(answer)
    assert "step completed at" in said(answer)
    page = operator.post(path, {"reason": "It was paid in cash"})
    assert page.status_code == 409
    assert "You had written: It was paid in cash" in said(page)


def test_break_and_repair(operator, order):
    do(order, "complete", "pack")
    work(Outcome(verdict="retry", error="503 Service Unavailable from ship.example.com"))
    page = operator.get(f"/instances/{order}/steps/ship")
    assert "will be tried again" in said(page) and "Run now" in said(page)
    operator.post(f"/instances/{order}/steps/ship/run-now")
    work(Outcome(verdict="failed", error="503 Service Unavailable from ship.example.com"))
    page = operator.get(f"/instances/{order}")
    assert "<title>ATTENTION · Order fulfilment · Runsheet</title>" in page.text
    assert "icons/attention.svg" in page.text
    assert "Ship failed" in said(page) and "Nothing more happens by itself." in said(page)
    operator.post(f"/instances/{order}/steps/ship/retry", {"reason": "They are back"})
    work()
    assert instance_of(order).state == "COMPLETED"
    assert "step.retried" in kinds(order, "ship")
    assert "They are back" in said(operator.get(f"/instances/{order}"))


def test_pause_resume_cancel(operator, order):
    for verb, state in (("pause", "PAUSED"), ("resume", "RUNNING"), ("cancel", "CANCELLED")):
        operator.post(f"/instances/{order}/{verb}", {"reason": f"because of {verb}"})
        assert instance_of(order).state == state
    assert "because of cancel" in said(operator.get(f"/instances/{order}"))


def test_an_unknown_verb_leads_nowhere(operator, order):
    assert operator.post(f"/instances/{order}/explode").status_code == 404
    assert operator.post(f"/instances/{order}/steps/pack/explode").status_code == 404


def test_an_approval_is_decided_in_a_form(operator, app):
    approval = task("approve", actionType="APPROVAL", config={"question": "Ship it?"})
    publish(approval)
    instance = begin()
    page = operator.get(f"/instances/{instance}/steps/approve")
    assert "Ship it?" in said(page) and "Decide" in said(page)
    path = f"/instances/{instance}/steps/approve/complete"
    undecided = operator.post(path, {"output.outcome": "", "output.comment": "Hm"})
    assert undecided.status_code == 422
    assert 'value="Hm"' in undecided.text
    operator.post(path, {"output.outcome": '"rejected"', "output.comment": "Too dear"})
    output = {"outcome": "rejected", "comment": "Too dear"}
    assert step_of(instance, "approve").output == output


def test_a_form_step_asks_for_its_fields(operator, app):
    schema = {
        "type": "object",
        "required": ["laptop"],
        "properties": {
            "laptop": {"type": "string", "title": "Which laptop"},
            "phone": {"type": "boolean", "default": True},
        },
    }
    publish(task("equip", actionType="FORM_INPUT", config={"schema": schema}))
    instance = begin()
    path = f"/instances/{instance}/steps/equip"
    assert "Which laptop" in said(operator.get(path))
    started = operator.post(f"{path}/start", htmx=True)
    assert "checked" in started.text  # another action's form does not empty this one
    missing = operator.post(f"{path}/complete", {"output.laptop": "", "output.phone": "y"})
    assert missing.status_code == 422
    assert "output.laptop: This is required." in said(missing)
    operator.post(f"{path}/complete", {"output.laptop": "Large"})
    assert step_of(instance, "equip").output == {"laptop": "Large", "phone": False}
