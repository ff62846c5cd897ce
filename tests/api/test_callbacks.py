"""POST /callbacks/{token}: once, signed if it must be, and never a 5xx."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from app import clock
from app.domain import secrets as vault
from app.domain import signatures
from app.domain.keyring import Keyring
from app.extensions import db
from app.models import IdempotencyKey, Secret
from tests.conftest import ENCRYPTION_KEYS
from tests.support.callbacks import callback, token_of
from tests.support.looking import do, instance_of, look, state_pair, states, step_of
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish, task

WAITS = ("STARTED", "WAITING")
KEY = "whsec_" + "a2V5IG9mIHRoZSBwYXltZW50IHByb3ZpZGVy"


@pytest.fixture
def anybody(caller):
    return caller(None)


@pytest.fixture
def waiting(app):
    """An instance whose step waits for a call."""
    publish(callback("paid"), task("ship", "paid"))
    return begin()


def path_of(instance_id: int, key: str = "paid") -> str:
    return f"/callbacks/{token_of(instance_id, key)}"


# -- what a stranger is told


@both_databases
def test_a_call_without_a_bearer_completes_the_step(waiting, anybody):
    answer = anybody.post(path_of(waiting), {"reference": "P-1"})
    assert answer.status_code == 200
    assert set(answer.json) == {"state", "at"} and answer.json["state"] == "COMPLETED"
    assert answer.json["at"].endswith("Z")
    assert step_of(waiting, "paid").output == {"reference": "P-1"}


def test_an_empty_body_completes_it_with_an_empty_output(waiting, anybody):
    assert anybody.post(path_of(waiting)).status_code == 200
    assert step_of(waiting, "paid").output == {}


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json"]
)
def test_the_body_is_read_as_json_whatever_it_says_it_is(waiting, anybody, content_type):
    answer = anybody.post(path_of(waiting), raw=b'{"a": 1}', content_type=content_type)
    assert answer.status_code == 200
    assert step_of(waiting, "paid").output == {"a": 1}


def test_a_call_may_say_that_it_failed(waiting, anybody):
    answer = anybody.post(path_of(waiting), {"outcome": "failed", "error": "Card declined"})
    assert (answer.status_code, answer.json["state"]) == (200, "FAILED")
    assert step_of(waiting, "paid").error == "Card declined"


def test_the_second_call_gets_409_with_the_state_and_the_time(waiting, anybody):
    first = anybody.post(path_of(waiting), {"n": 1})
    second = anybody.post(path_of(waiting), {"n": 1})
    assert second.status_code == 409 and second.mimetype == "application/problem+json"
    assert second.json["type"].endswith("/callback-used")
    assert (second.json["state"], second.json["at"]) == ("COMPLETED", first.json["at"])
    assert step_of(waiting, "paid").output == {"n": 1}


def test_a_call_that_comes_early_gets_202_and_the_next_one_409(app, anybody):
    publish(task("ask"), callback("paid", "ask"))
    instance_id = begin()
    first = anybody.post(path_of(instance_id), {"n": 1})
    assert (first.status_code, first.json["state"]) == (202, "PENDING")
    second = anybody.post(path_of(instance_id), {"n": 2})
    assert second.status_code == 409 and second.json["state"] == "PENDING"
    do(instance_id, "complete", "ask")
    assert step_of(instance_id, "paid").output == {"n": 1}


def test_an_unknown_token_gets_404_and_so_does_what_is_no_token(waiting, anybody):
    for path in ("/callbacks/" + "x" * 43, "/callbacks/x", "/callbacks/%00", "/callbacks/a%2Fb"):
        answer = anybody.post(path, {})
        assert answer.status_code == 404 and answer.mimetype == "application/problem+json", path
    assert state_pair(waiting, "paid") == WAITS


def test_a_skipped_step_is_gone_and_a_finished_one_closed(app, anybody):
    publish(callback("a"), callback("b"))
    instance_id = begin()
    a, b = path_of(instance_id, "a"), path_of(instance_id, "b")
    do(instance_id, "skip", "a")
    do(instance_id, "complete", "b")
    gone, closed = anybody.post(a, {}), anybody.post(b, {})
    assert (gone.status_code, gone.json["type"]) == (410, "/problems/callback-gone")
    assert "skipped" in gone.json["detail"] and gone.json["state"] == "SKIPPED"
    assert (closed.status_code, closed.json["type"]) == (409, "/problems/callback-closed")


def test_opening_the_url_does_nothing_and_says_what_to_do(waiting, anybody):
    answer = anybody.get(path_of(waiting))
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]
    assert state_pair(waiting, "paid") == WAITS


@pytest.mark.parametrize(
    ("raw", "status", "path"),
    [
        (b"{", 400, ""),
        (b"a=b", 400, ""),
        (b"\xff\xfe", 400, ""),
        (b'{"a": 1, "a": 2}', 400, ""),
        (b'{"a": NaN}', 400, ""),
        (b'{"a": "\\u0000"}', 400, ""),
        (b"[" * 100_000, 400, ""),
        (b"[]", 422, ""),
        (b'"done"', 422, ""),
        (b"null", 422, ""),
        (b'{"outcome": "done"}', 422, "outcome"),
        (b'{"output": 1}', 422, "output"),
        (b'{"x": "' + b"a" * (1024 * 1024) + b'"}', 413, ""),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_bad_body_is_named_and_leaves_the_step_waiting(waiting, anybody, raw, status, path):
    answer = anybody.post(path_of(waiting), raw=raw)
    assert answer.status_code == status and answer.mimetype == "application/problem+json"
    assert [fault["path"] for fault in answer.json["errors"]] == [path]
    assert state_pair(waiting, "paid") == WAITS
    assert anybody.post(path_of(waiting), {}).status_code == 200


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["completed", "failed", "\ud800", "\x00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["outcome", "output", "error", "reason", "a"]) | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
HEADER = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=60)


def test_whatever_comes_is_answered_and_never_with_5xx(app, anybody):
    keep("PAY_KEY")
    publish(callback("plain"), callback("signed", signingSecret="PAY_KEY"))
    instance_id = begin()
    paths = [path_of(instance_id, key) for key in ("plain", "signed")]

    @settings(
        max_examples=150,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        path=st.sampled_from(paths),
        raw=st.binary(max_size=200) | JUNK.map(lambda value: json.dumps(value).encode()),
        content_type=st.none() | HEADER,
        headers=st.dictionaries(
            st.sampled_from(
                ["webhook-id", "webhook-timestamp", "webhook-signature", "content-encoding", "x-a"]
            ),
            HEADER,
        ),
    )
    def calls(path: str, raw: bytes, content_type: str | None, headers: dict[str, str]) -> None:
        answer = anybody.post(path, raw=raw, content_type=content_type, headers=headers)
        assert answer.status_code < 500, answer.text
        assert answer.status_code == 200 or answer.mimetype == "application/problem+json"
        for key in ("plain", "signed"):
            if "retry" in step_of(instance_id, key).allowed_actions:
                do(instance_id, "retry", key)

    calls()
    assert state_pair(instance_id, "signed") == WAITS, "no junk is signed"


# -- once


@both_databases
def test_of_twenty_calls_at_once_exactly_one_wins(app, waiting, anybody):
    path = path_of(waiting)
    db.session.remove()

    def one(number: int) -> tuple[int, Any]:
        answer = anybody.post(path, {"n": number})
        return answer.status_code, answer.json

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(20)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 19
    winner = next(number for number, (status, _) in enumerate(answers) if status == 200)
    step = step_of(waiting, "paid")
    assert step.output == {"n": winner}
    assert len(step.automation_log) == 1
    assert states(waiting)["ship"] == "READY"


@both_databases
def test_of_ten_early_calls_at_once_exactly_one_is_kept(app, anybody):
    publish(task("ask"), callback("paid", "ask"))
    instance_id = begin()
    path = path_of(instance_id)
    db.session.remove()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: anybody.post(path, {"n": n}).status_code, range(10)))
    assert sorted(answers) == [202] + [409] * 9


# -- signatures


def keep(name: str, value: str = KEY) -> None:
    """Store a secret as its page would."""
    sealed = Keyring.parse(ENCRYPTION_KEYS).seal(value, name)
    now = clock.now()
    db.session.add(
        Secret(
            name=name,
            ciphertext=sealed.text,
            key_id=sealed.key_id,
            hosts=[],
            created_at=now,
            updated_at=now,
            updated_by="user:admin@example.com",
        )
    )
    db.session.commit()


def forget(name: str) -> None:
    """Delete a secret, as its page would."""
    db.session.execute(delete(Secret).where(Secret.name == name))
    db.session.commit()


def signed(raw: bytes, value: str = KEY, **other: str) -> dict[str, str]:
    now = clock.now()
    signature = signatures.sign(vault.SecretValue("PAY_KEY", value), "msg_1", now, raw)
    stamp = str(int(now.timestamp()))
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}
    return headers | {name.replace("_", "-"): text for name, text in other.items()}


@pytest.fixture
def wants_signature(app):
    keep("PAY_KEY")
    publish(callback("paid", signingSecret="PAY_KEY"))
    return begin()


@both_databases
def test_a_signed_call_is_let_in(wants_signature, anybody):
    raw = b'{"reference": "P-1"}'
    answer = anybody.post(path_of(wants_signature), raw=raw, headers=signed(raw))
    assert answer.status_code == 200
    request = step_of(wants_signature, "paid").automation_log[0].request
    assert request is not None
    assert ["Webhook-Signature", "[redacted]"] in request["headers"]


def test_a_signed_call_may_be_empty(wants_signature, anybody):
    answer = anybody.post(path_of(wants_signature), raw=b"", headers=signed(b""))
    assert answer.status_code == 200


RAW = b'{"reference": "P-1"}'


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook_id": ""},
        {"webhook_timestamp": "yesterday"},
        {"webhook_timestamp": "1"},
        {"webhook_timestamp": "99999999999999999999"},
        {"webhook_timestamp": "1e400"},
        {"webhook_timestamp": "NaN"},
        {"webhook_signature": "v1"},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1,not base64 at all!"},
        {"webhook_signature": "v1," + "A" * 43 + "="},
        {"webhook_signature": ",,,,"},
        {"webhook_signature": "v1a,AAAA"},
        {"webhook_signature": "\xff\xfe"},
        {"webhook_id": "msg_2"},
    ],
    ids=str,
)
def test_a_missing_wrong_or_malformed_signature_is_a_401(wants_signature, anybody, headers):
    sent = signed(RAW, **headers) if headers else {}
    answer = anybody.post(path_of(wants_signature), raw=RAW, headers=sent)
    assert answer.status_code == 401 and answer.mimetype == "application/problem+json"
    assert answer.json["type"].endswith("/bad-signature")
    assert answer.headers["WWW-Authenticate"] == "Webhook-Signature"
    assert state_pair(wants_signature, "paid") == WAITS


def test_a_signature_of_another_body_or_with_another_secret_is_a_401(wants_signature, anybody):
    path = path_of(wants_signature)
    assert anybody.post(path, raw=b"{}", headers=signed(RAW)).status_code == 401
    other = signed(RAW, "whsec_" + "b3RoZXIga2V5IG9mIHNvbWVib2R5IGVsc2U=")
    assert anybody.post(path, raw=RAW, headers=other).status_code == 401


def test_a_signature_that_is_too_old_is_a_401(wants_signature, anybody):
    headers = signed(RAW)
    clock.travel(timedelta(minutes=6))
    assert anybody.post(path_of(wants_signature), raw=RAW, headers=headers).status_code == 401


def test_who_can_not_sign_is_not_told_what_became_of_the_step(wants_signature, anybody):
    path = path_of(wants_signature)
    do(wants_signature, "skip", "paid")
    assert anybody.post(path, raw=RAW).status_code == 401
    assert anybody.post(path, raw=RAW, headers=signed(RAW)).status_code == 410


def test_without_the_secret_it_is_to_be_tried_later(app, anybody):
    keep("PAY_KEY")
    publish(callback("paid", signingSecret="PAY_KEY"))
    instance_id = begin()
    forget("PAY_KEY")
    answer = anybody.post(path_of(instance_id), raw=RAW, headers=signed(RAW))
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert "PAY_KEY" not in answer.text
    keep("PAY_KEY")
    assert anybody.post(path_of(instance_id), raw=RAW, headers=signed(RAW)).status_code == 200


# -- who is shown the URL


@both_databases
def test_the_url_is_shown_to_who_may_operate_and_to_nobody_else(app, caller):
    publish(callback("paid"), task("ship", "paid"))
    instance_id = begin()
    token = token_of(instance_id, "paid")

    for role in ("operator", "author", "admin"):
        paid, ship = caller(role).get(f"/instances/{instance_id}").json["steps"]
        assert paid["callbackUrl"].endswith(f"/api/workflows/callbacks/{token}")
        assert ship["callbackUrl"] is None
    answer = caller("viewer").get(f"/instances/{instance_id}")
    assert answer.json["steps"][0]["callbackUrl"] is None
    assert token not in answer.text
    events = caller("viewer").get(f"/instances/{instance_id}/events")
    assert token not in events.text


@both_databases
def test_whose_step_it_is_completes_it_and_is_not_shown_its_url(app, caller):
    publish(callback("paid") | {"assignee": "role:viewer"})
    instance_id = begin()
    answer = caller("viewer").post(f"/instances/{instance_id}/steps/paid/complete")
    assert (answer.status_code, answer.json["state"]) == (200, "COMPLETED")
    assert answer.json["callbackUrl"] is None


def test_who_starts_an_instance_is_given_its_urls_but_none_is_kept_with_the_answer(admin):
    publish(callback("paid"))
    wish = {"templateKey": "order", "input": {}}
    headers = {"Idempotency-Key": "one"}
    first = admin.post("/instances", wish, headers=headers)
    url = first.json["steps"][0]["callbackUrl"]
    again = admin.post("/instances", wish, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == first.json
    done = admin.post(f"/instances/{first.json['id']}/steps/paid/complete", {}, headers=headers)
    assert done.json["callbackUrl"] == url
    token = url.rpartition("/")[2]
    kept = look(lambda session: [row.answer for row in session.scalars(select(IdempotencyKey))])
    assert len(kept) == 2 and token not in json.dumps(kept)


def test_an_operator_completes_or_fails_by_hand(app, waiting, caller):
    operator = caller("operator")
    path = f"/instances/{waiting}/steps/paid"
    assert operator.get(f"/instances/{waiting}").json["steps"][0]["allowedActions"] == [
        "complete",
        "fail",
        "skip",
    ]
    answer = operator.post(f"{path}/fail", {"reason": "They called us"})
    assert (answer.json["state"], answer.json["error"]) == ("FAILED", "They called us")
    assert operator.post(f"{path}/retry", {}).json["actionState"] == "WAITING"
    assert operator.post(f"{path}/complete", {"output": {"a": 1}}).json["state"] == "COMPLETED"
    assert instance_of(waiting).event_seq > 0


# -- what authors may write


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"timeout": "soon"}, "timeout"),
        ({"timeout": "PT0S"}, "timeout"),
        ({"onTimeout": "skip"}, "onTimeout"),
        ({"signingSecret": "no spaces"}, "signingSecret"),
        ({"expect": [{"path": "status", "op": "=", "value": 200}]}, ""),
        ({"output": {"ref": "headers.x"}}, ""),
        ({"expect": [{"path": "body.a", "op": "?"}]}, "expect.0.op"),
        ({"retry": {}}, "retry"),
    ],
    ids=str,
)
def test_a_config_that_is_wrong_is_named(admin, config, path):
    step = callback("paid", **config)
    answer = admin.post("/templates", {"key": "order", "name": "Order", "steps": [step]})
    at = ".".join(filter(None, ["steps.0.actionConfig", path]))
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json["errors"]] == [at]


def test_what_a_call_must_hold_and_what_of_it_is_the_output(app, anybody):
    config = {
        "expect": [{"path": "body.status", "op": "=", "value": "paid"}],
        "output": {"reference": "body.payment.id", "fee": "body.fee"},
    }
    publish(callback("a", **config), callback("b", **config))
    instance_id = begin()
    paid = {"status": "paid", "payment": {"id": "P-1"}}
    assert anybody.post(path_of(instance_id, "a"), paid).json["state"] == "COMPLETED"
    declined = {"status": "declined"}
    assert anybody.post(path_of(instance_id, "b"), declined).json["state"] == "FAILED"
    a, b = step_of(instance_id, "a"), step_of(instance_id, "b")
    assert a.output == {"reference": "P-1", "fee": None}
    assert a.automation_log[0].response == {"missing": ["body.fee"]}
    assert b.error == ('The call was expected to hold body.status = "paid"; it was "declined".')


def test_an_early_call_is_judged_when_the_step_waits(app, anybody):
    expect = [{"path": "body.status", "op": "=", "value": "paid"}]
    publish(task("ask"), callback("paid", "ask", expect=expect))
    instance_id = begin()
    assert anybody.post(path_of(instance_id), {}).status_code == 202
    do(instance_id, "complete", "ask")
    assert "it was missing" in str(step_of(instance_id, "paid").error)
