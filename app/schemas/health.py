"""What /healthz and /readyz say."""

from typing import Literal

from app.schemas.base import Schema


class Health(Schema):
    """The process is up."""

    status: Literal["ok"]


class CheckOut(Schema):
    """One thing that was looked at. `count`: how many processes; `detail`: what went wrong."""

    ok: bool
    count: int | None = None
    detail: str | None = None


class Checks(Schema):
    """The first three decide; the rest is told."""

    database: CheckOut
    redis: CheckOut
    migrations: CheckOut
    worker: CheckOut
    notifier: CheckOut
    scheduler: CheckOut
    mail: CheckOut


class Readiness(Schema):
    """Whether requests can be answered: 200, or 503."""

    status: Literal["ready", "not ready"]
    checks: Checks
