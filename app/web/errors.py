"""Errors as pages; as toasts for htmx, so that what is being read and typed stays."""

import logging

from flask import Flask, flash, g, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app import request_log, watch
from app.errors import RunsheetError, Unauthorized, Unavailable
from app.extensions import htmx, login_manager
from app.log_paths import path_to_log
from app.runbook import Section
from app.web import sentences
from app.web.access import EVERYBODY, permission_of

log = logging.getLogger(__name__)
# What a database that is away, full or locked raises; trying again later can help.
_DATABASE_AWAY = (OperationalError, InterfaceError, TimeoutError)

TITLES = {
    400: "That could not be read",
    403: "This is not for your role",
    404: "There is nothing here",
    405: "This address takes no such request",
    409: "Somebody was quicker",
    413: "That is too much at once",
    422: "Some of this is not as it should be",
    429: "Too many tries",
    503: "Something does not answer",
}
OLD_PAGE = "This page is older than your session. Reload it, then send again."
RENEWED = "This page was older than your session. It is renewed now: send this again."
LOST = "Something went wrong here. It was written to the log."
NOWHERE = "The address may be mistyped, or what it led to is gone. Search for it, or paste its id."


def register(app: Flask) -> None:
    app.register_error_handler(CSRFError, of_csrf)
    app.register_error_handler(Unauthorized, of_nobody)
    app.register_error_handler(RunsheetError, of_ours)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, of_bug)


def of_nobody(error: Exception) -> Response:
    """Signed out: lead to the sign-in and from there back; a form that was sent keeps its words."""
    if request.method in ("GET", "HEAD") and not htmx.wants_partial:
        here = request.full_path.rstrip("?")
        return redirect(url_for("auth.sign_in", next=here if here != "/" else None))
    message = "You are signed out. Sign in in another tab, then send this again."
    return shown(Unauthorized.status, "You are signed out", message)


def of_csrf(error: CSRFError) -> Response:
    is_open = permission_of(request.endpoint or "") == EVERYBODY  # signing in would not help
    if not current_user.is_authenticated and not is_open:
        return of_nobody(error)
    if not htmx.wants_partial:
        return shown(400, "This page is too old", OLD_PAGE)
    # Who signed in again in another tab sends once more, and nothing typed is lost. Only a page
    # of ours can read this answer, so only ours get the token.
    response = shown(400, "", RENEWED)
    response.data = render_template("_tokens.htmx.html").encode() + response.get_data()
    return response


def of_ours(error: RunsheetError) -> Response:
    return shown(error.status, TITLES.get(error.status, "That did not work"), refusal(error))


def refusal(error: RunsheetError) -> str:
    return sentences.refusal(error)


def of_http(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()  # a redirect
    code = error.code or 500
    said = NOWHERE if code == 404 else error.description or error.name
    response = shown(code, TITLES.get(code, error.name), said)
    for name, value in error.get_headers(request.environ):
        if name.lower() != "content-type":  # Allow, above all
            response.headers[name] = value
    return response


def of_bug(error: Exception) -> Response:
    if isinstance(error, _DATABASE_AWAY):
        log.warning("The database did not answer: %s", error)
        return of_ours(Unavailable(_database_away()))
    log.error("%s %s failed", request.method, path_to_log(), exc_info=error)
    return shown(500, "Something went wrong here", LOST)


def go_on_without_a_database() -> None:
    """For pages that need none: while it is away, whoever asks is nobody."""
    try:
        _ = current_user.is_authenticated
    except _DATABASE_AWAY as error:
        log.warning("The database did not answer: %s", error)
        _database_away()


def _database_away() -> str:
    """What to say of it. Who is asking can't be known either."""
    g.database_is_away = True
    g._login_user = login_manager.anonymous_user()
    since = watch.here().database_failed().strftime("%H:%M:%S UTC")
    return f"The database has not answered since {since}. Nothing is lost; try again in a moment."


def shown(status: int, title: str, message: str) -> Response:
    """A toast where htmx asked for a part of a page, else a page."""
    try:
        _ = current_user.is_authenticated  # asked here: in the middle of a page it is too late
    except _DATABASE_AWAY as error:
        return of_bug(error)
    if htmx.wants_partial:
        flash(message, "error")
        response = make_response(render_template("_toasts.htmx.html"), status)
        response.headers |= {"HX-Retarget": "#toasts", "HX-Reswap": "none"}
    else:
        again = request.full_path if status == 503 and request.method == "GET" else None
        said = {
            "title": title,
            "message": message,
            "again": again,
            "request_id": request_log.request_id(),
            "section": Section.DATABASE_AWAY if g.get("database_is_away") else None,
        }
        page = render_template("errors/show.html", **said)
        response = make_response(page, status)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
