"""How a line of the log looks: one JSON object, or words for people at a terminal.

Nothing but the standard library is imported here: gunicorn.conf.py runs this file in gunicorn's
first process, which must not hold parts of an application that its children load anew.
"""

import json
import logging
import os
import platform
import re
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import Any, TextIO

FORMATS = ("json", "console")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_COLOURS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
_json = json.JSONEncoder(ensure_ascii=False).encode
_HOST = platform.node()[:100]

# The most characters of one text: strangers can have long lines written. More than a trace needs.
LONGEST = 16_000

# A net beneath what is taken out where it is known (domain/redaction.py): what stands where
# passwords and tokens stand. Strangers write into messages (gunicorn quotes a malformed header), so
# the time it takes must grow as the text does: whatever is repeated stops where the next
# alternative could begin.
_NAME = r"""(?:password|passwd|passphrase|secret|token|api[_-]?key)(?:[_-]key)?\\*["']?[ \t]*"""
_SEPARATED = r"""\\*["']?[ \t]*[=:][ \t]*\\*["']?"""  # from a name to its value, quoted or not
_SECRETS = re.compile(
    r"""(?P<user>://)(?!\[redacted\])[^\s/@"'\\]+@"""
    r"""|(?P<query>://(?:(?!://)[^\s?"'\\])+\?)[^\s"'\\]+"""
    rf"""|(?P<header>\bauthorization{_SEPARATED}(?:\w+\s+)?)[^\s"'\\]+"""
    r"""|(?P<bearer>\bbearer\s+)[\w.~+/=-]{6,}"""
    rf"""|(?P<cookie>\b(?:set-)?cookie{_SEPARATED})[^"'\\\n]+"""
    rf"""|(?P<double>{_NAME}[=:][ \t]*\\*")[^"\n]+"""
    rf"""|(?P<single>{_NAME}[=:][ \t]*\\*')[^'\n]+"""
    rf"""|(?P<equals>{_NAME}=[ \t]*)[^\s"',;&]+"""
    rf"""|(?P<colon>{_NAME}:[ \t]*)[^"',;&\n]+"""
    r"""|(?P<webhook>\bwhsec_)[\w+/=-]+""",
    re.IGNORECASE,
)
_HINTS = ("://", "bearer", "cookie", "authorization", "pass", "key", "secret", "token", "whsec_")
_NAMES_A_SECRET = re.compile(
    r"(?:.*[_-])?(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|cookie)",
    re.IGNORECASE,
)


def scrubbed(text: str) -> str:
    """The text without what looks like a password, a token, a cookie, or a URL's query; and not
    longer than LONGEST, roughly."""
    text = _cut(text)
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return text
    # Twice: a URL may have both a user and a query.
    for _ in range(2):
        text = _SECRETS.sub(_mark, text)
    return text


def _cut(text: str) -> str:
    """The beginning and the end. The end starts with a line: no half of a secret without its name
    is left."""
    if len(text) <= LONGEST:
        return text
    first, last = text[: LONGEST // 2], text[-LONGEST // 2 :].partition("\n")[2]
    return f"{first} … {len(text) - len(first) - len(last)} characters left out …\n{last}".rstrip()


def _mark(found: re.Match[str]) -> str:
    kept = found[found.lastgroup or 0]
    return f"{kept}[redacted]@" if found.lastgroup == "user" else f"{kept}[redacted]"


def _clean(value: Any) -> Any:
    """What JSON can say of a value, each text in it scrubbed by itself: of an encoded line quotes
    and braces might be taken for parts of a secret."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {_key(name): _held(name, each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    if isinstance(value, float) and isfinite(value):
        return value
    return scrubbed(str(value))


def _key(name: Any) -> str:
    return scrubbed(str(name))


def _held(name: Any, value: Any) -> Any:
    return "[redacted]" if value and _NAMES_A_SECRET.fullmatch(str(name)) else _clean(value)


class _Lines(logging.Formatter):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind


def _more(record: logging.LogRecord) -> dict[str, Any]:
    """The ids bound when it was logged, and the facts given with it (`app/logs.py`)."""
    bound: Mapping[str, Any] = getattr(record, "bound", {})
    return _clean({**bound, **getattr(record, "facts", {})})


def _trace(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    return scrubbed("".join(traceback.format_exception(*record.exc_info)).rstrip())


@lru_cache(maxsize=8)
def _second(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"


class JsonLines(_Lines):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": f"{_second(int(record.created))}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
            "process": self.kind,
            "processId": f"{_HOST}:{record.process}",
        }
        line |= _more(record)
        if trace := _trace(record):
            line["exception"] = trace
        return _json(line)


class ConsoleLines(_Lines):
    """Time, level, logger and message, then what else is known; an exception below."""

    def __init__(self, kind: str, *, colour: bool) -> None:
        super().__init__(kind)
        self.colour = colour

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        level = self._in(_COLOURS.get(record.levelname, "0"), f"{record.levelname:<7}")
        more = " ".join(f"{name}={_word(value)}" for name, value in _more(record).items())
        message = _one_line(scrubbed(record.getMessage()))
        parts = [self._in("2", at), level, message, self._in("2", more), self._in("2", record.name)]
        trace = _trace(record)
        return " ".join(filter(None, parts)) + (f"\n{trace}" if trace else "")

    def _in(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colour and text else text


def _word(value: Any) -> str:
    text = str(value)
    quoted = json.dumps(text, ensure_ascii=False) if re.search(r"[\s\"=\x00-\x1f]", text) else text
    return _one_line(quoted)


def _one_line(text: str) -> str:
    """Whoever is quoted in a message must not write lines, or to the terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], text)


def formatter(form: str, kind: str, stream: TextIO | None = None) -> logging.Formatter:
    """What LOG_FORMAT asks for, for a process of this kind."""
    if form != "console":
        return JsonLines(kind)
    wish = os.environ.get("FORCE_COLOR") or (stream is not None and stream.isatty())
    return ConsoleLines(kind, colour=bool(wish) and "NO_COLOR" not in os.environ)


def for_gunicorn(environ: Mapping[str, str]) -> dict[str, Any]:
    """gunicorn's `logconfig_dict`: its own lines and the application's, to standard error."""
    form = environ.get("LOG_FORMAT", "json").strip().lower()
    level = environ.get("LOG_LEVEL", "INFO").strip().upper()
    plain = {"handlers": [], "propagate": True}
    # With a logconfig_dict gunicorn logs requests whatever `accesslog` says, paths with secrets
    # and all.
    never = {"handlers": ["never"], "propagate": False, "level": "CRITICAL"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": formatter, "form": form, "kind": "web"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "lines"},
            "never": {"class": "logging.NullHandler"},
        },
        "root": {"handlers": ["stderr"], "level": level if level in LEVELS else "INFO"},
        "loggers": {
            "gunicorn.error": plain,
            "gunicorn.access": never,
            "alembic": {"level": "WARNING"},  # it introduces itself whenever /readyz asks it
        },
    }
