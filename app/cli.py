"""`flask --app app …`: what is done from a terminal."""

import os

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError

from app import logs, transaction
from app.domain import audit, people
from app.errors import RunsheetError

ACTOR = "cli"  # as the audit names whoever sits at the terminal
tokens = AppGroup("tokens", help="API tokens.")
users = AppGroup("users", help="People.")


@tokens.command("create")
@click.option("--role", required=True, help="viewer, operator, author or admin.")
@click.option("--name", required=True, help="Who will use it.")
@click.option("--may-add-automation", is_flag=True, help="May add automation steps.")
def create_token(role: str, name: str, may_add_automation: bool) -> None:
    """Print a new API token and nothing else."""
    with said_in_one_line(), transaction.writing() as session:
        token = people.create_token(session, name, role, may_add_automation=may_add_automation)
        facts = {"role": role, "mayAddAutomation": may_add_automation}
        subject_id = str(people.find_token(session, token).id)
        after = {"name": name} | facts
        audit.record(session, ACTOR, "token.created", "token", subject_id, after=after)
    click.echo(token)


@users.command("create")
@click.option("--email", required=True)
@click.option("--name", default="")
@click.option("--role", default="operator", show_default=True)
@click.option("--may-add-automation", is_flag=True)
@click.password_option()
def create_user(email: str, name: str, role: str, may_add_automation: bool, password: str) -> None:
    """Add somebody who may sign in."""
    with said_in_one_line(), transaction.writing() as session:
        name = name or email[: people.LONGEST_NAME]
        user = people.create_user(
            session, email, name, role, password, may_add_automation=may_add_automation
        )
        facts = {"role": user.role, "mayAddAutomation": user.may_add_automation}
        audit.record(session, ACTOR, "user.created", "user", user.email, after=facts)
    click.echo(f"{user.email} may sign in as {user.role}.")


class said_in_one_line:  # noqa: N801 - reads as a sentence where it is used
    """Turns what went wrong into one clear line and exit status 1."""

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, RunsheetError):
            faults = "; ".join(f"{fault.path}: {fault.message}" for fault in error.errors)
            raise click.ClickException(faults or error.message)
        if isinstance(error, DBAPIError):
            raise click.ClickException(f"The database says: {error.orig}.")


def register(app: Flask) -> None:
    """Hang all commands on the application."""
    from app.doctor.command import doctor
    from app.secret_commands import secrets
    from app.sweep import sweep
    from app.template_commands import group as templates

    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        logs.set_up("command", app.config["SETTINGS"])
    app.cli.add_command(tokens)
    app.cli.add_command(users)
    app.cli.add_command(secrets)
    app.cli.add_command(sweep)
    app.cli.add_command(doctor)
    app.cli.add_command(templates)
