"""What the demo receiver got, and how it is told to answer."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REMEMBERED = 500
LARGEST_FILE = 10 * 1024 * 1024
KEPT_BODY = 64 * 1024


@dataclass(frozen=True)
class Received:
    """One request, as programs see it in `GET /_requests` (the names are the JSON's)."""

    receivedAs: int  # noqa: N815
    reference: str
    at: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    bodyBytes: int  # noqa: N815
    mode: str
    timesSeen: int  # noqa: N815  how often its webhook-id has come by now, this one included


class Requests:
    """The last 500; also appended to a file that is rotated when it grows."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lock = threading.Lock()
        self.last: deque[Received] = deque(maxlen=REMEMBERED)
        self.times: Counter[str] = Counter()
        self.count = 0
        self._load()
        self.log = file.open("a", encoding="utf-8")

    def add(
        self, at: str, mode: str, body: bytes, headers: dict[str, str], **what: str
    ) -> Received:
        with self.lock:
            self.count += 1
            self._remember(
                Received(
                    receivedAs=self.count,
                    reference=f"R-{self.count:04d}",
                    at=at,
                    headers=headers,
                    body=body[:KEPT_BODY].decode(errors="replace"),
                    bodyBytes=len(body),
                    mode=mode,
                    timesSeen=self.times[headers.get("webhook-id", "")] + 1,
                    **what,
                )
            )
            self._append(self.last[0])
            return self.last[0]

    def newest(self, after: int = 0, before: int = 0, limit: int = REMEMBERED) -> list[Received]:
        with self.lock:
            found = [
                request
                for request in self.last
                if request.receivedAs > after and (not before or request.receivedAs < before)
            ]
        return found[:limit]

    def clear(self) -> None:
        """Forget all; numbers go on, so that a program's `?after=N` stays right."""
        with self.lock:
            self.last.clear()
            self.times.clear()
            self.log.truncate(0)

    def _remember(self, request: Received) -> None:
        if len(self.last) == REMEMBERED:
            self._forget(self.last[-1])
        self.last.appendleft(request)
        self.times[request.headers.get("webhook-id", "")] += 1

    def _forget(self, oldest: Received) -> None:
        key = oldest.headers.get("webhook-id", "")
        self.times[key] -= 1
        if self.times[key] <= 0:
            del self.times[key]

    def _append(self, request: Received) -> None:
        self.log.write(json.dumps(asdict(request)) + "\n")
        self.log.flush()
        if self.log.tell() > LARGEST_FILE:
            self.log.close()
            self.file.replace(self.file.with_suffix(".jsonl.1"))
            self.log = self.file.open("a", encoding="utf-8")

    def _load(self) -> None:
        """Take up where the last bin/dev left off; a line cut short by a kill is passed over."""
        with suppress(FileNotFoundError):
            for line in self.file.read_text(encoding="utf-8").splitlines()[-REMEMBERED:]:
                with suppress(ValueError, TypeError):
                    self._remember(Received(**json.loads(line)))
        self.count = max((r.receivedAs for r in self.last), default=0)


MODES: dict[str, str] = {
    "200": "Answer 200",
    "500": "Answer 500",
    "slow": "Slow (5 s)",
    "hangup": "Hang up",
    "410": "410 Gone",
    "retry-after": "Retry-After (429, 10 s)",
}


class Switches:
    """How requests are answered: one way for all, other ways for paths below a prefix."""

    def __init__(self) -> None:
        self.all = "200"
        self.only: dict[str, str] = {}

    def set(self, mode: str, prefix: str = "") -> None:
        """Raises ValueError when there is no such mode. `default` takes a prefix off again."""
        prefix = "/" + prefix.strip().strip("/")
        if mode == "default":
            self.only.pop(prefix, None)
        elif mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")
        elif prefix == "/":
            self.all = mode
        elif len(self.only) < 100 or prefix in self.only:
            self.only = {**self.only, prefix: mode}

    def mode_for(self, path: str) -> str:
        """The longest prefix wins; `/pay` covers `/pay/1` and not `/payments`."""
        fits = [p for p in self.only if f"{path}/".startswith(f"{p}/")]
        return self.only[max(fits, key=len)] if fits else self.all

    def as_json(self) -> dict[str, Any]:
        return {"mode": self.all, "prefixes": self.only}
