"""The JSON door: a blueprint per noun."""

from flask import Flask

from app.extensions import csrf

PREFIX = "/api/workflows"


def register(app: Flask) -> None:
    """Hang all routes of the API on the application."""
    from app import live
    from app.api import (
        audit,
        callbacks,
        commands,
        converters,
        deliveries,
        docs,
        dry_runs,
        events,
        groups,
        health,
        instances,
        metrics,
        notification_templates,
        problems,
        queues,
        schedules,
        secrets,
        sms_status,
        steps,
        template_versions,
        tokens,
        users,
    )
    from app.api import templates as template_views

    converters.register(app)
    problems.register(app)
    for noun in (
        template_views,
        template_versions,
        dry_runs,
        instances,
        steps,
        callbacks,
        deliveries,
        notification_templates,
        sms_status,
        secrets,
        schedules,
        queues,
        events,
        users,
        groups,
        tokens,
        audit,
    ):
        app.register_blueprint(noun.blueprint, url_prefix=PREFIX)
        csrf.exempt(noun.blueprint)  # no cookie is asked for here, so none can be abused
    for noun in (health, metrics, docs):
        app.register_blueprint(noun.blueprint)
    commands.register(app)
    live.end_with_the_server()
