"""`flask --app app openapi`."""

import json

import click
from flask import Flask, current_app

from app.api import openapi


@click.command("openapi")
def print_openapi() -> None:
    """Print the OpenAPI document of all routes."""
    click.echo(json.dumps(openapi.document(current_app), indent=2, ensure_ascii=False))


def register(app: Flask) -> None:
    app.cli.add_command(print_openapi)
