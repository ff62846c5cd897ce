"""A commit may have been made though nobody heard so: the connection ended before the answer came.
Whoever writes a group of reports again, because of that, leaves out what is there already."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from app.domain.claims import Claim
from app.domain.reports import Report
from app.models import AutomationExecutionLog, NotificationDeliveryLog
from app.models.columns import table_of

_attempts = table_of(AutomationExecutionLog).c
_tries = table_of(NotificationDeliveryLog).c
# Of what, which attempt of it, by whom, since when: no two attempts have all of that in common.
Key = tuple[str, int, int, str, datetime]


def without_echoes(connection: Connection, reports: Iterable[Report]) -> list[Report]:
    """The reports that are not in the database yet. To be asked under the instances' locks."""
    group = list(reports)
    written = _written(connection, [report.claim for report in group])
    return [report for report in group if not _is_there(report, written)]


def _is_there(report: Report, written: dict[Key, datetime | None]) -> bool:
    key = (*_about(report.claim), report.claim.attempt, report.worker, report.span.started_at)
    if key not in written:
        return False
    return report.outcome is None or written[key] == report.span.ended_at


def _about(claim: Claim) -> tuple[str, int]:
    if claim.delivery_id is not None:
        return "delivery", claim.delivery_id
    return "execution", claim.execution_id or 0


def _written(connection: Connection, claims: list[Claim]) -> dict[Key, datetime | None]:
    """When the attempts of these claims ended, as far as the logs know of them."""
    about = {_about(claim) for claim in claims}
    found: dict[Key, datetime | None] = {}
    for kind, log, owner in (
        ("execution", _attempts, _attempts.execution_id),
        ("delivery", _tries, _tries.delivery_id),
    ):
        ids = sorted(number for of, number in about if of == kind)
        columns = (owner, log.attempt, log.worker, log.started_at, log.ended_at)
        for number, attempt, worker, since, until in connection.execute(
            select(*columns).where(owner.in_(ids))
        ):
            found[kind, number, attempt, worker, since] = until
    return found
