"""/healthz: the process is up. /readyz: what it stands on is there too."""

import logging
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import transaction, watch
from app.api.endpoint import bare
from app.api.rendering import json_response
from app.config import Settings
from app.domain import processes
from app.domain.processes import Standing
from app.redis_client import connect
from app.schemas.base import zulu
from app.schemas.health import Health, Readiness

blueprint = Blueprint("api_health", __name__)
REDIS_SECONDS = 0.5
NEEDED = ("database", "redis", "migrations")
Check = dict[str, Any]
log = logging.getLogger(__name__)


@blueprint.get("/healthz")
@bare("Whether the process is up", permission=None, gives=Health)
def healthz() -> Response:
    return json_response({"status": "ok"})


@blueprint.get("/readyz")
@bare(
    "Whether database, Redis and migrations are there; workers and mail are told too",
    permission=None,
    gives=Readiness,
    also=(503,),
)
def readyz() -> Response:
    checks = {
        "database": guarded(database),
        "redis": guarded(redis),
        "migrations": guarded(migrations),
        **workers(),
        "clocks": guarded(clocks),
        "mail": mail(),
    }
    ready = all(checks[name]["ok"] for name in NEEDED)
    document = {"status": "ready" if ready else "not ready", "checks": checks}
    return json_response(document, 200 if ready else 503)


def guarded(check: Callable[[], Check]) -> Check:
    """A check's finding. What it raised goes to the log; the world is told only that it failed."""
    try:
        return check()
    except (SQLAlchemyError, RedisError, OSError) as error:
        log.warning("Not ready, %s: %s", check.__name__, error)
        return {"ok": False, "detail": type(error).__name__} | _since(check.__name__)


def _since(name: str) -> Check:
    """Since when it has been away, as far as this web process knows."""
    known = {
        "database": watch.here().database_failed,
        "redis": watch.here().look_at_redis,
    }
    since = known[name]() if name in known else None
    return {"since": zulu(since)} if since else {}


def database() -> Check:
    with transaction.reading() as session:
        session.execute(text("SELECT 1"))
    watch.here().database_answered()
    return {"ok": True}


def redis() -> Check:
    settings: Settings = current_app.config["SETTINGS"]
    with connect(settings, timeout=REDIS_SECONDS) as client:
        client.ping()
    return {"ok": True}


def migrations() -> Check:
    with transaction.reading() as session:
        applied = MigrationContext.configure(session.connection()).get_current_heads()
    wanted = newest_migrations(current_app.extensions["migrate"].directory)
    return {"ok": set(applied) == wanted}


@cache
def newest_migrations(directory: str) -> set[str]:
    """The heads of the migrations that this code came with."""
    return set(ScriptDirectory(directory).get_heads())


def workers() -> dict[str, Check]:
    """Who has said within 20 s that it is alive; if nobody has, since when, and what waits."""
    try:
        with transaction.reading() as session:
            return {
                name: _of_kind(session, name, found)
                for name, found in processes.standings(session).items()
            }
    except SQLAlchemyError:
        return {name: {"ok": False, "count": 0} for name in processes.NEEDED}


def _of_kind(session: Session, name: str, found: Standing) -> Check:
    check: Check = {"ok": found.count > 0, "count": found.count}
    queue = processes.NEEDED[name][1]
    if not found.count and found.last_seen:
        check["since"] = zulu(found.last_seen)
    if not found.count and queue:
        check["waiting"] = processes.waiting(session, queue)
    return check


def clocks() -> Check:
    """Whose clock differs from the database's. Times are kept all the same."""
    with transaction.reading() as session:
        off = [asdict(wrong) for wrong in processes.clocks_off(session)]
    return {"ok": False, "off": off} if off else {"ok": True}


def mail() -> Check:
    """Whether a mail server is set; sending tells whether it answers."""
    settings: Settings = current_app.config["SETTINGS"]
    return {"ok": bool(settings.smtp_url)}
