"""POST /templates/{id}/dry-run."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.extensions import Base
from tests.support.looking import look
from tests.support.workflows import publish, task, webhook

SCHEMA = {
    "type": "object",
    "required": ["orderId"],
    "properties": {"orderId": {"type": "string"}, "total": {"type": "number", "default": 10}},
}


@pytest.fixture
def path(app) -> str:
    template = publish(
        webhook("reserve", config={"body": {"order": "{{ input.orderId }}"}}),
        task("check", "reserve", when={"all": [["input.total", ">", 500]]}),
        webhook("ship", "reserve", "check"),
        inputSchema=SCHEMA,
    )
    return f"/templates/{template}/dry-run"


def test_it_takes_an_input_and_gives_path_times_requests_and_reasons(caller, path):
    answer = caller("viewer").post(path, {"input": {"orderId": "A-1"}})
    assert answer.status_code == 200
    found = answer.json
    assert found["path"] == ["reserve", "ship"]
    assert found["input"] == {"orderId": "A-1", "total": 10}
    reserve, check, ship = found["steps"]
    assert reserve["request"]["body"] == '{"order": "A-1"}'
    assert reserve["at"] == found["startAt"]
    assert check["reason"] == "input.total was 10, wanted > 500"
    assert check["state"] == "SKIPPED"
    assert ship["message"] is None
    assert found["problems"] == []


def test_it_takes_outcomes_outputs_times_and_a_start(caller, path):
    wish = {
        "input": {"orderId": "A-1", "total": 900},
        "outcomes": {"ship": "exhausted"},
        "takes": {"check": "PT2H"},
        "startAt": "2027-03-01T09:00:00+01:00",
        "version": 1,
    }
    found = caller("viewer").post(path, wish).json
    assert (found["startAt"], found["version"]) == ("2027-03-01T08:00:00Z", 1)
    assert found["state"] == "ATTENTION"
    ship = found["steps"][2]
    assert ship["offsetSeconds"] == 7200
    assert len(ship["attempts"]) == 10
    assert {one["trigger"] for one in ship["notifications"]} == {"ON_FAILED"}


@pytest.mark.parametrize(
    ("wish", "fault"),
    [
        ({"input": {}}, "input.orderId"),
        ({"input": {"orderId": 7}}, "input.orderId"),
        ({"outcomes": {"reserve": "maybe"}}, "outcomes.reserve"),
        ({"outcomes": {"gone": "failure"}}, "outcomes.gone"),
        ({"outputs": {"reserve": 7}}, "outputs.reserve"),
        ({"takes": {"reserve": "soon"}}, "takes.reserve"),
        ({"startAt": "tomorrow"}, "startAt"),
        ({"version": 0}, "version"),
        ({"instanceId": 77, "input": None}, "instanceId"),
        ({"instanceId": 77}, ""),
        ({"more": 1}, "more"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(caller, path, wish, fault):
    answer = caller("viewer").post(path, {"input": {"orderId": "A-1"}} | wish)
    assert answer.status_code == 422
    assert [error["path"] for error in answer.json["errors"]] == [fault]


def test_a_template_or_version_that_is_not_there_is_not_found(caller, path):
    viewer = caller("viewer")
    assert viewer.post("/templates/999/dry-run", {}).status_code == 404
    assert viewer.post(path, {"version": 9}).status_code == 404


def test_nothing_is_needed_and_what_is_not_given_is_made_up(caller, path):
    found = caller("viewer").post(path).json
    assert found["inputMadeUp"]
    assert found["input"] == {"orderId": "orderId", "total": 10}


def test_it_writes_no_row_even_with_an_idempotency_key(caller, path):
    viewer = caller("viewer")
    before = counts()
    answer = viewer.post(path, {}, headers={"Idempotency-Key": "once"})
    assert answer.status_code == 200
    assert counts() == before


def counts() -> Any:
    return look(
        lambda session: {
            name: session.scalar(select(func.count()).select_from(table))
            for name, table in Base.metadata.tables.items()
        }
    )
