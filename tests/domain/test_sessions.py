"""Sessions: one for each sign-in, ended by a word."""

from datetime import timedelta

import pytest

from app import clock
from app.domain import sessions
from app.models import BrowserSession, User
from tests.support.cast import person
from tests.support.looking import change, look
from tests.support.marks import both_databases


@pytest.fixture
def olga(app, hash_quickly) -> User:
    return person("olga@example.com")


def begin(user: User, browser: str = "Firefox on Linux") -> str:
    return change(sessions.begin, user.id, browser, "192.0.2.1")


def is_in(carried: str) -> bool:
    return look(lambda session: sessions.find(session, carried)) is not None


@both_databases
def test_a_cookie_leads_to_its_person_until_it_is_ended(app, hash_quickly):
    olga = person("olga@example.com")
    here, elsewhere = begin(olga), begin(olga)
    assert is_in(here)
    change(sessions.end, olga.id, int(here.partition(".")[0]))
    assert (is_in(here), is_in(elsewhere)) == (False, True)


@pytest.mark.parametrize("carried", ["", ".", "1", "1.", "1.x", "x.y", "-1.x", "1" * 19 + ".x"])
def test_what_is_no_cookie_leads_to_nobody(olga, carried):
    begin(olga)
    assert not is_in(carried)


def test_the_key_is_kept_as_a_hash_only(olga):
    carried = begin(olga)
    row = look(lambda session: session.query(BrowserSession).one())
    assert carried.partition(".")[2] not in repr(vars(row))


def test_it_ends_after_a_week_and_is_forgotten_at_the_next_sign_in(olga):
    old = begin(olga)
    clock.travel(timedelta(days=7, seconds=1))
    assert not is_in(old)
    begin(olga)
    assert look(lambda session: session.query(BrowserSession).count()) == 1


@both_databases
def test_all_but_one_are_ended(app, hash_quickly):
    olga, otto = person("olga@example.com"), person("otto@example.com")
    here, *others, his = begin(olga), begin(olga), begin(olga), begin(otto)
    assert change(sessions.end_all, olga.id, but=int(here.partition(".")[0])) == 2
    assert is_in(here) and is_in(his) and not any(map(is_in, others))


def test_nobody_ends_the_session_of_somebody_else(olga):
    theirs = begin(olga)
    otto = person("otto@example.com")
    change(sessions.end, otto.id, int(theirs.partition(".")[0]))
    assert is_in(theirs)
