"""RQ's own connection, made as our settings say: `rq worker --connection-class
workers.connection.Connection`. RQ would take the URL alone and ignore REDIS_TLS_VERIFY."""

import os
from typing import Any

from redis import Redis


class Connection(Redis):
    """A Redis client whose certificate check follows REDIS_TLS_VERIFY."""

    @classmethod
    def from_url(cls, url: str, **options: Any) -> "Redis":
        unverified = os.environ.get("REDIS_TLS_VERIFY", "true").lower() in ("false", "0", "no")
        if url.startswith("rediss://") and unverified:
            options["ssl_cert_reqs"] = "none"
        return super().from_url(url, **options)
