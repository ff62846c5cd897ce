"""What /healthz and /readyz say."""

from datetime import datetime
from typing import Literal

from app.schemas.base import Schema


class Health(Schema):
    """The process is up."""

    status: Literal["ok"]


class CheckOut(Schema):
    """One thing that was looked at. `count`: how many processes; `detail`: what went wrong; of
    what is not there, `since` when, and how many jobs are `waiting` for it."""

    ok: bool
    count: int | None = None
    detail: str | None = None
    since: datetime | None = None
    waiting: int | None = None


class ClockOut(Schema):
    """A process whose machine's clock is so many seconds ahead of the database's (below zero:
    behind)."""

    kind: str
    process: str
    seconds: float


class ClocksOut(Schema):
    """Whether all clocks agree with the database's, and which do not."""

    ok: bool
    off: list[ClockOut] | None = None


class Checks(Schema):
    """The first three decide; the rest is told."""

    database: CheckOut
    redis: CheckOut
    migrations: CheckOut
    worker: CheckOut
    notifier: CheckOut
    scheduler: CheckOut
    clocks: ClocksOut
    mail: CheckOut


class Readiness(Schema):
    """Whether requests can be answered: 200, or 503."""

    status: Literal["ready", "not ready"]
    checks: Checks
