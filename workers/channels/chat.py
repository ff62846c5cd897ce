"""CHAT: rooms of chat services, spoken to by Apprise.

Apprise opens its own connections, so only the services of `app/chat_places.py` may be loaded: each
module is imported by itself when it is first needed, and Apprise's registry of all others never.
"""

import logging
import re
import threading
from dataclasses import replace
from importlib import import_module
from typing import Any

from app.chat_places import ChatPlace
from app.domain.outcomes import Outcome
from app.version import VERSION
from workers.channels.base import Message
from workers.outbound import CancelToken
from workers.tools import Tools

CONNECT_SECONDS = 5.0
_STATUS = re.compile(r"error=(\d{3})\b")
_NEVER_LEFT = re.compile("NewConnectionError|ConnectTimeout|NameResolutionError|SSLError")
_TRY_AGAIN = frozenset({408, 409, 425, 429})


def send(message: Message, tools: Tools, cancel: CancelToken) -> Outcome:
    """Post one message to one place. Apprise can't be interrupted, so it works in a thread of its
    own, which is left to itself at the deadline and ends by Apprise's own timeouts."""
    place = tools.settings.chat_places.get(message.address)
    if place is None:
        error = f"There is no chat place named {message.address} (APPRISE_URLS)."
        return Outcome(verdict="failed", error=error)
    posting = _Posting(place, str(message.content["text"]), message.timeout)
    cancel.attach(posting)  # pyright: ignore[reportArgumentType] - all it is asked for is `end`
    outcome = posting.carry_out()
    return replace(
        outcome,
        request={"place": place.name, "service": place.service.label, **message.content},
        response={"taken": outcome.verdict == "done", "status": outcome.status_code},
    )


class _Posting:
    """One message on its way to one place."""

    def __init__(self, place: ChatPlace, text: str, timeout: float) -> None:
        self._place = place
        self._text = text
        self._timeout = timeout
        self._ended = threading.Event()
        self._stopped = False
        self._result: Outcome | None = None

    def end(self, kind: str) -> None:
        """The attempt was stopped: wait no longer."""
        self._stopped = True
        self._ended.set()

    def carry_out(self) -> Outcome:
        """Wait for the end, or for the deadline, or for being stopped."""
        began = not self._stopped
        if began:
            threading.Thread(target=self._run, name="chat", daemon=True).start()
            self._ended.wait(self._timeout)
        return self._result or self._cut_short(began=began)

    def _cut_short(self, *, began: bool) -> Outcome:
        perhaps = " The message may have been posted." if began else ""
        if self._stopped:
            error = f"The attempt was stopped.{perhaps}"
            return Outcome(verdict="returned", error=error, unknown=began)
        error = f"{self._place.service.label} did not answer in time.{perhaps}"
        return Outcome(verdict="retry", error=error, unknown=began)

    def _run(self) -> None:
        _listener.forget()
        try:
            plugin = _plugin(self._place, self._timeout)
        except Exception:  # noqa: BLE001 - many plugins, many ways; their words hold the URL
            error = f"The URL of the chat place {self._place.name} can't be used (APPRISE_URLS)."
            self._result = Outcome(verdict="failed", error=error)
        else:
            self._result = self._post(plugin)
        self._ended.set()

    def _post(self, plugin: Any) -> Outcome:
        try:
            taken = plugin.notify(body=self._text, title="")
        except Exception:  # noqa: BLE001 - likewise
            taken = False
        if taken:
            return Outcome(verdict="done")
        return judge(self._place.service.label, _listener.heard())


def judge(service: str, heard: str) -> Outcome:
    """Apprise says only that it did not work; its log lines say how. They are read, never shown."""
    status = next((int(found) for found in _STATUS.findall(heard)), None)
    if status is None or status < 400:
        sent = not _NEVER_LEFT.search(heard)
        if sent:
            error = f"{service} did not confirm the message. It may have been posted."
        else:
            error = f"{service} could not be reached."
        return Outcome(verdict="retry", error=error, unknown=sent)
    again = status >= 500 or status in _TRY_AGAIN
    error = f"{service} answered {status}." + (
        "" if again else " Check the place's URL (APPRISE_URLS)."
    )
    return Outcome(verdict="retry" if again else "failed", error=error, status_code=status)


def _plugin(place: ChatPlace, timeout: float) -> Any:
    """Apprise's notifier for this place. Raises whatever it likes for a URL it can't read."""
    _listener.install()
    from apprise import AppriseAsset
    from apprise.common import OverflowMode

    service = place.service
    kind = getattr(import_module(f"apprise.plugins.{service.module}"), service.plugin)
    asset = AppriseAsset(
        app_id="Runsheet", app_desc=f"Runsheet {VERSION}", app_url="", secure_logging=True
    )
    # A room such as /#ops is no fragment; Apprise's own reader, which knows this, loads everything.
    url = place.url.replace("/#", "/%23")
    plugin = kind(**{**kind.parse_url(url), "asset": asset})
    # Whatever the URL wishes: bounded, one message, to where it says.
    plugin.socket_connect_timeout = min(CONNECT_SECONDS, timeout)
    plugin.socket_read_timeout = timeout
    plugin.overflow_mode = OverflowMode.TRUNCATE
    plugin.redirects = False
    plugin.request_rate_per_sec = 0
    return plugin


class _Listener(logging.Handler):
    """Keeps what Apprise logs from everybody, and remembers it for the thread it comes from."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = threading.local()

    def install(self) -> None:
        logger = logging.getLogger("apprise")
        logger.handlers = [self]
        logger.propagate = False
        logger.setLevel(logging.DEBUG)

    def forget(self) -> None:
        self._lines.found = []

    def heard(self) -> str:
        return "\n".join(getattr(self._lines, "found", []))

    def emit(self, record: logging.LogRecord) -> None:
        found = getattr(self._lines, "found", None)
        if found is not None:
            found.append(record.getMessage())


_listener = _Listener()
