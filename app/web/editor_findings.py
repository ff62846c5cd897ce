"""What is found of a draft, as the editor shows it: each with the field that it leads to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain import draft_changes as changes
from app.domain import findings
from app.domain.addresses import AllowList
from app.domain.drafts import Draft
from app.domain.findings import Finding
from app.web.editor_panels import PARTS, Open
from app.web.panel.nodes import field_id
from app.web.panel.tabs import LABELS, where


@dataclass(frozen=True, slots=True)
class Line:
    """One of them. `place`: where it is, in words; `open`, `tab` and `field` lead there."""

    severity: str
    message: str
    place: str
    open: Open
    tab: str | None
    field: str


def of_draft(session: Session, draft: Draft, allow: AllowList) -> Sequence[Finding]:
    """All that is found, worst first."""
    around = findings.surroundings(session, draft.document, allow)
    return findings.of_document(draft.document, draft.unread, around)


def lines(document: Mapping[str, Any], found: Iterable[Finding]) -> list[Line]:
    """They, with the way to them."""
    steps = changes.steps_of(document)
    return [_line(steps, finding) for finding in found]


def at_step(path: str) -> tuple[int, str] | None:
    """The place of the step that a path leads into, and the path within it."""
    root, _, rest = path.partition(".")
    at, _, inner = rest.partition(".")
    return (int(at), inner) if root == "steps" and at.isascii() and at.isdigit() else None


def _line(steps: Sequence[Mapping[str, Any]], finding: Finding) -> Line:
    inside = at_step(finding.path)
    if inside is not None and inside[0] < len(steps):
        step, path = steps[inside[0]], inside[1]
        tab, field = where(step.get("actionType"), path)
        key = changes.key_of(step)
        place = f"{step.get('name') or key} · {LABELS[tab]}"
        return Line(finding.severity, finding.message, place, Open.step(key), tab, field)
    root = finding.path.split(".")[0]
    part = next((part for part, (_, names) in PARTS.items() if root in names), "template")
    field = field_id(root) if root in PARTS[part][1] else ""
    return Line(finding.severity, finding.message, PARTS[part][0], Open(part), None, field)
