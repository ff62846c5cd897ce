"""Forms are believed only with the token of the session they came from."""

import logging
import re
from typing import Any

import pytest
from flask import url_for
from werkzeug.routing import AnyConverter, BaseConverter

from app.api.converters import IdConverter
from tests.web.conftest import Person, said

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def guarded(app, operator) -> Person:
    app.config["WTF_CSRF_ENABLED"] = True
    return operator


def token_on(page) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def test_a_form_without_the_token_changes_nothing(guarded, order):
    answer = guarded.post(f"/instances/{order}/pause")
    assert answer.status_code == 400
    assert "Reload it" in said(answer)
    assert "PAUSED" not in guarded.get(f"/instances/{order}/json").text


def test_a_refusal_is_logged_as_what_it_is(guarded, order, caplog):
    caplog.set_level(logging.INFO, "app.requests")
    assert guarded.post(f"/instances/{order}/pause").status_code == 400
    assert caplog.records[-1].facts["status"] == 400  # type: ignore[attr-defined]


def test_htmx_is_told_in_a_toast_and_given_the_token_of_this_session(guarded, order):
    answer = guarded.post(f"/instances/{order}/pause", htmx=True)
    assert answer.status_code == 400
    assert '<hx-partial hx-target="#toasts"' in answer.text
    again = guarded.post(f"/instances/{order}/pause", {"csrf_token": token_on(answer)}, htmx=True)
    assert again.status_code == 200


def test_a_form_with_the_token_is_carried_out(guarded, order):
    token = token_on(guarded.get(f"/instances/{order}"))
    answer = guarded.post(f"/instances/{order}/pause", {"csrf_token": token})
    assert answer.status_code == 303


def test_the_token_of_another_session_is_refused(guarded, visit, order):
    token = token_on(visit("admin").get(f"/instances/{order}"))
    assert guarded.post(f"/instances/{order}/pause", {"csrf_token": token}).status_code == 400


def test_every_post_form_carries_the_token(guarded, order):
    for path in ("/", f"/instances/{order}/steps/pack", "/templates/1/start"):
        page = guarded.get(path).text
        for form in re.findall(r'<form[^>]*method="post".*?</form>', page, flags=re.S):
            assert 'name="csrf_token"' in form, path


def test_the_sign_in_form_needs_it_too(app):
    app.config["WTF_CSRF_ENABLED"] = True
    stranger = Person(app, None)
    answer = stranger.post("/sign-in", {"email": "a@example.com", "password": "x"})
    assert answer.status_code == 400
    token = token_on(stranger.get("/sign-in"))
    sent = {"email": "a@example.com", "password": "x", "csrf_token": token}
    assert stranger.post("/sign-in", sent).status_code == 401


def test_an_open_page_whose_cookie_was_lost_says_that_it_is_old(app):
    app.config["WTF_CSRF_ENABLED"] = True
    answer = Person(app, None).post("/welcome/some-link", {"password": "x"})
    assert answer.status_code == 400
    assert "This page is too old" in said(answer) and "Sign in in another" not in said(answer)


def test_no_unsafe_route_of_the_pages_believes_a_request_without_it(app, visit):
    admin = visit("admin")
    app.config["WTF_CSRF_ENABLED"] = True
    rules = [rule for rule in app.url_map.iter_rules() if UNSAFE & (rule.methods or set())]
    for rule in rules:
        if rule.endpoint.startswith("api_"):
            continue  # no cookie is asked for there
        values: dict[str, Any] = {
            name: some(converter) for name, converter in rule._converters.items()
        }
        with app.test_request_context():
            path = url_for(rule.endpoint, **values)
        answer = admin.post(path)
        assert answer.status_code == 400, f"{rule} believed a form without its token"


def some(converter: BaseConverter) -> str | int:
    """A value that may stand there."""
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return 1 if isinstance(converter, IdConverter) else "x"


def test_who_was_signed_out_meanwhile_is_told_so(app, order):
    app.config["WTF_CSRF_ENABLED"] = True
    answer = Person(app, None).post(f"/instances/{order}/pause", htmx=True)
    assert answer.status_code == 401
    assert "You are signed out" in said(answer)
