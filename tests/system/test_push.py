"""A browser is told by push: it subscribes on the account page, and its service worker shows what
comes. No real push service is reachable here, so the browser's own is replaced where it begins: the
page gets a subscription of the stand-in, and the browser is handed what the stand-in received."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.domain.push import encoded, public_key
from tests.support.channel_rigs import VAPID_KEY
from tests.support.processes import WORKER, running
from tests.support.push_service import PushService, Subscription, push_service
from tests.support.waiting import wait_until
from tests.system.conftest import Console, Open

# What PushManager gives, with the keys of the stand-in's subscription.
SUBSCRIBED = """
(given) => {
  const plain = (text) => atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = (text) => Uint8Array.from(plain(text), (char) => char.charCodeAt(0));
  const is = () => sessionStorage.subscribed === 'true';
  let subscription = null;
  PushManager.prototype.getSubscription = async () => is() ? made() : null;
  PushManager.prototype.subscribe = async (options) => {
    if (!options.userVisibleOnly) throw new Error('not visible');
    sessionStorage.subscribed = 'true';
    return made();
  };
  const made = () => subscription ??= {
    endpoint: given.endpoint,
    options: { applicationServerKey: bytes(given.key).buffer },
    getKey: (name) => bytes(given[name]).buffer,
    unsubscribe: async () => { sessionStorage.subscribed = 'false'; return true; },
  };
}
"""


@pytest.fixture
def service(console: Console, tmp_path: Path) -> Iterator[PushService]:
    with ExitStack() as stack:
        found = stack.enter_context(push_service())
        log = tmp_path / "notifier.log"
        stack.enter_context(running(WORKER, console.environ, log, "workflow-notifications"))
        yield found


def give_subscription(page: Page, browser: Subscription) -> None:
    given = {
        "endpoint": browser.endpoint,
        "key": browser.key,
        "p256dh": browser.p256dh,
        "auth": encoded(browser.auth),
    }
    page.add_init_script(f"({SUBSCRIBED})({json.dumps(given)})")


def shown(page: Page) -> list[dict[str, str]]:
    """The notifications that the service worker shows."""
    return page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.ready;
          const found = await registration.getNotifications();
          return found.map(({ title, body, tag, data }) => ({ title, body, tag, link: data.link }));
        }"""
    )


def deliver(page: Page, console: Console, data: str) -> None:
    """Hand the service worker what came from its push service."""
    cdp = page.context.new_cdp_session(page)
    found: list[str] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    cdp.send("ServiceWorker.enable")
    wait_until(lambda: bool(found) or bool(page.wait_for_timeout(20)), why="a service worker")
    cdp.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": console.url, "registrationId": found[0], "data": data},
    )


def test_a_browser_subscribes_is_told_and_forgotten(
    console: Console, come: Open, service: PushService
) -> None:
    page = come(permissions=["notifications"])
    browser = service.subscribe(public_key(VAPID_KEY))
    give_subscription(page, browser)

    page.goto("/account")
    page.get_by_role("button", name="Tell me in this browser").click()
    row = page.locator("[data-browser]")
    expect(row).to_contain_text("this one")
    expect(page.locator("[data-said]")).to_have_text("This browser is told.")
    expect(page.get_by_role("button", name="Tell me in this browser")).to_be_hidden()

    page.get_by_role("button", name="Push").click()
    expect(page.locator("#test")).to_contain_text("the test was sent to olga@example.com")
    (message,) = browser.messages
    deliver(page, console, json.dumps(message))
    wait_until(lambda: bool(shown(page)), why="the notification is shown")
    assert shown(page) == [
        {
            "title": "A test from Runsheet",
            "body": message["body"],
            "tag": message["tag"],
            "link": f"{console.url}/",
        }
    ]

    page.get_by_role("button", name="no more").click()
    expect(row).to_have_count(0)
    expect(page.get_by_role("button", name="Tell me in this browser")).to_be_visible()


def test_a_message_that_comes_twice_is_shown_once_and_leads_only_to_this_console(
    console: Console, come: Open
) -> None:
    page = come(permissions=["notifications"])
    page.goto("/account")
    said = {"title": "Ship failed", "body": "503", "link": "https://evil.example.com/", "tag": "x"}
    for _ in range(2):
        deliver(page, console, json.dumps(said))
    deliver(page, console, "not JSON at all")
    wait_until(lambda: len(shown(page)) >= 2, why="both are shown")
    assert sorted((one["title"], one["link"].rstrip("/")) for one in shown(page)) == [
        ("Runsheet", console.url),
        ("Ship failed", console.url),
    ]


def test_a_browser_that_says_no_is_told_how_to_change_its_mind(come: Open) -> None:
    page = come()
    page.add_init_script("Object.defineProperty(Notification, 'permission', {get: () => 'denied'})")
    page.goto("/account")
    expect(page.locator("[data-said]")).to_contain_text("Messages from this site are blocked")
    expect(page.get_by_role("button", name="Tell me in this browser")).to_be_hidden()


def test_a_push_service_that_cannot_be_reached_is_said_so(come: Open) -> None:
    page = come(permissions=["notifications"])
    page.add_init_script("PushManager.prototype.subscribe = async () => { throw new Error('no'); }")
    page.goto("/account")
    page.get_by_role("button", name="Tell me in this browser").click()
    expect(page.locator("[data-said]")).to_contain_text("could not be reached")
