"""The pages on which admins manage people."""

import re

import pytest
from sqlalchemy import select

from app import transaction
from app.domain import tokens
from app.models import AuditEntry, User
from app.schemas.people import TokenIn
from tests.support.cast import invite, person
from tests.support.looking import change, look
from tests.support.workflows import begin, publish, task
from tests.web.conftest import Person, said


@pytest.fixture(autouse=True)
def _hash_quickly(hash_quickly):
    """Real argon2, with as little work as it allows."""


@pytest.fixture
def admin(visit) -> Person:
    return visit("admin")


def path_in(page) -> str:
    """Where the link on a page leads."""
    (path,) = re.findall(r"/welcome/[\w-]+", page.text)
    return path


def test_the_list_says_who_may_come_and_is_narrowed_in_the_url(admin):
    person("otto@example.com", may_add_automation=True)
    person("gone@example.com", active=False)
    invite("nora@example.com", "author")
    page = said(admin.get("/users"))
    for words in ("Otto", "operator, may add automation", "Deactivated", "Invited", "4 shown"):
        assert words in page
    narrowed = said(admin.get("/users?state=inactive&q=gone"))
    assert "gone@example.com" in narrowed and "otto@example.com" not in narrowed
    assert "No people match" in said(admin.get("/users?role=viewer"))
    assert "4 shown" in said(admin.get("/users?role=king&state=nothing&cursor=x"))


def test_who_is_invited_gets_a_link_that_is_shown_once(admin):
    wish = {"email": "Nora@Example.com", "name": "Nora", "role": "author", "may": "y"}
    answer = admin.post("/users", wish | {"reason": "Writes templates."})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "nora@example.com is invited" in said(answer)
    link = path_in(answer)
    assert link not in admin.get("/users/2").text
    row = look(lambda session: session.get_one(User, 2))
    assert (row.role, row.may_add_automation, row.password_hash) == ("author", True, None)
    entry, _ = look(lambda s: list(s.scalars(select(AuditEntry).order_by(AuditEntry.id))))
    assert (entry.action, entry.actor) == ("user.invited", "user:admin@example.com")
    assert (entry.subject_id, entry.reason) == ("nora@example.com", "Writes templates.")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"email": "nobody"}, "This is not a mail address."),
        ({"email": "admin@example.com"}, "There is already somebody with the address"),
        ({"role": "king"}, "Input should be"),
        ({"name": "x" * 121}, "at most 120"),
        ({"reason": "x" * 501}, "at most 500"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(admin, wish, words):
    given = {"email": "nora@example.com", "name": "Nora", "role": "viewer"} | wish
    answer = admin.post("/users", given)
    assert answer.status_code == 422 + (409 - 422) * ("admin@" in given["email"])
    assert words in said(answer)
    assert f'value="{given["email"]}"' in answer.text


def test_a_role_is_given_and_the_page_says_so(admin):
    person("otto@example.com")
    answer = admin.post("/users/2", {"role": "author", "may": "y", "reason": "Writes."})
    assert answer.location == "/users/2"
    assert "Otto is author now." in said(admin.get("/users/2"))
    admin.post("/users/2", {"role": "author", "reason": ""})
    assert not look(lambda session: session.get_one(User, 2).may_add_automation)


def test_a_role_counts_at_the_next_click_of_who_is_signed_in(admin, visit):
    otto = visit("operator")
    for role, status in (("viewer", 403), ("admin", 200), ("operator", 403)):
        admin.post("/users/2", {"role": role, "reason": "Other work."})
        assert otto.get("/audit").status_code == status


def test_ones_own_role_stays(admin):
    answer = admin.post("/users/1", {"role": "viewer"})
    assert answer.status_code == 403
    assert "Nobody changes their own role" in said(answer)
    assert 'name="role"' not in admin.get("/users/1").text
    assert admin.post("/users/1/deactivate").status_code == 403


def test_the_last_admin_who_can_sign_in_stays(admin):
    person("ada@example.com", "admin")
    for path, wish in (("/users/2", {"role": "viewer"}), ("/users/2/deactivate", {})):
        answer = admin.post(path, wish)
        assert answer.status_code == 409
        assert "ada@example.com is the last admin who can sign in" in said(answer)


def test_before_somebody_is_deactivated_what_waits_for_them_is_listed(admin, visit):
    viewer = visit("viewer")
    publish(task("pack", name="Pack it", assignee="user:viewer@example.com"))
    instance = begin()
    page = admin.get("/users/2")
    assert f'href="/instances/{instance}/steps/pack">Pack it</a>' in page.text
    assert "1 open step stays theirs in the record" in said(page)
    assert "Pack it" not in said(admin.get("/tasks"))

    admin.post("/users/2/deactivate", {"reason": "They left."})
    assert viewer.get("/").status_code == 302
    assert "Pack it" in said(admin.get("/tasks"))
    assert "Deactivated" in said(admin.get("/users/2"))

    admin.post("/users/2/reactivate", {"reason": "They are back."})
    assert viewer.get("/").status_code == 302, "an old cookie stays worth nothing"
    assert "Pack it" not in said(admin.get("/tasks"))


def test_more_steps_than_are_listed_are_said_to_be_more(admin):
    person("otto@example.com")
    publish(task("pack", assignee="user:otto@example.com"), task("ship", assignee="user:2"))
    for _ in range(100):
        begin()
    page = said(admin.get("/users/2"))
    assert "200 or more open steps" in page
    assert "200 or more open steps stay theirs" in page


def test_before_an_admin_is_deactivated_the_tokens_that_end_are_named(admin):
    person("ada@example.com", "admin")
    assert "revoked" not in said(admin.get("/users/2"))
    for name in ("shop", "reports"):
        wish = TokenIn.read({"name": name, "role": "viewer"})
        change(tokens.create, wish, "user:ada@example.com")
    page = said(admin.get("/users/2"))
    assert "2 tokens that they made are revoked : shop, reports." in page


def test_whose_address_is_long_is_called_by_its_beginning_from_a_terminal_too(app):
    email = f"{'n' * 200}@example.com"
    args = ["users", "create", "--email", email, "--password", "correct horse battery"]
    runner = app.test_cli_runner()
    assert "at most 120" in runner.invoke(args=[*args, "--name", "x" * 121]).output
    assert runner.invoke(args=args).exit_code == 0
    assert look(lambda session: session.get_one(User, 1).name) == "n" * 120


def test_a_reason_that_is_too_long_is_refused(admin):
    person("otto@example.com")
    assert admin.post("/users/2/deactivate", {"reason": "x" * 501}).status_code == 422
    assert look(lambda session: session.get_one(User, 2).active)


def test_who_is_not_there_is_not_found(admin):
    for path in ("/users/99", "/users/99/link", "/users/99/deactivate"):
        assert admin.ask("GET" if path == "/users/99" else "POST", path).status_code == 404


# Following the link.


def follow(path: str, person: Person, **typed: str):
    wish = {"name": "Nora", "password": "correct horse", "again": "correct horse"} | typed
    return person.post(path, wish)


def test_a_link_leads_to_a_password_and_that_to_the_console(app, admin):
    path = path_in(admin.post("/users", {"email": "nora@example.com", "role": "author"}))
    nora = Person(app, None)
    assert nora.get(path).status_code == 200
    page = nora.get(path)  # looking does not use it up
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Welcome to Runsheet" in said(page) and "nora@example.com, author" in said(page)

    answer = follow(path, nora)
    assert answer.location == "/sign-in?email=nora@example.com"
    assert nora.get("/").status_code == 302, "a link signs nobody in"
    assert 'value="nora@example.com"' in nora.get(answer.location).text
    sent = {"email": "nora@example.com", "password": "correct horse"}
    assert nora.post("/sign-in", sent).status_code == 303
    assert "signed in as Nora , author" in said(nora.get("/"))
    again = follow(path, Person(app, None))
    assert again.status_code == 404
    assert "already used" in said(again)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"password": "short", "again": "short"}, "at least 10 characters"),
        ({"again": "something else"}, "This is not the same."),
        ({"name": "x" * 121}, "at most 120"),
    ],
)
def test_what_is_wrong_with_a_password_does_not_use_the_link_up(app, typed, words):
    _, url = invite("nora@example.com")
    path, nora = "/welcome/" + url.rpartition("/")[2], Person(app, None)
    answer = follow(path, nora, **typed)
    assert answer.status_code == 422
    assert words in said(answer)
    assert "correct horse" not in answer.text
    assert follow(path, nora).status_code == 303


def test_a_password_link_asks_for_no_name_and_signs_out_everywhere(app, admin, visit):
    person("otto@example.com")
    otto = Person(app, None)
    otto.post("/sign-in", {"email": "otto@example.com", "password": "correct horse battery"})
    assert otto.get("/").status_code == 200
    path = path_in(admin.post("/users/2/link"))
    page = said(Person(app, None).get(path))
    assert "Set a new password" in page and "Your name" not in page
    follow(path, Person(app, None))
    assert otto.get("/").status_code == 302


def test_who_follows_a_link_ends_the_session_that_was_there_before(app, visit):
    _, url = invite("nora@example.com")
    somebody, copy = visit("operator"), Person(app, None)
    copy.client.set_cookie("runsheet", somebody.client.get_cookie("runsheet").value)
    assert copy.get("/").status_code == 200
    assert follow("/welcome/" + url.rpartition("/")[2], somebody).status_code == 303
    assert (somebody.get("/").status_code, copy.get("/").status_code) == (302, 302)


def test_a_link_that_nobody_made_leads_nowhere(app):
    for ask in ("get", "post"):
        answer = getattr(Person(app, None), ask)("/welcome/made-up")
        assert answer.status_code == 404
        assert "This link has ended" in said(answer)


def test_a_link_of_somebody_who_was_sent_away_leads_nowhere(app):
    nora, url = invite("nora@example.com")
    with transaction.writing() as session:
        session.get_one(User, nora).active = False
    assert Person(app, None).get("/welcome/" + url.rpartition("/")[2]).status_code == 404
