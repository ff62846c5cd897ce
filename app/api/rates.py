"""How many requests a token may make, and an address without one; told in every answer by the
fields of draft-ietf-httpapi-ratelimit-headers."""

from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network

from flask import Flask, Response, current_app, g, request

from app.config import Settings
from app.errors import NotFound, TooManyRequests, Unauthorized
from app.request_counts import WINDOW, Count, RequestCounts

_COUNTS = "request_counts"
_STANDING = "rate"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the limit that a request counts against stands after it."""

    policy: str
    quota: int
    left: int
    ends_in: int


def of_token(token_id: int) -> None:
    """Count a request of a token. Raises TooManyRequests."""
    _count("token", str(token_id), _settings().api_rate_limit)


def of_stranger() -> None:
    """Count a request by the address it comes from. Raises TooManyRequests."""
    _count("address", _address(), _settings().api_rate_limit_strangers)


def of_failure(error: Exception, *, is_open: bool) -> Exception:
    """Count a request that had no valid token or, on a route that is open, no secret of ours in
    its path. What to answer: the error, or that there were too many.

    This bounds what strangers cost us and fill logs with. It does not stop a guess that is right,
    so that whoever has a token is never locked out by others behind the same address: what is
    guessed at are 256 random bits. For what people choose there is `before_guess`."""
    if isinstance(error, Unauthorized) or (is_open and isinstance(error, NotFound)):
        try:
            of_stranger()
        except TooManyRequests as too_many:
            return too_many
    return error


def before_guess(secret: str) -> None:
    """Refuse, before it is compared, what an address says of a secret that people choose, once
    it was wrong too often in this minute. Raises TooManyRequests."""
    quota = _settings().api_rate_limit_strangers
    found = _counts().look(f"{secret}:{_address()}") if quota else None
    if found is not None and found.number >= quota:
        _stand(secret, quota, replace(found, number=quota + 1))


def of_wrong_guess(secret: str) -> None:
    """Count one for `before_guess`."""
    _count(secret, _address(), _settings().api_rate_limit_strangers)


def _count(policy: str, who: str, quota: int) -> None:
    found = _counts().count(f"{policy}:{who}") if quota else None
    if found is not None:
        _stand(policy, quota, found)


def _stand(policy: str, quota: int, found: Count) -> None:
    """Tell how the limit stands. Raises TooManyRequests."""
    left = max(quota - found.number, 0)
    setattr(g, _STANDING, Standing(policy, quota, left, found.ends_in))
    if found.number > quota:
        raise TooManyRequests(
            f"At most {quota:,} requests a minute. Send the next in {found.ends_in} s."
        )


def _address() -> str:
    """Whoever has an IPv6 address has 2⁶⁴ of them."""
    said = request.remote_addr or ""
    try:
        address = ip_address(said)
    except ValueError:  # a proxy says what it likes
        return said[:64]
    if address.version == 4:
        return str(address)
    # Where the socket takes both kinds, IPv4 comes in the clothes of IPv6 (`::ffff:192.0.2.1`).
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))


def _counts() -> RequestCounts:
    return current_app.extensions[_COUNTS]


def _settings() -> Settings:
    return current_app.config["SETTINGS"]


def register(app: Flask) -> None:
    """Say in each answer how the limit stands."""
    app.extensions[_COUNTS] = RequestCounts(app.config["SETTINGS"])

    @app.after_request
    def _tell(response: Response) -> Response:
        standing: Standing | None = g.pop(_STANDING, None)
        if standing is not None:
            policy, ends_in = standing.policy, standing.ends_in
            response.headers["RateLimit-Policy"] = f'"{policy}";q={standing.quota};w={WINDOW}'
            response.headers["RateLimit"] = f'"{policy}";r={standing.left};t={ends_in}'
            if response.status_code == TooManyRequests.status:
                response.headers["Retry-After"] = str(ends_in)
        return response
