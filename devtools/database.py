"""Whether the settings hold and the database answers; if not, one line says why.

A program of its own (`python -m devtools.database`): SQLAlchemy takes 30 MB that the supervisor
would carry for as long as it runs.
"""

from __future__ import annotations

import sys

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.config import ConfigError, Settings

WAIT_SECONDS = 5


def problem() -> str | None:
    try:
        url = Settings.load().database_url
    except ConfigError as error:
        return str(error)
    option = "timeout" if url.startswith("sqlite") else "connect_timeout"
    try:
        engine = create_engine(url, connect_args={option: WAIT_SECONDS})
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, ValueError, UnicodeError) as error:
        return f"DATABASE_URL cannot be used: {reason(error)}"
    return None


def reason(error: Exception) -> str:
    """The driver's own words in one line; they name host and user, never the password."""
    words = str(getattr(error, "orig", None) or error).split("\n")
    return "; ".join(word.strip() for word in words if word.strip() and "sqlalche.me" not in word)


if __name__ == "__main__":
    found = problem()
    sys.exit(found and f"error: {found}")
