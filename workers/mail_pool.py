"""Connections to the mail server between two mails. Private to `workers.mailer`."""

import threading
from time import monotonic

from workers.mail_wire import Conversation

IDLE_SECONDS = 30.0
MOST_IDLE = 8


class Pool:
    """Idle connections, the newest first. One is out with one thread, or in here: never both."""

    def __init__(self) -> None:
        self._idle: list[Conversation] = []
        self._closed = False
        self._next_prune = 0.0
        self._lock = threading.Lock()

    def take(self) -> Conversation | None:
        """An idle connection, if there is one; whether it still works is for the taker to ask."""
        limit = monotonic() - IDLE_SECONDS
        with self._lock:
            talk = self._idle.pop() if self._idle else None
        if talk is not None and talk.idle_since <= limit:
            part(talk)
            return None  # the others have been idle for longer; `prune` closes them
        return talk

    def give(self, talk: Conversation) -> None:
        """Keep a connection whose last mail is done with."""
        talk.idle_since, talk.reused = monotonic(), True
        with self._lock:
            if not self._closed and len(self._idle) < MOST_IDLE:
                self._idle.append(talk)
                return
        part(talk)

    def prune(self) -> bool:
        """Close what has been idle for 30 s, looking once a second; say whether any is left."""
        now = monotonic()
        if now >= self._next_prune:
            self._next_prune = now + 1
            self._drop(now - IDLE_SECONDS)
        return bool(self._idle)

    def close(self) -> None:
        """Close every idle connection, and those that come back later."""
        self._closed = True
        self._drop(monotonic())

    def _drop(self, idle_before: float) -> None:
        with self._lock:
            old = [talk for talk in self._idle if talk.idle_since <= idle_before]
            self._idle = [talk for talk in self._idle if talk.idle_since > idle_before]
        for talk in old:
            part(talk)


def part(talk: Conversation) -> None:
    """Say goodbye and close. What the server makes of it matters to no mail."""
    talk.say_goodbye()
    talk.sock.close()
