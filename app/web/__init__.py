"""The HTML door: a blueprint per noun."""

from pathlib import Path

from flask import Flask
from jinja2 import StrictUndefined

from app import runbook
from app.domain.channels import CHANNELS
from app.models.vocabulary import Channel

ROOT = Path(__file__).parent


def register(app: Flask) -> None:
    """Hang all pages on the application."""
    from app.web import access, assets, docs, errors, frame, glances, security
    from app.web.nouns import NOUNS

    _set_up_jinja(app)
    for what in (security, access, assets, frame, glances, errors, docs):
        what.register(app)
    for noun in NOUNS:
        app.register_blueprint(noun.blueprint)


def _set_up_jinja(app: Flask) -> None:
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    from app.web import units

    jinja = app.jinja_env
    jinja.undefined = StrictUndefined  # a name that is missing is a bug, not an empty string
    jinja.filters["channel_label"] = lambda name: CHANNELS[Channel(name)].label
    jinja.filters |= {
        "as_count": units.count,
        "as_seconds": units.seconds,
        "as_share": units.share,
    }
    jinja.globals["runbook"] = runbook.path
    jinja.trim_blocks = jinja.lstrip_blocks = True
    jinja.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
