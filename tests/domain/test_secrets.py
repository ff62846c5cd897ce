"""Named secrets: created, rotated, bound, deleted, encrypted anew."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import event, select

from app import clock, transaction
from app.domain import secrets, templates
from app.domain.keyring import Keyring
from app.domain.secret_values import SecretValue, read_values
from app.errors import Conflict, Invalid, NotFound
from app.models import AuditEntry, Secret
from app.schemas.secret import RotateIn, SecretIn
from app.schemas.template import Template
from tests.support.looking import change, look
from tests.support.marks import both_databases
from tests.support.workflows import AUTHOR, publish, task, webhook

pytestmark = pytest.mark.usefixtures("app")
K1 = "k1:" + base64.urlsafe_b64encode(b"1" * 32).decode()
K2 = "k2:" + base64.urlsafe_b64encode(b"2" * 32).decode()
OLD, NEW, ONLY_NEW = Keyring.parse(K1), Keyring.parse(f"{K2},{K1}"), Keyring.parse(K2)


def create(name="TOKEN", value="a first value", *, ring=OLD, hosts=()):
    wish = SecretIn.read({"name": name, "value": value, "hosts": list(hosts)})
    change(secrets.create, ring, wish, AUTHOR)


def rotate(name="TOKEN", value="a second value", *, ring=OLD, **more):
    change(secrets.rotate, ring, name, RotateIn.read({"value": value, **more}), AUTHOR)


def reencrypt(ring=NEW):
    return change(secrets.reencrypt, ring, AUTHOR)


def value(name="TOKEN", ring=OLD) -> SecretValue | None:
    return look(lambda session: read_values(session.connection(), [name], ring)).get(name)


def row(name="TOKEN") -> Secret:
    return look(lambda session: secrets.find(session, name))


def audited() -> list[tuple[str, str]]:
    entries = look(lambda session: list(session.scalars(select(AuditEntry))))
    return [(entry.action, entry.subject_id) for entry in entries]


@both_databases
def test_what_was_put_in_is_what_workers_read():
    create(hosts=["Stock.Example.com"])
    found = value()
    assert found == SecretValue("TOKEN", "a first value", None, ("stock.example.com",))
    assert "a first value" not in row().ciphertext


def test_a_batch_is_one_query_and_no_names_are_none():
    create("ONE")
    create("TWO")
    asked: list[str] = []
    with transaction.reading() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
        assert read_values(connection, [], OLD) == {}
        assert asked == []
        assert len(read_values(connection, ["ONE", "TWO", "THREE"], OLD)) == 2
        assert len(asked) == 1


def test_a_name_that_does_not_exist_is_left_out():
    assert value("OTHER") is None


def test_a_name_is_taken_once():
    create()
    with pytest.raises(Conflict, match="already a secret named TOKEN"):
        create()


@pytest.mark.parametrize(
    ("given", "at", "words"),
    [
        ({"name": "1x"}, "name", "begins with a letter"),
        ({"name": "a b"}, "name", "letters, digits"),
        ({"value": ""}, "value", "required"),
        ({"value": "two\nlines"}, "value", "one line"),
        ({"value": "ends with space "}, "value", "space or a line break"),
        ({"value": "x" * 4097}, "value", "at most 4,096"),
        ({"value": 12345678}, "value", "valid string"),
        ({"value": "whsec_not base64"}, "value", "After whsec_ comes base64"),
        ({"hosts": ["https://x.example"]}, "hosts.0", "is not a host"),
        ({"hosts": ["a.example", "*.com"]}, "hosts.1", "covers too much"),
        ({"hosts": ["a.example"] * 51}, "hosts", "at most 50"),
    ],
)
def test_what_is_not_right_is_said_at_its_field_without_the_value(given, at, words):
    with pytest.raises(Invalid) as refusal:
        create(**given)
    (fault,) = refusal.value.errors
    assert fault.path == at and words in fault.message
    if given.get("value"):
        assert str(given["value"]) not in str(refusal.value.errors)


def test_a_wish_in_a_log_shows_no_value():
    wish = SecretIn.read({"name": "TOKEN", "value": "a first value"})
    assert "first" not in f"{wish!r} {wish} {wish.document()}"
    with pytest.raises(ValidationError) as error:
        SecretIn.model_validate({"name": "TOKEN", "value": " a first value"})
    assert "a first value" not in str(Invalid([])) and error


@both_databases
def test_the_old_value_is_valid_for_a_day_unless_said_otherwise():
    create()
    rotate()
    assert value() == SecretValue("TOKEN", "a second value", "a first value")
    clock.travel(timedelta(hours=23, minutes=59))
    assert (found := value()) and found.previous == "a first value"
    clock.travel(timedelta(hours=24, minutes=1))
    assert (found := value()) and found.previous is None


def test_the_old_value_ends_when_it_is_said_to():
    create()
    until = clock.now() + timedelta(minutes=5)
    rotate(previousValidUntil=until.isoformat())
    assert row().previous_until == until


def test_a_time_that_has_passed_ends_it_at_once():
    create()
    rotate(previousValidUntil="2020-01-01T00:00:00Z")
    assert (found := value()) and found.previous is None
    assert row().previous_ciphertext is None


@pytest.mark.parametrize("until", ["2999-01-01T00:00:00Z", "2026-01-01T00:00:00", "soon", -1e30])
def test_a_time_that_makes_no_sense_is_refused_at_its_field(until):
    create()
    with pytest.raises(Invalid) as refusal:
        rotate(previousValidUntil=until)
    assert [fault.path for fault in refusal.value.errors] == ["previousValidUntil"]


def test_the_same_value_again_is_no_rotation():
    create()
    rotate()
    with pytest.raises(Invalid, match="not as it should be"):
        rotate()
    assert (found := value()) and found.previous == "a first value"


def test_of_three_values_the_first_is_gone():
    create()
    rotate()
    rotate(value="a third value")
    assert value() == SecretValue("TOKEN", "a third value", "a second value")


@both_databases
def test_old_values_are_wiped_when_their_time_is_over():
    create()
    rotate()
    change(secrets.forget_old_values)
    assert row().previous_ciphertext is not None
    clock.travel(timedelta(hours=25))
    change(secrets.forget_old_values)
    assert (row().previous_ciphertext, row().previous_key_id, row().previous_until) == (None,) * 3


def test_what_is_deleted_is_gone():
    create()
    change(secrets.delete, "TOKEN", AUTHOR)
    assert value() is None
    with pytest.raises(NotFound, match="no secret named TOKEN"):
        change(secrets.delete, "TOKEN", AUTHOR)


@both_databases
def test_all_is_encrypted_anew_with_the_newest_key():
    create("ONE")
    create("TWO")
    rotate("TWO")
    create("THREE", ring=NEW)
    came = reencrypt()
    assert (came.done, came.already, came.faults) == (2, 1, {})
    assert value("ONE", ONLY_NEW) == SecretValue("ONE", "a first value")
    assert value("TWO", ONLY_NEW) == SecretValue("TWO", "a second value", "a first value")
    assert reencrypt().already == 3


def test_one_whose_key_is_gone_says_so_and_keeps_the_others_from_nothing():
    create("GONE")
    create("HERE", ring=NEW)
    came = reencrypt(ONLY_NEW)
    assert came.done == 0
    assert came.faults == {
        "GONE": "the key 'k1' it is encrypted with is not in ENCRYPTION_KEYS",
    }
    found = value("GONE", ONLY_NEW)
    assert found and found.value == ""
    assert found.fault and "The secret GONE can't be read" in found.fault
    assert value("HERE", ONLY_NEW) == SecretValue("HERE", "a first value")


def test_one_that_cannot_be_read_can_be_given_a_new_value():
    create()
    rotate(ring=ONLY_NEW)
    assert value(ring=ONLY_NEW) == SecretValue("TOKEN", "a second value")


def test_ciphertexts_swapped_in_the_database_are_noticed():
    create("ONE")
    create("TWO", "another value")
    with transaction.writing() as session:
        one, two = secrets.find(session, "ONE"), secrets.find(session, "TWO")
        one.ciphertext, two.ciphertext = two.ciphertext, one.ciphertext
    assert (found := value("ONE")) and found.fault


def test_every_change_is_audited_and_no_value_with_it():
    create(hosts=["a.example"])
    rotate()
    change(secrets.bind, "TOKEN", ["b.example"], AUTHOR)
    reencrypt()
    change(secrets.delete, "TOKEN", AUTHOR)
    assert audited() == [
        ("secret.created", "TOKEN"),
        ("secret.rotated", "TOKEN"),
        ("secret.bound", "TOKEN"),
        ("secret.reencrypted", "all"),
        ("secret.deleted", "TOKEN"),
    ]
    entries = look(lambda session: list(session.scalars(select(AuditEntry))))
    said = str([(entry.before, entry.after, entry.reason, entry.actor) for entry in entries])
    assert "value" not in said and "b.example" in said and AUTHOR in said


def test_the_list_says_who_uses_what():
    create()
    publish(webhook("send", config={"auth": {"type": "bearer", "secret": "TOKEN"}}))
    with transaction.writing() as session:
        policy = {
            "channel": "WEBHOOK",
            "trigger": "ON_FAILED",
            "signingSecret": "TOKEN",
            "recipients": ["https://hooks.example.com/x"],
        }
        document = {"key": "draft", "name": "Draft"}
        step = task("tell") | {"notificationPolicies": [policy]}
        templates.create(session, Template.read(document | {"steps": [step]}), AUTHOR)
    found, following = look(lambda session: secrets.list_secrets(session))
    assert following is None
    assert {use.key for use in found[0].used_by} == {"order", "draft"}


def test_a_template_that_names_a_missing_secret_is_kept_but_not_published():
    step = webhook(
        "send", config={"signingSecret": "KEY", "auth": {"type": "bearer", "secret": "TOKEN"}}
    )
    create()
    with pytest.raises(Invalid) as refusal:
        publish(webhook("first"), step)
    (fault,) = refusal.value.errors
    assert fault.path == "steps.1.actionConfig.signingSecret"
    assert fault.message == "There is no secret named KEY."
    create("KEY")
    assert publish(webhook("first"), step)


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"type": "basic", "secret": "TOKEN"}, "needs a username"),
        ({"type": "header", "secret": "TOKEN"}, "needs a header"),
        ({"type": "basic", "secret": "TOKEN", "username": "a:b"}, "without a colon"),
        ({"type": "header", "secret": "TOKEN", "header": "webhook-id"}, "set by Runsheet"),
        ({"type": "header", "secret": "TOKEN", "header": "not a name"}, "is not a header name"),
    ],
)
def test_auth_that_lacks_something_is_refused_when_it_is_saved(auth, words):
    with pytest.raises(Invalid) as refusal:
        publish(webhook("send", config={"auth": auth}))
    assert words in refusal.value.errors[0].message
    assert refusal.value.errors[0].path.startswith("steps.0.actionConfig.auth")


def test_times_are_in_utc():
    create()
    assert row().created_at.tzinfo is UTC and isinstance(row().updated_at, datetime)
