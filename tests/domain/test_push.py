"""Web Push: what fits into a message, and what the answers of several browsers come to."""

import json

import pytest

from app.domain import push
from app.domain.outcomes import Outcome
from app.domain.push import Sent

TOKEN = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"


def sent(subscription: int, status: int | None, verdict: str, **more: object) -> Sent:
    error = None if verdict == "done" else f"{status} from push.example.com"
    outcome = Outcome(verdict=verdict, status_code=status, error=error, **more)  # type: ignore[arg-type]
    return Sent(subscription, "push.example.com", outcome)


def test_a_message_says_what_to_show_and_where_it_leads():
    made = push.payload({"title": "Ship failed", "body": "503"}, "https://c.example.com/1", TOKEN)
    assert json.loads(made) == {
        "title": "Ship failed",
        "body": "503",
        "link": "https://c.example.com/1",
        "tag": TOKEN,
    }


@pytest.mark.parametrize("body", ["ж" * 1000, '"' * 1000, "😀" * 1000, "a" * 1000])
def test_a_long_body_is_cut_until_it_fits(body):
    content = {"title": "😀" * 200, "body": body}
    made = push.payload(content, f"https://c.example.com/{'x' * 1000}", TOKEN)
    assert len(made) <= push.LARGEST_PAYLOAD
    said = json.loads(made)
    assert said["title"] == content["title"]
    assert said["body"] == body or said["body"].endswith("…")


def test_a_public_key_is_an_uncompressed_point():
    point = push.decoded(push.public_key("A" * 42 + "E"))
    assert len(point) == 65
    assert point[0] == 4


@pytest.mark.parametrize(
    ("answers", "verdict", "gone", "words"),
    [
        ([(1, 201, "done")], "done", [], None),
        ([(1, 410, "failed")], "failed", [1], "no longer exists"),
        ([(1, 404, "failed")], "failed", [1], "no longer exists"),
        ([(1, 410, "failed"), (2, 201, "done")], "done", [1], None),
        ([(1, 500, "retry"), (2, 201, "done")], "done", [], None),
        ([(1, 410, "failed"), (2, 503, "retry")], "retry", [1], "503"),
        ([(1, 413, "failed")], "failed", [], "too large"),
        ([(1, 403, "failed")], "failed", [], "VAPID_PRIVATE_KEY"),
        ([(1, 401, "failed")], "failed", [], "VAPID_PRIVATE_KEY"),
        ([(1, 400, "failed"), (2, 429, "retry")], "retry", [], "429"),
        ([(1, None, "returned"), (2, 410, "failed")], "returned", [2], "None from"),
        ([], "failed", [], "no browser"),
    ],
)
def test_several_browsers_come_to_one_outcome(answers, verdict, gone, words):
    outcome = push.combine([sent(*answer) for answer in answers], {"title": "x"})
    assert outcome.verdict == verdict
    assert outcome.output.get("gone", []) == gone
    assert (outcome.error is None) if words is None else (words in (outcome.error or ""))


def test_the_longest_wait_counts():
    both = [sent(1, 429, "retry", retry_after=7.0), sent(2, 429, "retry", retry_after=60.0)]
    assert push.combine(both, {}).retry_after == 60.0


def test_it_is_unknown_if_any_browser_may_have_it():
    lost = sent(1, None, "retry", unknown=True)
    assert push.combine([lost, sent(2, 503, "retry")], {}).unknown
    assert not push.combine([lost, sent(2, 201, "done")], {}).unknown
