"""Stylesheets and scripts carry a mark of their content in their URL, so that browsers keep them
for good and never use an old one."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def _fingerprint(path: Path, _modified: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def register(app: Flask) -> None:
    folder = Path(app.static_folder or "static")

    @app.url_defaults
    def _mark(endpoint: str, values: dict[str, Any]) -> None:
        name = values.get("filename") or ""
        # Icons are named by scripts, and modules import one another: those stay as they are.
        if endpoint == "static" and name.endswith((".css", ".js")) and (folder / name).is_file():
            path = folder / name
            values["v"] = _fingerprint(path, path.stat().st_mtime_ns)

    @app.after_request
    def _keep(response: Response) -> Response:
        if request.endpoint == "static" and request.args.get("v") and response.status_code == 200:
            response.headers["Cache-Control"] = FOR_GOOD
        return response
