"""Who did what to what: one row for each change that people may have to account for."""

from typing import Any

from sqlalchemy.orm import Session

from app import clock
from app.models import AuditEntry


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
            actor=actor,
            action=action,
            subject=subject,
            subject_id=subject_id,
            reason=reason,
            before=before,
            after=after,
        )
    )
