"""Each request has an id, which its answer, its errors and its lines in the log carry."""

import logging
import re
from uuid import uuid4

from flask import Flask, Response, g, request

from app import clock, logs
from app.config import Settings

HEADER = "X-Request-ID"
# Asked for again and again by probes and open pages, or of no interest.
_UNSAID = ("static", "frame.banner", "api_health.healthz", "api_health.readyz")
_UNSAID_NOUNS = ("api_metrics",)
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
log = logging.getLogger("app.requests")


def register(app: Flask) -> None:
    """Give each request of this application an id, and log it. Must come before all other hooks."""
    settings: Settings = app.config["SETTINGS"]

    @app.before_request
    def _begin() -> None:
        g.asked_at = clock.monotonic()
        g.request_id = _given(settings) or uuid4().hex
        logs.forget()
        place = request.view_args or {}
        logs.remember(
            requestId=g.request_id,
            instance=place.get("instance_id"),
            step=place.get("key") if "instance_id" in place else None,
            delivery=place.get("delivery_id"),
        )

    @app.after_request
    def _say(response: Response) -> Response:
        response.headers[HEADER] = g.get("request_id", "")
        if settings.log_requests and not _is_unsaid():
            _log(response)
        return response

    @app.teardown_request
    def _end(_error: BaseException | None) -> None:
        logs.forget()


def _given(settings: Settings) -> str | None:
    """The id that came with the request, where a proxy stands in front. It is the proxy's own only
    if the proxy sets it: many pass on whatever a client sent. Nothing rests on it."""
    given = request.headers.get(HEADER, "") if settings.trusted_proxies else ""
    return given if _WELL_FORMED.fullmatch(given) else None


def _is_unsaid() -> bool:
    return request.endpoint in _UNSAID or request.blueprint in _UNSAID_NOUNS


def _log(response: Response) -> None:
    if log.isEnabledFor(logging.INFO):
        said = logs.facts(
            method=request.method,
            # Never the path: it may hold a secret, and one without a rule may hold anything.
            route=request.url_rule.rule if request.url_rule else "(none)",
            status=response.status_code,
            durationMs=round((clock.monotonic() - g.asked_at) * 1000),
        )
        log.info("request", extra=said)


def request_id() -> str | None:
    """The present request's id."""
    return g.get("request_id")
