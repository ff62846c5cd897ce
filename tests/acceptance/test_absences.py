"""A worker that is really not there is missed on every page until one is there again."""

import html
import re
from datetime import datetime

import pytest
import requests

from app import clock, transaction
from app.domain import people, processes
from tests.support.outages_console import Console, console
from tests.support.waiting import wait_until
from tests.support.workflows import begin, publish, webhook

PAGES = ("/", "/instances", "/instances/1", "/nowhere")


@pytest.fixture
def running(ringing_app, environ, tmp_path):
    with console(environ, tmp_path / "processes.log", workers=1) as running:
        yield running


def visitor(running: Console) -> requests.Session:
    """An operator's browser, signed in by a one-time link."""
    with transaction.writing() as session:
        who = people.create_user(session, "operator@example.com", "Op", "operator", "x" * 16)
        session.flush()
        link = people.make_sign_in_link(session, who)
    browser = requests.Session()
    assert browser.get(f"{running.url}/sign-in/link/{link}", timeout=20).ok
    return browser


def test_a_killed_worker_is_missed_on_every_page_until_another_is_started(running, receiver):
    publish(webhook("send", config={"url": receiver.url}))
    browser = visitor(running)

    def banner(path: str = "/") -> str:
        page = browser.get(f"{running.url}{path}", timeout=20).text
        inner = page.partition('id="banner"')[2].partition('id="unheard"')[0]
        return " ".join(html.unescape(re.sub("<[^>]+>", " ", inner)).split())

    assert not re.search("No |not answer", banner())
    died_at = clock.now()
    running.processes["worker"].kill()
    begin()

    missed = r"No worker is listening on workflow-automation since (\d\d-\d\d \d\d:\d\d:\d\d)"
    said = wait_until(lambda: re.search(missed, banner()), seconds=60, why="it should be missed")
    assert said
    since = datetime.fromisoformat(f"{died_at.year}-{said[1]}+00:00")
    assert died_at - processes.ALIVE < since <= died_at
    for path in PAGES:
        assert re.search(f"{missed} ; 1 step waits. Nothing is lost.", banner(path)), path
    assert "notifier" not in banner() and "scheduler" not in banner()

    running.start_again("worker")
    wait_until(lambda: "No worker" not in banner(), seconds=60, why="it should be missed no more")
    receiver.wait_for(1)
