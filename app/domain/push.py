"""Web Push: keys, what a message says, and what push services answer. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.domain.outcomes import Outcome

if TYPE_CHECKING:  # workers that send no push need not load its megabytes
    from cryptography.hazmat.primitives.asymmetric import ec

LARGEST_PAYLOAD = 3_800  # services take 4,096 bytes, encryption included
_GONE = frozenset({404, 410})


def decoded(text: str) -> bytes:
    """URL-safe base64, with or without its padding. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def encoded(data: bytes) -> str:
    """URL-safe base64 without padding, as browsers write keys."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@lru_cache(maxsize=4)
def private_key(vapid_private_key: str) -> ec.EllipticCurvePrivateKey:
    """The key of the setting VAPID_PRIVATE_KEY, which has been checked at the start."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(int.from_bytes(decoded(vapid_private_key)), ec.SECP256R1())


def public_key(vapid_private_key: str) -> str:
    """What browsers subscribe with (`applicationServerKey`)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    point = private_key(vapid_private_key).public_key()
    return encoded(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def payload(content: Mapping[str, Any], link: str | None, token: str) -> bytes:
    """What the service worker shows; a long body is cut until all of it fits. The tag makes a
    message that comes twice replace itself."""
    title, body = str(content["title"]), str(content.get("body") or "")
    while True:
        said = {"title": title, "body": body, "link": link or "", "tag": token}
        made = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
        if len(made) <= LARGEST_PAYLOAD or not (title or body):
            return made
        if body:
            body = _shorter(body)
        else:
            title = _shorter(title)


def _shorter(text: str) -> str:
    return text[: len(text) * 3 // 4].rstrip("…") + "…" if len(text) > 4 else ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one browser's message; `outcome` judged as any receiver's answer."""

    subscription: int
    host: str
    outcome: Outcome

    @property
    def is_gone(self) -> bool:
        return self.outcome.status_code in _GONE

    def logged(self) -> dict[str, Any]:
        """No endpoint: whoever knows it can send there."""
        status, error = self.outcome.status_code, self.outcome.error
        return {"subscription": self.subscription, "service": self.host, "status": status} | (
            {"error": error} if error and not self.is_gone else {}
        )


def combine(sent: Sequence[Sent], request: dict[str, Any]) -> Outcome:
    """One outcome for all browsers of a person: done if any took it. Subscriptions that no longer
    exist are named in `output["gone"]`."""
    gone = [one.subscription for one in sent if one.is_gone]
    left = [one.outcome for one in sent if not one.is_gone]
    decisive = _decisive(left)
    return Outcome(
        verdict=decisive.verdict if decisive else "failed",
        output={"gone": gone} if gone else {},
        error=_words(decisive, gone),
        unknown=decisive is not None
        and decisive.verdict != "done"
        and any(o.unknown for o in left),
        retry_after=max((o.retry_after or 0.0 for o in left), default=0.0) or None,
        status_code=decisive.status_code if decisive else None,
        request=request,
        response={"browsers": [one.logged() for one in sent]},
    )


def _decisive(outcomes: Sequence[Outcome]) -> Outcome | None:
    for verdict in ("done", "returned", "retry", "failed"):
        for outcome in outcomes:
            if outcome.verdict == verdict:
                return outcome
    return None


def _words(decisive: Outcome | None, gone: Sequence[int]) -> str | None:
    if decisive is None:
        return (
            "The browser's subscription no longer exists."
            if gone
            else "There is no browser that takes push messages."
        )
    if decisive.verdict == "done":
        return None
    return {
        401: "The push service refused our key (VAPID_PRIVATE_KEY).",
        403: "The push service refused our key: was VAPID_PRIVATE_KEY changed? Subscribe again.",
        413: "The push service finds the message too large.",
    }.get(decisive.status_code or 0, decisive.error)
