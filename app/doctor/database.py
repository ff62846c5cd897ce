"""The database: does it answer, does it keep what it is told, is it as new as the code."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock, transaction
from app.config import Settings
from app.doctor.findings import Finding, fault, ok, reason, warning
from app.domain.processes import OFF

OLDEST_SQLITE = (3, 35, 0)  # RETURNING
OLDEST_POSTGRESQL, OLD_POSTGRESQL = 12, 14


def check(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, and then the rest. Without an answer that is all there is to say."""
    if is_missing(settings):
        cure = "mend DATABASE_URL, or say flask --app app db upgrade, which makes it."
        yield fault("database", "There is no such file as DATABASE_URL names.", cure)
        return
    try:
        with transaction.reading() as session:
            if session.get_bind().dialect.name == "sqlite":
                yield from _of_sqlite(session)
            else:
                yield from _of_postgresql(session)
            yield from _migrations(session)
    except SQLAlchemyError as error:
        yield fault(
            "database",
            f"It does not answer: {reason(error)}.",
            "start it, or mend DATABASE_URL (host, name, user, password).",
        )


def is_missing(settings: Settings) -> bool:
    """Whether SQLite's file is not there: to connect would make an empty one."""
    file = make_url(settings.database_url).database
    return settings.database_url.startswith("sqlite") and not Path(file or "").exists()


def is_current() -> bool:
    """Whether it answers and has our newest migration."""
    try:
        with transaction.reading() as session:
            return _applied(session) == set(_directory().get_heads())
    except SQLAlchemyError:
        return False


def _of_sqlite(session: Session) -> Iterator[Finding]:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        yield fault("database", f"SQLite {version} is too old.", f"use {wanted} or newer.")
    else:
        yield ok("database", f"SQLite {version} answers.")
    journal = session.scalar(text("PRAGMA journal_mode"))
    if journal != "wal":
        yield fault(
            "durability",
            f"SQLite's journal is {journal}, not WAL.",
            "put the file on a local disk; network file systems can't do it.",
        )
    else:
        yield ok("durability", "WAL, and each commit waits for the disk.")


def _of_postgresql(session: Session) -> Iterator[Finding]:
    number = int(_shown(session, "server_version_num")) // 10_000
    name = f"PostgreSQL {_shown(session, 'server_version').split()[0]}"
    if number < OLDEST_POSTGRESQL:
        yield fault("database", f"{name} is too old.", f"use {OLD_POSTGRESQL} or newer.")
    elif number < OLD_POSTGRESQL:
        yield warning("database", f"{name} is no longer kept.", f"use {OLD_POSTGRESQL} or newer.")
    else:
        yield ok("database", f"{name} answers.")
    off = [
        name
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if _shown(session, name) == "off"
    ]
    if off:
        yield fault(
            "durability",
            f"{', '.join(off)} {'is' if len(off) == 1 else 'are'} off: what was done may be "
            "forgotten, and then done again.",
            "set them to on in postgresql.conf, or for this role.",
        )
    else:
        yield ok("durability", "fsync is on, and each commit waits for the disk.")
    yield _clock()


def _shown(session: Session, name: str) -> str:
    assert re.fullmatch(r"\w+", name)
    return str(session.scalar(text(f"SHOW {name}")))


def _clock() -> Finding:
    """Of this machine against the database's, which was just measured."""
    off = clock.off() or 0.0
    if abs(off) > OFF:
        which = "ahead of" if off > 0 else "behind"
        return warning(
            "clock",
            f"This machine's clock is {abs(off):.0f} s {which} the database's.",
            "set whichever is wrong (NTP); times follow the database's all the same.",
        )
    return ok("clock", f"This machine and the database differ by {abs(off):.1f} s.")


def _migrations(session: Session) -> Iterator[Finding]:
    directory = _directory()
    applied, wanted = _applied(session), set(directory.get_heads())
    known = {script.revision for script in directory.walk_revisions()}
    names = ", ".join(sorted(applied)) or "none"
    if applied == wanted:
        yield ok("migrations", f"The newest, {names}, is applied.")
    elif applied - known:
        yield fault(
            "migrations",
            f"The database has been migrated by newer code ({names}).",
            "run the version that did, or restore the backup made before.",
        )
    else:
        yield fault(
            "migrations",
            f"The database is at {names}, the code needs {', '.join(sorted(wanted))}.",
            "back up, then say flask --app app db upgrade.",
        )


def _directory() -> Any:
    return ScriptDirectory(current_app.extensions["migrate"].directory)


def _applied(session: Session) -> set[str]:
    return set(MigrationContext.configure(session.connection()).get_current_heads())
