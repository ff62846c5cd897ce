"""The Procfile on a platform: its own lines, PostgreSQL and Redis by URL, a user and TLS before
Redis, SIGTERM to everything, and a new release while the old one still runs."""

import re
import threading

import pytest
import requests

from tests.conftest import ENCRYPTION_KEYS, SECRET
from tests.support.dynos import PATIENCE, Platform, release
from tests.support.guarded_redis import guarded_redis
from tests.support.receiver import receiving
from tests.support.servers import empty_database
from tests.support.waiting import wait_until

pytestmark = pytest.mark.xdist_group("deploy")

PASSWORD = "a password of ten"
TOKEN = r"rs_[\w-]+\n"
STEPS = 10


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with guarded_redis(tmp_path_factory.mktemp("guarded")) as redis:
        yield redis


@pytest.fixture(scope="module")
def platform(tmp_path_factory, postgres_url, guarded):
    """Migrated by the Procfile's release line; nothing runs yet."""
    with empty_database(postgres_url, "deployed") as database_url:
        assert database_url.startswith("postgres://")
        settings = {
            "DATABASE_URL": database_url,
            "REDIS_URL": guarded.trusted,
            "SECRET_KEY": SECRET,
            "ENCRYPTION_KEYS": ENCRYPTION_KEYS,
            "BASE_URL": "https://console.example.com",
            "TRUSTED_PROXIES": "1",
            "OUTBOUND_ALLOW": "127.0.0.1",
            "WORKER_THREADS": "2",
            "ATTEMPTS_PER_HOST": "2",
        }
        found = Platform(tmp_path_factory.mktemp("platform"), settings)
        found.run(found.lines["release"])
        yield found


@pytest.fixture(scope="module")
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def token(platform):
    """What the documented command prints: a token and nothing else."""
    printed = platform.run("flask --app app tokens create --role admin --name deploy")
    assert re.fullmatch(TOKEN, printed)
    return printed.strip()


@pytest.fixture(scope="module")
def old(platform, token):
    """A release; the first test starts orders on it, a later one takes its place."""
    with release(platform, token) as running:
        yield running


def publish(running, url: str) -> None:
    step = {"key": "send", "name": "Send", "actionType": "AUTOMATION_WEBHOOK"}
    later = {"key": "ask", "name": "Ask", "actionType": "AUTOMATION_WEBHOOK", "dependsOn": ["send"]}
    steps = [
        step | {"actionConfig": {"url": f"{url}/send"}},
        later | {"actionConfig": {"url": f"{url}/ask", "delay": "PT1S"}},
    ]
    made = running.ask("POST", "/templates", {"key": "order", "name": "Order", "steps": steps})
    running.ask("POST", f"/templates/{made['id']}/publish")


def state(running, number: int) -> str:
    return running.ask("GET", f"/instances/{number}")["state"]


def wait_until_done(running, *numbers: int) -> None:
    for number in numbers:
        wait_until(
            lambda number=number: state(running, number) == "COMPLETED",
            seconds=90,
            every=0.2,
            why=f"instance {number} should be COMPLETED",
        )


def test_what_a_platform_gives_is_enough_for_an_order_to_run(old, receiver):
    publish(old, receiver.url)
    number = old.ask("POST", "/instances", {"templateKey": "order"})["id"]
    wait_until_done(old, number)
    sent, asked = receiver.requests
    assert (sent.path, asked.path) == ("/send", "/ask")
    assert sent.token != asked.token


def test_the_documented_redis_user_may_do_all_that_is_done(old, guarded):
    """Work goes on without Redis, so what it hears is asked of Redis itself."""
    wait_until(lambda: guarded.admin.scard("rq:workers") == 2, seconds=60, why="two should listen")
    assert guarded.admin.get("rq:scheduler_lock")
    calls = guarded.admin.info("commandstats")
    assert {"cmdstat_rpush", "cmdstat_zadd"} <= calls.keys(), "nobody has rung"
    clients = [it for it in guarded.admin.client_list() if it["user"] == "runsheet"]
    assert sum(bool(client["name"]) for client in clients) >= 2  # RQ names a worker's connection
    assert guarded.refusals() == []


def test_an_admin_who_was_made_at_the_terminal_signs_in_behind_the_proxy(platform, old):
    command = "flask --app app users create --email admin@example.com --role admin"
    printed = platform.run(command, given=f"{PASSWORD}\n{PASSWORD}\n")
    assert "admin@example.com may sign in as admin." in printed
    signed_in = sign_in(old.url)
    assert signed_in.status_code == 303
    assert all(cookie.secure and cookie.name.startswith("__Host-") for cookie in signed_in.cookies)


def sign_in(url: str) -> requests.Response:
    """As a browser does whose TLS ends at the platform's router."""
    before = requests.get(f"{url}/sign-in", timeout=PATIENCE)
    found = re.search(r'name="csrf_token" value="([^"]+)"', before.text)
    assert found, before.text
    form = {"email": "admin@example.com", "password": PASSWORD, "csrf_token": found[1]}
    headers = {"Cookie": carried(before), "Referer": "https://console.example.com/sign-in"}
    headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    return requests.post(
        f"{url}/sign-in", form, headers=headers, allow_redirects=False, timeout=PATIENCE
    )


def carried(answer: requests.Response) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in answer.cookies)


def test_a_release_takes_over_while_the_old_one_ends_and_nothing_is_lost(
    platform, old, token, receiver, guarded
):
    """The new one does not verify Redis's certificate, as where nobody knows its authority."""
    hold = threading.Event()
    receiver.requests.clear()
    receiver.answer = lambda _got: (hold.wait(60), (200, {}, b"{}"))[1]
    cookie = carried(sign_in(old.url))
    unverified = {"REDIS_URL": guarded.url, "REDIS_TLS_VERIFY": "false"}
    platform.run(platform.lines["release"])
    with release(platform, token, each=2, **unverified) as new:
        for running in (old, new):  # who signed in at one is known to the other
            home = requests.get(f"{running.url}/", headers={"Cookie": cookie}, timeout=PATIENCE)
            assert "admin@example.com" in home.text
        started = {"items": [{"templateKey": "order"}] * STEPS}
        numbers = [it["id"] for it in old.ask("POST", "/instances/bulk", started)["items"]]
        receiver.wait_for(4)  # two workers of two threads: both are busy
        assert state(new, numbers[0]) == "RUNNING"

        old.stop()
        hold.set()
        assert set(old.wait_until_ended(30).values()) == {0}, "30 s after SIGTERM it is killed"
        with pytest.raises(requests.ConnectionError):
            old.call("GET", f"/instances/{numbers[0]}")

        wait_until_done(new, *numbers)
        logs = [
            step["automationLog"]
            for number in numbers
            for step in new.ask("GET", f"/instances/{number}")["steps"]
        ]
        assert all([attempt["outcome"] for attempt in log] == ["succeeded"] for log in logs)
        assert len(receiver.requests) == len({got.token for got in receiver.requests}) == 2 * STEPS
        new.stop()
        assert set(new.wait_until_ended(30).values()) == {0}
    assert guarded.refusals() == []
