"""A request from the log as a line for the shell, that sends it once more by hand. What was taken
out of the log stands as a variable that whoever pastes it has to set."""

import json
import re
import shlex
from typing import Any

from app.domain.redaction import LOGGED_BODY, REDACTED

_MARK = re.compile(r"\[secret ([A-Za-z][\w.-]*)\]", re.ASCII)
# What stays as it is between double quotes, in every shell, interactive ones included.
_PLAIN = re.compile(r"[\w :;,./=+@%&?#~()<>*^|{}\[\]'-]*", re.ASCII)
_CUT = (
    f"# The log keeps {LOGGED_BODY // 1024} KiB of a body, and this one may be longer: "
    "put the whole into a file named body.\n"
)


def curl(request: dict[str, Any] | None) -> str | None:
    """The request as a command; None for what was no HTTP request."""
    if request is None or "url" not in request:
        return None
    lines = [_first(request["method"], request["url"])]
    lines += [f"-H {_header(name, value)}" for name, value in request["headers"]]
    note = ""
    body = request.get("body")
    if body is not None:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        is_cut = len(text.encode()) >= LOGGED_BODY
        note = _CUT if is_cut else ""
        lines.append("--data-binary @body" if is_cut else f"--data-raw {quoted(text)}")
    return note + " \\\n  ".join(lines)


def _first(method: str, url: str) -> str:
    # Else curl waits for the body that an answer to HEAD never has.
    words = ["curl --head" if method == "HEAD" else f"curl -X {method}", quoted(url)]
    if re.search(r"[\[\]{}]", url):
        words.append("--globoff")
    if "/." in url:
        words.append("--path-as-is")
    return " ".join(words)


def _header(name: str, value: str) -> str:
    if value == REDACTED:
        return quoted(f"{name}: [secret {name.upper()}]")
    # `Name:` alone would tell curl to leave the header out.
    return quoted(f"{name}: {value}" if value else f"{name};")


def quoted(text: str) -> str:
    """The text as one word of a shell, the names of secrets as variables."""
    pieces = _MARK.split(text)
    if len(pieces) == 1:
        return shlex.quote(text)
    first, rest = pieces[0], list(zip(pieces[1::2], pieces[2::2], strict=True))
    if all(_PLAIN.fullmatch(text) for text in pieces[::2]):
        return f'"{first}{"".join(_variable(name, text) + text for name, text in rest)}"'
    # Text that a shell would read between double quotes stands in single ones.
    parts = [f'"{_variable(name)}"{_single(text)}' for name, text in rest]
    return _single(first) + "".join(parts)


def _single(text: str) -> str:
    return shlex.quote(text) if text else ""


def _variable(name: str, after: str = "") -> str:
    """The variable of a secret; in braces where the text after it would be read as its name."""
    variable = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"${{{variable}}}" if re.match(r"\w", after, re.ASCII) else f"${variable}"
