"""Coming and going."""

from datetime import timedelta

import pytest
from flask_login import current_user
from sqlalchemy import func, select

from app import clock, transaction
from app.domain import people
from app.errors import Unauthorized
from app.models import SignInFailure, User
from app.web.auth import enter, local_path
from tests.web.conftest import Person, said

EMAIL, PASSWORD = "mara@example.com", "correct horse battery"


@pytest.fixture
def mara(app) -> Person:
    """Somebody who has an account and has not signed in."""
    with transaction.writing() as session:
        people.create_user(session, EMAIL, "Mara", "operator", PASSWORD)
    return Person(app, None)


def sign_in(person: Person, password: str = PASSWORD, email: str = EMAIL, path: str = "/sign-in"):
    return person.post(path, {"email": email, "password": password})


def test_with_the_right_password_one_is_in(mara):
    answer = sign_in(mara, email=" Mara@Example.com ")
    assert (answer.status_code, answer.location) == (303, "/")
    assert "signed in as Mara , operator" in said(mara.get("/"))


def test_a_page_leads_to_the_sign_in_and_from_there_back(mara):
    asked = mara.get("/instances?state=ATTENTION")
    assert asked.status_code == 302
    answer = sign_in(mara, path=asked.location)
    assert answer.location == "/instances?state=ATTENTION"


def test_a_wrong_password_and_an_unknown_account_are_answered_alike(mara):
    wrong = sign_in(mara, "wrong password")
    unknown = sign_in(mara, "wrong password", email="nobody@example.com")
    assert wrong.status_code == unknown.status_code == 401
    assert said(wrong) == said(unknown)
    assert "do not fit together" in said(wrong)
    assert f'value="{EMAIL}"' in wrong.text
    assert "wrong password" not in wrong.text


def test_failures_are_written_down_and_slow_guessers_down(mara):
    for _ in range(people.FAILURES_ALLOWED):
        assert sign_in(mara, "a guess").status_code == 401
    with transaction.reading() as session:
        assert session.scalar(select(func.count()).select_from(SignInFailure)) == 20
    refused = sign_in(mara)
    assert refused.status_code == 429
    assert "Wait 15 minutes" in said(refused)
    clock.travel(timedelta(minutes=16))
    assert sign_in(mara).status_code == 303


def test_an_empty_form_is_answered_at_its_fields(mara):
    answer = mara.post("/sign-in", {"email": "", "password": ""})
    assert "This field is required." in said(answer)


def test_nul_in_an_address_is_a_wrong_address(mara):
    assert sign_in(mara, email="a\x00b@example.com").status_code == 401


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "http:/evil.example",
        "///evil.example",
        "",
    ],
)
def test_nobody_is_led_to_another_site(mara, app, wanted):
    with app.test_request_context():
        assert local_path(wanted) == "/"
    answer = mara.post(
        "/sign-in", {"email": EMAIL, "password": PASSWORD}, query_string={"next": wanted}
    )
    assert answer.location == "/"


def test_signing_in_begins_a_session_of_its_own(mara):
    mara.get("/sign-in")
    with mara.client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    sign_in(mara)
    with mara.client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_who_signs_in_ends_the_session_that_was_there_before(mara, app):
    sign_in(mara)
    copy = Person(app, None)
    copy.client.set_cookie("runsheet", mara.client.get_cookie("runsheet").value)
    assert copy.get("/").status_code == 200
    sign_in(mara)
    assert (mara.get("/").status_code, copy.get("/").status_code) == (200, 302)


def test_a_sign_in_that_was_ended_at_once_lets_nobody_in(mara, app):
    with app.test_request_context():
        with pytest.raises(Unauthorized, match="ended already"):
            enter("1.made-up")
        assert not current_user.is_authenticated


def test_who_is_in_is_not_asked_to_sign_in(operator):
    assert operator.get("/sign-in?next=/tasks").location == "/tasks"


def test_signing_out_ends_this_session_and_no_other(mara, app):
    elsewhere = Person(app, None)
    sign_in(mara)
    sign_in(elsewhere)
    answer = mara.post("/sign-out")
    assert answer.location == "/sign-in"
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert (mara.get("/").status_code, elsewhere.get("/").status_code) == (302, 200)


def test_who_was_set_inactive_is_out(mara):
    sign_in(mara)
    with transaction.writing() as session:
        session.query(User).update({"active": False})
    assert mara.get("/").status_code == 302
    assert sign_in(mara).status_code == 401


def link_for(next_path: str = "/tasks") -> str:
    with transaction.writing() as session:
        user = session.scalars(select(User)).one()
        return f"/sign-in/link/{people.make_sign_in_link(session, user, next_path)}"


def test_a_link_signs_in_once_and_leads_on(mara, app):
    link = link_for()
    answer = mara.get(link)
    assert (answer.status_code, answer.location) == (303, "/tasks")
    assert mara.get("/tasks").status_code == 200
    assert mara.get(link).location == "/"  # opened twice by the same person
    again = Person(app, None).get(link)
    assert again.status_code == 401
    assert "already used" in said(again)


def test_a_link_is_not_used_up_by_looking_ahead(mara):
    link = link_for()
    mara.ask("HEAD", link)
    mara.get(link, headers={"Sec-Purpose": "prefetch;prerender"})
    assert mara.get(link).status_code == 303


def test_a_link_that_was_made_up_is_refused(mara):
    answer = mara.get("/sign-in/link/made-up")
    assert answer.status_code == 401
    assert "does not exist" in said(answer)


def test_a_link_leads_nowhere_else(mara):
    assert mara.get(link_for("//evil.example")).location == "/"
