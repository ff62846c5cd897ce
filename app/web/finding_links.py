"""What is found of a draft, each with the place in the editor where it can be mended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain import draft_changes as changes
from app.domain.findings import Finding
from app.web.editor_panels import Open
from app.web.editor_views import edit_url
from app.web.panel.nodes import field_id
from app.web.panel.tabs import where

# The parts of the editor by the field of the template; all others stand in the part `template`.
_PARTS = {"inputSchema": "input", "notificationPolicies": "policies"}


@dataclass(frozen=True, slots=True)
class Linked:
    """A finding, where it is (in words), and the URL of its field."""

    finding: Finding
    place: str
    url: str


def linked(template_id: int, document: Mapping[str, Any], found: Iterable[Finding]) -> list[Linked]:
    """Findings of this draft, in their order."""
    steps = changes.steps_of(document)
    return [_link(template_id, steps, each) for each in found]


def _link(template_id: int, steps: list[dict[str, Any]], found: Finding) -> Linked:
    root, _, rest = found.path.partition(".")
    at, _, within = rest.partition(".")
    if root == "steps" and at.isdecimal() and int(at) < len(steps):
        step = steps[int(at)]
        key = changes.key_of(step)
        tab, field = where(step.get("actionType"), within)
        url = edit_url(template_id, Open.step(key), tab)
        return Linked(found, str(step.get("name") or key), f"{url}#{field}" if field else url)
    url = edit_url(template_id, Open(_PARTS.get(root, "template")))
    return Linked(found, "The template", f"{url}#{field_id(root)}" if root else url)
