"""A step hands its callback URL on, and the receiver calls it: real worker, real web process."""

import json
import socket
import urllib.error
import urllib.parse
import urllib.request

import pytest

from devtools.ports import free_port
from tests.acceptance.test_workers import wait_for_ears, wait_for_state
from tests.support.callbacks import callback, token_of
from tests.support.looking import kinds, step_of
from tests.support.marks import both_databases
from tests.support.processes import BIN
from tests.support.receiver import Got
from tests.support.waiting import wait_until
from tests.support.workflows import begin, publish, task, webhook

SERVER = [str(BIN / "gunicorn"), "--config", "gunicorn.conf.py"]


@pytest.fixture
def environ(environ):
    port = free_port()
    return environ | {"PORT": str(port), "BASE_URL": f"http://127.0.0.1:{port}"}


@pytest.fixture
def console(ringing_app, environ, start, redis_url):
    """A web process and a worker; its address."""
    start(SERVER, "app:create_app()")
    start()
    wait_for_ears(redis_url)
    url = environ["BASE_URL"]
    wait_until(lambda: answers(f"{url}/healthz"), seconds=120, why="gunicorn should be up")
    return url


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def post(url: str, body: object) -> int:
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def asking(url: str):
    body = {"notify": "{{ steps.paid.callbackUrl }}", "order": "A-1"}
    return webhook("ask", config={"url": f"{url}/payments", "body": body})


@both_databases
def test_a_receiver_that_calls_back_before_it_has_answered_is_heard(console, receiver):
    said: list[int] = []

    def call_at_once(got: Got):
        url = got.json["notify"]
        said.extend(post(url, {"reference": "P-1"}) for _ in range(2))
        return 200, {}, json.dumps({"accepted": True, "echo": url}).encode()

    receiver.answer = call_at_once
    publish(asking(receiver.url), callback("paid", "ask", timeout="PT1H"), task("ship", "paid"))
    instance_id = begin()
    wait_until(lambda: step_of(instance_id, "ship").state == "READY", why="it should have heard")

    assert said == [202, 409], "the step did not wait yet, and heard one call"
    assert step_of(instance_id, "paid").output == {"reference": "P-1"}
    assert kinds(instance_id, "paid") == [
        "step.called_early",
        "step.ready",
        "step.started",
        "step.completed",
    ]
    url = receiver.requests[0].json["notify"]
    assert url.startswith(f"{console}/api/workflows/callbacks/")
    assert post(url, {}) == 409
    ask = step_of(instance_id, "ask")
    kept = json.dumps([ask.output, ask.automation_log[0].request, ask.automation_log[0].response])
    assert token_of(instance_id, "paid") not in kept, "whoever reads a log may not call"
    assert kept.count("[callback URL]") == 3


@both_databases
def test_a_step_that_waits_beside_the_one_that_asks_is_called_while_it_waits(console, receiver):
    said: list[int] = []

    def call_at_once(got: Got):
        said.append(post(got.json["notify"], {"outcome": "completed", "output": {"n": 1}}))
        return 200, {}, b"{}"

    receiver.answer = call_at_once
    publish(asking(receiver.url), callback("paid"))
    instance_id = begin()
    wait_for_state(instance_id, "COMPLETED")
    assert said == [200]
    assert step_of(instance_id, "paid").output == {"n": 1}


@both_databases
def test_a_real_worker_ends_a_wait_that_nobody_ends(console):
    publish(
        callback("given", timeout="PT1S", onTimeout="complete"),
        callback("asked", "given", timeout="PT1S"),
    )
    instance_id = begin()
    wait_for_state(instance_id, "ATTENTION")
    given, asked = step_of(instance_id, "given"), step_of(instance_id, "asked")
    assert given.output == {"outcome": "timeout"}
    assert asked.error == "Nobody called within 1 second."
    assert [attempt.outcome for attempt in asked.automation_log] == ["failed"]
    assert post(f"{console}/api/workflows/callbacks/{token_of(instance_id, 'asked')}", {}) == 409


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN = {
    "no size of a chunk": CHUNKED + b"ZZ\r\n{}",
    "a chunk without its end": CHUNKED + b"2\r\n{}no end",
    "a body that breaks off": b"Content-Length: 100\r\n\r\n{}",
    "a body that never begins": b"Content-Length: 100\r\n\r\n",
    "chunks that break off": CHUNKED + b"64\r\n{}",
    "two lengths": b"Content-Length: 2\r\n" + CHUNKED + b"0\r\n\r\n",
    "a length that is none": b"Content-Length: -1\r\n\r\n{}",
    "headers of any bytes": b"webhook-id: \xff\r\nX-A: \x80\r\nContent-Length: 1\r\n\r\n[",
}


def status_of(url: str, rest: bytes) -> int:
    """What a call is answered that is written by hand, and after which nothing more comes."""
    place = urllib.parse.urlsplit(url)
    head = f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\n".encode()
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=20) as sock:
        sock.sendall(head + rest)
        sock.shutdown(socket.SHUT_WR)
        return int(sock.makefile("rb").readline().split(b" ")[1])


def test_a_call_that_is_no_http_gets_a_400_and_the_step_waits_on(console):
    publish(callback("paid"))
    order = begin()
    url = f"{console}/api/workflows/callbacks/{token_of(order, 'paid')}"
    assert {how: status_of(url, rest) for how, rest in BROKEN.items()} == dict.fromkeys(BROKEN, 400)
    assert step_of(order, "paid").state == "STARTED"
    assert post(url, {}) == 200
