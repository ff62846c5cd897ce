"""An SMS provider that delivers nothing: Twilio's REST shape, as far as Runsheet uses it.

Some numbers are answered as Twilio's test numbers are, and some as a provider in trouble answers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

LONGEST_BODY = 1600
REMEMBERED = 500
Answer = tuple[int, dict[str, str], bytes]

# By the number it is sent to: status, code, message.
REFUSALS: Mapping[str, tuple[int, int, str]] = {
    "+15005550001": (400, 21211, "Invalid 'To' Phone Number: +1500555XXXX"),
    "+15005550004": (400, 21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (400, 21614, "'To' number is not a valid mobile number"),
    "+15005550429": (429, 20429, "Too Many Requests"),
    "+15005550500": (500, 20500, "Internal Server Error"),
}
RETRY_AFTER_SECONDS = "10"


@dataclass
class Sms:
    """One message that was taken."""

    sid: str
    to: str
    sender: str
    text: str
    callback: str = ""
    status: str = "queued"


@dataclass
class Callback:
    """What the provider posts when it knows more: signed, form-encoded."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class SmsApi:
    """One account. `taken` has the messages, the newest first."""

    account: str
    token: str
    taken: list[Sms] = field(default_factory=list[Sms])
    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request as the provider would."""
        if (method, path) != ("POST", f"/2010-04-01/Accounts/{self.account}/Messages.json"):
            return refusal(404, 20404, "The requested resource was not found")
        if headers.get("authorization") != self._authorization():
            return refusal(401, 20003, "Authenticate")
        form = {
            name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()
        }
        for name in ("To", "From", "Body"):
            if not form.get(name):
                return refusal(400, 21604, f"A '{name}' is required.")
        if len(form["Body"]) > LONGEST_BODY:
            return refusal(400, 21617, "The concatenated message body exceeds 1600 characters")
        if form["To"] in REFUSALS:
            return refusal(*REFUSALS[form["To"]])
        return self._take(form)

    def _authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{self.account}:{self.token}".encode()).decode()

    def _take(self, form: dict[str, str]) -> Answer:
        with self.lock:
            self.count += 1
            sid = f"SM{self.count:032x}"
            sms = Sms(sid, form["To"], form["From"], form["Body"], form.get("StatusCallback", ""))
            self.taken.insert(0, sms)
            del self.taken[REMEMBERED:]
        said = {"sid": sid, "status": "queued", "to": sms.to, "from": sms.sender, "body": sms.text}
        return 201, {"Content-Type": "application/json"}, json.dumps(said).encode()

    def report(self, sms: Sms, status: str, error_code: int | None = None) -> Callback:
        """Say what became of a message; to be posted to the URL that came with it."""
        sms.status = status
        form = {"MessageSid": sms.sid, "MessageStatus": status, "To": sms.to, "From": sms.sender}
        if error_code is not None:
            form["ErrorCode"] = str(error_code)
        text = sms.callback + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(self.token.encode(), text.encode(), hashlib.sha1).digest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
        }
        return Callback(sms.callback, headers, urlencode(form).encode())


def refusal(status: int, code: int, message: str) -> Answer:
    """An error as the provider words it."""
    headers = {"Content-Type": "application/json"}
    if status == 429:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return status, headers, json.dumps(body).encode()
