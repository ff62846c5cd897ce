"""Names that people give, as labels of what is counted: at most so many of a kind, so that whoever
makes thousands of templates, or lets an input choose the host, fills no table with counts."""

import threading
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from app import clock

MOST = 100  # names of a kind that one process counts within an hour
OTHER = "other"
_HOUR = timedelta(hours=1)


class Names:
    """Those that were counted lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = datetime.fromtimestamp(0, UTC)
        self._known: dict[str, set[str]] = defaultdict(set)

    def bounded(self, kind: str, name: str) -> str:
        """The name, or OTHER when there are too many of its kind."""
        with self._lock:
            if (at := clock.now()) >= self._until:
                self._known.clear()
                self._until = at + _HOUR
            known = self._known[kind]
            if len(known) < MOST:
                known.add(name)
            return name if name in known else OTHER


here = Names()
