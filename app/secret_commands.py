"""`flask --app app secrets …`: what is done with secrets from a terminal. Values are asked for or
read from standard input; they never stand on a command line, which the whole machine can read."""

import sys

import click
from flask import current_app
from flask.cli import AppGroup

from app import transaction
from app.cli import said_in_one_line
from app.domain import secrets as verbs
from app.domain.keyring import Keyring
from app.schemas.secret import RotateIn, SecretIn

ACTOR = "cli"
secrets = AppGroup("secrets", help="Secrets that webhooks carry.")


@secrets.command("list")
def list_secrets() -> None:
    """Print all secrets: name, key, and where each may be sent. Never values."""
    with said_in_one_line(), transaction.reading() as session:
        found, _ = verbs.list_secrets(session, limit=100_000)
    for secret in sorted(found, key=lambda secret: secret.name):
        click.echo(f"{secret.name}  key {secret.key_id}  {', '.join(secret.hosts) or 'anywhere'}")


@secrets.command("create")
@click.argument("name")
@click.option("--host", "hosts", multiple=True, help="Where it may be sent; may be repeated.")
def create_secret(name: str, hosts: tuple[str, ...]) -> None:
    """Add a secret; its value is asked for or read from standard input."""
    with said_in_one_line(), transaction.writing() as session:
        wish = SecretIn.read({"name": name, "value": _value(), "hosts": list(hosts)})
        verbs.create(session, _keyring(), wish, ACTOR)
    click.echo(f"{name} can be used.")


@secrets.command("rotate")
@click.argument("name")
def rotate_secret(name: str) -> None:
    """Give a secret a new value; the old one stays valid for 24 hours."""
    with said_in_one_line(), transaction.writing() as session:
        row = verbs.rotate(session, _keyring(), name, RotateIn.read({"value": _value()}), ACTOR)
        until = row.previous_until
    click.echo(f"{name} has a new value; the old one is valid until {until:%Y-%m-%d %H:%M} UTC.")


@secrets.command("delete")
@click.argument("name")
def delete_secret(name: str) -> None:
    """Forget a secret; steps that name it fail from now on."""
    with said_in_one_line(), transaction.writing() as session:
        verbs.delete(session, name, ACTOR)
    click.echo(f"{name} is gone.")


@secrets.command("reencrypt")
def reencrypt() -> None:
    """Encrypt all secrets with the newest of ENCRYPTION_KEYS."""
    ring = _keyring()
    with said_in_one_line(), transaction.writing() as session:
        came = verbs.reencrypt(session, ring, ACTOR)
    click.echo(
        f"{came.done} encrypted anew with {ring.newest}, {came.already} were already, "
        f"{len(came.faults)} can't be read."
    )
    for name, fault in came.faults.items():
        click.echo(f"{name} can't be read: {fault}.", err=True)
    if came.faults:
        raise SystemExit(1)


def _keyring() -> Keyring:
    return Keyring.parse(current_app.config["SETTINGS"].encryption_keys)


def _value() -> str:
    if sys.stdin.isatty():
        return click.prompt("Value", hide_input=True)
    return sys.stdin.read().removesuffix("\n")
