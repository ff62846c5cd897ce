"""`flask --app app doctor`: is everything there that Runsheet stands on, and what to do if not.

Checks only look. Each has a thread of its own and all have one time limit, so that what hangs or
breaks is one more finding.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from flask import Flask

from app.config import Settings
from app.doctor import channels, configuration, contents, database, machine, redis
from app.doctor.findings import Finding, fault, reason
from app.extensions import db

WITHIN = 15.0  # seconds for all checks together
Check = Callable[[Settings], Iterable[Finding]]
CHECKS: dict[str, Check] = {
    "settings": configuration.check,
    "database": database.check,
    "contents": contents.check,
    "redis": redis.check,
    "machine": machine.check,
    "channels": channels.check,
}


def examine(app: Flask) -> Iterator[Finding]:
    """Everything that was found, in the order of the checks."""
    running = [_Running(app, name, check) for name, check in CHECKS.items()]
    until = time.monotonic() + WITHIN
    for one in running:
        yield from one.found(until)


class _Running:
    """A check under way in a thread."""

    def __init__(self, app: Flask, name: str, check: Check) -> None:
        self._app, self._name, self._check = app, name, check
        self._found = list[Finding]()
        self._thread = threading.Thread(target=self._run, name=f"doctor-{name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with self._app.app_context():
            try:
                for finding in self._check(self._app.config["SETTINGS"]):
                    self._found.append(finding)
            except Exception as error:  # noqa: BLE001 - whatever breaks is a finding
                said = f"It could not be looked at: {type(error).__name__}, {reason(error)}."
                self._found.append(fault(self._name, said, "report this, it is a mistake of ours."))
            finally:
                db.session.remove()

    def found(self, until: float) -> list[Finding]:
        """What it found, or had by then."""
        self._thread.join(max(until - time.monotonic(), 0))
        if self._thread.is_alive():
            said = f"It did not answer within {WITHIN:.0f} s."
            return [*self._found, fault(self._name, said, "look whether its machine is reachable.")]
        return self._found
