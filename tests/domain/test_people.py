"""Users, signing in, one-time links, API tokens."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.domain import accounts, people
from app.errors import Conflict, Invalid, TooManyTries, Unauthorized
from app.models import ApiToken, SignInFailure, SignInLink, User
from tests.conftest import hasher_of_production
from tests.support.looking import change, look
from tests.support.marks import both_databases

PASSWORD = "correct horse battery"
HOME = "192.0.2.1"


@pytest.fixture(autouse=True)
def _hash_quickly(hash_quickly):
    """Passwords are many here."""


@pytest.fixture
def ada(app) -> User:
    return create()


def create(email: str = "ada@example.com", role: str = "operator", **more: Any) -> User:
    return change(people.create_user, email, "Ada", role, PASSWORD, **more)


def sign_in(email: str = "ada@example.com", password: str = PASSWORD, address: str = HOME):
    known = change(people.hash_to_check, email, address)
    fits = people.password_fits(known, password)
    return change(people.sign_in, email, address, fits=fits, known=known)


def guess(times: int, email: str = "ada@example.com", address: str = HOME) -> None:
    for _ in range(times):
        assert sign_in(email, "wrong", address) is None


@both_databases
def test_the_right_password_signs_in(app):
    ada = create()
    user = sign_in("  ADA@example.com ")

    assert user is not None and user.id == ada.id
    assert user.last_sign_in_at is not None


@both_databases
def test_a_password_that_was_replaced_while_it_was_checked_does_not_sign_in(app):
    ada = create()
    known = look(lambda session: people.hash_to_check(session, ada.email, HOME))
    new = people.hash_password("another horse battery")
    change(lambda session: setattr(session.get_one(User, ada.id), "password_hash", new))
    assert change(people.sign_in, ada.email, HOME, fits=True, known=known) is None
    assert sign_in(password="another horse battery") is not None


@both_databases
def test_a_password_that_was_replaced_meanwhile_is_not_changed_by_who_knows_the_old_one(app):
    ada = create()
    old, new = ada.password_hash, people.hash_password("another horse battery")
    change(accounts.change_password, ada.id, new, 0, old)
    with pytest.raises(Invalid) as invalid:
        change(accounts.change_password, ada.id, "a third", 0, old)
    assert [fault.path for fault in invalid.value.errors] == ["old"]
    assert look(lambda session: session.get_one(User, ada.id).password_hash) == new


def test_a_password_is_kept_as_a_hash_only(ada):
    assert ada.password_hash is not None and ada.password_hash.startswith("$argon2id$")
    assert PASSWORD not in ada.password_hash


def test_a_password_is_hashed_with_as_much_work_as_the_library_advises(monkeypatch):
    monkeypatch.setattr(people, "_hasher", hasher_of_production)
    work = people.hash_password(PASSWORD).split("$")[3]
    assert dict(part.split("=") for part in work.split(",")) == {"m": "65536", "t": "3", "p": "4"}


def test_wrong_password_unknown_and_inactive_accounts_get_the_same_answer(ada):
    def deactivate(session):
        session.get(User, ada.id).active = False

    assert sign_in(password="wrong") is None
    assert sign_in("nobody@example.com") is None
    change(deactivate)
    assert sign_in() is None


def test_an_unknown_account_costs_as_much_work_as_a_known_one(ada, monkeypatch):
    verified = []
    hasher = people._hasher

    class Counting:
        def verify(self, known: str, password: str) -> bool:
            verified.append(known.rsplit("$", 2)[0].split("$")[1:4])
            return hasher().verify(known, password)

        def hash(self, password: str) -> str:
            return hasher().hash(password)

    monkeypatch.setattr(people, "_hasher", Counting)
    sign_in(password="wrong")
    sign_in("nobody@example.com")

    assert len(verified) == 2
    assert verified[0] == verified[1]


def test_a_user_without_a_password_can_not_sign_in_with_one(ada):
    def forget(session):
        session.get(User, ada.id).password_hash = None

    change(forget)
    assert sign_in() is None
    assert sign_in(password="") is None


@both_databases
def test_after_ten_failures_even_the_right_password_waits_fifteen_minutes(app):
    create()
    guess(10)
    with pytest.raises(TooManyTries):
        sign_in()
    with pytest.raises(TooManyTries):
        sign_in(address="198.51.100.1")
    clock.travel(timedelta(minutes=15, seconds=1))

    assert sign_in() is not None


def test_unknown_accounts_are_throttled_alike(ada):
    guess(10, "nobody@example.com")
    with pytest.raises(TooManyTries):
        sign_in("nobody@example.com")
    assert sign_in() is not None


def test_signing_in_forgives_earlier_failures_of_the_account(ada):
    guess(9)
    assert sign_in() is not None
    guess(9)
    assert sign_in() is not None


def test_an_address_that_guesses_many_accounts_is_throttled_for_all(ada):
    for n in range(50):
        guess(1, f"user{n}@example.com")
    with pytest.raises(TooManyTries):
        sign_in()
    assert sign_in(address="198.51.100.1") is not None


def test_old_failures_are_forgotten_and_deleted(ada):
    guess(5)
    clock.travel(timedelta(minutes=20))
    sign_in()

    rows = look(lambda s: s.scalar(select(func.count()).select_from(SignInFailure)))
    assert rows == 0


@both_databases
def test_a_one_time_link_signs_in_once(app):
    ada = create()
    token = change(people.make_sign_in_link, ada, "/instances/1")
    user, path = change(people.use_sign_in_link, token)
    assert (user.id, path) == (ada.id, "/instances/1")

    with pytest.raises(Unauthorized, match="already used"):
        change(people.use_sign_in_link, token)


def test_a_one_time_link_ends_after_twelve_hours(ada):
    token = change(people.make_sign_in_link, ada)
    clock.travel(timedelta(hours=12, seconds=1))
    with pytest.raises(Unauthorized):
        change(people.use_sign_in_link, token)


def test_a_link_that_nobody_made_does_not_exist(ada):
    with pytest.raises(Unauthorized, match="does not exist"):
        change(people.use_sign_in_link, "made up")


def test_a_link_of_somebody_who_left_does_not_work(ada):
    def deactivate(session):
        session.get(User, ada.id).active = False

    token = change(people.make_sign_in_link, ada)
    change(deactivate)
    with pytest.raises(Unauthorized):
        change(people.use_sign_in_link, token)


def test_links_and_tokens_are_kept_as_hashes_only(ada):
    link = change(people.make_sign_in_link, ada)
    token = change(people.create_token, "shop", "operator")

    stored_link = look(lambda session: session.scalars(select(SignInLink)).one())
    stored_token = look(lambda session: session.scalars(select(ApiToken)).one())
    assert stored_link.token_hash == people.hashed(link) != link
    assert stored_token.token_hash == people.hashed(token) != token
    assert (stored_token.hint, token[:3]) == (token[-4:], "rs_")


@both_databases
def test_a_token_stands_for_its_role(app):
    actor = change(people.actor_of_token, change(people.create_token, "shop", "operator"))
    assert (actor.name, actor.role, actor.may_add_automation) == ("api:shop", "operator", False)
    admin = change(people.actor_of_token, change(people.create_token, "ops", "admin"))
    assert admin.may_add_automation


def test_unknown_revoked_and_expired_tokens_are_refused(app):
    revoked = change(people.create_token, "revoked", "viewer")
    expired = change(people.create_token, "expired", "viewer")

    def end(session):
        for row in session.scalars(select(ApiToken)):
            if row.name == "revoked":
                row.revoked_at = clock.now()
            else:
                row.expires_at = clock.now() - timedelta(seconds=1)

    change(end)
    for token in (revoked, expired, "rs_made_up", ""):
        with pytest.raises(Unauthorized):
            change(people.actor_of_token, token)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        (("nobody", "Ada", "operator", PASSWORD), "email"),
        (("a@" + "x" * 300, "Ada", "operator", PASSWORD), "email"),
        (("ada@example.com", "A" * 121, "operator", PASSWORD), "name"),
        (("ada@example.com", "Ada", "king", PASSWORD), "role"),
        (("ada@example.com", "Ada", "operator", "short"), "password"),
    ],
)
def test_what_is_no_user_is_refused_at_its_field(app, values, path):
    with pytest.raises(Invalid) as invalid:
        change(people.create_user, *values)
    assert [fault.path for fault in invalid.value.errors] == [path]


@pytest.mark.parametrize(
    ("name", "role", "path"),
    [("x", "king", "role"), ("", "admin", "name"), ("x" * 121, "admin", "name")],
)
def test_what_is_no_token_is_refused_at_its_field(app, name, role, path):
    with pytest.raises(Invalid) as invalid:
        change(people.create_token, name, role)
    assert [fault.path for fault in invalid.value.errors] == [path]


@both_databases
def test_an_address_belongs_to_one_person(app):
    create()
    with pytest.raises(Conflict):
        create("ADA@Example.com")


def test_only_admins_and_who_may_add_automation_may(app):
    assert not people.actor_of(create("a@example.com", "author")).may_add_automation
    assert people.actor_of(create("b@example.com", "admin")).may_add_automation
    may = create("c@example.com", "author", may_add_automation=True)
    assert people.actor_of(may).may_add_automation
