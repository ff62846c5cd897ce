"""Every setting, once, with its meaning. They come from the environment; under `bin/dev` what
the environment leaves open was made once and is kept in `var/dev.env`."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app import log_lines
from app.chat_places import ChatPlace, read_places
from app.mailbox import Mailbox
from app.smtp_url import MailServer


class ConfigError(Exception):
    """A setting is missing or wrong; the message is one line that says which and why."""


_LONGEST_KEY_ID = 40  # it is stored beside what it encrypts
# Private keys of the curve P-256 lie between 0 and this.
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LEAST = {
    "worker_threads": 1,
    "attempts_per_host": 1,
    "web_threads": 2,
    "api_rate_limit": 0,
    "api_rate_limit_strangers": 0,
    "lease_seconds": 2,
    "poison_after": 1,
    "min_schedule_seconds": 1,
}


def setting(name: str, meaning: str, default: str | None = None, *, secret: bool = False) -> Any:
    """A dataclass field read from the environment variable `name`; no default: required. `secret`:
    it is, or may hold, a password or key, so that printing the settings must not show it."""
    return field(metadata={"name": name, "meaning": meaning, "default": default}, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says, checked. `Settings.load()` reads it."""

    port: int = setting("PORT", "The port the web process listens on.", "8000")
    base_url: str = setting(
        "BASE_URL", "Where people reach the console; links and callbacks are made from it.", ""
    )
    database_url: str = setting(
        "DATABASE_URL", "PostgreSQL (`postgres://…`) or SQLite (`sqlite:////path`).", secret=True
    )
    redis_url: str = setting("REDIS_URL", "Redis (`redis://…`, `rediss://…`).", secret=True)
    redis_tls_verify: bool = setting(
        "REDIS_TLS_VERIFY", "Whether a `rediss://` certificate is verified.", "true"
    )
    secret_key: str = setting(
        "SECRET_KEY", "Signs sessions and forms; at least 32 characters.", secret=True
    )
    encryption_keys: str = setting(
        "ENCRYPTION_KEYS",
        "Keys that encrypt secrets at rest, `id:key,…`, the newest first.",
        secret=True,
    )
    smtp_url: str = setting(
        "SMTP_URL",
        "The mail server, `smtp[s]://user:password@host:port`, with `?starttls=` `required`, "
        "`if-offered` or `never`, and `?verify=false`. Empty: no mail.",
        "",
        secret=True,
    )
    mail_from: str = setting(
        "MAIL_FROM", "The sender of all mail.", "Runsheet <runsheet@localhost>"
    )
    org_domains: str = setting(
        "ORG_DOMAINS",
        "Mail domains of the organisation, comma-separated; recipients outside need the "
        "permission to add automation. Empty: no limit.",
        "",
    )
    sms_api_base: str = setting(
        "SMS_API_BASE",
        "Where the SMS provider's API is (Twilio's REST shape); a private one must stand in "
        "OUTBOUND_ALLOW too.",
        "https://api.twilio.com",
    )
    sms_account: str = setting("SMS_ACCOUNT", "The account at the SMS provider (its SID).", "")
    sms_token: str = setting(
        "SMS_TOKEN", "Its auth token; status callbacks are signed with it too.", "", secret=True
    )
    sms_from: str = setting("SMS_FROM", "The number or name that SMS are sent from.", "")
    vapid_private_key: str = setting(
        "VAPID_PRIVATE_KEY",
        "Signs push messages: a P-256 private key, 32 bytes in urlsafe base64. A new one makes "
        "everybody's browsers subscribe again. Empty: no push.",
        "",
        secret=True,
    )
    apprise_urls: str = setting(
        "APPRISE_URLS",
        "Chat places, `name=url` separated by commas or blanks, the URL in Apprise's form. "
        "Empty: no chat.",
        "",
        secret=True,
    )
    outbound_allow: str = setting(
        "OUTBOUND_ALLOW",
        "Private destinations that webhooks may reach all the same: `host[:port]` or CIDR, "
        "comma-separated.",
        "",
    )
    egress_proxy: str = setting(
        "EGRESS_PROXY",
        "An HTTP proxy that all webhooks go through (Smokescreen-style).",
        "",
        secret=True,
    )
    worker_threads: int = setting("WORKER_THREADS", "Attempts at once per worker process.", "16")
    attempts_per_host: int = setting(
        "ATTEMPTS_PER_HOST",
        "Attempts at once per destination host and worker process. 0: three quarters of the "
        "threads, at least 1.",
        "0",
    )
    web_threads: int = setting(
        "WEB_THREADS", "Requests at once per web process; live streams take half at most.", "16"
    )
    api_rate_limit: int = setting(
        "API_RATE_LIMIT",
        "API requests of one token per minute, over all web processes. 0: no limit.",
        "12000",
    )
    api_rate_limit_strangers: int = setting(
        "API_RATE_LIMIT_STRANGERS",
        "API requests of one address per minute that have no valid token. 0: no limit.",
        "300",
    )
    trusted_proxies: int = setting(
        "TRUSTED_PROXIES", "How many proxies stand before the web process.", "0"
    )
    lease_seconds: int = setting(
        "LEASE_SECONDS", "How long a claim holds without being renewed.", "15"
    )
    poison_after: int = setting(
        "POISON_AFTER", "Workers a step may take down alone before it is set aside.", "3"
    )
    metrics_token: str = setting(
        "METRICS_TOKEN",
        "What `/metrics` wants as a bearer token, at least 16 characters. Empty: it is open.",
        "",
        secret=True,
    )
    min_schedule_seconds: int = setting(
        "MIN_SCHEDULE_SECONDS",
        "The least time between two runs of a schedule, seconds. Cron and RRULEs are never denser "
        "than a minute.",
        "1",
    )
    log_format: str = setting(
        "LOG_FORMAT",
        "How lines of the log look: `json`, one object each, or `console`, for people.",
        "json",
    )
    log_level: str = setting(
        "LOG_LEVEL", "From what on is logged: `DEBUG`, `INFO`, `WARNING` or `ERROR`.", "INFO"
    )
    log_requests: bool = setting(
        "LOG_REQUESTS", "Whether a line is logged for each request to the web process.", "true"
    )
    var: Path = setting(
        "RUNSHEET_VAR",
        "Where `bin/dev` keeps its state, and workers their lifelines if it is there.",
        "var",
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read and check all settings. Raises ConfigError with one clear line."""
        source = os.environ if environ is None else environ
        # An empty variable is one that is not set; it must not hide what dev.env says.
        given = {name: value for name, value in source.items() if value}
        found = read_env_file(Path(given.get("RUNSHEET_VAR") or "var") / "dev.env") | given
        values = {name: _read(f, found) for name, f in cls.__dataclass_fields__.items()}
        settings = cls(**values)
        settings._check()
        return settings

    @classmethod
    def default(cls, field: str) -> Any:
        """What one of the fields is where the environment says nothing. Raises ConfigError if it
        is required."""
        return _read(cls.__dataclass_fields__[field], {})

    def __post_init__(self) -> None:
        url = self.database_url
        for old in ("postgres://", "postgresql://"):
            if url.startswith(old):
                url = "postgresql+psycopg://" + url.removeprefix(old)
        object.__setattr__(self, "database_url", url)
        base = self.base_url or f"http://127.0.0.1:{self.port}"
        object.__setattr__(self, "base_url", base.rstrip("/"))
        object.__setattr__(self, "log_format", self.log_format.lower())
        object.__setattr__(self, "log_level", self.log_level.upper())
        if self.attempts_per_host == 0:
            object.__setattr__(self, "attempts_per_host", max(self.worker_threads * 3 // 4, 1))

    @cached_property
    def chat_places(self) -> dict[str, ChatPlace]:
        """The places of APPRISE_URLS by name."""
        return read_places(self.apprise_urls)

    def _check(self) -> None:
        try:
            backend = make_url(self.database_url).get_backend_name()
        except ArgumentError:
            raise ConfigError("DATABASE_URL is not a database URL.") from None
        if backend not in ("sqlite", "postgresql"):
            raise ConfigError("DATABASE_URL must be a PostgreSQL or SQLite URL.")
        if not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            raise ConfigError("REDIS_URL must begin with redis://, rediss:// or unix://.")
        if len(self.secret_key) < 32:
            raise ConfigError("SECRET_KEY must have at least 32 characters.")
        if 0 < len(self.metrics_token) < 16:
            raise ConfigError("METRICS_TOKEN must have at least 16 characters.")
        if not self.base_url.startswith(("http://", "https://")):
            raise ConfigError("BASE_URL must begin with http:// or https://.")
        if self.egress_proxy and not self.egress_proxy.startswith("http://"):
            raise ConfigError("EGRESS_PROXY must begin with http://.")
        if not self.sms_api_base.startswith(("http://", "https://")):
            raise ConfigError("SMS_API_BASE must begin with http:// or https://.")
        _check_mail(self.smtp_url, self.mail_from)
        _check_encryption_keys(self.encryption_keys)
        _check_vapid_key(self.vapid_private_key)
        self._check_chat_places()
        for name, given, known in (
            ("LOG_FORMAT", self.log_format, log_lines.FORMATS),
            ("LOG_LEVEL", self.log_level, log_lines.LEVELS),
        ):
            if given not in known:
                raise ConfigError(f"{name} must be one of {', '.join(known)}.")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ConfigError(f"{name.upper()} must be at least {least}.")

    def _check_chat_places(self) -> None:
        try:
            read_places(self.apprise_urls)
        except ValueError as error:
            raise ConfigError(f"APPRISE_URLS: {error}.") from None


def _check_vapid_key(text: str) -> None:
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        key = b"?"
    if len(key) not in (0, 32) or (key and not 0 < int.from_bytes(key) < _P256_ORDER):
        raise ConfigError("VAPID_PRIVATE_KEY must be a P-256 key, 32 bytes in urlsafe base64.")


def _check_mail(smtp_url: str, mail_from: str) -> None:
    try:
        if smtp_url:
            MailServer.parse(smtp_url)
    except ValueError as fault:
        raise ConfigError(str(fault)) from None
    try:
        Mailbox.parse(mail_from)
    except ValueError as fault:
        raise ConfigError(f"MAIL_FROM: {fault}") from None


def _check_encryption_keys(text: str) -> None:
    known: set[str] = set()
    for pair in text.split(","):
        name, _, key = pair.strip().partition(":")
        try:
            fits = len(base64.b64decode(key, altchars=b"-_", validate=True)) == 32
        except ValueError:
            fits = False
        if not (0 < len(name) <= _LONGEST_KEY_ID and fits):
            raise ConfigError(
                "ENCRYPTION_KEYS must be `id:key,…`, each key 32 bytes in urlsafe base64."
            )
        if name in known:
            raise ConfigError(f"ENCRYPTION_KEYS has two keys with the id {name}.")
        known.add(name)


NAMES = {each.metadata["name"] for each in fields(Settings)}  # of environment variables
SECRET = {each.metadata["name"] for each in fields(Settings) if not each.repr}


def read_env_file(path: Path) -> dict[str, str]:
    """KEY=VALUE lines of a file; nothing when there is no such file."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read(f: Any, environ: Mapping[str, str]) -> Any:
    name = f.metadata["name"]
    raw = environ.get(name) or f.metadata["default"]
    if raw is None:
        raise ConfigError(f"{name} is not set. {f.metadata['meaning']}")
    return _parse(name, f.type, raw)


def _parse(name: str, kind: Any, raw: str) -> Any:
    if kind is bool:
        if raw.lower() not in ("true", "false", "1", "0", "yes", "no"):
            raise ConfigError(f"{name} must be true or false, not {raw!r}.")
        return raw.lower() in ("true", "1", "yes")
    try:
        return kind(raw)
    except ValueError:
        raise ConfigError(f"{name} must be a whole number, not {raw!r}.") from None
