"""What strangers wrote is text and nothing else; what browsers are told keeps it so."""

import logging

import pytest
from flask import Flask

from app import bells, create_app, transaction
from app.config import Settings
from app.domain import instances, people, sessions
from app.domain.outcomes import Outcome
from app.models import Group, User
from app.schemas.instance import InstanceIn
from tests.conftest import environment
from tests.support.cast import group, person
from tests.support.looking import do
from tests.support.workflows import OPERATOR, publish, task, webhook, work
from tests.web.conftest import Person, said

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7*7 }} </textarea>"


@pytest.fixture
def evil(app) -> int:
    """An instance in which everything that can be written is an attack."""
    publish(
        task("pack", name=EVIL[:200], config={"instructions": EVIL}, assignee=EVIL),
        webhook("ship", "pack", name=EVIL, config={"body": {"a": EVIL}, "headers": {"X-A": EVIL}}),
        name=EVIL,
        description=EVIL,
        inputSchema={"type": "object", "properties": {"a": {"title": EVIL, "default": EVIL}}},
    )
    with transaction.writing() as session:
        wish = InstanceIn.read({"templateKey": "order", "title": EVIL, "input": {"a": EVIL}})
        instance = instances.start(session, wish, OPERATOR)
    do(instance, "complete", "pack", output={"x": EVIL}, reason=EVIL)
    request = {
        "method": "POST",
        "url": f"https://x/{EVIL}",
        "headers": [[EVIL, EVIL]],
        "body": EVIL,
    }
    response = {"status": 500, "headers": [[EVIL, EVIL]], "body": EVIL}
    work(Outcome(verdict="failed", error=EVIL, status_code=500, request=request, response=response))
    return instance


PAGES = (
    "/",
    "/instances",
    "/instances/1",
    "/instances/1?view=graph",
    "/instances/1?view=data",
    "/instances/1/steps/ship",
    "/instances/1/steps/pack",
    "/tasks?whose=all",
    "/templates",
    "/templates/1?step=pack",
    "/templates/1?step=ship",
    "/templates/1/start",
    "/instances?q=%3Cscript%3Ealert(1)%3C/script%3E",
)


@pytest.mark.parametrize("path", PAGES)
def test_what_strangers_wrote_is_text(visit, evil, path):
    page = visit("admin").get(path)
    assert page.status_code == 200
    assert "<script>alert" not in page.text and "<img src=x" not in page.text
    assert "{{ 7*7 }}" in page.text or "7*7" not in page.text  # nor is it a template


@pytest.mark.parametrize(
    "path",
    [
        "/users",
        "/users/2",
        "/groups",
        "/groups/finance",
        "/tokens",
        "/account",
        "/people/2",
        "/tasks",
    ],
)
def test_what_people_groups_and_tokens_are_called_is_text(visit, hash_quickly, path):
    admin = visit("admin")
    person("nora@example.com", name=EVIL)
    group("finance", "nora@example.com")
    with transaction.writing() as session:
        for row in (session.get_one(User, 1), session.query(Group).one()):
            row.name = EVIL
        people.create_token(session, EVIL, "viewer", created_by=EVIL)
        sessions.begin(session, 1, EVIL, EVIL)
    page = admin.get(path)
    assert page.status_code == 200
    assert "<script>alert" not in page.text and "<img src=x" not in page.text
    assert " style=" not in page.text and " onclick" not in page.text
    assert not [tag for tag in page.text.split("<script")[1:] if "src=" not in tag.split(">")[0]]


def test_what_was_typed_comes_back_as_text(operator, evil):
    do(evil, "retry", "ship")
    answer = operator.post(f"/instances/{evil}/steps/pack/skip", {"reason": EVIL})
    assert answer.status_code == 409
    assert "<script>alert" not in answer.text and "<img src=x" not in answer.text


HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nope", "/static/css/base.css", "/api/docs"])
def test_every_answer_is_protected(operator, path):
    answer = operator.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "Strict-Transport-Security" not in answer.headers
    answer.close()


def test_pages_have_no_inline_script_or_style(operator, order):
    for path in ("/", f"/instances/{order}/steps/pack", "/templates/1?step=ship", "/sign-in"):
        page = operator.get(path).text
        assert " style=" not in page and "<style" not in page
        assert not [tag for tag in page.split("<script")[1:] if "src=" not in tag.split(">")[0]]
        assert " onclick" not in page and "javascript:" not in page


def test_pages_are_not_kept_by_others_and_assets_for_good(operator):
    assert operator.get("/").headers["Cache-Control"] == "private, no-cache"
    page = operator.get("/").text
    asset = page.split('href="/static/css/tokens.css')[1].split('"')[0]
    answer = operator.get(f"/static/css/tokens.css{asset}")
    assert "immutable" in answer.headers["Cache-Control"]
    answer.close()


def test_the_cookie_is_kept_from_scripts_and_other_sites(app, visit):
    stranger = visit(None)
    cookie = stranger.get("/sign-in").headers["Set-Cookie"]
    assert cookie.startswith("runsheet=")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie


def secure_app(database_url: str, **more: str) -> Flask:
    settings = environment(DATABASE_URL=database_url, BASE_URL="https://runsheet.example", **more)
    app = create_app(Settings.load(settings))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=True)
    bells.use(bells.NoBell())
    return app


def test_behind_https_cookies_are_bound_to_it(database_url):
    answer = Person(secure_app(database_url), None).get("/sign-in")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-runsheet=")
    assert "Secure" in cookie and "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_the_host_header_is_not_believed(operator):
    page = operator.get("/", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in page.text
    stranger = operator.client.application.test_client()
    asked = stranger.get("/tasks", headers={"Host": "evil.example"})
    assert asked.location == "/sign-in?next=/tasks"


@pytest.mark.parametrize(("proxies", "address"), [("0", "10.0.0.1"), ("1", "203.0.113.9")])
def test_forwarded_addresses_are_believed_only_from_trusted_proxies(database_url, proxies, address):
    app = secure_app(database_url, TRUSTED_PROXIES=proxies)
    seen: list[str] = []

    @app.before_request
    def _look() -> None:
        from flask import request

        seen.append(request.remote_addr or "")

    Person(app, None).get(
        "/sign-in",
        headers={"X-Forwarded-For": "203.0.113.9"},
        environ_base={"REMOTE_ADDR": "10.0.0.1"},
    )
    assert seen == [address]


def test_an_unknown_page_is_nowhere_and_says_so(operator):
    answer = operator.get("/nope")
    assert answer.status_code == 404
    assert "There is nothing here" in said(answer)
    part = operator.get("/nope", htmx=True)
    assert part.status_code == 404
    assert part.headers["HX-Retarget"] == "#toasts"
    assert "<html" not in part.text


def test_a_bug_is_told_without_its_trace(app, operator, monkeypatch, caplog):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.testing = False

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("app.domain.queries.list_instances", broken)
    with caplog.at_level(logging.CRITICAL):
        answer = operator.get("/")
    assert answer.status_code == 500
    assert "written to the log" in said(answer) and "secret detail" not in answer.text
    part = operator.get("/", htmx=True)
    assert "<hx-partial" in part.text


def test_a_database_that_is_away_says_so(operator, monkeypatch, caplog):
    from sqlalchemy.exc import OperationalError

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("app.domain.queries.list_instances", away)
    answer = operator.get("/")
    assert answer.status_code == 503
    assert "The database does not answer" in said(answer)


def test_a_body_that_is_too_large_is_refused(operator, order):
    answer = operator.post(f"/instances/{order}/pause", {"reason": "x" * 1_100_000})
    assert answer.status_code == 413


def test_a_reason_that_is_too_long_is_refused(operator, order):
    answer = operator.post(f"/instances/{order}/pause", {"reason": "x" * 2001})
    assert answer.status_code == 422


def test_a_wrong_method_is_answered_as_such(operator, order):
    answer = operator.get(f"/instances/{order}/pause")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
