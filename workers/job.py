"""RQ's job, hardened: JSON only, and only the named tasks.

RQ pickles by default, and unpickling what stands in Redis is running it. Whoever can write to
Redis could name any function, or hang callbacks and webhooks on a message; none of that is read.
"""

import json
from typing import Any

from rq.exceptions import DeserializationError
from rq.job import Job
from rq.serializers import JSONSerializer

from workers.tasks import NAMES

REFUSED = (
    b"success_callback_name",
    b"failure_callback_name",
    b"stopped_callback_name",
    b"dependency_id",
    b"dependency_ids",
    b"webhooks",
    b"group_id",
    b"repeats_left",
    b"retries_left",
    b"rate_limit_key",
)


class Refused(DeserializationError):
    """A message in Redis that Runsheet did not write; it is dropped."""


class RunsheetJob(Job):
    """A message that can only be one of `workers.tasks`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"serializer": JSONSerializer})
        self.serializer = JSONSerializer

    def restore(self, raw_data: Any) -> Any:
        present = [name.decode() for name in REFUSED if raw_data.get(name)]
        if present:
            raise Refused(f"a message carries {', '.join(present)}")
        return super().restore(raw_data)

    def _deserialize_data(self) -> None:
        try:
            name, instance, args, kwargs = json.loads(self.data)
        except (ValueError, TypeError, RecursionError) as error:
            raise Refused("a message is not JSON of ours") from error
        texts = isinstance(args, list) and all(isinstance(arg, str) for arg in args)
        if name not in NAMES or instance is not None or kwargs or not texts:
            raise Refused(f"a message asks for {str(name)[:100]!r}")
        self._func_name, self._instance, self._args, self._kwargs = name, None, args, {}
