"""A person's password, where they are signed in, and the look that follows them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.domain import audit, people
from app.domain.audit import Filter
from app.models import BrowserSession, User
from tests.support.cast import PASSWORD, person
from tests.support.looking import look
from tests.web.conftest import Person, said

EMAIL = "mara@example.com"
NEW = {"old": PASSWORD, "password": "another horse", "again": "another horse"}
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture(autouse=True)
def mara(app, hash_quickly) -> User:
    return person(EMAIL)


@pytest.fixture
def here(app) -> Person:
    return come(app)


def come(app, **headers: str) -> Person:
    """She signs in, in another browser."""
    browser = Person(app, None)
    sent = {"email": EMAIL, "password": PASSWORD}
    assert browser.post("/sign-in", sent, headers=headers or FIREFOX).status_code == 303
    return browser


def sessions() -> list[BrowserSession]:
    return look(lambda s: list(s.scalars(select(BrowserSession).order_by(BrowserSession.id))))


def test_every_sign_in_is_a_session_of_its_own(app, here):
    come(app, **{"User-Agent": "Mozilla/5.0 (iPhone) Safari/604.1"})
    page = said(here.get("/account"))
    assert "Firefox on Linux this one" in page
    assert "Safari on iPhone" in page
    assert [row.browser for row in sessions()] == ["Firefox on Linux", "Safari on iPhone"]


def test_a_session_that_is_ended_is_refused_at_once(app, here):
    elsewhere = come(app)
    assert elsewhere.get("/").status_code == 200
    answer = here.post("/account/sessions/2/end")
    assert answer.location == "/account#sessions"
    assert elsewhere.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_ones_own_session_may_be_ended_too(here):
    assert here.post("/account/sessions/1/end").location == "/sign-in"
    assert here.get("/").status_code == 302


def test_all_others_are_ended_at_once(app, here):
    others = [come(app), come(app)]
    here.post("/account/sessions/end-others")
    assert "2 other browsers are signed out." in said(here.get("/account"))
    assert [other.get("/").status_code for other in others] == [302, 302]


def test_nobody_ends_the_session_of_somebody_else(here, operator):
    operator.post("/account/sessions/1/end")
    assert here.get("/").status_code == 200


def test_a_cookie_that_was_copied_ends_with_its_session(app, here):
    thief = Person(app, None)
    thief.client.set_cookie("runsheet", here.client.get_cookie("runsheet").value)
    assert thief.get("/").status_code == 200
    here.post("/sign-out")
    assert thief.get("/").status_code == 302


def test_that_somebody_is_there_is_written_once_a_minute(here):
    seen = []
    for seconds in (0, 30, 61, 90):
        clock.travel(timedelta(seconds=seconds))
        here.get("/tasks")
        seen.append(sessions()[0].seen_at)
    assert seen[0] == seen[1] < seen[2] == seen[3]


def test_a_password_is_changed_and_all_other_sessions_end(app, here):
    elsewhere = come(app)
    answer = here.post("/account/password", NEW)
    assert answer.location == "/account"
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    sent = {"email": EMAIL, "password": NEW["password"]}
    assert elsewhere.post("/sign-in", sent).status_code == 303


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"old": "wrong password"}, "This is not your present password."),
        ({"password": "brief one", "again": "brief one"}, "at least 10 characters"),
        ({"again": "another one"}, "This is not the same."),
    ],
)
def test_a_password_that_is_not_right_stays_as_it_was(app, here, typed, words):
    answer = here.post("/account/password", NEW | typed)
    assert answer.status_code == 422
    assert words in said(answer)
    for secret in (NEW | typed).values():
        assert secret not in answer.text
    come(app)


def test_guessing_at_a_browser_that_was_left_open_is_slowed_down(here):
    for _ in range(people.FAILURES_ALLOWED):
        assert here.post("/account/password", NEW | {"old": "a guess"}).status_code == 422
    refused = here.post("/account/password", NEW)
    assert refused.status_code == 429
    assert "Wait 15 minutes" in said(refused)
    clock.travel(timedelta(minutes=16))
    assert here.post("/account/password", NEW).status_code == 303


def audited(action: str) -> list[tuple]:
    entries = look(lambda session: audit.find_all(session, Filter(action=action)))[0]
    return [(one.actor, one.subject_id, one.before, one.after) for one in entries]


def test_a_wrong_password_at_the_account_is_audited_with_its_address(here):
    here.post("/account/password", NEW | {"old": "a guess"})
    (entry,) = audited("user.password-change-failed")
    assert entry == (f"user:{EMAIL}", EMAIL, None, {"address": "127.0.0.1"})


def test_signing_out_is_audited_with_in_how_many_places(app, here):
    come(app)
    come(app)
    here.post("/account/sessions/end-others")
    here.post("/account/sessions/end-others")  # nobody is there any more
    here.post("/sign-out")
    told = [(actor, after) for actor, _, _, after in audited("user.signed-out")]
    assert told == [(f"user:{EMAIL}", {"places": 1}), (f"user:{EMAIL}", {"places": 2})]


def test_what_people_change_about_themselves_is_audited_with_the_phone_masked(here):
    wish = {"name": "Mara", "phone": "+4915112345678", "channels": ["EMAIL"], "theme": "light"}
    for _ in range(2):
        assert here.post("/account", wish).status_code == 303
    (entry,) = audited("user.account-changed")
    before = {"phone": None, "channelsOff": []}
    after = {"phone": "+49…678", "channelsOff": ["IN_APP", "SMS", "PUSH"]}
    assert entry == (f"user:{EMAIL}", EMAIL, before, after)


def test_a_theme_follows_its_person_to_every_browser(app, here):
    assert 'data-theme="' not in here.get("/").text
    assert here.post("/account/theme", {"theme": "dark"}, htmx=True).status_code == 204
    assert 'data-theme="dark"' in come(app).get("/").text
    assert here.post("/account/theme", {"theme": "system"}).status_code == 303
    assert 'data-theme="' not in here.get("/").text
    assert here.post("/account/theme", {"theme": "pink"}).status_code == 422


def test_a_time_zone_is_one_that_there_is(here):
    wish = {"name": "Mara", "theme": "light", "channels": ["IN_APP"]}
    answer = here.post("/account", wish | {"zone": "Europe/Atlantis"})
    assert answer.status_code == 422
    assert "is not a time zone; write one such as Europe/Berlin" in said(answer)
    assert here.post("/account", wish | {"zone": "Europe/Berlin"}).status_code == 303
    row = look(lambda session: session.scalars(select(User)).one())
    assert (row.time_zone, row.theme) == ("Europe/Berlin", "light")
    assert 'value="Europe/Berlin"' in here.get("/account").text
