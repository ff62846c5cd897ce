"""What each answer of a receiver means for the step."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.answers import MAX_OUTPUT, Answer, is_success, judge
from app.domain.outcomes import Outcome
from app.domain.retries import LONGEST_RETRY_AFTER
from app.errors import Invalid
from app.schemas.actions import Webhook

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://a.example/"

FINAL, AGAIN, DONE = "failed", "retry", "done"
VERDICTS = {
    **dict.fromkeys(range(200, 300), DONE),
    **dict.fromkeys(range(300, 500), FINAL),
    **dict.fromkeys((408, 409, 425, 429), AGAIN),
    **dict.fromkeys(range(500, 600), AGAIN),
}


def judged(
    status: int = 200,
    body: Any = b"",
    headers: dict[str, str] | None = None,
    truncated: bool = False,
    **config: Any,
) -> Outcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer("a.example", status, list((headers or {}).items()), raw, truncated)
    return judge(answer, Webhook.read({"url": URL, **config}).document(), NOW)


def expect(path: str, op: str, *value: Any) -> dict[str, Any]:
    return {"path": path, "op": op} | ({"value": value[0]} if value else {})


# Statuses


@pytest.mark.parametrize(("status", "verdict"), VERDICTS.items())
def test_every_status_has_its_verdict(status: int, verdict: str):
    outcome = judged(status)
    assert (outcome.verdict, outcome.status_code, outcome.unknown) == (verdict, status, False)
    assert (outcome.error is None) == (verdict == DONE)


@given(st.integers(100, 599), st.binary(max_size=100), st.booleans())
def test_every_status_has_exactly_one_verdict_whatever_the_body(
    status: int, body: bytes, truncated: bool
):
    outcome = judged(status, body, truncated=truncated)
    assert outcome.verdict == VERDICTS.get(status, FINAL)
    assert outcome.response is not None


@pytest.mark.parametrize(
    ("named", "status", "success"),
    [
        (["2xx"], 204, True),
        ([200], 200, True),
        ([200], 201, False),
        ([200, 404], 404, True),
        (["2xx", "404"], 404, True),
        (["2XX", "4xx"], 429, True),
        (["3xx"], 302, True),
        ([302], 301, False),
        (["5xx"], 503, True),
        (["3xx"], 200, False),
    ],
)
def test_a_step_may_name_its_own_successes(named: list[Any], status: int, success: bool):
    outcome = judged(status, successStatus=named)
    assert (outcome.verdict == DONE) == success


@given(
    st.integers(200, 599),
    st.lists(
        st.one_of(st.integers(200, 599), st.sampled_from(["2xx", "3xx", "4xx", "5xx"])), min_size=1
    ),
)
def test_a_status_is_a_success_if_its_code_or_class_is_named(status: int, named: list[Any]):
    config = Webhook.read({"url": URL, "successStatus": named[:50]}).document()
    wanted = any(one in (status, f"{str(status)[0]}xx") for one in named[:50])
    assert is_success(status, config) == wanted
    assert (judged(status, successStatus=named[:50]).verdict == DONE) == wanted


def test_a_success_of_another_status_that_is_not_named_is_told_as_a_failure():
    outcome = judged(200, successStatus=[201])
    assert (outcome.verdict, outcome.error) == (FINAL, "200 OK from a.example")


def test_gone_is_final_and_says_so():
    error = judged(410).error or ""
    assert error == "410 Gone from a.example: the receiver says that this address is gone for good"


def test_a_redirect_is_not_followed_and_says_so():
    assert (judged(302).error or "").endswith("redirects are not followed")


def test_a_config_from_before_these_settings_is_judged_as_ever():
    answer = Answer("a.example", 200, [], b'{"a": 1}')
    assert judge(answer, {"url": URL}, NOW).output == {"a": 1}
    assert judge(Answer("a.example", 404, [], b""), {"url": URL}, NOW).verdict == FINAL


# Retry-After


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("86400", 86400),
        ("86401", 86400),
        ("9" * 400, 86400),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW + timedelta(days=3), usegmt=True), 86400),
        (format_datetime(NOW - timedelta(days=3), usegmt=True), 0),
        ("Sunday, 01-Mar-26 12:01:00 GMT", 60),
        ("Sun Mar  1 12:01:00 2026", 60),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("²", None),
        ("", None),
    ],
)
def test_a_receiver_may_say_when_to_come_back(status: int, value: str, seconds: float | None):
    assert judged(status, headers={"retry-AFTER": value}).retry_after == seconds


@pytest.mark.parametrize("status", [200, 302, 404, 408, 409, 425, 500, 502])
def test_only_too_many_requests_and_unavailable_name_a_time(status: int):
    assert judged(status, headers={"Retry-After": "120"}).retry_after is None


@given(st.text())
def test_no_retry_after_breaks_or_outlasts_a_day(value: str):
    seconds = judged(503, headers={"Retry-After": value}).retry_after
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


# What the answer must hold


ANSWER = {"status": "ok", "total": 12, "items": [{"id": "i-1"}], "none": None, "on": False}


@pytest.mark.parametrize(
    "wish",
    [
        expect("body.status", "=", "ok"),
        expect("body.status", "!=", "pending"),
        expect("body.total", ">", 10),
        expect("body.total", "<=", 12),
        expect("body.status", "in", ["ok", "done"]),
        expect("body.status", "not in", ["failed"]),
        expect("body.items.0.id", "=", "i-1"),
        expect("body.items", "contains", {"id": "i-1"}),
        expect("body.none", "=", None),
        expect("body.on", "=", False),
        expect("body.none", "exists"),
        expect("body.nothing", "exists", False),
        expect("status", "=", 200),
        expect("headers.X-Done", "=", "yes"),
        expect("headers.x.dotted", "exists"),
        expect("body", "contains", "status"),
    ],
    ids=str,
)
def test_an_answer_that_holds_what_is_expected_is_a_success(wish: dict[str, Any]):
    headers = {"x-done": "yes", "X.Dotted": "1"}
    assert judged(200, ANSWER, headers, expect=[wish]).verdict == DONE


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (expect("body.status", "=", "done"), 'body.status = "done"; it was "ok"'),
        (expect("body.total", ">", 12), "body.total > 12; it was 12"),
        (expect("body.total", ">", "x"), 'body.total > "x"; it was 12'),
        (expect("body.on", "=", True), "body.on = true; it was false"),
        (expect("body.status", "in", ["a"]), 'body.status in ["a"]; it was "ok"'),
        (expect("body.nothing", "=", 1), "body.nothing = 1; it was missing"),
        (expect("body.nothing", "!=", 1), "body.nothing != 1; it was missing"),
        (expect("body.items.7", "exists"), "body.items.7 to be there; it was missing"),
        (expect("body.none", "exists", False), "body.none not to be there; it was null"),
        (expect("headers.location", "exists"), "headers.location to be there; it was missing"),
        (expect("status", "=", 201), "status = 201; it was 200"),
    ],
    ids=str,
)
def test_an_answer_that_does_not_hold_it_fails_and_says_what_came(wish: dict[str, Any], says: str):
    outcome = judged(200, ANSWER, expect=[expect("body.total", "=", 12), wish])
    assert (outcome.verdict, outcome.status_code) == (FINAL, 200)
    assert outcome.error == f"200 OK from a.example, but expected {says}"


@pytest.mark.parametrize(
    ("body", "truncated", "says"),
    [
        (b"<html>", False, "the answer was text, not a JSON object"),
        (b'{"status":', True, "the answer was too long to be read as JSON"),
        (b"", False, "it was missing"),
        (b'"ok"', False, "the answer was text, not a JSON object"),
        (b"[]", False, "it was missing"),
    ],
)
def test_an_answer_of_another_form_says_so(body: bytes, truncated: bool, says: str):
    outcome = judged(200, body, truncated=truncated, expect=[expect("body.status", "=", "ok")])
    assert (outcome.error or "").endswith(says)


def test_a_failed_status_is_not_asked_what_it_holds():
    outcome = judged(503, ANSWER, expect=[expect("body.status", "=", "nope")])
    assert (outcome.verdict, outcome.error) == (AGAIN, "503 Service Unavailable from a.example")


def test_an_unexpected_answer_is_tried_again_only_if_the_step_says_so():
    wish = [expect("body.status", "=", "done")]
    assert judged(200, ANSWER, expect=wish, expectFailure="retry").verdict == AGAIN
    assert judged(200, ANSWER, expect=wish, expectFailure="fail").verdict == FINAL


def test_an_answer_can_be_expected_past_what_the_log_keeps():
    long = {"pad": "x" * 40_000, "id": "i-1"}
    outcome = judged(200, long, expect=[expect("body.id", "=", "i-1")], output={"id": "body.id"})
    assert (outcome.verdict, outcome.output) == (DONE, {"id": "i-1"})
    assert outcome.response is not None
    assert outcome.response["truncated"]
    assert len(outcome.response["body"]) == 16 * 1024


# The output


@pytest.mark.parametrize(
    ("body", "output"),
    [
        (b"", {}),
        (b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        (b"[1]", {"body": [1]}),
        (b'"text"', {"body": "text"}),
        (b"null", {"body": None}),
        (b"plain", {"body": "plain"}),
        (b"\xff\x00", {"body": "��"}),
        (b'{"a": NaN}', {"body": '{"a": NaN}'}),
        (b'{"a": 1, "a": 2}', {"body": '{"a": 1, "a": 2}'}),
        (b"[" * 100 + b"]" * 100, {"body": "[" * 100 + "]" * 100}),
        (b'{"a": "%s"}' % (b"x" * 20_000), {"body": '{"a": "' + "x" * (16 * 1024 - 7)}),
    ],
    ids=range(11),
)
def test_without_a_map_an_object_is_the_output_and_anything_else_stands_under_body(
    body: bytes, output: dict[str, Any]
):
    assert judged(200, body).output == output


def test_a_map_picks_the_output_from_the_answer():
    output = {"id": "body.items.0.id", "at": "headers.Location", "code": "status", "all": "body"}
    outcome = judged(201, ANSWER, {"location": "/orders/1"}, output=output)
    assert outcome.output == {"id": "i-1", "at": "/orders/1", "code": 201, "all": ANSWER}
    assert "missing" not in (outcome.response or {})


def test_a_header_sent_twice_is_read_as_one():
    answer = Answer("a.example", 200, [("X-A", "1"), ("x-a", "2")], b"")
    config = Webhook.read({"url": URL, "output": {"a": "headers.x-a"}}).document()
    assert judge(answer, config, NOW).output == {"a": "1, 2"}


def test_a_map_that_leads_nowhere_gives_null_and_says_so():
    outcome = judged(200, ANSWER, output={"id": "body.id", "total": "body.total", "x": "headers.x"})
    assert (outcome.verdict, outcome.error) == (DONE, None)
    assert outcome.output == {"id": None, "total": 12, "x": None}
    assert (outcome.response or {})["missing"] == ["body.id", "headers.x"]


def test_an_empty_map_keeps_nothing():
    assert judged(200, ANSWER, output={}).output == {}


def test_a_mapped_output_has_its_limit():
    outcome = judged(
        200, {"big": "x" * 20_000, "small": 1}, output={"a": "body.big", "b": "body.small"}
    )
    assert outcome.output == {"a": None, "b": 1}
    assert (outcome.response or {})["missing"] == ["body.big"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["body", "body.0", "body.a.b", "status", "headers.x"]))
def test_whatever_comes_a_map_gives_every_name_and_stays_small(body: Any, path: str):
    outcome = judged(200, body, output={"one": path, "two": "body"})
    assert outcome.verdict == DONE
    assert set(outcome.output) == {"one", "two"}
    assert len(json.dumps(outcome.output, ensure_ascii=False).encode()) <= MAX_OUTPUT + 100


@given(JSON, JSON, st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "contains"]))
def test_whatever_comes_an_expectation_is_met_or_named(body: Any, wanted: Any, op: str):
    outcome = judged(200, body, expect=[expect("body", op, wanted)])
    assert (outcome.verdict == DONE) == (outcome.error is None)


# What a config may say


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"successStatus": []}, "successStatus"),
        ({"successStatus": [100]}, "successStatus.0"),
        ({"successStatus": ["1xx"]}, "successStatus.0"),
        ({"successStatus": ["2xx", 600]}, "successStatus.1"),
        ({"successStatus": ["6xx"]}, "successStatus.0"),
        ({"successStatus": ["20x"]}, "successStatus.0"),
        ({"successStatus": [True]}, "successStatus.0"),
        ({"successStatus": [200.5]}, "successStatus.0"),
        ({"successStatus": [None]}, "successStatus.0"),
        ({"successStatus": "2xx"}, "successStatus"),
        ({"successStatus": [200 + at % 300 for at in range(51)]}, "successStatus"),
        ({"expect": [{"path": "input.x", "op": "=", "value": 1}]}, "expect.0.path"),
        ({"expect": [{"path": "headers", "op": "exists"}]}, "expect.0.path"),
        ({"expect": [{"path": "status.x", "op": "exists"}]}, "expect.0.path"),
        ({"expect": [{"path": "body..x", "op": "exists"}]}, "expect.0.path"),
        ({"expect": [{"path": "body.x", "op": "~", "value": 1}]}, "expect.0.op"),
        ({"expect": [{"path": "body.x", "op": "="}]}, "expect.0"),
        ({"expect": [{"path": "body.x", "op": "in", "value": "ab"}]}, "expect.0"),
        ({"expect": [["body.x", "=", 1]]}, "expect.0"),
        ({"expect": {"path": "body.x", "op": "exists"}}, "expect"),
        ({"expectFailure": "perhaps"}, "expectFailure"),
        ({"output": {"a": "nowhere"}}, "output.a"),
        ({"output": {"a": "body."}}, "output.a"),
        ({"output": {"a.b": "body.x"}}, "output"),
        ({"output": {"": "body.x"}}, "output"),
        ({"output": ["body.x"]}, "output"),
    ],
    ids=str,
)
def test_a_config_that_says_something_else_is_refused_at_its_field(
    config: dict[str, Any], path: str
):
    with pytest.raises(Invalid) as invalid:
        Webhook.read({"url": URL, **config})
    assert path in [error.path for error in invalid.value.errors]


def test_a_config_read_again_is_the_same():
    given_once = {
        "successStatus": ["2XX", "404", 404, 302],
        "expect": [expect("headers.X-A", "exists"), expect("body.x", "=", None)],
        "output": {"a": "headers.X-A"},
    }
    once = Webhook.read({"url": URL, **given_once}).document()
    assert once["successStatus"] == ["2xx", 404, 302]
    assert once["expect"][0] == {"path": "headers.x-a", "op": "exists", "value": True}
    assert once["output"] == {"a": "headers.x-a"}
    assert Webhook.read(once).document() == once
