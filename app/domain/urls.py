"""URLs with placeholders: vetted as far as they can be when they are saved, and filled in so that
no value changes where the request goes."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from app.domain.addresses import AddressRefused, AllowList, vet_url
from app.domain.placeholders import PLACEHOLDER, fill_url

_PARTS = re.compile(r"([^/?#]*//[^/?#]*)([^?#]*)(.*)", re.DOTALL)
# What a placeholder in a host may turn out to be: a host, a part of one, a number of an address.
_STAND_INS = ("x.example.com", "x", "8")


def vet_template(url: str, allow: AllowList) -> None:
    """Raise AddressRefused for a URL that no values could make one that is sent. What follows the
    authority is judged as it stands; an authority with placeholders waits for its values."""
    bare = PLACEHOLDER.sub("", url)
    if "{{" in bare or "}}" in bare:
        raise AddressRefused("In a URL, {{ … }} holds a path such as input.orderId, nothing else.")
    parts = _PARTS.fullmatch(url)
    if parts is None or not re.match(r"https?://.", parts[1], re.IGNORECASE | re.DOTALL):
        raise AddressRefused("The URL must start with http:// or https:// and name a host.")
    faults: list[AddressRefused] = []
    for stand_in in _STAND_INS:
        try:
            vet_url(
                _stood_in(parts[1], stand_in) + PLACEHOLDER.sub("x", url[parts.end(1) :]), allow
            )
            return
        except AddressRefused as refused:
            faults.append(refused)
    raise faults[0]


def leads_to_one_host(url: str) -> bool:
    """Whether no value changes the host that it leads to."""
    parts = _PARTS.fullmatch(url)
    return parts is not None and "{{" not in parts[1]


def _stood_in(origin: str, stand_in: str) -> str:
    scheme, _, authority = origin.partition("//")
    host, colon, port = authority.partition(":")
    return f"{scheme}//{PLACEHOLDER.sub(stand_in, host)}{colon}{PLACEHOLDER.sub('8080', port)}"


def fill(url: str, context: Mapping[str, Any]) -> str:
    """The URL with each value percent-encoded. Raises MissingPath, or AddressRefused where a value
    would lead elsewhere: out of its place in the path, or to another host."""
    parts = _PARTS.fullmatch(url)
    if parts is None or "{{" not in url:
        return url
    _check_host(parts[1].partition("//")[2], context)
    for segment in parts[2].split("/"):
        if _paths(segment):  # braces around no path are text like any other
            _check_segment(segment, fill_url(segment, context))
    return fill_url(url, context)


def _check_host(authority: str, context: Mapping[str, Any]) -> None:
    """A value may be the whole host, or a label of one; it brings no dots into another."""
    host = authority.partition(":")[0]
    if PLACEHOLDER.fullmatch(host):
        return
    for path in _paths(host):
        if "." in fill_url(f"{{{{{path}}}}}", context):
            raise AddressRefused(f"{path} has a dot, which would change the host of the URL.")


def _check_segment(segment: str, filled: str) -> None:
    path = _paths(segment)[0]
    if not filled:
        raise AddressRefused(f"{path} is empty, so the URL would lead to another place.")
    # Some servers decode once more than they should, and take %2F or a backslash for a slash.
    for _ in range(3):
        filled = unquote(filled)
        if not {".", ".."}.isdisjoint(re.split(r"[/\\]", filled)):
            raise AddressRefused(f"{path} holds a dot segment, which would lead to another place.")


def _paths(text: str) -> list[str]:
    return PLACEHOLDER.findall(text)
