"""Runs migrations on the application's own engine, in one transaction each."""

from alembic import context
from flask import current_app

import app.models  # noqa: F401 - so that all tables are known
from app.extensions import Base, db
from app.models.columns import UtcDateTime


def plainly(kind: str, item: object, _context: object) -> str | bool:
    """Migrations stand on their own: they name SQLAlchemy's types, not ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    with db.engine.connect().execution_options(writing=True) as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            render_item=plainly,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
