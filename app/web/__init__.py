"""The HTML door: a blueprint per noun."""

from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import StrictUndefined

from app.domain.channels import CHANNELS
from app.models.vocabulary import Channel

ROOT = Path(__file__).parent


def register(app: Flask) -> None:
    """Hang all pages on the application."""
    from app.web import access, assets, errors, frame, security

    _set_up_jinja(app)
    for what in (security, access, assets, frame, errors):
        what.register(app)
    for noun in _nouns():
        app.register_blueprint(noun.blueprint)


def _nouns() -> tuple[Any, ...]:
    from app.web import (
        account,
        account_security,
        audit,
        auth,
        dashboard,
        deliveries,
        dry_runs,
        frame,
        groups,
        inbox,
        instances,
        mail_frames,
        notification_drafts,
        notification_templates,
        people,
        queues,
        schedule_drafts,
        schedules,
        search,
        secrets,
        settings,
        steps,
        tasks,
        template_editor,
        template_files,
        template_publishing,
        template_versions,
        templates,
        tokens,
        users,
        welcome,
    )

    return (
        auth,
        dashboard,
        instances,
        steps,
        mail_frames,
        tasks,
        templates,
        dry_runs,
        template_versions,
        template_publishing,
        secrets,
        search,
        account,
        settings,
        deliveries,
        people,
        inbox,
        frame,
        notification_templates,
        notification_drafts,
        schedules,
        schedule_drafts,
        queues,
        account_security,
        users,
        groups,
        tokens,
        welcome,
        template_editor,
        template_files,
        audit,
    )


def _set_up_jinja(app: Flask) -> None:
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    jinja = app.jinja_env
    jinja.undefined = StrictUndefined  # a name that is missing is a bug, not an empty string
    jinja.filters["channel_label"] = lambda name: CHANNELS[Channel(name)].label
    jinja.trim_blocks = jinja.lstrip_blocks = True
    jinja.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
