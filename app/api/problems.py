"""Errors as `application/problem+json` (RFC 9457), in one place for every route."""

import logging
from datetime import datetime
from typing import Any

from flask import Flask, Response, request
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app import request_log
from app.api import rates
from app.api.rendering import json_response
from app.errors import (
    FieldError,
    NotFound,
    RunsheetError,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from app.log_paths import path_to_log

MEDIA_TYPE = "application/problem+json"
TRY_AGAIN_SECONDS = "5"
# What a database that is away, full or locked raises; trying again later can help.
_DATABASE_AWAY = (OperationalError, InterfaceError, TimeoutError)
_PLACES = ("/api/", "/healthz", "/readyz")
log = logging.getLogger(__name__)


def problem_of(error: Exception) -> Response:
    """The answer to an exception. What nobody expected is logged and told without a trace."""
    if isinstance(error, RequestEntityTooLarge):
        return _of_ours(TooLarge())
    if isinstance(error, RunsheetError):
        return _of_ours(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, _DATABASE_AWAY):
        log.warning("The database did not answer: %s", error)
        return _of_ours(Unavailable("The database does not answer. Try again in a moment."))
    log.error("%s %s failed", request.method, path_to_log(), exc_info=error)
    return _problem(500, "error", "Something went wrong here. It was written to the log.")


def _of_ours(error: RunsheetError) -> Response:
    response = _problem(
        error.status,
        error.slug,
        error.message,
        errors=error.errors or _whole_body(error),
        extra=error.extra,
    )
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = error.challenge
    if error.status == 503:
        response.headers["Retry-After"] = TRY_AGAIN_SECONDS
    return response


def _whole_body(error: RunsheetError) -> list[FieldError]:
    # A body that can't be read at all is at fault as a whole: the empty path.
    return [FieldError("", error.message)] if error.status in (400, 413) else []


def _of_http(error: HTTPException) -> Response:
    code = error.code or 500
    response = _problem(code, _slug(error), error.description or error.name)
    for name, value in error.get_headers(request.environ):
        if name.lower() != "content-type":  # Allow, above all
            response.headers[name] = value
    return response


def _slug(error: HTTPException) -> str:
    return error.name.lower().replace(" ", "-")


def _problem(
    status: int,
    slug: str,
    detail: str,
    errors: list[FieldError] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    document = {
        "type": f"/problems/{slug}",
        "title": slug.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "errors": [{"path": fault.path, "message": fault.message} for fault in errors or ()],
        "requestId": request_log.request_id(),
        **{name: _written(value) for name, value in (extra or {}).items()},
    }
    return json_response(document, status, media_type=MEDIA_TYPE)


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def is_ours(path: str) -> bool:
    """Whether a path belongs to the JSON door (pages answer for all others)."""
    return path == "/api" or path.startswith(_PLACES)


def register(app: Flask) -> None:
    """Unknown routes and methods under /api answer as problems; nothing of it is ever cached.

    A hook and not an error handler: an application has only one handler for 404, and that one
    belongs to the pages.
    """

    @app.before_request
    def _no_such_route() -> Response | None:
        error = request.routing_exception
        if error is None or not is_ours(request.path):
            return None
        if error.code != 404:
            return problem_of(error)
        return problem_of(rates.of_failure(NotFound("There is no such route."), is_open=True))

    @app.after_request
    def _never_cached(response: Response) -> Response:
        if is_ours(request.path):
            response.headers["Cache-Control"] = "no-store"
        return response
