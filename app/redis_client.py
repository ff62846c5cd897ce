"""Connections to Redis, made in one place: TLS as the settings say, no hidden retries."""

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.config import Settings


def connect(settings: Settings, *, timeout: float | None = None) -> "Redis":
    """A client. With `timeout` (seconds), no command waits longer and none is tried again."""
    options: dict[str, Any] = {}
    if settings.redis_url.startswith("rediss://") and not settings.redis_tls_verify:
        options["ssl_cert_reqs"] = "none"
    if timeout is not None:
        options |= {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "retry": Retry(NoBackoff(), 0),
        }
    return Redis.from_url(settings.redis_url, **options)
