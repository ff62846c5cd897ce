"""RQ's own connection, made as our settings say: `rq worker --connection-class
workers.connection.Connection`. RQ would take the URL alone and ignore REDIS_TLS_VERIFY."""

import logging
import os
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry
from rq.suspension import WORKERS_SUSPENDED

CONNECT_SECONDS = 2.0
log = logging.getLogger(__name__)


class Connection(Redis):
    """A Redis client whose certificate check follows REDIS_TLS_VERIFY, and which says soon that
    Redis is away: the worker is the one who tries again."""

    @classmethod
    def from_url(cls, url: str, **options: Any) -> "Redis":
        unverified = os.environ.get("REDIS_TLS_VERIFY", "true").lower() in ("false", "0", "no")
        if url.startswith("rediss://") and unverified:
            options["ssl_cert_reqs"] = "none"
        # Once again at once: a connection that was kept may be gone while Redis is not.
        options |= {"socket_connect_timeout": CONNECT_SECONDS, "retry": Retry(NoBackoff(), 1)}
        return super().from_url(url, **options)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class _Pipeline(Pipeline):
    """Before RQ's command makes a worker, it asks whether workers are suspended, and ends if
    nobody answers. A Redis that is away has not suspended anybody."""

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        asked = [args for args, _ in self.command_stack]
        try:
            return super().execute(raise_on_error)
        except (ConnectionError, TimeoutError) as error:
            if asked != [("EXISTS", WORKERS_SUSPENDED)]:
                raise
            log.warning("Redis does not answer; starting without it: %s", error)
            return [0]
