"""Encryption at rest: whatever is put in comes out, and only under its name and with its key."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import ConfigError, Settings
from app.domain.keyring import Damaged, KeyIsGone, Keyring, Sealed
from tests.conftest import environment

OLD = "k1:" + base64.urlsafe_b64encode(b"1" * 32).decode()
NEW = "k2:" + base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()
RING = Keyring.parse(f"{NEW}, {OLD}")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", fullmatch=True)


@given(TEXT, NAME)
def test_what_is_sealed_opens_again(value, name):
    assert RING.open(RING.seal(value, name), name) == value


@given(TEXT, NAME, NAME)
def test_it_opens_under_no_other_name(value, name, other):
    sealed = RING.seal(value, name)
    if name != other:
        with pytest.raises(Damaged):
            RING.open(sealed, other)


@given(TEXT, st.data())
def test_a_changed_byte_anywhere_is_noticed(value, data):
    sealed = RING.seal(value, "NAME")
    raw = bytearray(base64.b64decode(sealed.text))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Damaged):
        RING.open(Sealed(base64.b64encode(raw).decode(), sealed.key_id), "NAME")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_rubbish_in_the_column_is_a_named_fault(text):
    with pytest.raises(Damaged):
        RING.open(Sealed(text, "k1"), "NAME")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8))
def test_the_value_is_not_in_what_is_stored_and_never_looks_the_same_twice(value):
    one, two = RING.seal(value, "NAME"), RING.seal(value, "NAME")
    assert one != two
    assert value.encode() not in base64.b64decode(one.text)
    assert value not in one.text


def test_the_first_key_encrypts_and_every_listed_one_decrypts():
    before = Keyring.parse(OLD).seal("value", "NAME")
    assert before.key_id == "k1"
    assert RING.open(before, "NAME") == "value"
    assert RING.seal("value", "NAME").key_id == RING.newest == "k2"


def test_a_key_that_is_gone_is_named():
    sealed = RING.seal("value", "NAME")
    with pytest.raises(KeyIsGone, match=r"the key 'k2' .* is not in ENCRYPTION_KEYS"):
        Keyring.parse(OLD).open(sealed, "NAME")


def test_another_key_under_the_same_id_is_a_fault_and_no_gibberish():
    other = Keyring.parse("k2:" + base64.urlsafe_b64encode(b"3" * 32).decode())
    with pytest.raises(Damaged, match="'k2' does not open it"):
        other.open(RING.seal("value", "NAME"), "NAME")


def test_a_keyring_shows_no_key():
    shown = repr(RING)
    assert "k2" in shown
    assert "1111" not in shown and OLD[3:] not in shown


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("k1", "each key 32 bytes"),
        (":MDEy", "each key 32 bytes"),
        ("k1:short", "each key 32 bytes"),
        (f"{'k' * 41}:{OLD[3:]}", "each key 32 bytes"),
        (f"{OLD},{OLD}", "two keys with the id k1"),
    ],
)
def test_keys_that_are_not_right_stop_the_start_with_one_line(keys, words):
    url = "sqlite:////nowhere.db"
    with pytest.raises(ConfigError, match=words):
        Settings.load(environment(DATABASE_URL=url, ENCRYPTION_KEYS=keys))
