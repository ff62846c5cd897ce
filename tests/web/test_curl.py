"""A request is copied as a line for the shell. A real shell reads it here, and says what curl would
be given."""

import subprocess
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.web.curl import curl

SHELL = 'curl() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n'


def request(**more: Any) -> dict[str, Any]:
    made = {"method": "POST", "url": "https://a.example/x", "headers": [], "body": None}
    return made | more


def pasted(asked: dict[str, Any], **variables: str) -> list[str]:
    """The words that curl is given when the command is pasted into a shell."""
    command = curl(asked)
    assert command is not None
    done = subprocess.run(
        ["sh", "-c", SHELL + command], env=variables, capture_output=True, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


def test_a_request_is_one_command():
    asked = request(
        headers=[["webhook-id", "k-1"], ["Content-Type", "application/json"]],
        body='{"note": "it\'s $5 `now`"}',
    )
    assert pasted(asked) == [
        *("-X", "POST", "https://a.example/x"),
        *("-H", "webhook-id: k-1"),
        *("-H", "Content-Type: application/json"),
        *("--data-raw", '{"note": "it\'s $5 `now`"}'),
    ]


def test_a_secret_stands_as_a_variable_between_double_quotes():
    asked = request(headers=[["Authorization", "Bearer [secret STOCK_TOKEN]"]])
    assert '-H "Authorization: Bearer $STOCK_TOKEN"' in (curl(asked) or "")
    assert pasted(asked, STOCK_TOKEN="s3cr et'")[-1] == "Authorization: Bearer s3cr et'"


@pytest.mark.parametrize(
    ("value", "variables", "says"),
    [
        ("Basic shop:[secret PW]", {"PW": "x"}, "Basic shop:x"),
        ("[secret a.b-c]", {"a_b_c": "x"}, "x"),
        ("[secret A]_[secret B]1", {"A": "1", "B": "2"}, "1_21"),
        ('a$b[secret A]`c`"d"!e\'f', {"A": "1"}, 'a$b1`c`"d"!e\'f'),
        ("\\[secret A]\\", {"A": "1"}, "\\1\\"),
        ("[secret no name]", {}, "[secret no name]"),
        ("[redacted]", {"X_A": "x"}, "x"),
    ],
)
def test_every_mark_of_a_secret_becomes_its_variable(
    value: str, variables: dict[str, str], says: str
):
    assert pasted(request(headers=[["X-A", value]]), **variables)[-1] == f"X-A: {says}"


def test_a_secret_in_the_body_is_a_variable_too():
    asked = request(body='{"key": "[secret KEY]", "$": 1}')
    assert pasted(asked, KEY="k")[-1] == '{"key": "k", "$": 1}'


def test_what_curl_would_read_otherwise_is_told_to_be_left_alone():
    assert pasted(request(method="HEAD"))[:2] == ["--head", "https://a.example/x"]
    assert "--globoff" in pasted(request(url="https://[2606:4700::1]/"))
    assert "--path-as-is" in pasted(request(url="https://a.example/../x"))
    assert pasted(request(headers=[["X-Empty", ""]]))[-1] == "X-Empty;"


def test_a_body_that_the_log_has_cut_is_taken_from_a_file():
    command = curl(request(body="x" * 16 * 1024)) or ""
    assert command.startswith("# The log keeps 16 KiB of a body")
    assert "xxx" not in command
    assert pasted(request(body="x" * 16 * 1024))[-2:] == ["--data-binary", "@body"]


@pytest.mark.parametrize("logged", [None, {"to": ["a@example.com"]}])
def test_what_is_no_request_has_no_command(logged: dict[str, Any] | None):
    assert curl(logged) is None


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
@example("-n")
@example("a\nb\\")
@example("!!")
def test_whatever_stands_in_it_reaches_curl_as_it_was(text: str):
    with_secret = f"{text}[secret A]{text}"
    asked = request(url=f"https://a.example/{text}", headers=[["X", with_secret]], body=text)
    words = pasted(asked, A="ä$A")
    expected = with_secret.replace("[secret A]", "ä$A")
    assert f"https://a.example/{text}" in words
    assert f"X: {expected}" in words
    assert words[-1] == text
