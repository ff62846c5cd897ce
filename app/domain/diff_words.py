"""The difference of two templates in words."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from app.domain.template_diff import StepDiff, TemplateDiff
from app.domain.value_diff import ABSENT, Change, Place

NOTHING = "Nothing differs."
_VERBS = {"added": "Added", "removed": "Removed", "changed": "Changed", "moved": "Moved"}
_FEW = 3
# Parts of a path that say nothing to a reader, and those whose own name does not say enough.
_SILENT = frozenset({"actionConfig", "properties", "schema"})
_NAMES = {
    "inputSchema": "input",
    "notificationPolicies": "notification",
    "dependsOn": "order of what it waits for",
    "when": "condition",
    "actionType": "kind of step",
    "url": "URL",
    "html": "HTML",
    "cc": "Cc",
    "bcc": "Bcc",
    "runAt": "time to run at",
    "rrule": "RRULE",
}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def summary(found: TemplateDiff) -> str:
    """'Added Refund. Changed Charge card and 2 more. Of the whole: name, input.'"""
    said = [
        f"{verb} {_few([str(step.step.get('name') or step.key) for step in steps])}."
        for mark, verb in _VERBS.items()
        if (steps := [step for step in found.steps if _told(step.marks) == mark])
    ]
    if found.fields:
        parts = dict.fromkeys(_part(change.place[0]) for change in found.fields)
        said.append(f"Of the whole: {', '.join(parts)}.")
    return " ".join(said) or NOTHING


def _told(marks: Sequence[str]) -> str | None:
    """Under which verb a step is told, once: another key is a change like others."""
    mark = marks[0] if marks else None
    return "changed" if mark == "renamed" else mark


def _few(names: list[str]) -> str:
    if len(names) <= _FEW:
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{', '.join(names[: _FEW - 1])} and {len(names) - _FEW + 1} more"


def label(place: Place) -> str:
    """A path for a reader: 'Headers · X-Source', 'Notification 2 · recipients 1'."""
    parts: list[str] = []
    for at, part in enumerate(place):
        if isinstance(part, int) and parts:
            parts[-1] += f" {part + 1}"
        elif part not in _SILENT or at == len(place) - 1:
            named = at and place[at - 1] in ("properties", "headers")  # by an author
            parts.append(str(part) if named else _part(part))
    words = " · ".join(parts)
    return words[:1].upper() + words[1:]


def _part(name: str | int) -> str:
    text = str(name)
    return _NAMES.get(text) or _CAMEL.sub(" ", text).replace("_", " ").lower()


def kind(change: Change) -> str:
    """`added`, `removed`, `reordered` or `changed`."""
    if change.reordered or change.place[-1:] == ("dependsOn",):
        return "reordered"
    if change.before is ABSENT:
        return "added"
    return "removed" if change.after is ABSENT else "changed"


def compare_document(before: int | None, after: int | None, found: TemplateDiff) -> dict[str, Any]:
    """A difference as CompareOut writes it. `before`, `after`: the versions; None: the draft."""
    return {
        "from": str(before or "draft"),
        "to": str(after or "draft"),
        "equal": found.empty,
        "summary": summary(found),
        "fields": _changes(found.fields),
        "steps": [_step(step) for step in found.steps if step.marks],
    }


def _step(step: StepDiff) -> dict[str, Any]:
    return {
        "key": step.key,
        "name": str(step.step.get("name") or ""),
        "marks": list(step.marks),
        "before": step.before,
        "after": step.after,
        "fields": _changes(step.fields),
        "dependsOn": [
            {"source": edge.source, "kind": "added" if edge.added else "removed"}
            for edge in step.dependencies
        ],
    }


def _changes(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [
        {
            "path": change.path,
            "label": label(change.place),
            "kind": kind(change),
            "before": None if change.before is ABSENT else change.before,
            "after": None if change.after is ABSENT else change.after,
        }
        for change in changes
    ]
