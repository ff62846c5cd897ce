"""SMS in Twilio's REST shape: a request made, its answer read, a callback checked. Pure."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from app.config import Settings
from app.domain.outcomes import Outcome
from app.domain.redaction import Scrub, secret_mark
from app.phone import masked

CALLBACK_PATH = "/api/workflows/sms-status"
SEGMENTS = 10  # what Twilio takes in one message; each is paid for
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")  # these take two places
# Error codes with status 400 that pass by themselves: a full queue, a rate.
_TRY_AGAIN = frozenset({14107, 20429, 20500, 20503, 20504, 21611, 30001})
_NO_CREDENTIALS = frozenset({401, 403})
_LOST = frozenset({"undelivered", "failed", "canceled"})
# What a message goes through, in its order. Reports overtake each other on their way here.
_STAGES = ("accepted", "scheduled", "queued", "sending", "sent", "delivered", "read")
_FINAL = _LOST | {"delivered", "read"}


@dataclass(frozen=True, slots=True)
class SmsRequest:
    """What is posted. `logged` is all of it that a log may show: no account, no token and not the
    whole of somebody's number; `scrub` takes these out of whatever comes back."""

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes
    logged: dict[str, Any]
    scrub: Scrub = field(repr=False)


def build(settings: Settings, to: str, text: str) -> SmsRequest:
    """One message to one number."""
    form = {"To": to, "From": settings.sms_from, "Body": cut(text)}
    if callback := callback_url(settings):
        form["StatusCallback"] = callback
    base, account = settings.sms_api_base.rstrip("/"), settings.sms_account
    credentials = base64.b64encode(f"{account}:{settings.sms_token}".encode()).decode()
    headers = {
        "Authorization": f"Basic {credentials}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    logged = {"provider": urlsplit(base).netloc, **form, "To": masked(to)}
    url = f"{base}/2010-04-01/Accounts/{account}/Messages.json"
    secret = {settings.sms_token: "SMS_TOKEN", account: "SMS_ACCOUNT", credentials: "SMS_TOKEN"}
    taken_out = [(value, secret_mark(name)) for value, name in secret.items() if value]
    scrub = Scrub([*taken_out, (to, masked(to))])
    return SmsRequest(url, headers, urlencode(form).encode(), logged, scrub)


def callback_url(settings: Settings) -> str | None:
    """Where the provider tells what became of a message. A console that only this machine reaches
    has none, unless the provider is on this machine too: Twilio refuses such URLs."""
    ours, theirs = (urlsplit(url).hostname for url in (settings.base_url, settings.sms_api_base))
    if _is_here(ours) and not _is_here(theirs):
        return None
    return settings.base_url + CALLBACK_PATH


def _is_here(host: str | None) -> bool:
    return host in ("localhost", "::1") or (host or "").startswith("127.")


def cut(text: str, segments: int = SEGMENTS) -> str:
    """The text, or as much of it as so many segments hold. A single character beyond the GSM
    alphabet makes all of it Unicode, which needs more than twice the room."""
    plain = all(char in _GSM or char in _GSM_TWICE for char in text)
    room = segments * (153 if plain else 67)
    if _length(text, plain) <= room:
        return text
    mark = "..." if plain else "…"
    kept: list[str] = []
    left = room - len(mark)
    for char in text:
        left -= _length(char, plain)
        if left < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + mark


@dataclass(frozen=True, slots=True)
class Size:
    """How long a text is as SMS. `odd`: the first character beyond the GSM alphabet, if any."""

    segments: int
    length: int
    odd: str | None


def size(text: str) -> Size:
    """What the whole text takes; each segment is paid for."""
    odd = next((char for char in text if char not in _GSM and char not in _GSM_TWICE), None)
    length = _length(text, odd is None)
    alone, each = (160, 153) if odd is None else (70, 67)
    return Size(1 if length <= alone else -(-length // each), length, odd)


def _length(text: str, plain: bool) -> int:
    if plain:
        return len(text) + sum(char in _GSM_TWICE for char in text)
    return len(text.encode("utf-16-le")) // 2


def read_answer(outcome: Outcome) -> Outcome:
    """The provider's answer, judged as any receiver's, with what this provider means by it."""
    answer = _document(outcome)
    if outcome.verdict == "done":
        sid = answer.get("sid")
        status = str(answer.get("status", "accepted"))
        found = str(sid)[:500] if sid else None
        return replace(outcome, output={"status": status}, provider_id=found)
    if outcome.status_code in _NO_CREDENTIALS:
        words = "The SMS provider refused the credentials (SMS_ACCOUNT, SMS_TOKEN)."
        return replace(outcome, error=words)
    code, said = answer.get("code"), answer.get("message")
    if outcome.status_code is None or not (code or said):
        return outcome
    verdict = "retry" if code in _TRY_AGAIN else outcome.verdict
    words = f"The SMS provider said {code or outcome.status_code}: {str(said or 'no reason')[:300]}"
    return replace(outcome, verdict=verdict, error=words)


def _document(outcome: Outcome) -> dict[str, Any]:
    try:
        value: Any = json.loads((outcome.response or {}).get("body") or "")
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def signature(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the URL and the fields, sorted, each value once."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    digest = hmac.new(token.encode(), text.encode("utf-8", "replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed(settings: Settings, given: str, form: Sequence[tuple[str, str]]) -> bool:
    """Whether a callback comes from who knows the token. The URL is ours as we gave it away: the
    Host header is not believed."""
    if not settings.sms_token:
        return False
    ours = signature(settings.sms_token, settings.base_url + CALLBACK_PATH, form)
    return hmac.compare_digest(ours.encode(), given.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of a message: `error` if it did not arrive after all."""

    provider_id: str
    status: str
    error: str | None


def is_news(status: str, known: str | None) -> bool:
    """Whether a status says more than the one that is known. Nothing follows a final one, but
    that the message was read; a word that we do not know is believed."""
    if known in _FINAL:
        return (known, status) == ("delivered", "read")
    if known not in _STAGES or status not in _STAGES:
        return True
    return _STAGES.index(status) > _STAGES.index(known)


def read_report(form: Mapping[str, str]) -> StatusReport | None:
    """A callback's fields; None if they name no message or no status."""
    sid, status = form.get("MessageSid") or form.get("SmsSid"), form.get("MessageStatus")
    if not sid or not status:
        return None
    error = None
    if status in _LOST:
        code, said = form.get("ErrorCode"), form.get("ErrorMessage")
        why = ": ".join(filter(None, [code and f"error {code}", said]))
        error = f"The SMS provider says {status}" + (f" ({why[:300]})." if why else ".")
    return StatusReport(sid[:500], status[:40], error)
