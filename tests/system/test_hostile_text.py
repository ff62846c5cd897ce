"""Hostile text, planted wherever somebody may write, runs on no page that shows it: with the
content security policy, and in a browser that ignores it, where nothing but our own care helps."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

from app import transaction
from app.domain import people
from tests.support.hostile import EVIL, Planted, plant
from tests.support.looking import instance_of
from tests.support.waiting import wait_until
from tests.system.conftest import PASSWORD, Console, open_console, sign_in
from tests.system.looks import PHONE, WIDE

# Answers that no person looks at as a page of its own, or that never end.
NO_PAGES = {
    *("instances.live", "instances.stream", "instances.as_json", "steps.as_json"),
    *("frame.banner", "inbox.bell", "account.push_worker", "audit.download", "auth.link"),
    *("template_files.export", "docs.file"),
    *("search.go", "settings.follow_test", "auth.sign_in", "welcome.show"),
}
SHOUT = "HACKED"


@pytest.fixture(scope="module")
def world(tmp_path_factory, sqlite_template) -> Iterator[tuple[Console, Planted]]:
    """A console in which everything that can be written is an attack."""
    folder = tmp_path_factory.mktemp("hostile")
    with open_console(folder, sqlite_template) as console:
        with console.app.app_context():
            with transaction.writing() as session:
                people.create_user(session, "ada@example.com", EVIL, "admin", PASSWORD)
            planted = plant(console.receiver)
            failed = lambda: instance_of(planted.instance).state == "ATTENTION"  # noqa: E731
            wait_until(failed, seconds=120, why="the receiver's answer should be on the page")
        yield console, planted


def pages(planted: Planted) -> dict[str, str]:
    """By the view that shows it: everywhere that the text may stand."""
    template, instance = f"/templates/{planted.template}", f"/instances/{planted.instance}"
    notes = "/notification-templates"
    return {
        "/": "dashboard.show",
        "/instances": "instances.index",
        instance: "instances.show",
        f"{instance}?view=graph": "instances.show",
        f"{instance}?view=data": "instances.show",
        f"{instance}/steps/ship": "steps.show",
        f"{instance}/steps/pack": "steps.show",
        f"{instance}/steps/sign": "steps.show",
        f"{instance}/steps/tell": "steps.show",
        f"{instance}/steps/tell/mail": "mail_frames.of_instance",
        "/tasks": "tasks.index",
        "/templates": "templates.index",
        template: "templates.show",
        f"{template}?step=pack": "templates.show",
        f"{template}?step=ship": "templates.show",
        f"{template}?step=tell": "templates.show",
        f"{template}/steps/tell/mail": "mail_frames.of_template",
        f"{template}/start": "templates.ask_to_start",
        "/templates/new": "template_editor.new",
        "/templates/import": "template_files.ask",
        f"{template}/edit": "template_editor.show",
        f"{template}/edit?step=pack": "template_editor.show",
        f"{template}/edit?step=ship": "template_editor.show",
        f"{template}/edit?step=tell": "template_editor.show",
        f"{template}/edit/steps/tell/mail": "mail_frames.of_draft",
        f"{template}/versions": "template_versions.index",
        f"{template}/compare?from=1&to=2": "template_versions.compare",
        f"{template}/publish": "template_publishing.ask",
        f"{template}/dry-run": "dry_runs.show",
        f"{template}/dry-run/steps/tell/mail": "dry_runs.mail",
        "/account": "account.show",
        "/settings": "settings.show",
        "/deliveries": "deliveries.index",
        f"/deliveries/{planted.delivery}": "deliveries.show",
        f"/people/{planted.user}": "people.show",
        "/inbox": "inbox.index",
        notes: "notification_templates.index",
        f"{notes}/evil": "notification_templates.show",
        f"{notes}/evil/mail": "notification_templates.mail",
        "/notification-drafts/new": "notification_templates.new",
        f"{notes}/evil/edit": "notification_templates.edit",
        "/secrets": "secrets.index",
        "/secrets/EVIL": "secrets.show",
        "/schedules": "schedules.index",
        f"/schedules/{planted.schedule}": "schedules.show",
        f"/schedules/new?template={planted.template}": "schedule_drafts.new",
        f"/schedules/{planted.schedule}/edit": "schedule_drafts.edit",
        "/users": "users.index",
        f"/users/{planted.user}": "users.show",
        "/groups": "groups.index",
        "/groups/evil": "groups.show",
        "/tokens": "tokens.index",
        "/queues": "queues.index",
        "/audit": "audit.index",
        "/docs": "docs.index",
        "/docs/concepts": "docs.show",
    }


def in_url() -> list[str]:
    """Pages that repeat what their URL says."""
    from urllib.parse import quote

    text = quote(EVIL)
    return [
        *(f"/instances?q={text}", f"/deliveries?recipient={text}", f"/users?q={text}"),
        *(f"/audit?q={text}&since={text}", f"/sign-in?email={text}&next={text}", f"/{text}"),
        f"/search?q={text}",
    ]


def test_every_page_is_walked(world):
    console, planted = world
    views = {
        rule.endpoint
        for rule in console.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith(("api_", "static"))
    }
    assert views - NO_PAGES == set(pages(planted).values())


@pytest.mark.parametrize(
    ("bypass", "look"), [(False, WIDE), (True, PHONE)], ids=["with the policy", "without"]
)
def test_what_strangers_wrote_runs_nowhere_and_breaks_no_page(world, chrome, bypass, look):
    console, planted = world
    page, shouts = come(console, chrome, bypass_csp=bypass, **look)
    for path in [*pages(planted), *in_url()]:
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
        assert not shouts, (path, shouts)
        assert harmless(page), path
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= look["viewport"]["width"], path
    page.context.clear_cookies()
    page.goto(planted.link)
    assert not shouts
    assert harmless(page)


def test_the_same_text_does_run_where_nobody_takes_care(world, chrome):
    """Or the test above could not fail."""
    console, _ = world
    page, shouts = come(console, chrome, bypass_csp=True)
    page.goto("about:blank")  # the dashboard would go on to write its news into it
    with page.expect_console_message(lambda said: SHOUT in said.text):
        page.set_content(f"<input value='{EVIL}'>")
    assert not harmless(page)
    assert shouts


def come(console: Console, chrome: Browser, **options) -> tuple[Page, list[str]]:
    """An admin who has signed in, and what hostile text in any frame of the page says."""
    context = chrome.new_context(base_url=console.url, **options)
    context.add_init_script(f"globalThis.evil = () => console.log('{SHOUT}')")
    page, shouts = context.new_page(), []

    def hear(said: ConsoleMessage) -> None:
        if SHOUT in said.text:
            shouts.append(said.text)

    def answer(dialog: Dialog) -> None:
        shouts.append(dialog.message)
        dialog.dismiss()

    page.on("console", hear)
    page.on("dialog", answer)
    sign_in(page, "ada")
    return page, shouts


def harmless(page: Page) -> bool:
    """Whether the text made no element, no handler and no link that runs."""
    return page.evaluate(
        """() => ![...document.querySelectorAll('*')].some(element =>
             element.matches('[data-evil]')
             || [...element.attributes].some(one => one.name.startsWith('on')
                  || /^\\s*javascript:/i.test(one.value)
                     && ['href', 'src', 'action', 'formaction', 'xlink:href'].includes(one.name)))
        """
    )
