"""Runs migrations on the application's own engine, in one transaction each."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, inspect

import app.models  # noqa: F401 - so that all tables are known
from app import transaction
from app.extensions import Base, db
from app.models.columns import UtcDateTime
from app.seeds import notification_templates


def plainly(kind: str, item: object, _context: object) -> str | bool:
    """Migrations stand on their own: they name SQLAlchemy's types, not ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def run() -> None:
    with db.engine.connect().execution_options(writing=True) as connection:
        if connection.dialect.name == "sqlite":
            # Changing a table there means making it anew and dropping the old one, and that would
            # delete all rows that refer to it. It can't be turned off within a transaction.
            _driver(connection).execute("PRAGMA foreign_keys=OFF")
            connection.detach()  # so that nobody is given it afterwards
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            render_item=plainly,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
            if connection.dialect.name == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                if broken:
                    raise RuntimeError(f"Rows refer to others that are gone: {broken[:5]}")
        newest = _is_newest(connection)
    if newest:
        with transaction.writing() as session:
            notification_templates.ensure_seeded(session)


def _is_newest(connection: Connection) -> bool:
    """Whether an upgrade has brought the database to the newest migration: only then does it have
    the tables as the application knows them."""
    try:
        context.get_revision_argument()  # commands that only look have none
    except KeyError:
        return False
    known = set(context.script.get_heads())
    found = set(context.get_context().get_current_heads())
    return found == known and inspect(connection).has_table("notification_templates")


run()
