"""One secret is planted by every door and used in every way there is, at receivers that say
everything back in every spelling, while all processes log whatever they can. Then it is looked for
wherever something is kept or shown: it stands nowhere outside its ciphertext."""

import base64
import html
import json
import logging
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import redis
from sqlalchemy import text
from standardwebhooks import Webhook

from app import clock, transaction
from app.domain import people
from app.extensions import Base
from app.models import User
from tests.conftest import Factory
from tests.support import chaos
from tests.support.callbacks import callback, url_of
from tests.support.looking import step_of
from tests.support.marks import both_databases
from tests.support.processes import WORKER
from tests.support.signing_in import be_signed_in
from tests.support.slow_mail import mail_server
from tests.support.waiting import wait_until
from tests.support.workflows import begin, publish, webhook

CANARY = "canary-7f3e/+&bird in the mine"
OLD = "an older bird <that> was rotated out"
USER = "shop"
FINE = (200, 302, 303)
HOOK = {"channel": "WEBHOOK", "trigger": "ON_COMPLETED", "template": "step-completed"}
CHATTY_WORKER = [*WORKER, "--logging_level", "DEBUG"]  # of RQ; LOG_LEVEL is of all the rest


def spellings(value: str) -> dict[str, str]:
    """How it would look if it were found."""
    raw = value.encode()
    return {
        "plain": value,
        "JSON": json.dumps(value)[1:-1],
        "JSON with escapes": "".join(f"\\u{ord(char):04x}" for char in value),
        "percent": quote(value, safe=""),
        "form": quote_plus(value),
        "base64": base64.b64encode(raw).decode().rstrip("="),
        "base64 for URLs": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "basic": base64.b64encode(f"{USER}:{value}".encode()).decode().rstrip("="),
        "hex": raw.hex(),
        "HTML": html.escape(value),
    }


def found_in(where: str, data: bytes) -> list[str]:
    return [
        f"{how} of {value!r} in {where}"
        for value in (CANARY, OLD)
        for how, spelling in spellings(value).items()
        if spelling.encode() in data
    ]


def echo(got):
    """Everything that came, in headers and body, in every spelling; a failure where the path says
    so."""
    sent = [value for value in got.headers.values() if "\n" not in value and value.isascii()]
    status = 500 if got.path.startswith("/broken") else 200
    back = {f"X-Echo-{at}": value for at, value in enumerate(sent)}
    spelt = [spellings(value) for value in (CANARY, OLD, *sent)]
    return status, back, json.dumps({"spelt": spelt, "said": got.body.decode()}).encode()


def steps(url: str):
    once = {"maxAttempts": 1}
    ways = {
        "bearer": {"auth": {"type": "bearer", "secret": "CANARY"}},
        "basic": {"auth": {"type": "basic", "secret": "CANARY", "username": USER}},
        "header": {"auth": {"type": "header", "secret": "CANARY", "header": "X-Key"}},
        "signed": {"signingSecret": "CANARY"},
    }
    told = [HOOK | {"recipients": [f"{url}/told"], "signingSecret": "CANARY"}]
    for name, config in ways.items():
        for kind in ("fine", "broken"):
            target = {"url": f"{url}/{kind}/{name}", "retry": once, "body": {"hello": "there"}}
            yield webhook(f"{name}-{kind}", config=target | config, notificationPolicies=told)
    yield callback("call", signingSecret="CANARY")


def rows(session) -> bytes:
    """All rows of all tables as they are read back."""
    found = []
    for table in Base.metadata.tables:
        found += [repr(tuple(row)) for row in session.execute(text(f"SELECT * FROM {table}"))]
    return "\n".join(found).encode()


@pytest.fixture
def factory(with_doors: Factory) -> Factory:
    return with_doors


class Doors:
    """Somebody who may do everything, at both doors; all that they are answered is kept."""

    def __init__(self, app) -> None:
        with transaction.writing() as session:
            token = people.create_token(session, "reader", "admin", may_add_automation=True)
            user = User(email="a@example.com", name="A", role="admin", created_at=clock.now())
            session.add(user)
            session.flush()
            user_id = user.id
        self.app, self.answers = app, dict[str, bytes]()
        self.bearer = {"Authorization": f"Bearer {token}"}
        self.browser = app.test_client()
        be_signed_in(self.browser, user_id)

    def ask(self, method: str, path: str, *expected: int, **more) -> None:
        api = path.startswith("/api")
        client = self.app.test_client() if api else self.browser
        headers = (self.bearer if api else {}) | more.pop("headers", {})
        with client.open(path, method=method, headers=headers, **more) as answer:
            name = f"{method} {path} ({len(self.answers)})"
            self.answers[name] = answer.get_data() + str(answer.headers).encode()
            assert answer.status_code in expected, (name, self.answers[name])

    def plant(self) -> None:
        """Create, rotate, and get it wrong, by API and by page."""
        api, key = "/api/workflows/secrets", {"Idempotency-Key": "once"}
        wish = {"name": "CANARY", "value": OLD}
        self.ask("POST", api, 422, json={"name": "not a name", "value": CANARY})
        self.ask("POST", api, 415, data=CANARY)
        broken = json.dumps({"value": CANARY})[:-1]
        self.ask("POST", api, 400, data=broken, content_type="application/json")
        self.ask("POST", api, 422, json={"name": "X", "value": [CANARY]})
        self.ask("POST", api, 201, json=wish, headers=key)
        self.ask("POST", api, 201, json=wish, headers=key)
        self.ask("POST", api, 422, json=wish | {"value": CANARY}, headers=key)
        self.ask("POST", api, 409, json=wish | {"value": CANARY})
        self.ask("POST", "/secrets", 422, data={"name": "not a name", "value": CANARY})
        self.ask("POST", "/secrets", 409, data={"name": "CANARY", "value": CANARY})
        self.ask("POST", "/secrets/GONE/rotate", 404, data={"value": CANARY, "keep": "day"})
        self.ask("POST", "/secrets/CANARY/rotate", 303, data={"value": CANARY, "keep": "day"})
        self.ask("POST", f"{api}/CANARY/rotate", 422, json={"value": CANARY})

    def read_all(self, instance: int) -> None:
        """Every page and every answer of the API that can be had without knowing more."""
        for rule in self.app.url_map.iter_rules():
            if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint != "static":
                self.ask("GET", rule.rule, *FINE)
        place = f"/instances/{instance}"
        for path in (place, f"{place}/json", "/templates/1", "/secrets/CANARY"):
            self.ask("GET", path, 200)
        for path in (f"{place}", f"{place}/events", "/templates/1", "/templates/1/export"):
            self.ask("GET", f"/api/workflows{path}", 200)
        for key in [step["key"] for step in steps("http://x")]:
            for more in ("", "/json", "/json?attempt=1" if key != "call" else "/json"):
                self.ask("GET", f"{place}/steps/{key}{more}", 200)


def signed_call() -> dict:
    """A call as a partner makes it who has the secret."""
    body = json.dumps({"ref": "R-1"})
    key = base64.b64encode(CANARY.encode()).decode()
    now = clock.now()
    headers = {
        "webhook-id": "call-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(f"whsec_{key}").sign("call-1", now, body),
    }
    return {"data": body, "headers": headers}


def assert_each_attempt_has_a_line(lines: list[dict], instance: int) -> None:
    """With the ids of what it was an attempt of."""
    ended = [line for line in lines if line["message"] == "attempt ended"]
    of_steps = [line for line in ended if "delivery" not in line]
    assert {line["instance"] for line in ended} == {instance}
    assert {line["step"] for line in of_steps} >= {step["key"] for step in steps("http://x")} - {
        "call"
    }
    assert all(line["execution"] and line["attempt"] and line["stepId"] for line in of_steps)
    assert {line["process"] for line in ended} == {"worker", "notifier"}
    assert {line["status"] for line in of_steps} == {200, 500}


@both_databases
def test_a_secret_stands_nowhere_outside_its_ciphertext(
    ringing_app, receiver, environ, start, redis_url, tmp_path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    receiver.answer = echo
    with transaction.writing() as session:
        people.create_user(session, "operator@example.com", "O", "operator", "long enough for all")
    doors = Doors(ringing_app)
    doors.plant()
    with mail_server() as mail:
        more = {"SMTP_URL": mail.url, "LOG_LEVEL": "DEBUG"}
        start(CHATTY_WORKER, "workflow-automation", **more)
        start(CHATTY_WORKER, "workflow-notifications", **more)
        publish(*steps(receiver.url))
        instance = begin()
        path = (url_of(instance, "call") or "").removeprefix("http://127.0.0.1:8000")
        doors.ask("POST", path, 401, data="{}")
        doors.ask("POST", path, 200, **signed_call())
        requests = receiver.wait_for(8 + 4)
        mail.wait_for(4)
        wait_until(lambda: not chaos.leases(), seconds=30, why="all should be written")
        mails = [bytes(one) for one in mail.mails]

    came = b"".join(str(got.headers).encode() for got in requests)
    assert CANARY.encode() in came, "the receiver should have got it"
    doors.read_all(instance)
    places = {"mail": b"".join(mails), "the web's log": caplog.text.encode()} | doors.answers
    with transaction.reading() as session:
        places["database"] = rows(session)
    for file in sorted(Path(tmp_path).iterdir()):
        if file.is_file():
            places[file.name] = file.read_bytes()
    lines = [json.loads(line) for line in places["processes.log"].splitlines()]
    assert "debug" in {line["level"] for line in lines}, "the workers should say all they can"
    assert_each_attempt_has_a_line(lines, instance)
    with redis.Redis.from_url(redis_url) as client:
        dumped = [client.dump(key) or b"" for key in client.scan_iter()]
        places["Redis"] = b"".join(map(bytes, dumped))
    assert [one for where, data in places.items() for one in found_in(where, data)] == []
    assert step_of(instance, "signed-fine").state == "COMPLETED"
