"""What is wrong with a draft, as the editor shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain import templates
from app.domain.addresses import AllowList
from app.domain.drafts import Draft


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing at one place."""

    severity: str
    path: str
    message: str


def of_draft(session: Session, draft: Draft, allow: AllowList) -> Sequence[Finding]:
    """All that is found, worst first."""
    faults = templates.faults_of(draft.document, draft.unread, allow)
    return [Finding("error", fault.path, fault.message) for fault in faults]
