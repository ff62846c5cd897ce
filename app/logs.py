"""What is logged with what: ids that belong to the work at hand, and where lines go.

`bound` and `remember` say what the lines that follow are about; `facts` gives one line what only
it says. Whoever logs needs to know neither how lines look (`log_lines.py`) nor where they end.
"""

import logging
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from app import log_lines

if TYPE_CHECKING:
    from app.config import Settings

# Libraries that bring handlers of their own; what they say goes with the rest.
_OTHERS = ("rq.worker", "rq.job", "rq_scheduler.scheduler")
_NOTHING: Mapping[str, Any] = {}
_ids: ContextVar[Mapping[str, Any]] = ContextVar("ids of a log line", default=_NOTHING)
log = logging.getLogger(__name__)


class _Record(logging.LogRecord):
    """A record that knows what was bound when it was made."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.bound = _ids.get()


logging.setLogRecordFactory(_Record)


@contextmanager
def bound(**ids: Any) -> Generator[None]:
    """Lines logged in this block carry these ids; None is left out."""
    before = _ids.get()
    _ids.set({**before, **_known(ids)})
    try:
        yield
    finally:
        _ids.set(before)


def remember(**ids: Any) -> None:
    """Lines logged from now on, in this thread and until `forget`, carry these ids too."""
    _ids.set({**_ids.get(), **_known(ids)})


def forget() -> None:
    """What is logged from now on is about something else."""
    _ids.set(_NOTHING)


def now_bound() -> Mapping[str, Any]:
    """The ids that a line logged now would carry."""
    return _ids.get()


def facts(**said: Any) -> dict[str, Any]:
    """What one line says beside its message: `log.info("…", extra=facts(status=200))`."""
    return {"facts": _known(said)}


def _known(ids: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in ids.items() if value is not None}


def set_up(kind: str, settings: "Settings") -> None:
    """From now on everything this process logs, whoever logs it, goes to standard error as
    LOG_FORMAT and LOG_LEVEL say. `kind`: what process it is. For entry points alone."""
    handler = logging.StreamHandler()
    handler.setFormatter(log_lines.formatter(settings.log_format, kind, handler.stream))
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    for name in _OTHERS:
        other = logging.getLogger(name)
        other.handlers.clear()
        other.propagate = True
    _log_cheaply()
    logging.captureWarnings(True)
    sys.excepthook = _last_words
    threading.excepthook = lambda end: _last_words(end.exc_type, end.exc_value, end.exc_traceback)


def _log_cheaply() -> None:
    """A worker writes thousands of lines a second. What no line shows is not looked up, as
    logging's documentation has it: the place in the code takes a walk up the stack."""
    logging._srcfile = None  # type: ignore[assignment]
    logging.logThreads = logging.logMultiprocessing = False


def _last_words(kind: Any, error: Any, trace: Any) -> None:
    if issubclass(kind, Exception):
        log.critical("Ended by an error that nobody caught", exc_info=(kind, error, trace))
    else:  # Ctrl-C
        sys.__excepthook__(kind, error, trace)
