"""`flask --app app seed`: what a newcomer finds: people, templates, and instances with a past."""

import json

import click
from flask import Flask


@click.command("seed")
def seed() -> None:
    """Add demo people, templates and instances; what is there already stays as it is. The last
    line on stdout is JSON: who may sign in, and a link that signs in once."""
    from app.seeds import everything

    click.echo(json.dumps(everything.plant()))


def register(app: Flask) -> None:
    """Hang the command on the application."""
    app.cli.add_command(seed)
