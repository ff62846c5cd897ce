"""The API's own page: a route is tried with a pasted token, which is kept nowhere."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app import transaction
from app.domain import people
from tests.system.conftest import Console, refused
from tests.system.looks import PHONE, WIDE, look_like, nothing_is_wrong


@pytest.fixture(scope="module")
def token(console: Console) -> str:
    with console.app.app_context(), transaction.writing() as session:
        return people.create_token(session, "docs", "operator")


@pytest.fixture
def page(console: Console, chrome: Browser) -> Iterator[Page]:
    """Of a stranger. Nothing in it may throw, nothing may be asked of another host."""
    wrong: list[str] = []
    is_foreign = lambda url: not url.startswith(console.url)  # noqa: E731
    context = chrome.new_context(base_url=console.url, viewport=WIDE["viewport"])
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: refused(message.text, wrong))
    page.on("request", lambda asked: wrong.append(asked.url) if is_foreign(asked.url) else None)
    page.goto("/api/docs")
    yield page
    context.close()
    assert not wrong


def opened(page: Page, method: str, path: str) -> Locator:
    """The form of a route."""
    form = page.locator(f"form[aria-label='Try {method} {path}']")
    page.locator("details", has=form).locator("summary").click()
    return form


def test_a_route_is_tried_and_its_answer_shown(console: Console, page: Page, token: str) -> None:
    workflows = "/api/workflows"
    form = opened(page, "POST", f"{workflows}/instances")
    form.get_by_label("Body").fill('{"templateKey": "order", "input": {"orderId": "A-7"}}')
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_role("status")).to_contain_text("401")
    expect(form.get_by_label("Answer")).to_contain_text("Send a token")

    page.get_by_label("Token", exact=True).fill(token)
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_role("status")).to_contain_text("201")
    expect(form.get_by_role("status")).to_contain_text('RateLimit: "token";r=')
    expect(form.get_by_label("Answer")).to_contain_text('"orderId": "A-7"')

    page.get_by_label("Token", exact=True).press("Enter")  # sends nothing anywhere
    kept = "[document.cookie, ...Object.values(localStorage), ...Object.values(sessionStorage)]"
    assert token not in page.evaluate(f"{kept}.join()") + page.url
    page.reload()
    expect(page.get_by_label("Token", exact=True)).to_have_value("")


def test_parameters_go_where_they_belong_and_a_stream_is_shown_until_it_is_stopped(
    console: Console, page: Page, token: str
) -> None:
    number = console.begin("Order to be followed").rpartition("/")[2]
    page.get_by_label("Token", exact=True).fill(token)
    events = "/api/workflows/instances/{instanceId}/events/stream"
    form = opened(page, "GET", events)
    form.get_by_label("instanceId").fill(number)
    form.get_by_label("after").fill("1")
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_label("Answer")).to_contain_text("id: 2")
    expect(form.get_by_label("Answer")).not_to_contain_text("id: 1")
    form.get_by_role("button", name="Stop").click()
    expect(form.get_by_role("status")).to_contain_text("stopped")
    expect(form.get_by_role("button", name="Stop")).to_be_hidden()


def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(page: Page) -> None:
    opened(page, "PUT", "/api/workflows/templates/{templateId}")
    form = opened(page, "GET", "/api/openapi.json")  # long lines
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_role("status")).to_contain_text("200")
    expect(form.get_by_label("Answer")).to_contain_text("openapi")
    for look in (WIDE, PHONE):
        look_like(page, look)
        nothing_is_wrong(page, look)


def test_without_script_it_can_be_read(console: Console, chrome: Browser) -> None:
    context = chrome.new_context(base_url=console.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/api/docs#readTemplate")
    expect(page.get_by_text("Read a template and its draft").first).to_be_visible()
    page.locator("summary", has_text="GET /api/workflows/tasks").click()
    expect(page.get_by_text("Only what is late.").first).to_be_visible()
    expect(page.get_by_role("button", name="Try it")).to_have_count(0)
    expect(page.get_by_role("link", name="openapi.json")).to_be_visible()
    context.close()
