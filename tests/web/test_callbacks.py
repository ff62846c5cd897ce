"""The console shows what a step waits for, and its URL to those who may operate."""

import re
from datetime import timedelta

import pytest

from app import clock
from app.domain import callback_urls
from tests.support.callbacks import call, callback, keep, nobody_calls, token_of, url_of
from tests.support.looking import do, states, step_of
from tests.support.workflows import begin, publish, task, webhook
from tests.web.conftest import said


@pytest.fixture
def waiting(app):
    publish(task("ask"), callback("paid", timeout="PT2H"), task("ship", "paid"))
    return begin()


def page_of(person, instance_id, key="paid"):
    return person.get(f"/instances/{instance_id}/steps/{key}")


def test_a_step_that_waits_says_since_when_and_until_when(operator, waiting):
    text = said(page_of(operator, waiting))
    assert "Paid waits for a call since" in text and "Without one it fails" in text
    assert "mark-waiting" in page_of(operator, waiting).text
    overview = said(operator.get(f"/instances/{waiting}"))
    assert "Paid waits for a call, until" in overview
    do(waiting, "complete", "ask")
    assert "Paid waits for a call, until" in said(operator.get("/instances"))


def test_without_a_timeout_it_waits_until_somebody_calls(operator, app):
    publish(callback("paid"))
    text = said(page_of(operator, begin()))
    assert "It waits until somebody calls." in text and "fails" not in text


def test_the_url_is_there_to_be_copied_with_a_curl_line(operator, waiting):
    page = page_of(operator, waiting).text
    url = url_of(waiting, "paid")
    assert url is not None
    assert re.search(rf'<pre id="callback-url"[^>]*>{re.escape(url)}</pre>', page)
    assert 'data-copy-from="callback-url"' in page
    assert f"curl {url} -H" in page.replace("&#39;", "'")


def test_who_only_reads_is_not_shown_it_anywhere(viewer, waiting):
    token = token_of(waiting, "paid")
    for path in ("", "/steps/paid", "/json", "?view=data", "/live"):
        page = viewer.get(f"/instances/{waiting}{path}")
        assert token not in page.text and "SECRET_KEY" not in page.text, path
    assert "Callback URL" not in said(page_of(viewer, waiting))


def test_when_the_secret_key_was_changed_it_says_so(operator, waiting, settings):
    try:
        callback_urls.use("another secret key that is long enough", settings.base_url)
        text = said(page_of(operator, waiting))
    finally:
        callback_urls.use(settings.secret_key, settings.base_url)
    assert "It can't be shown any more, since SECRET_KEY was changed." in text


def test_a_step_whose_calls_are_signed_says_with_what_and_offers_no_curl(operator, app):
    keep("PAY_KEY")
    publish(callback("paid", signingSecret="PAY_KEY"))
    text = said(page_of(operator, begin()))
    assert "Calls must be signed with PAY_KEY" in text and "curl" not in text


def test_what_happened_stands_on_the_timeline(operator, waiting):
    call(token_of(waiting, "paid"), {"reference": "P-1"})
    text = said(page_of(operator, waiting))
    assert re.search(r"Paid waits for a call, until .*Paid is ready", text)
    assert "Paid completed" in text and "callback" in text
    assert "P-1" in text
    assert token_of(waiting, "paid") not in page_of(operator, waiting).text, "it is of no use now"


def test_a_call_that_came_early_stands_on_the_timeline(operator, app):
    publish(task("ask"), callback("paid", "ask"))
    instance_id = begin()
    assert "is kept until then" in said(page_of(operator, instance_id))
    call(token_of(instance_id, "paid"), {})
    assert "a call for Paid came before it waits for one" in said(page_of(operator, instance_id))


def test_an_operator_ends_the_wait_by_hand(operator, waiting):
    page = page_of(operator, waiting)
    assert "as if the call had come; one that comes later changes nothing" in said(page)
    operator.post(f"/instances/{waiting}/steps/paid/complete", {"output": '{"by": "phone"}'})
    assert step_of(waiting, "paid").output == {"by": "phone"}
    assert states(waiting)["ship"] == "READY"


def test_a_failed_wait_is_retried_by_waiting_again(operator, waiting):
    call(token_of(waiting, "paid"), {"outcome": "failed", "error": "Card declined"})
    text = said(page_of(operator, waiting))
    assert "Card declined" in text and "Wait again" in text and "tried 1" not in text
    assert "The receiver got nothing" not in text
    assert "Waits for a call again, at the same URL" in text
    answer = operator.post(
        f"/instances/{waiting}/steps/paid/retry", {"reason": "New card"}, htmx=True
    )
    assert "Paid waits for a call again, at the same URL." in said(answer)


def test_a_step_that_nobody_called_says_so_in_the_list(operator, waiting):
    clock.travel(timedelta(hours=3))
    nobody_calls()
    assert "Paid: Nobody called within 2 hours" in said(operator.get("/instances"))


def test_the_template_shows_how_it_waits(operator, app):
    keep("PAY_KEY")
    template_id = publish(
        callback("paid", timeout="PT2H", onTimeout="complete", signingSecret="PAY_KEY")
    )
    text = said(operator.get(f"/templates/{template_id}?step=paid"))
    assert "Callback" in text
    assert "Times out after PT2H" in text and "Without a call it completes" in text
    assert "Signed with PAY_KEY" in text


def test_a_preview_shows_that_a_url_is_handed_on_and_not_which(operator, viewer, app):
    body = {"notify": "{{ steps.paid.callbackUrl }}"}
    publish(task("first"), webhook("ask", "first", config={"body": body}), callback("paid"))
    instance_id = begin()
    for person in (operator, viewer):
        page = page_of(person, instance_id, "ask")
        assert "[callback URL]" in said(page)
        assert token_of(instance_id, "paid") not in page.text


def test_skipping_it_is_as_for_other_steps(operator, waiting):
    operator.post(f"/instances/{waiting}/steps/paid/skip", {"reason": "Paid in cash"})
    assert states(waiting) == {"ask": "READY", "paid": "SKIPPED", "ship": "READY"}
