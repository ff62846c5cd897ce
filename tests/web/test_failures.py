"""What an operator reads of a failure: whether the receiver may have acted, what happens next by
itself, and which button most would press; and how an attempt is copied."""

import json
import re
from typing import Any

import pytest

from app.domain.outcomes import Outcome
from tests.support.looking import do, step_of
from tests.support.workflows import begin, publish, webhook, work
from tests.web.conftest import said

REQUEST: dict[str, Any] = {
    "method": "POST",
    "url": "https://ship.example.com/orders",
    "headers": [["webhook-id", "k-1"], ["Authorization", "Bearer [secret SHIP_TOKEN]"]],
    "body": '{"order": "A-1"}',
}
SAME_ID = "the same webhook-id, so a receiver that keeps to Standard Webhooks acts once"


@pytest.fixture
def order(app) -> int:
    """An instance whose only step is tried three times at most."""
    retry = {"schedule": [60, 60], "maxAttempts": 3}
    publish(webhook("ship", config={"retry": retry}))
    return begin()


def told(operator: Any, order: int, *outcomes: Outcome) -> str:
    for at, outcome in enumerate(outcomes):
        if at:
            do(order, "run-now", "ship")
        work(outcome)
    return said(operator.get(f"/instances/{order}/steps/ship"))


def failed(status: int | None = None, **more: Any) -> Outcome:
    return Outcome(
        **{"verdict": "failed", "error": "x", "status_code": status, "request": REQUEST} | more
    )


@pytest.mark.parametrize(
    ("outcome", "acted", "next_", "press"),
    [
        (failed(request=None), "Nothing was sent.", "a retry ends the same way", "retry"),
        (failed(), "The receiver got nothing.", "a retry ends the same way", "retry"),
        (failed(unknown=True), "may have acted on try 1.", SAME_ID, "retry"),
        (failed(500), "may have acted on try 1.", SAME_ID, "retry"),
        (failed(503), "may have acted on try 1.", SAME_ID, "retry"),
        (failed(200), "may have acted on try 1.", "Look at its answer first.", "retry"),
        (failed(302), "pointed elsewhere", "the template needs the new address", "skip"),
        (failed(400), "refused it", "only if something has changed there", "retry"),
        (failed(401), "did not let it in", "secret or the receiver's permission", "retry"),
        (failed(404), "refused it", "only if something has changed there", "retry"),
        (failed(409), "contradicts", "an earlier try may have been acted on", "retry"),
        (failed(410), "is gone", "other addresses of its host are not gone", "skip"),
        (failed(429), "put it off", "Retry when it has more time", "retry"),
    ],
)
def test_a_failure_says_what_may_have_happened_and_what_helps(
    operator: Any, order: int, outcome: Outcome, acted: str, next_: str, press: str
):
    text = told(operator, order, outcome)
    story = text[text.index("failed") :]
    assert acted in story
    assert "Nothing more happens by itself." in story
    assert next_ in story
    page = operator.get(f"/instances/{order}/steps/ship").text
    standing_out = re.findall(r'<summary class="button button-primary"[^>]*>([^<]*)', page)
    assert [label.split()[0].strip(",").lower() for label in standing_out] == [press]


def test_gone_is_said_in_a_word(operator: Any, order: int):
    text = told(operator, order, failed(410, error="410 Gone from ship.example.com"))
    assert "Try 1 410 Gone from ship.example.com gone" in text


@pytest.mark.parametrize(
    ("outcome", "acted"),
    [
        (failed(verdict="retry", unknown=True), "The receiver may have acted on try 1."),
        (failed(503, verdict="retry"), "The receiver may have acted on try 1."),
    ],
)
def test_a_step_that_is_tried_again_says_under_which_id(
    operator: Any, order: int, outcome: Outcome, acted: str
):
    text = told(operator, order, outcome)
    assert "will be tried again" in text
    assert f"{acted} The next try carries {SAME_ID}." in text


def test_a_next_try_that_can_do_no_harm_says_so(operator: Any, order: int):
    text = told(operator, order, failed(verdict="retry"))
    assert "The receiver got nothing." in text and "The next try carries" not in text


def test_all_tries_that_may_have_been_acted_on_are_named(operator: Any, order: int):
    again = failed(verdict="retry", unknown=True)
    text = told(operator, order, again, failed(503, verdict="retry"), failed())
    assert "The receiver may have acted on tries 1 and 2." in text
    assert f"Retry once it can be reached. It carries {SAME_ID}." in text


def test_a_step_that_names_its_success_is_judged_by_that(operator: Any, app: Any):
    publish(webhook("ship", config={"successStatus": [201, 409]}))
    order = begin()
    assert "may have acted" in told(operator, order, failed(409, error="not as expected"))


def test_what_a_map_did_not_find_is_said(operator: Any, order: int):
    response = {"status": 200, "headers": [], "body": "{}", "missing": ["body.id", "headers.x"]}
    outcome = failed(200, verdict="done", error=None, response=response)
    text = told(operator, order, outcome)
    assert "Not found in the answer, so null in the output: body.id, headers.x" in text


# Copies


def test_every_attempt_is_copied_as_curl_with_secrets_as_variables(operator: Any, order: int):
    told(operator, order, failed(503, verdict="retry"))
    page = operator.get(f"/instances/{order}/steps/ship").text
    assert "-H &#34;Authorization: Bearer $SHIP_TOKEN&#34;" in page
    assert "Copy as curl" in page and "Copy as JSON" in page


def test_every_attempt_is_copied_as_json_as_the_api_shows_it(operator: Any, order: int):
    told(operator, order, failed(503, verdict="retry"), failed(404))
    step = f"/instances/{order}/steps/ship"
    log = json.loads(step_of(order, "ship").model_dump_json(by_alias=True))["automationLog"]
    page = operator.get(step).text
    for at, attempt in enumerate(log, start=1):
        assert f"{step}/json?attempt={at}" in page
        assert operator.get(f"{step}/json?attempt={at}").json == attempt
    assert [attempt["statusCode"] for attempt in log] == [503, 404]
    assert operator.get(f"{step}/json").json["automationLog"] == log


@pytest.mark.parametrize("place", ["0", "3", "x", "-1", "1.0", "9" * 5000, "", "١"])
def test_an_attempt_that_is_not_there_is_nowhere(operator: Any, order: int, place: str):
    told(operator, order, failed(503))
    path = f"/instances/{order}/steps/ship/json"
    assert operator.get(path, query_string={"attempt": place}).status_code == 404


def test_only_a_failure_makes_skipping_stand_out(operator: Any, app: Any):
    publish(webhook("ship"))
    page = operator.get(f"/instances/{begin()}/steps/ship").text
    assert re.search(r'<summary class="button "[^>]*>Skip', page)
