"""What protects people in their browsers: headers, cookies, and whom to believe about addresses."""

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Settings
from app.domain import sessions

CSP = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000; includeSubDomains"
LARGEST_FORM = 1024 * 1024


def register(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    https = settings.base_url.startswith("https://")
    _set_up_cookies(app, https=https)
    if settings.trusted_proxies:
        # Not the host: links are made from BASE_URL, whatever a request says.
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]

    @app.after_request
    def _protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if https:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if request.endpoint != "static":
            # A page that is gone back to is asked for again; sign-out clears what is kept.
            response.headers.setdefault("Cache-Control", "private, no-cache")
            response.vary.update(("HX-Request", "HX-Request-Type"))
        return response


def _set_up_cookies(app: Flask, *, https: bool) -> None:
    app.config.update(
        # The prefix binds the cookie to this host and to https; browsers see to it.
        SESSION_COOKIE_NAME="__Host-runsheet" if https else "runsheet",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=sessions.LIVES,
        # An answer under way at sign-out must not bring the old cookie back.
        SESSION_REFRESH_EACH_REQUEST=False,
        # Pages stay open all day: their token lives as long as the session.
        WTF_CSRF_TIME_LIMIT=None,
        # It would compare the Referer with the Host header, which is not believed here.
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
    )
