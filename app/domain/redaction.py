"""What may stand in a log: secrets taken out, bytes as text that any database takes."""

from collections.abc import Sequence

LOGGED_BODY = 16 * 1024
REDACTED = "[redacted]"
_SECRET_HEADERS = frozenset(
    "authorization proxy-authorization cookie set-cookie x-api-key api-key x-auth-token "
    "x-access-token x-secret webhook-signature".split()
)


def redact(headers: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Headers as pairs, with the values of those that carry secrets taken out."""
    return [
        [name, REDACTED if name.lower() in _SECRET_HEADERS else readable(value.encode()) or ""]
        for name, value in headers
    ]


def readable(body: bytes | None) -> str | None:
    """Bytes as text that any database takes; None for nothing."""
    if body is None:
        return None
    return body[:LOGGED_BODY].decode("utf-8", "replace").replace("\x00", "\ufffd")
