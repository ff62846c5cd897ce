"""The main job, as a program does it through the API of a console that `bin/dev` has started."""

import json
import re
import urllib.error
import urllib.request

import pytest

from tests.support.bin_dev import Dev, environ_of_a_person, flask
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("bin-dev")


class Program:
    """Talks JSON to the console and to the demo receiver."""

    def __init__(self, dev, token):
        self.console = f"{dev.url}/api/workflows"
        self.receiver = printed(dev, "Demo receiver")
        self.link = printed(dev, "Signed in, once")
        self.token = token

    def call(self, method, url, body=None):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def start(self, order, **more):
        wish = {
            "templateKey": "order-fulfilment",
            "title": f"Order {order}",
            "input": {"orderId": order, **more},
        }
        return self.call("POST", f"{self.console}/instances", wish)["id"]

    def instance(self, number):
        return self.call("GET", f"{self.console}/instances/{number}")

    def step(self, number, key):
        return next(step for step in self.instance(number)["steps"] if step["key"] == key)

    def act(self, number, key, action, **body):
        self.call("POST", f"{self.console}/instances/{number}/steps/{key}/{action}", body)

    def answers(self, mode, prefix):
        self.call("POST", f"{self.receiver}/_mode", {"mode": mode, "prefix": prefix})

    def received(self, order):
        """What the receiver got for an order, the oldest first."""
        got = self.call("GET", f"{self.receiver}/_requests")
        return [it for it in reversed(got) if json.loads(it["body"] or "{}").get("order") == order]

    def wait_for_step(self, number, key, state, action_state=None):
        def there():
            step = self.step(number, key)
            fits = action_state in (None, step["actionState"])
            return step if step["state"] == state and fits else None

        return wait_until(there, seconds=60, every=0.2, why=f"{key} is not {state}")

    def wait_for_end(self, number):
        def ended():
            return self.instance(number)["state"] == "COMPLETED"

        wait_until(ended, seconds=60, every=0.2, why="the instance is not COMPLETED")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Speaks to a console of its own."""
    environ = environ_of_a_person(tmp_path_factory.mktemp("main-job") / "var")
    dev = Dev(environ)
    try:
        dev.until("Ctrl-C ends everything")
        token = flask(environ, "tokens", "create", "--role", "admin", "--name", "x")
        yield Program(dev, token)
    finally:
        dev.end()


def printed(dev, label):
    found = re.search(rf"{label} +(\S+)", dev.text)
    assert found, dev.text
    return found[1]


def states(instance):
    return {step["key"]: step["state"] for step in instance["steps"]}


def test_an_order_runs_by_itself_but_for_what_people_do(program):
    number = program.start("T-1", gift=True, total=740)
    program.wait_for_step(number, "gift-wrap", "READY")
    program.act(number, "gift-wrap", "complete")
    assert program.step(number, "approve")["state"] == "READY"
    program.act(number, "approve", "complete", output={"outcome": "approved"})
    program.wait_for_step(number, "pack", "READY")
    program.act(number, "pack", "start")
    program.act(number, "pack", "complete", output={"boxes": 1})
    program.wait_for_end(number)

    got = program.received("T-1")
    assert [it["path"] for it in got] == [
        "/stock/reservations",
        "/payments/charges",
        "/carrier/bookings",
        "/ledger/entries",
    ]
    assert len({it["headers"]["webhook-id"] for it in got}) == 4
    reservation = program.step(number, "reserve")["output"]["reference"]
    assert json.loads(got[2]["body"])["reservation"] == reservation
    assert states(program.instance(number)).pop("refund") == "SKIPPED"
    for step in program.instance(number)["steps"]:
        automated = step["actionType"].startswith("AUTOMATION") and step["state"] == "COMPLETED"
        assert len(step["automationLog"]) == automated


def test_a_failing_receiver_is_tried_again_until_it_is_an_operators_turn(program):
    program.answers("500", "/payments")
    number = program.start("T-2")
    waiting = program.wait_for_step(number, "charge", "STARTED", "RETRY_WAIT")
    assert waiting["nextAttemptAt"]
    assert "run-now" in waiting["allowedActions"]
    failed = program.wait_for_step(number, "charge", "FAILED")
    assert [attempt["outcome"] for attempt in failed["automationLog"]] == ["retry"] * 3 + ["failed"]
    assert program.instance(number)["state"] == "ATTENTION"

    program.answers("default", "/payments")
    program.act(number, "charge", "retry", reason="The provider is back.")
    program.wait_for_step(number, "pack", "READY")
    charges = [it for it in program.received("T-2") if it["path"] == "/payments/charges"]
    assert len(charges) == 5
    assert {it["headers"]["webhook-id"] for it in charges} == {failed["executionToken"]}
    events = program.call("GET", f"{program.console}/instances/{number}/events")["items"]
    assert "The provider is back." in [event["reason"] for event in events]


def test_a_planned_try_can_be_made_now_and_a_step_can_be_skipped(program):
    program.answers("retry-after", "/stock")
    number = program.start("T-3")
    program.wait_for_step(number, "reserve", "STARTED", "RETRY_WAIT")
    program.answers("default", "/stock")
    program.act(number, "reserve", "run-now", reason="It has room again.")
    program.wait_for_step(number, "pack", "READY")
    program.act(number, "pack", "skip", reason="Sold over the counter.")
    program.wait_for_end(number)
    assert program.step(number, "pack")["reason"] == "Sold over the counter."


def test_a_move_that_is_not_allowed_says_what_is(program):
    number = program.start("T-4")
    with pytest.raises(urllib.error.HTTPError) as refused:
        program.act(number, "pack", "retry", reason="too early")
    with refused.value as answer:
        problem = json.load(answer)
    assert answer.status == 409
    assert problem["type"].endswith("move-not-allowed")
    assert "skip" in problem["allowedActions"]


def test_the_link_is_signed_in_onto_an_order_that_a_newcomer_can_finish(program):
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with browser.open(program.link, timeout=20) as page:
        number = int(page.url.rpartition("/instances/")[2])
        assert "Order A-1045" in page.read().decode()
    program.act(number, "pack", "complete")
    program.wait_for_end(number)
