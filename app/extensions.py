"""The libraries that hang on the Flask application, made once and set up in `create_app`."""

import json
import sqlite3
import time
from typing import Any

from flask_htmx import HTMX
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase

BUSY_SECONDS = 5.0  # how long a writer waits for SQLite's one write lock
# How long a transaction may lie idle on PostgreSQL. A process that is frozen in the middle of one
# would hold its locks until TCP gives it up, and everybody who needs them with it.
IDLE_SECONDS = 15.0


class Base(DeclarativeBase):
    """All tables."""


class Htmx(HTMX):
    """Flask-HTMX 0.4 reads htmx 2's headers. htmx 4 says with HX-Request-Type whether it wants a
    fragment or a page, and only then may a view answer with one."""

    @property
    def wants_partial(self) -> bool:
        from flask import request

        return request.headers.get("HX-Request-Type") == "partial"


# Objects stay readable after commit: pages are rendered from what a verb returned.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
login_manager = LoginManager()
csrf = CSRFProtect()
htmx = Htmx()


def engine_options(url: str) -> dict[str, Any]:
    """SQLAlchemy engine options for a database URL."""
    # What statements were given may be hashes of passwords; errors of the driver end in logs.
    options: dict[str, Any] = {"json_serializer": compact_json, "hide_parameters": True}
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": BUSY_SECONDS}
    else:
        options |= {"pool_pre_ping": True, "pool_size": 20, "max_overflow": 10}
        # A host that has vanished is given up in seconds, not when TCP does.
        options["connect_args"] = {
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        }
    return options


def compact_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def prepare_engine(engine: Engine) -> None:
    """SQLite: WAL, durable commits, and `BEGIN IMMEDIATE` for whoever says it will write, since a
    reader that turns writer late gets SQLITE_BUSY without the busy timeout."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "begin", _do_not_wait_for_leases)
        event.listen(engine, "connect", _end_idle_transactions)
        return

    @event.listens_for(engine, "connect")
    def _connect(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # pysqlite must not begin on its own
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            dbapi.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if options.get("writing"):
            durable = options.get("durable", True)
            _begin_immediate(connection.connection.dbapi_connection, durable)
        else:
            connection.exec_driver_sql("BEGIN")


def _do_not_wait_for_leases(connection: Any) -> None:
    """PostgreSQL: what need not outlive a power failure does not wait for the disk."""
    if not connection.get_execution_options().get("durable", True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")


def _end_idle_transactions(dbapi: Any, _record: Any) -> None:
    dbapi.autocommit = True
    milliseconds = int(IDLE_SECONDS * 1000)
    dbapi.execute(f"SET idle_in_transaction_session_timeout TO {milliseconds}").close()
    dbapi.autocommit = False


def _begin_immediate(dbapi: Any, durable: bool) -> None:
    """Take SQLite's write lock. Its own busy handler sleeps up to a tenth of a second between
    looks, by which time others have taken and freed the lock many times; so look each
    millisecond, for as long as the busy timeout says."""
    until = time.monotonic() + BUSY_SECONDS
    dbapi.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}").close()
    dbapi.execute("PRAGMA busy_timeout=0").close()
    try:
        while True:
            try:
                dbapi.execute("BEGIN IMMEDIATE").close()
                return
            except sqlite3.OperationalError as error:
                if time.monotonic() > until:
                    # Raised in an event, it would reach nobody who looks for SQLAlchemy's errors.
                    raise OperationalError("BEGIN IMMEDIATE", None, error) from error
                time.sleep(0.001)
    finally:
        dbapi.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}").close()
