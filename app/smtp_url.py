"""`SMTP_URL`: which mail server, and how to speak to it."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

Tls = Literal["implicit", "required", "if-offered", "never"]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BOOLEANS = {"true": True, "false": False}
_FORM = "SMTP_URL must look like smtp[s]://user:password@host:port"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. `tls`: from the first byte (`smtps`), or by STARTTLS."""

    host: str
    port: int
    tls: Tls
    verify: bool = True
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port}, tls={self.tls})"  # never the password

    @classmethod
    def parse(cls, url: str) -> "MailServer":
        """Read the setting. Raises ValueError with one line that names no password.

        `?starttls=required|if-offered|never`: without it, a sign-in is sent to another machine
        only under TLS. `?verify=false` takes any certificate.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ValueError(f"{_FORM}.") from None
        if parts.scheme not in ("smtp", "smtps") or not host or parts.path not in ("", "/"):
            raise ValueError(f"{_FORM}; / ? # @ in user or password are percent-encoded.")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if _has_breaks(user + password):
            raise ValueError("SMTP_URL: user and password must not contain control characters.")
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        starttls, verify = given.pop("starttls", None), given.pop("verify", "true")
        if given or verify not in _BOOLEANS or parts.fragment:
            raise ValueError("SMTP_URL: the options are starttls=… and verify=true or false.")
        if parts.scheme == "smtps":
            tls: Tls = "implicit"
            if starttls is not None:
                raise ValueError("SMTP_URL: starttls goes with smtp://, not with smtps://.")
        else:
            tls = _starttls(starttls, sign_in=bool(user) and host not in _LOOPBACK)
        number = port or (465 if tls == "implicit" else 25)
        return cls(host, number, tls, _BOOLEANS[verify], user, password)


def _starttls(given: str | None, *, sign_in: bool) -> Tls:
    if given is None:
        return "required" if sign_in else "if-offered"
    if given in ("required", "if-offered", "never"):
        return given
    raise ValueError("SMTP_URL: starttls is required, if-offered or never.")


def _has_breaks(text: str) -> bool:
    return any(ord(char) < 32 or ord(char) == 127 for char in text)
