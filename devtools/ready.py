"""Whether the console says that it is ready."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from time import monotonic

PAUSE = 0.3
PROCESSES = ("worker", "notifier", "scheduler")

# Proxies from the environment have no business between us and our own port.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Readiness:
    """Asks `/readyz`, not more often than makes sense, and remembers why it said no."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ready = False
        self.why = "nothing answers"
        self.asked_at = 0.0

    def look(self) -> bool:
        if monotonic() - self.asked_at >= PAUSE:
            self.asked_at = monotonic()
            self.ready, self.why = ask(self.url)
        return self.ready


def ask(url: str) -> tuple[bool, str]:
    try:
        with opener.open(url, timeout=5) as answer:
            missing = not_up(answer.read())
            return not missing, f"still waiting for {', '.join(missing)}"
    except urllib.error.HTTPError as error:
        with error:
            return False, f"{error.code} {error.read(500).decode(errors='replace')}"
    except (OSError, HTTPException) as error:  # nobody there, or somebody else
        return False, str(error)


def not_up(body: bytes) -> list[str]:
    """200 speaks of database, Redis and migrations; the body also says who else is there, such as
    `{"checks": {"worker": {"ok": true, "count": 1}}}`."""
    try:
        checks: dict[str, dict[str, object]] = json.loads(body)["checks"]
        return [name for name in PROCESSES if not checks[name]["ok"]]
    except (ValueError, LookupError, TypeError):
        return ["/readyz to say who is there"]
