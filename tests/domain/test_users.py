"""People as admins manage them."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.domain import account_links, people, sessions, tokens, users
from app.domain.people import Actor, actor_of
from app.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from app.models import AuditEntry, PushSubscription, User
from app.schemas.people import TokenIn, UserChange, UserIn, WelcomeIn
from tests.support.at_once import at_once
from tests.support.cast import NO_MAIL, PASSWORD, ROOT, group, invite, person
from tests.support.looking import change, look
from tests.support.marks import both_databases
from tests.support.workflows import begin, publish, task


@pytest.fixture(autouse=True)
def _hash_quickly(hash_quickly):
    """Real argon2, with as little work as it allows."""


def audited() -> list[tuple]:
    rows = look(lambda s: list(s.scalars(select(AuditEntry).order_by(AuditEntry.id))))
    return [(row.action, row.subject_id, row.reason, row.before, row.after) for row in rows]


def give(user: User, actor: Actor = ROOT, **wish: object) -> User:
    return change(users.change, user.id, UserChange.read(wish), actor)


@both_databases
def test_a_role_is_changed_and_written_down_with_what_was_before(app):
    otto = person("otto@example.com")
    give(otto, role="author", mayAddAutomation=True, reason="He writes templates now.")
    found = look(lambda session: users.read(session, otto.id))
    assert (found.role, found.may_add_automation) == ("author", True)
    assert audited() == [
        (
            "user.changed",
            "otto@example.com",
            "He writes templates now.",
            {"name": "Otto", "role": "operator", "mayAddAutomation": False},
            {"name": "Otto", "role": "author", "mayAddAutomation": True},
        )
    ]


def test_a_change_that_changes_nothing_is_not_written_down(app):
    give(person("otto@example.com"), role="operator")
    assert audited() == []


def test_nobody_changes_their_own_role_or_permission(app):
    ada = person("ada@example.com", "admin")
    person("second@example.com", "admin")
    for wish in ({"role": "viewer"}, {"mayAddAutomation": True}):
        with pytest.raises(Forbidden, match="their own"):
            give(ada, actor_of(ada), **wish)
    with pytest.raises(Forbidden, match="yourself"):
        change(users.deactivate, ada.id, actor_of(ada))


@both_databases
def test_the_last_admin_who_can_sign_in_stays_one(app):
    ada = person("ada@example.com", "admin")
    invite("invited@example.com", "admin")
    person("gone@example.com", "admin", active=False)
    with pytest.raises(Conflict, match="last admin"):
        give(ada, role="author")
    with pytest.raises(Conflict, match="last admin"):
        change(users.deactivate, ada.id, ROOT)
    person("second@example.com", "admin")
    assert give(ada, role="author").role == "author"


def test_an_admin_who_can_not_sign_in_is_not_the_last_who_can(app):
    nora, _ = invite("nora@example.com", "admin")
    change(users.deactivate, nora, ROOT)
    assert not look(lambda session: session.get_one(User, nora).active)
    change(users.change, nora, UserChange.read({"role": "viewer"}), ROOT)


@both_databases
@pytest.mark.parametrize("turn", range(3))
def test_of_two_admins_who_send_each_other_away_one_stays(app, turn):
    ada, second = person("ada@example.com", "admin"), person("second@example.com", "admin")

    def send_away(whom: int, actor: Actor) -> bool:
        try:
            return not change(users.deactivate, whom, actor).active
        except Conflict:
            return False

    pairs = [(second.id, actor_of(ada)), (ada.id, actor_of(second))]
    gone = at_once(app, *(partial(send_away, *pair) for pair in pairs))
    assert gone in ([True, False], [False, True])


@both_databases
def test_who_is_deactivated_is_out_and_what_they_left_is_counted(app):
    otto = person("otto@example.com")
    carried = change(sessions.begin, otto.id, "Firefox", "192.0.2.1")
    link = change(users.new_link, otto.id, ROOT, NO_MAIL)
    change(subscribe, otto.id)
    publish(
        task("pack", assignee="user:otto@example.com"), task("ship", assignee=f"user:{otto.id}")
    )
    begin()

    change(users.deactivate, otto.id, ROOT, "He left.")

    assert look(lambda session: sessions.find(session, carried)) is None
    with pytest.raises(NotFound):
        look(lambda session: account_links.read(session, link.url.rpartition("/")[2]))
    assert look(lambda session: session.scalars(select(PushSubscription)).all()) == []
    assert audited()[-1] == (
        "user.deactivated",
        "otto@example.com",
        "He left.",
        {"active": True},
        {"active": False, "openSteps": 2, "tokens": 0},
    )


@both_databases
@pytest.mark.parametrize("leave", ["deactivated", "admin no more"])
def test_what_an_admin_made_ends_with_their_power(app, leave):
    ada, otto = person("ada@example.com", "admin"), person("otto@example.com")
    person("second@example.com", "admin")
    link = change(users.new_link, otto.id, actor_of(ada), NO_MAIL)
    wish = TokenIn.read({"name": "shop", "role": "admin"})
    _, theirs = change(tokens.create, wish, actor_of(ada).name)
    _, others = change(tokens.create, wish, ROOT.name)

    if leave == "deactivated":
        change(users.deactivate, ada.id, ROOT, "She left.")
    else:
        give(ada, role="author", reason="She left.")

    with pytest.raises(NotFound, match="leads nowhere"):
        owner(link.url)
    with pytest.raises(Unauthorized, match="revoked"):
        look(lambda session: people.find_token(session, theirs))
    assert look(lambda session: people.find_token(session, others)).revoked_at is None
    revoked, ended = audited()[-2:]
    assert (revoked[0], revoked[2]) == ("token.revoked", "She left.")
    assert ended[4]["tokens"] == 1


@both_databases
def test_what_a_program_of_an_admin_made_ends_with_the_admin_too(app):
    ada, otto = person("ada@example.com", "admin"), person("otto@example.com")
    person("second@example.com", "admin")
    first, _ = change(tokens.create, token_wish("first"), actor_of(ada).name)
    change(tokens.create, token_wish("second"), "api:first")
    _, third = change(tokens.create, token_wish("third"), "api:second")
    _, others = change(tokens.create, token_wish("others"), "api:of-somebody-else")
    link = change(users.new_link, otto.id, Actor("api:third", "admin", True), NO_MAIL)
    change(tokens.revoke, first.id, ROOT.name)  # what it made goes on, and is Ada's

    change(users.deactivate, ada.id, ROOT, "She left.")

    with pytest.raises(NotFound, match="leads nowhere"):
        owner(link.url)
    with pytest.raises(Unauthorized, match="revoked"):
        look(lambda session: people.find_token(session, third))
    assert look(lambda session: people.find_token(session, others)).revoked_at is None
    assert audited()[-1][4]["tokens"] == 2


def token_wish(name: str) -> TokenIn:
    return TokenIn.read({"name": name, "role": "admin"})


def test_another_name_or_a_permission_ends_nothing(app):
    ada = person("ada@example.com", "admin")
    change(tokens.create, TokenIn.read({"name": "shop", "role": "viewer"}), actor_of(ada).name)
    give(ada, name="Ada L.", mayAddAutomation=True)
    assert len(look(lambda session: users.tokens_of(session, ada))) == 1


def subscribe(session, user_id: int) -> None:
    row = PushSubscription(user_id=user_id, endpoint_hash="x", endpoint="https://push.example.com")
    row.p256dh, row.auth, row.created_at = "x", "x", clock.now()
    session.add(row)


def test_who_is_reactivated_comes_with_the_password_they_had(app):
    otto = person("otto@example.com", active=False)
    change(users.reactivate, otto.id, ROOT, "He is back.")
    known = look(lambda s: people.hash_to_check(s, "otto@example.com", "192.0.2.1"))
    assert people.password_fits(known, PASSWORD)
    assert [row[0] for row in audited()] == ["user.reactivated"]


def test_who_may_not_come_gets_no_link(app):
    otto = person("otto@example.com", active=False)
    with pytest.raises(Conflict, match="reactivate them first"):
        change(users.new_link, otto.id, ROOT, NO_MAIL)


@both_databases
def test_whose_address_is_long_is_called_by_its_beginning(app):
    nora, _ = invite(f"{'n' * 200}@example.com")
    assert look(lambda session: session.get_one(User, nora).name) == "n" * 120


@both_databases
def test_an_address_is_invited_once(app):
    invite("Nora@Example.com")
    with pytest.raises(Conflict):
        invite("nora@example.com")


@both_databases
def test_a_link_sets_a_password_once(app):
    nora, url = invite("nora@example.com")
    token = url.rpartition("/")[2]
    new = people.hash_password(PASSWORD)
    change(account_links.accept, token, WelcomeIn(name="Nora"), new)
    assert look(lambda session: session.get_one(User, nora).name) == "Nora"
    with pytest.raises(NotFound, match="already used"):
        change(account_links.accept, token, WelcomeIn(), new)


@both_databases
def test_a_link_that_set_a_password_ends_the_others(app):
    nora, url = invite("nora@example.com")
    other = change(lambda s: people.make_sign_in_link(s, s.get_one(User, nora)))
    new = people.hash_password(PASSWORD)
    change(account_links.accept, url.rpartition("/")[2], WelcomeIn(name="Nora"), new)
    with pytest.raises(Unauthorized, match="does not exist"):
        change(people.use_sign_in_link, other)


def owner(url: str) -> str:
    """Whose link it is, as long as it is good."""
    token = url.rpartition("/")[2]
    return look(lambda session: account_links.read(session, token)[1].email)


def test_a_new_link_ends_the_one_before(app):
    nora, first = invite("nora@example.com")
    second = change(users.new_link, nora, ROOT, NO_MAIL)
    with pytest.raises(NotFound, match="leads nowhere"):
        look(lambda session: account_links.read(session, first.rpartition("/")[2]))
    assert owner(second.url) == "nora@example.com"


def test_a_link_ends_after_a_week_a_password_link_after_a_day(app):
    _, url = invite("nora@example.com")
    otto = person("otto@example.com")
    reset = change(users.new_link, otto.id, ROOT, NO_MAIL)
    clock.travel(timedelta(days=1, seconds=1))
    with pytest.raises(NotFound, match="too old"):
        look(lambda session: account_links.read(session, reset.url.rpartition("/")[2]))
    assert owner(url) == "nora@example.com"
    clock.travel(timedelta(days=7, seconds=1))
    with pytest.raises(NotFound, match="too old"):
        look(lambda session: account_links.read(session, url.rpartition("/")[2]))


def test_an_invitation_signs_nobody_in_by_itself(app):
    _, url = invite("nora@example.com")
    with pytest.raises(Unauthorized, match="does not exist"):
        change(people.use_sign_in_link, url.rpartition("/")[2])


def test_a_new_password_signs_out_everywhere_and_forgives_failures(app):
    otto = person("otto@example.com")
    carried = change(sessions.begin, otto.id, "Firefox", "192.0.2.1")
    for _ in range(people.FAILURES_ALLOWED):
        change(people.note_failure, otto.email, "192.0.2.1")
    link = change(users.new_link, otto.id, ROOT, NO_MAIL)
    new = people.hash_password("another horse battery")
    change(account_links.accept, link.url.rpartition("/")[2], WelcomeIn(name="Ignored"), new)
    assert look(lambda session: sessions.find(session, carried)) is None
    assert look(lambda s: people.hash_to_check(s, otto.email, "192.0.2.1")) == new
    assert look(lambda session: session.get_one(User, otto.id).name) == "Otto"


@both_databases
def test_people_are_found_by_words_role_and_state(app):
    person("otto@example.com")
    person("gone@example.com", active=False)
    invite("nora_x@example.com", "author")
    group("finance", "otto@example.com")

    def found(**more: Any) -> list[str]:
        rows, _ = look(lambda session: users.list_users(session, **more))
        return [row.email.partition("@")[0] for row in rows]

    assert found() == ["nora_x", "gone", "otto"]
    assert found(text="OTTO@") == ["otto"]
    assert found(text="a_x") == ["nora_x"] and found(text="o_t") == []
    assert found(role="author") == ["nora_x"]
    assert found(state="active") == ["otto"]
    assert found(state="inactive") == ["gone"]
    assert found(state="invited") == ["nora_x"]
    first, further = look(lambda session: users.list_users(session, limit=2))
    rest, end = look(lambda session: users.list_users(session, before=further, limit=2))
    assert (len(first), [row.groups for row in rest], end) == (2, [["finance"]], None)


def test_what_is_no_mail_address_is_refused_at_its_field(app):
    with pytest.raises(Invalid) as invalid:
        change(users.invite, UserIn.read({"email": "nobody", "role": "viewer"}), ROOT, NO_MAIL)
    assert [fault.path for fault in invalid.value.errors] == ["email"]
