"""`flask --app app sweep`: the tick's chores, once and by hand. Safe beside schedulers that run:
it takes the same locks, and what one of them did another finds done."""

import click
from flask import current_app

from app import transaction
from app.chores import CHORES
from app.domain import firing


@click.command("sweep")
def sweep() -> None:
    """Do once what schedulers do every few seconds, and say what was done, a line each."""
    from app.cli import said_in_one_line

    with said_in_one_line():
        click.echo(f"{_fire_due()} schedules fired")
        for chore in CHORES:
            with transaction.writing() as session:
                count = chore.do(session, current_app.config["SETTINGS"])
            click.echo(chore.done if count is None else f"{count} {chore.done}")


def _fire_due() -> int:
    fired = 0
    while True:
        with transaction.writing() as session:
            batch = firing.fire_due(session, firing.BATCH)
        fired += batch
        if batch < firing.BATCH:
            return fired
