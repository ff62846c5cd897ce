"""`flask --app app secrets …`, run as an operator runs it: keys come and go, values stay readable
and are never shown."""

import base64
import os
import subprocess
from collections.abc import Callable

import pytest

from app import transaction
from app.domain.keyring import Keyring
from app.domain.secret_values import read_values
from tests.support.marks import both_databases
from tests.support.processes import BIN, ROOT

OLD, NEW, OTHER = (f"key-{name}:{base64.b64encode(name.encode() * 32).decode()}" for name in "abc")
VALUES = {"STOCK_KEY": "first value", "PAY_KEY": "Ü second"}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def secrets(environ) -> Run:
    """Runs one command with these ENCRYPTION_KEYS."""

    def run(keys: str, *arguments: str, given: str = "", **more: str):
        return subprocess.run(
            [BIN / "flask", "--app", "app", "secrets", *arguments],
            cwd=ROOT,
            env={**os.environ, **environ, **more, "ENCRYPTION_KEYS": keys},
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def readable(keys: str) -> dict[str, str]:
    with transaction.reading() as session:
        found = read_values(session.connection(), [*VALUES], Keyring.parse(keys))
    return {name: secret.value for name, secret in found.items()}


@both_databases
def test_keys_rotate_and_the_old_one_can_be_dropped(app, secrets):
    for name, value in VALUES.items():
        made = secrets(OLD, "create", name, "--host", "*.example.com", given=value)
        assert (made.returncode, made.stdout) == (0, f"{name} can be used.\n"), made.stderr
    rotated = secrets(OLD, "rotate", "PAY_KEY", given="Ü third\n")
    assert "PAY_KEY has a new value; the old one is valid until" in rotated.stdout

    before = secrets(f"{NEW},{OLD}", "list").stdout
    assert before == "PAY_KEY  key key-a  *.example.com\nSTOCK_KEY  key key-a  *.example.com\n"
    done = secrets(f"{NEW},{OLD}", "reencrypt")
    assert done.stdout == "2 encrypted anew with key-b, 0 were already, 0 can't be read.\n"
    again = secrets(f"{NEW},{OLD}", "reencrypt")
    assert again.stdout == "0 encrypted anew with key-b, 2 were already, 0 can't be read.\n"
    assert (done.returncode, again.returncode, done.stderr) == (0, 0, "")

    assert readable(NEW) == {"STOCK_KEY": "first value", "PAY_KEY": "Ü third"}
    with transaction.reading() as session:
        found = read_values(session.connection(), ["PAY_KEY"], Keyring.parse(NEW))
    assert found["PAY_KEY"].previous == "Ü second"  # its overlap goes on
    assert readable(OLD) == {"STOCK_KEY": "", "PAY_KEY": ""}
    assert "key key-b" in secrets(NEW, "list").stdout


def test_a_key_that_is_gone_is_named_in_a_line_and_the_others_are_done(app, secrets):
    secrets(OLD, "create", "STOCK_KEY", given="first value")
    secrets(NEW, "create", "PAY_KEY", given="second value")
    came = secrets(f"{OTHER},{NEW}", "reencrypt")
    assert came.returncode == 1
    assert came.stdout == "1 encrypted anew with key-c, 0 were already, 1 can't be read.\n"
    assert came.stderr == (
        "STOCK_KEY can't be read: the key 'key-a' it is encrypted with is not in ENCRYPTION_KEYS.\n"
    )
    assert readable(OTHER)["PAY_KEY"] == "second value"
    # Nothing is lost: with the key back, the rest is done.
    back = secrets(f"{OTHER},{OLD}", "reencrypt")
    assert back.stdout == "1 encrypted anew with key-c, 1 were already, 0 can't be read.\n"
    assert readable(OTHER)["STOCK_KEY"] == "first value"


@pytest.mark.parametrize(
    ("keys", "arguments", "more", "words"),
    [
        ("key-a:short", ["reencrypt"], {}, "ENCRYPTION_KEYS must be `id:key,…`"),
        (OLD, ["rotate", "GONE"], {}, "There is no secret named GONE."),
        (OLD, ["delete", "GONE"], {}, "There is no secret named GONE."),
        (OLD, ["create", "1 bad"], {}, "name: "),
        (OLD, ["create", "KEY", "--host", "a b"], {}, "hosts.0: "),
        *(
            (OLD, verb, {"DATABASE_URL": "sqlite:////nonexistent/x.db"}, "The database says: ")
            for verb in (["reencrypt"], ["list"], ["create", "KEY"])
        ),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(app, secrets, keys, arguments, more, words):
    came = secrets(keys, *arguments, given="value", **more)
    assert came.returncode == 1
    (line,) = came.stderr.splitlines()
    assert words in line and came.stdout == ""
