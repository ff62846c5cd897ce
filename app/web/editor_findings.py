"""What is wrong with a draft, as the editor shows it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.domain import findings
from app.domain.addresses import AllowList
from app.domain.drafts import Draft
from app.domain.findings import Finding

__all__ = ["Finding", "of_draft"]


def of_draft(session: Session, draft: Draft, allow: AllowList) -> Sequence[Finding]:
    """All that is found, worst first."""
    around = findings.surroundings(session, draft.document, allow)
    return findings.of_document(draft.document, draft.unread, around)
