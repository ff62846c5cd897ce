"""Secrets on their way to a real receiver: what arrives, what is kept, and what is never sent."""

import base64
import json
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app import clock, transaction
from app.config import Settings
from app.domain import attempts, secrets
from app.domain.addresses import AllowList
from app.domain.contexts import read_contexts, read_secrets
from app.domain.keyring import Keyring
from app.domain.outcomes import Span
from app.domain.reports import Report
from app.domain.signatures import random_signing_secret
from app.schemas.secret import RotateIn, SecretIn
from tests.support.looking import attempts_of, change, do, step_of
from tests.support.receiver import receiving
from tests.support.workflows import AUTHOR, begin, claim, publish, report_begun, webhook
from workers.handlers import carry_out
from workers.handlers.base import Tools, Work
from workers.mailer import Mailer
from workers.outbound import CancelToken, Outbound

KEY, NEXT = random_signing_secret(), random_signing_secret()
TOKEN = 'canary/"token"+with&odd%characters'


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def tools(settings: Settings):
    outbound = Outbound(AllowList.parse(settings.outbound_allow))
    yield Tools(settings, outbound, Mailer(""))
    outbound.close()


@pytest.fixture
def ring(app, settings: Settings) -> Keyring:
    return Keyring.parse(settings.encryption_keys)


@pytest.fixture
def work(tools, ring):
    """Carries out all that is due, as a worker does."""

    def work(ring: Keyring = ring):
        held = claim()
        with transaction.reading() as session:
            contexts = read_contexts(session.connection(), held)
            values = read_secrets(session.connection(), held, ring)
        report_begun(*held)
        for one in held:
            outcome = carry_out(Work(one, contexts.get(one.id, {}), CancelToken(), values), tools)
            report = Report(one, Span(clock.now(), clock.now(), 0.01), "worker-1", outcome)
            change(attempts.settle, [report])

    return work


@pytest.fixture
def keep(ring):
    def keep(name, value, *hosts):
        wish = SecretIn.read({"name": name, "value": value, "hosts": list(hosts)})
        change(secrets.create, ring, wish, AUTHOR)

    return keep


def send(receiver, **config) -> int:
    """Start an instance whose one step posts to the receiver."""
    url = f"{receiver.url}/orders"
    publish(webhook("send", config={"url": url, "body": {"order": "Zoë"}} | config))
    return begin()


def auth(kind, name="TOKEN", **more):
    return {"type": kind, "secret": name} | more


def log_of(instance: int) -> dict:
    """The last attempt as it was kept."""
    row = attempts_of(step_of(instance, "send").id)[-1]
    return {"error": row.error, "request": row.request, "response": row.response}


def sent_header(instance: int, name: str) -> str:
    return dict(log_of(instance)["request"]["headers"])[name]


def test_the_receiver_verifies_the_signature_with_the_library(receiver, keep, work):
    keep("KEY", KEY)
    instance = send(receiver, signingSecret="KEY")
    work()
    (got,) = receiver.requests
    Webhook(KEY).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEXT).verify(got.body, got.headers)
    assert got.headers["webhook-id"] == step_of(instance, "send").execution_token
    assert sent_header(instance, "webhook-signature") == "[redacted]"


def test_during_a_rotation_receivers_with_either_secret_verify_it(receiver, keep, work, ring):
    keep("KEY", KEY)
    change(secrets.rotate, ring, "KEY", RotateIn.read({"value": NEXT}), AUTHOR)
    first = send(receiver, signingSecret="KEY")
    work()
    for value in (KEY, NEXT):
        Webhook(value).verify(receiver.requests[0].body, receiver.requests[0].headers)
    assert step_of(first, "send").state == "COMPLETED"


def test_a_retry_is_signed_anew_with_what_is_valid_then(receiver, keep, work, ring):
    receiver.answer = lambda _got: (500, {}, b"")
    keep("KEY", KEY)
    send(receiver, signingSecret="KEY", retry={"maxAttempts": 3, "schedule": [0, 0]})
    work()
    past = clock.now().isoformat()
    wish = RotateIn.read({"value": NEXT, "previousValidUntil": past})
    change(secrets.rotate, ring, "KEY", wish, AUTHOR)
    work()
    first, second = receiver.requests
    Webhook(KEY).verify(first.body, first.headers)
    Webhook(NEXT).verify(second.body, second.headers)
    assert first.token == second.token
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(second.body, second.headers)


def test_a_get_without_body_is_signed_too(receiver, keep, work):
    keep("KEY", KEY)
    send(receiver, signingSecret="KEY", method="GET", body=None)
    work()
    (got,) = receiver.requests
    Webhook(KEY).verify(b"", got.headers, json_parse=False)


@pytest.mark.parametrize(
    ("config", "header", "value", "logged"),
    [
        (auth("bearer"), "authorization", f"Bearer {TOKEN}", "Bearer [secret TOKEN]"),
        (
            auth("basic", username="shop"),
            "authorization",
            "Basic " + base64.b64encode(f"shop:{TOKEN}".encode()).decode(),
            "Basic shop:[secret TOKEN]",
        ),
        (auth("header", header="X-Key"), "x-key", TOKEN, "[secret TOKEN]"),
    ],
)
def test_the_receiver_gets_the_secret_and_the_log_its_name(
    receiver, keep, work, config, header, value, logged
):
    keep("TOKEN", TOKEN)
    instance = send(receiver, auth=config)
    work()
    assert receiver.requests[0].headers[header] == value
    written = {name.lower(): shown for name, shown in log_of(instance)["request"]["headers"]}
    assert written[header] == logged


def test_auth_takes_the_place_of_a_plain_header_of_that_name(receiver, keep, work):
    keep("TOKEN", TOKEN)
    send(receiver, auth=auth("header", header="X-Key"), headers={"x-key": "plain"})
    work()
    assert receiver.requests[0].headers["x-key"] == TOKEN


def echo(got):
    """Says everything back, in headers and body, plain and encoded."""
    said = got.headers.get("authorization", "") + got.headers.get("x-key", "")
    encoded = base64.b64encode(said.encode()).decode()
    headers = {"X-You-Sent": said, "X-Encoded": encoded, f"X-{encoded.rstrip('=')}": "1"}
    body = {"headers": got.headers, "raw": repr(said), "escaped": json.dumps(said), said: encoded}
    return 200, headers, json.dumps(body).encode()


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize(
    "config",
    [auth("bearer"), auth("basic", username="shop"), auth("header", header="X-Key")],
    ids=lambda config: config["type"],
)
def test_what_a_receiver_says_back_is_kept_without_the_secret(receiver, keep, work, config, status):
    keep("TOKEN", TOKEN)
    receiver.answer = lambda got: (status, *echo(got)[1:])
    instance = send(receiver, auth=config, retry={"maxAttempts": 1, "schedule": []})
    work()
    step = step_of(instance, "send")
    kept = json.dumps([log_of(instance), step.output, step.error], ensure_ascii=False)
    pair = base64.b64encode(f"shop:{TOKEN}".encode()).decode()
    for form in (TOKEN, json.dumps(TOKEN)[1:-1], json.dumps(json.dumps(TOKEN))[3:-3], pair):
        assert form not in kept
    assert "[secret TOKEN]" in log_of(instance)["response"]["body"]
    if status == 200:
        assert step.output["headers"]["webhook-id"] == step.execution_token, "all else is kept"


def test_what_is_expected_and_mapped_is_said_without_the_secret(receiver, keep, work):
    keep("TOKEN", TOKEN)
    receiver.answer = echo
    wish = [{"path": "headers.x-you-sent", "op": "=", "value": "x"}]
    instance = send(receiver, auth=auth("bearer"), expect=wish)
    work()
    assert step_of(instance, "send").state == "FAILED"
    assert TOKEN[:12] not in (step_of(instance, "send").error or "")


@pytest.mark.parametrize("at", range(12, 40, 4))
def test_an_answer_that_is_cut_off_keeps_no_beginning_of_the_secret(receiver, keep, work, at):
    value = "canary-token-0123456789"
    keep("TOKEN", value)
    # 64 KiB are read, 16 KiB are kept: the secret stands across both ends.
    filler = "x" * (16 * 1024 - at)
    said = filler + value + "x" * (48 * 1024 - len(value)) + value + "y" * 1024
    receiver.answer = lambda _got: (200, {}, said.encode())
    instance = send(receiver, auth=auth("bearer"))
    work()
    kept = json.dumps([log_of(instance), step_of(instance, "send").output])
    assert value[:6] not in kept


def test_a_missing_secret_fails_the_step_and_sends_nothing(receiver, keep, work, ring):
    keep("TOKEN", TOKEN)
    instance = send(receiver, auth=auth("bearer"))
    change(secrets.delete, "TOKEN", AUTHOR)
    work()
    step = step_of(instance, "send")
    assert (step.state, step.error) == ("FAILED", "There is no secret named TOKEN.")
    assert receiver.requests == []


def test_once_it_is_there_again_a_retry_sends_it(receiver, keep, work):
    keep("TOKEN", TOKEN)
    instance = send(receiver, auth=auth("bearer"))
    change(secrets.delete, "TOKEN", AUTHOR)
    work()
    keep("TOKEN", "another value")
    do(instance, "retry", "send")
    work()
    assert receiver.requests[0].headers["authorization"] == "Bearer another value"


def test_a_secret_whose_key_is_gone_fails_the_step_naming_both(receiver, keep, work):
    keep("TOKEN", TOKEN)
    instance = send(receiver, auth=auth("bearer"))
    work(Keyring.parse("k9:" + base64.urlsafe_b64encode(b"9" * 32).decode()))
    error = step_of(instance, "send").error or ""
    assert "The secret TOKEN can't be read" in error and "'k1'" in error
    assert receiver.requests == []


def test_a_secret_bound_to_another_host_is_not_sent(receiver, keep, work):
    keep("TOKEN", TOKEN, "stock.example.com", "*.example.org")
    instance = send(receiver, auth=auth("bearer"))
    work()
    step = step_of(instance, "send")
    here = receiver.url.removeprefix("http://")
    assert step.state == "FAILED"
    assert step.error == (
        "The secret TOKEN may be sent to stock.example.com and *.example.org only, "
        f"not to {here}: nothing was sent."
    )
    assert receiver.requests == []


def test_a_placeholder_cannot_lead_a_bound_secret_elsewhere(receiver, keep, work):
    keep("TOKEN", TOKEN, "stock.example.com")
    publish(
        webhook("send", config={"url": "http://{{ input.host }}/x", "auth": auth("bearer")}),
        inputSchema={"type": "object", "properties": {"host": {"type": "string"}}},
    )
    here = receiver.url.removeprefix("http://")
    for host in (here, f"stock.example.com@{here}", f"{here}#stock.example.com"):
        instance = begin(host=host)
        work()
        assert step_of(instance, "send").state == "FAILED"
    assert receiver.requests == []


def test_a_secret_bound_to_this_host_and_port_is_sent(receiver, keep, work):
    keep("TOKEN", TOKEN, receiver.url.removeprefix("http://"))
    instance = send(receiver, auth=auth("bearer"))
    work()
    assert step_of(instance, "send").state == "COMPLETED"


def test_a_bound_signing_key_signs_nothing_for_others(receiver, keep, work):
    keep("KEY", KEY, "stock.example.com")
    instance = send(receiver, signingSecret="KEY")
    work()
    assert step_of(instance, "send").state == "FAILED"
    assert receiver.requests == []


def test_an_old_value_is_never_sent_as_a_token(receiver, keep, work, ring):
    keep("TOKEN", TOKEN)
    change(secrets.rotate, ring, "TOKEN", RotateIn.read({"value": "a new value"}), AUTHOR)
    send(receiver, auth=auth("bearer"))
    work()
    assert receiver.requests[0].headers["authorization"] == "Bearer a new value"


def test_a_value_that_was_rotated_out_is_scrubbed_as_long_as_it_is_valid(
    receiver, keep, work, ring
):
    keep("TOKEN", TOKEN)
    change(secrets.rotate, ring, "TOKEN", RotateIn.read({"value": "a new value"}), AUTHOR)
    receiver.answer = lambda _got: (200, {}, f"not {TOKEN} any more".encode())
    instance = send(receiver, auth=auth("bearer"))
    work()
    assert step_of(instance, "send").output == {"body": "not [secret TOKEN] any more"}
    clock.travel(timedelta(hours=25))
