"""/metrics: what was counted and how things stand now, as Prometheus reads it. The counts come
from the database, so every web process gives the same answer for all processes and machines."""

import hmac
import threading

from flask import Blueprint, Response, current_app
from flask.sansio.blueprints import BlueprintSetupState
from prometheus_client import CONTENT_TYPE_LATEST

from app import clock, http_counts, transaction
from app.api import exposition, rates
from app.api.endpoint import bare, token_of
from app.errors import Unauthorized, Unavailable

blueprint = Blueprint("api_metrics", __name__)
KEPT = 5.0  # seconds for which an answer is given again, however many ask
PATIENCE = 2.0  # seconds for which a thread waits for another one's answer
_NAME = "metrics"
_SECRET = "metrics-token"  # noqa: S105 - what guesses are counted by


class Answer:
    """The last answer of this process. Who asks while it is being made waits for it a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made_at = float("-inf")
        self._text = b""

    def text(self) -> bytes:
        """What stands in /metrics now, or did at most `KEPT` seconds ago; if another is too long at
        finding out, what stood there last. Raises Unavailable if nothing did."""
        if not self._lock.acquire(timeout=PATIENCE):
            if not self._text:
                raise Unavailable("The figures are still being read. Ask again.")
            return self._text
        try:
            if clock.monotonic() - self._made_at > KEPT:
                http_counts.here().write()
                with transaction.reading() as session:
                    self._text = exposition.text(session)
                self._made_at = clock.monotonic()
            return self._text
        finally:
            self._lock.release()


@blueprint.record_once
def _keep_an_answer(state: BlueprintSetupState) -> None:
    state.app.extensions[_NAME] = Answer()


@blueprint.get("/metrics")
@bare(
    "Counts and figures for Prometheus", permission=None, gives="text/plain", errors=(401, 429, 503)
)
def read_metrics() -> Response:
    wanted = current_app.config["SETTINGS"].metrics_token
    if wanted:
        _require(wanted)
    text = current_app.extensions[_NAME].text()
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _require(wanted: str) -> None:
    """People choose this token, so it may be guessed at only so often. Raises Unauthorized."""
    given = token_of()
    rates.before_guess(_SECRET)
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        rates.of_wrong_guess(_SECRET)
        raise Unauthorized("Send METRICS_TOKEN as a bearer token.")
