"""What a line of the log looks like, and what never stands in one."""

import json
import logging
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import log_lines, logs
from app.config import Settings
from tests.conftest import environment


def line(form: str = "json", message: str = "Hello %s", *args: object, **more) -> str:
    given = args or (("there",) if "%s" in message else ())
    record = logging.getLogger("app.test").makeRecord(
        "app.test", more.pop("level", logging.INFO), __file__, 1, message, given, None, extra=more
    )
    return log_lines.formatter(form, "web").format(record)


def read(text: str) -> dict:
    assert "\n" not in text
    return json.loads(text)


def test_a_line_is_one_json_object_with_time_level_logger_message_and_process():
    found = read(line())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])
    assert found["processId"].endswith(f":{os.getpid()}")
    known = {name: found[name] for name in ("level", "logger", "message", "process")}
    assert known == {
        "level": "info",
        "logger": "app.test",
        "message": "Hello there",
        "process": "web",
    }


def test_a_line_carries_what_was_bound_when_it_was_logged_and_its_own_facts():
    with logs.bound(instance=7, step="pack", delivery=None):
        logs.remember(userId=3)
        text = line(**logs.facts(status=200))
    found = read(text)
    assert (found["instance"], found["step"], found["userId"], found["status"]) == (
        7,
        "pack",
        3,
        200,
    )
    assert "delivery" not in found
    assert "instance" not in read(line())


def test_an_exception_is_a_field_and_what_is_no_json_is_text():
    try:
        raise ZeroDivisionError("by nothing\nat all")
    except ZeroDivisionError:
        record = logging.getLogger("app.test").makeRecord(
            "app.test", logging.ERROR, "", 1, "It %s", ("broke",), sys.exc_info()
        )
    found = read(log_lines.JsonLines("web").format(record))
    assert found["message"] == "It broke"
    assert found["exception"].endswith("ZeroDivisionError: by nothing\nat all")
    assert read(line(**logs.facts(what={1})))["what"] == "{1}"


SPELT = [
    "redis://:canary-x@redis.example.com:6379/0",
    "https://shop:canary-x@shop.example.com/orders?token=canary-x&a=1",
    "Authorization: Bearer canary-xyzabcdef",
    '"Authorization": "Basic canary-xyz="',
    "a Bearer canary-xyz123 was sent",
    "Cookie: a=canary-x; b=canary-x",
    "{'Set-Cookie': 'runsheet=canary-x; Path=/'}",
    "password=canary-x",
    '"password": "canary-x"',
    "api_key: canary-x",
    "whsec_canary-x/abc+def=",
    "password: canary two canary",
    "password='canary two canary'",
    r"{\"password\": \"canary two\"}",
    "token=canary-x",
    "access_token: canary-x, and so on",
    "SECRET_KEY=canary-x",
    "client_secret=canary-x&a=1",
    "://a://b?canary-x",
]


@pytest.mark.parametrize("text", SPELT)
@pytest.mark.parametrize("form", log_lines.FORMATS)
def test_what_looks_like_a_secret_is_taken_out_wherever_it_stands(text, form):
    for found in (
        line(form, "It says %s", text),
        line(form, "It says", **logs.facts(error=text, headers=[text])),
    ):
        assert "canary" not in found.replace("whsec_canary", "canary")
        assert "[redacted]" in found
    read(line("json", "It says %s", text))


@pytest.mark.parametrize(
    "text",
    [
        "The key of the step is charge, see https://shop.example.com/orders/7",
        "3 bearers pass the basic check; the keyboard is fine",
        "workflow-automation: key=value",
    ],
)
def test_what_is_no_secret_stays(text):
    assert read(line("json", "%s", text))["message"] == text


@pytest.mark.parametrize("form", log_lines.FORMATS)
def test_what_a_name_says_is_a_secret_is_one_whatever_it_looks_like(form):
    said = {"password": "canary two", "of": [{"Set-Cookie": "canary"}], "x-token": 7, "tokenId": 3}
    found = line(form, "It says", **logs.facts(said=said, api_key="canary"))
    assert "canary" not in found and not re.search(r"x-token\W+7", found)
    assert re.search(r"tokenId\W+3", found)


TEXTS = st.text() | st.lists(
    st.sampled_from([*SPELT, "password", "token", ":", "=", '"', "'", "\\", "}", "://", "?", "\n"])
).map("".join)
VALUES = st.recursive(
    TEXTS | st.integers() | st.floats() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.dictionaries(TEXTS, VALUES, max_size=4), TEXTS)
def test_whatever_is_said_is_one_valid_json_object(said, message):
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    record = logging.getLogger("app.test").makeRecord(
        "app.test", logging.INFO, "", 1, "%s", (message,), None, extra={"facts": said}
    )
    text = log_lines.JsonLines("web").format(record)
    assert "\n" not in text
    assert isinstance(json.loads(text, parse_constant=refuse), dict)


def test_a_long_text_is_cut_and_no_half_of_a_secret_is_left():
    most = log_lines.LONGEST
    found = log_lines.scrubbed("a" * most + "\npassword=" + "canary" * most + "\nthe end")
    assert "canary" not in found
    assert found.startswith("aaa") and found.endswith(" characters left out …\nthe end")
    assert len(found) < most
    assert len(read(line("json", "%s", "b" * 9 * most))["message"]) < most


# What each alternative repeats, so that it has the most to go back over: before it, and then again.
LONG = [
    *(("", again) for again in ("://a", "://a?", "://a@", "authorization:a ", "authorization")),
    *(
        ("", again)
        for again in ("bearer ", "cookie", "cookie=a;", "password", "api-key\\", "whsec_")
    ),
    *(("token", again) for again in (" ", "\\", " = ", "='")),
    *(("authorization:", again) for again in (" ", "a", "\\")),
    *(("://", again) for again in ("a", ":")),
]


def test_the_time_a_text_takes_grows_as_the_text_does():
    """It may take many times what it needs. A pattern that goes over a text again and again needs
    minutes for each, and is killed."""
    said = (
        "import resource, sys; from app.log_lines import _SECRETS; "
        "resource.setrlimit(resource.RLIMIT_CPU, (40, 40)); "
        "[_SECRETS.sub('', text) for text in sys.stdin.read().split('|')]"
    )
    texts = "|".join(first + again * (200_000 // len(again)) for first, again in LONG)
    ran = subprocess.run([sys.executable, "-c", said], input=texts, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_console_shows_one_readable_line_that_nobody_else_can_write_into():
    found = line(
        "console", "Hello %s", "you\nERROR fake \x1b[31m", **logs.facts(error="a b", at="\x9b31m")
    )
    assert "\n" not in found and "\x1b" not in found and "\x9b" not in found
    assert r"at=\x9b31m" in found
    assert re.match(r"\d\d:\d\d:\d\d INFO    Hello you\\nERROR fake", found)
    assert 'error="a b"' in found


def test_colours_are_for_terminals_and_whoever_asks(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32m" in line("console")
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b" not in line("console")


def test_gunicorn_lines_come_the_same_way():
    said = "import logging, logging.config, os; from app import log_lines as lines"
    said += "; logging.config.dictConfig(lines.for_gunicorn(os.environ))"
    said += "; logging.getLogger('gunicorn.error').info('Listening')"
    said += "; logging.getLogger('app.x').debug('unsaid')"
    said += "; logging.getLogger('gunicorn.access').info('GET /callbacks/secret')"
    environ = os.environ | {"LOG_FORMAT": "json"}
    ran = subprocess.run(
        [sys.executable, "-c", said], env=environ, capture_output=True, text=True, check=True
    )
    (only,) = ran.stderr.splitlines()
    assert (json.loads(only)["logger"], json.loads(only)["process"]) == ("gunicorn.error", "web")


@pytest.mark.parametrize(("given", "kind"), [("Console", "Console"), (" JSON", "Json")])
def test_gunicorn_reads_the_format_as_the_application_does(given, kind):
    said = log_lines.for_gunicorn({"LOG_FORMAT": given})["formatters"]["lines"]
    made = log_lines.formatter(said["form"], said["kind"])
    assert type(made).__name__ == f"{kind}Lines"


def test_everything_a_process_says_goes_the_same_way_warnings_and_last_words_too(tmp_path):
    said = (
        "import logging, os, threading, warnings; from app import logs; "
        "from app.config import Settings; from rq.logutils import setup_loghandlers; "
        "setup_loghandlers('INFO'); logs.set_up('worker', Settings.load(os.environ)); "
        "logging.getLogger('rq.worker').warning('of RQ'); warnings.warn('old'); "
        "ended = threading.Thread(target=lambda: 1 / 0); ended.start(); ended.join(); "
        "raise RuntimeError('over')"
    )
    environ = os.environ | environment(DATABASE_URL=f"sqlite:///{tmp_path}/x.db")
    ran = subprocess.run([sys.executable, "-c", said], env=environ, capture_output=True, text=True)
    found = [json.loads(one) for one in ran.stderr.splitlines()]
    assert [one["logger"] for one in found] == ["rq.worker", "py.warnings", "app.logs", "app.logs"]
    assert "ZeroDivisionError" in found[2]["exception"]
    assert "RuntimeError: over" in found[3]["exception"]
    assert ran.stdout == ""
    assert ran.returncode == 1


def test_the_settings_of_the_log_are_checked():
    from app.config import ConfigError

    with pytest.raises(ConfigError, match="LOG_LEVEL must be one of DEBUG, INFO"):
        Settings.load(environment(DATABASE_URL="sqlite:////x.db", LOG_LEVEL="loud"))
    with pytest.raises(ConfigError, match="LOG_FORMAT must be one of json, console"):
        Settings.load(environment(DATABASE_URL="sqlite:////x.db", LOG_FORMAT="xml"))
    loud = Settings.load(environment(DATABASE_URL="sqlite:////x.db", LOG_LEVEL="debug"))
    assert (loud.log_level, loud.log_format, loud.log_requests) == ("DEBUG", "json", True)
