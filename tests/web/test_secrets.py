"""The pages of secrets: everything but a value, and that only once, when it was made there."""

import re
from datetime import timedelta
from typing import Any

import pytest
from markupsafe import escape

from app import clock, transaction
from app.domain import secrets
from app.domain.secret_values import read_values
from tests.support.looking import look
from tests.support.secrets import RING, keep
from tests.support.workflows import publish, webhook
from tests.web.conftest import said

VALUE = 'typed "value" & more'
NEXT = "another typed value"


@pytest.fixture
def keeper(visit):
    return visit("author", may_add_automation=True)


def kept(name="TOKEN") -> Any:
    found = look(lambda session: read_values(session.connection(), [name], RING))
    return found.get(name)


def create(keeper, **more):
    return keeper.post("/secrets", {"name": "TOKEN", "value": VALUE, "hosts": ""} | more)


def test_an_author_who_may_add_automation_creates_one(keeper):
    answer = create(keeper, hosts="Stock.example.com\r\n*.example.org:8443, a.example.com\r\n")
    assert (answer.status_code, answer.location) == (303, "/secrets/TOKEN")
    secret = kept()
    assert (secret.value, secret.hosts) == (
        VALUE,
        ("stock.example.com", "*.example.org:8443", "a.example.com"),
    )
    for path in ("/secrets", "/secrets/TOKEN"):
        page = keeper.get(path)
        assert "TOKEN" in said(page) and "stock.example.com" in page.text
        assert VALUE not in page.text and str(escape(VALUE)) not in page.text


@pytest.mark.parametrize("more", [{}, {"HTTP_TRANSFER_ENCODING": "identity"}])
def test_a_form_that_breaks_off_is_refused_and_its_beginning_is_kept_nowhere(keeper, more):
    # As gunicorn hands it over when the browser hangs up in the middle of the value.
    cut = {"CONTENT_LENGTH": "40", "wsgi.input_terminated": True} | more
    form = "application/x-www-form-urlencoded"
    half = b"name=TOKEN&value=half"
    answer = keeper.ask("POST", "/secrets", data=half, content_type=form, environ_overrides=cut)
    assert answer.status_code == 400
    assert kept() is None
    assert create(keeper).status_code == 303


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "begins with a letter"),
        ({"name": "9"}, "begins with a letter"),
        ({"value": ""}, "This is required."),
        ({"value": "whsec_?"}, "After whsec_ comes base64"),
        ({"hosts": "a.example.com\nhttps://b.example.com"}, "is not a host"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_only_the_value_is_lost(keeper, typed, words):
    typed = {"name": "TOKEN", "value": VALUE, "hosts": "a.example.com"} | typed
    answer = keeper.post("/secrets", typed)
    assert answer.status_code == 422
    assert words in said(answer)
    at = re.search(rf'<p id="(\w+)-error" class="field-error">[^<]*{re.escape(words)}', answer.text)
    assert at, "it stands at its field"
    assert f'value="{typed["name"]}"' in answer.text
    assert typed["hosts"].splitlines()[0] in answer.text
    for value in (VALUE, "whsec_?"):
        assert value not in answer.text and str(escape(value)) not in answer.text
    assert "Type the value again" in said(answer)
    assert kept() is None


def test_all_that_is_wrong_is_said_at_once(keeper):
    answer = keeper.post("/secrets", {"name": "9", "value": "whsec_?", "hosts": "http://x"})
    for field in ("name", "value", "hosts"):
        assert f'id="{field}-error"' in answer.text


def test_a_name_that_is_taken_is_said_at_the_name(keeper):
    create(keeper)
    answer = create(keeper)
    assert answer.status_code == 409
    assert 'id="name-error"' in answer.text
    assert "already a secret named TOKEN" in said(answer)


def test_a_random_signing_key_is_shown_once_and_kept_by_no_cache(keeper):
    answer = keeper.post("/secrets", {"name": "KEY", "value": "", "hosts": "", "make": "whsec"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    made = kept("KEY").value
    assert made.startswith("whsec_") and made in answer.text
    for path in ("/secrets", "/secrets/KEY"):
        assert made not in keeper.get(path).text
    with keeper.client.session_transaction() as cookie:
        assert made not in str(dict(cookie))


def test_a_rotation_keeps_the_old_one_as_long_as_is_chosen(keeper):
    create(keeper)
    page = keeper.get("/secrets/TOKEN").text
    assert '<option selected value="24">' in page
    answer = keeper.post("/secrets/TOKEN/rotate", {"value": NEXT, "keep": "168", "until": ""})
    assert answer.status_code == 303
    assert (kept().value, kept().previous) == (NEXT, VALUE)
    assert "the old value is valid until" in said(keeper.get("/secrets/TOKEN"))
    clock.travel(timedelta(days=7, minutes=1))
    assert kept().previous is None
    assert "the old value is valid until" not in said(keeper.get("/secrets/TOKEN"))


def test_a_rotation_may_name_a_time(keeper):
    create(keeper)
    until = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    keeper.post("/secrets/TOKEN/rotate", {"value": NEXT, "keep": "0", "until": until})
    clock.travel(timedelta(days=1))
    assert kept().previous == VALUE


def test_a_rotation_to_a_random_key_shows_it_once(keeper):
    create(keeper)
    answer = keeper.post("/secrets/TOKEN/rotate", {"make": "whsec", "keep": "24"})
    assert answer.status_code == 200 and kept().value in answer.text
    assert kept().previous == VALUE


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"value": VALUE}, "value", "the value that it has already"),
        ({"value": ""}, "value", "required"),
        ({"until": "tomorrow"}, "until", "Write a time such as"),
        ({"until": "2999-01-01T00:00"}, "until", "a year at most"),
    ],
)
def test_a_rotation_that_is_refused_changes_nothing(keeper, typed, field, words):
    create(keeper)
    typed = {"value": NEXT, "keep": "168", "until": ""} | typed
    answer = keeper.post("/secrets/TOKEN/rotate", typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text and words in said(answer)
    assert '<option selected value="168">' in answer.text, "what was chosen stays"
    assert NEXT not in answer.text
    assert (kept().value, kept().previous) == (VALUE, None)


def test_where_it_may_go_is_changed_without_the_value(keeper):
    create(keeper, hosts="a.example.com")
    assert keeper.post("/secrets/TOKEN/hosts", {"hosts": ""}).status_code == 303
    assert kept().hosts == ()
    answer = keeper.post("/secrets/TOKEN/hosts", {"hosts": "b.example.com\nnot a host"})
    assert answer.status_code == 422
    assert 'id="hosts-error"' in answer.text and "b.example.com" in answer.text
    assert kept().hosts == ()


def test_deleting_warns_of_those_who_use_it(keeper):
    create(keeper)
    config = {"auth": {"type": "bearer", "secret": "TOKEN"}}
    publish(webhook("send", config=config), name="Order fulfilment")
    page = said(keeper.get("/secrets/TOKEN"))
    assert "1 template" in page
    assert "Steps of Order fulfilment will fail" in page
    assert "There is no secret named TOKEN." in page
    assert keeper.post("/secrets/TOKEN/delete").location == "/secrets"
    assert kept() is None
    assert "TOKEN is gone" in said(keeper.get("/secrets"))


def test_one_whose_key_is_gone_says_so(app, keeper):
    create(keeper)
    with transaction.writing() as session:
        secrets.find(session, "TOKEN").key_id = "k0"
    assert "TOKEN can't be read" in said(keeper.get("/secrets"))
    assert "its key is not in ENCRYPTION_KEYS any more" in said(keeper.get("/secrets/TOKEN"))


def test_an_author_who_may_not_add_automation_sees_names_and_no_forms(visit):
    keep("TOKEN")
    author = visit("author")
    for path in ("/secrets", "/secrets/TOKEN"):
        page = author.get(path)
        assert "TOKEN" in said(page)
        assert 'action="/secrets' not in page.text
    for path in ("/secrets", *(f"/secrets/TOKEN/{verb}" for verb in ("rotate", "hosts", "delete"))):
        assert author.post(path, {"name": "X", "value": VALUE}).status_code == 403


@pytest.mark.parametrize(
    ("role", "there"), [("viewer", False), ("operator", False), ("author", True), ("admin", True)]
)
def test_the_way_there_stands_where_one_may_go(visit, role, there):
    assert ('href="/secrets"' in visit(role).get("/").text) == there


def test_what_is_not_there_is_not_found(keeper):
    for path in ("/secrets/NONE", "/secrets/a b", "/secrets/1"):
        assert keeper.get(path).status_code == 404
    assert keeper.post("/secrets/NONE/rotate", {"value": NEXT}).status_code == 404


def test_without_any_the_page_teaches(keeper):
    assert "No secrets yet" in said(keeper.get("/secrets"))
