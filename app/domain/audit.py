"""Who did what to what: one row for each change that people may have to account for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, or_, select
from sqlalchemy.orm import Session

from app import clock
from app.domain.ledger import Ledger
from app.models import AuditEntry
from app.schemas.audit import AuditOut

Facts = Mapping[str, Any]
_row = AuditEntry
LONGEST = 500  # characters of a line


def record(
    session: Session,
    actor: str,
    action: str,
    subject: str,
    subject_id: str,
    *,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write an entry, in the transaction of the change: `record(session, actor, "secret.rotated",
    "secret", name, …)`. Values of secrets have no place in it."""
    session.add(
        AuditEntry(
            at=clock.now(),
            actor=actor[:LONGEST],
            action=action,
            subject=subject,
            subject_id=subject_id[:LONGEST],
            reason=reason or None,
            before=before,
            after=after,
        )
    )


def acted(
    ledger: Ledger, said: tuple[str, str | None], subject: str, subject_id: str, **facts: Any
) -> None:
    """Write an entry for what somebody does in a ledger, called as the history calls it: `said` is
    its `last_said()`."""
    kind, reason = said
    action = kind.replace("_", "-")
    record(ledger.session, ledger.actor, action, subject, subject_id, reason=reason, **facts)


def changes(before: Facts, after: Facts) -> dict[str, dict[str, Any]]:
    """Of what was and what is, that which differs, as `record` takes it."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {
        "before": {name: before[name] for name in names if name in before},
        "after": {name: after[name] for name in names if name in after},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries; what is None or empty is not asked for. `action`: one (`secret.rotated`), or
    all of a kind (`secret`). `text`: in whatever an entry says."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None  # not included
    text: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.actor:
            found.append(_contains(_row.actor, self.actor))
        if self.action:
            kind = _row.action.startswith(f"{self.action}.", autoescape=True)
            found.append(or_(_row.action == self.action, kind))
        if self.subject:
            found.append(_row.subject == self.subject)
        if self.subject_id:
            below = _row.subject_id.startswith(f"{self.subject_id}/", autoescape=True)
            found.append(or_(_row.subject_id == self.subject_id, below))
        if self.since:
            found.append(_row.at >= self.since)
        if self.until:
            found.append(_row.at < self.until)
        if self.text:
            columns = (_row.actor, _row.action, _row.subject_id, _row.reason)
            documents = (cast(_row.before, Text), cast(_row.after, Text))
            found.append(or_(*(_contains(one, self.text) for one in (*columns, *documents))))
        return found


def _contains(column: Any, text: str) -> ColumnElement[bool]:
    return column.icontains(text, autoescape=True)


def find_all(
    session: Session, wanted: Filter, *, before: int | None = None, limit: int = 50
) -> tuple[list[AuditOut], int | None]:
    """Entries, newest first, and the id to go on before (None: that was all)."""
    query = select(_row).where(*wanted.conditions()).order_by(_row.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(_row.id < before)
    rows = session.scalars(query).all()
    page = _documents(rows[:limit])
    return page, page[-1].id if len(rows) > limit else None


def _documents(rows: Sequence[AuditEntry]) -> list[AuditOut]:
    names = AuditOut.model_fields
    return [AuditOut(**{name: getattr(row, name) for name in names}) for row in rows]
