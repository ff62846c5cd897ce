"""The page of an instance and its live part."""

import json

import pytest

from app import live
from app.domain.outcomes import Outcome
from app.errors import Unavailable
from app.web import view_models
from tests.support.looking import do
from tests.support.workflows import begin, publish, task, work
from tests.web.conftest import said


def test_the_page_and_the_live_part_are_the_same_partial(operator, order):
    page = operator.get(f"/instances/{order}").text
    part = operator.get(f"/instances/{order}/live", htmx=True).text
    start = page.index('<section id="live"')
    without_tokens = lambda text: [line for line in text.splitlines() if "csrf" not in line]  # noqa: E731
    assert without_tokens(part.strip())[1:9] == without_tokens(page[start:])[1:9]
    assert "<html" not in part


def test_the_live_part_opened_as_a_page_leads_to_the_page(operator, order):
    answer = operator.get(f"/instances/{order}/live?step=pack&view=graph")
    assert answer.location == f"/instances/{order}/steps/pack?view=graph"


@pytest.mark.parametrize("view", ["timeline", "graph", "data", "nonsense"])
def test_every_view_has_a_url(operator, order, view):
    assert operator.get(f"/instances/{order}?view={view}").status_code == 200
    assert operator.get(f"/instances/{order}/steps/pack?view={view}").status_code == 200


def test_a_waiting_step_says_for_whom(operator, app):
    publish(task("pack", assignee="role:operator", dueIn="PT4H"), task("ship", "pack"))
    instance = begin()
    text = said(operator.get(f"/instances/{instance}/steps/pack"))
    assert "Pack waits for an operator, due" in text
    assert "after Pack" in text


def test_instructions_are_shown(operator, app):
    publish(task("pack", config={"instructions": "Mind the glass."}))
    instance = begin()
    assert "Mind the glass." in said(operator.get(f"/instances/{instance}/steps/pack"))


def test_an_attempt_shows_what_was_sent_and_what_came_back(operator, order):
    do(order, "complete", "pack")
    request = {
        "method": "POST",
        "url": "https://ship.example.com/orders",
        "headers": [["webhook-id", "k-1"], ["X-A", "1"], ["X-A", "2"]],
        "body": '{"order":"A-1"}',
    }
    response = {"status": 200, "headers": [["Content-Type", "text/plain"]], "body": "it's fine"}
    work(Outcome(verdict="done", status_code=200, request=request, response=response))
    page = operator.get(f"/instances/{order}/steps/ship")
    text = said(page)
    assert "POST https://ship.example.com/orders" in text
    assert '"order": "A-1"' in text and "it's fine" in text
    assert "X-A 1, 2" in text
    assert "curl -X POST https://ship.example.com/orders" in page.get_data(as_text=True)


def test_older_events_are_paged_back_to_and_stay(operator, order, monkeypatch):
    monkeypatch.setattr(view_models, "EVENTS_SHOWN", 3)
    for _ in range(3):
        do(order, "pause")
        do(order, "resume")
    page = operator.get(f"/instances/{order}")
    assert page.text.count('class="timeline-node') == 3
    assert f"/instances/{order}?from=3" in page.text
    older = operator.get(f"/instances/{order}?from=3")
    assert older.text.count('class="timeline-node') == 6
    part = operator.get(f"/instances/{order}/live?from=1", htmx=True)
    assert part.text.count('class="timeline-node') == 8
    assert "Older events" not in part.text


@pytest.mark.parametrize("value", ["0", "-1", "x", "9" * 5000, "99999999", "", "١"])
def test_an_odd_beginning_harms_nothing(operator, order, value):
    answer = operator.get(f"/instances/{order}", query_string={"from": value})
    assert answer.status_code == 200


@pytest.mark.parametrize("id", ["0", "99", "9" * 18, "9" * 19, "9" * 5000, "x", "-1", "1.0", "%00"])
def test_an_unknown_instance_is_nowhere(operator, order, id):
    for path in (f"/instances/{id}", f"/instances/{id}/json", f"/instances/{id}/steps/pack"):
        assert operator.get(path).status_code == 404
    assert operator.get(f"/instances/{id}/live", htmx=True).status_code == 404
    assert operator.get(f"/instances/{id}/stream").status_code == 404
    assert operator.post(f"/instances/{id}/pause").status_code == 404


def test_an_unknown_step_is_nowhere(operator, order):
    assert operator.get(f"/instances/{order}/steps/nope").status_code == 404
    assert operator.post(f"/instances/{order}/steps/nope/skip").status_code == 404


def test_the_stream_says_that_there_is_something_new(operator, order):
    answer = operator.get(f"/instances/{order}/stream?after=0", buffered=False)
    assert answer.content_type == "text/event-stream"
    pieces = answer.iter_encoded()
    assert next(pieces) == b"retry: 2000\n\n"
    assert next(pieces) == b"id: 2\nevent: change\ndata: \n\n"
    answer.close()


def test_when_there_is_no_room_the_page_is_told_to_ask_instead(operator, order, monkeypatch):
    def full(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(live, "stream", full)
    answer = operator.get(f"/instances/{order}/stream?after=0")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_its_json_is_the_api_s(operator, order):
    answer = operator.get(f"/instances/{order}/json")
    assert answer.content_type == "application/json"
    document = json.loads(answer.text)
    assert [step["key"] for step in document["steps"]] == ["pack", "ship"]
