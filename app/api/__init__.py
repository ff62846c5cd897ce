"""The JSON door: a blueprint per noun."""

from flask import Flask

from app.extensions import csrf

PREFIX = "/api/workflows"


def register(app: Flask) -> None:
    """Hang all routes of the API on the application."""
    from app import live
    from app.api import commands, converters, problems, rates
    from app.api.nouns import AT_THE_ROOT, NOUNS

    converters.register(app)
    problems.register(app)
    rates.register(app)
    for noun in NOUNS:
        app.register_blueprint(noun.blueprint, url_prefix=PREFIX)
        csrf.exempt(noun.blueprint)  # no cookie is asked for here, so none can be abused
    for noun in AT_THE_ROOT:
        app.register_blueprint(noun.blueprint)
    commands.register(app)
    live.end_with_the_server()
