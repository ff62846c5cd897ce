"""What a dry run walks: a version, a draft, or as much of a half-done draft as can be walked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import drafts, findings, template_queries, templates
from app.domain.addresses import AllowList
from app.domain.graph import Graph
from app.domain.instances import Version
from app.domain.mail_answers import NO_SERVER
from app.errors import FieldError, Invalid, NotFound
from app.models import WorkflowTemplate, WorkflowTemplateVersion
from app.schemas.durations import parse_duration
from app.schemas.template import Template

_STAND_INS = {"key": "draft", "name": "Draft"}
Document = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Source:
    """What is walked. `number`: of the version, None for the draft; `written`: the document with
    whatever faults it has; `left_out`: steps of the draft that can't be walked, by key, each with
    its document and the reason."""

    template_id: int
    number: int | None
    version: Version
    document: Document
    written: Document
    problems: list[FieldError] = field(default_factory=list[FieldError])
    left_out: dict[str, tuple[Document, str]] = field(
        default_factory=dict[str, tuple[Document, str]]
    )


def read(
    session: Session, template_id: int, number: int | None, allow: AllowList, *, has_mail: bool
) -> Source:
    """A version of a template by its number, or its draft. Raises NotFound."""
    row = templates.find(session, template_id)
    source = _of_draft(session, row, allow) if number is None else _of_version(session, row, number)
    mails = (step["actionType"] == "AUTOMATION_EMAIL" for step in source.document["steps"])
    if not has_mail and any(mails):
        source.problems.append(FieldError("", NO_SERVER))
    return source


def _of_version(session: Session, template: WorkflowTemplate, number: int) -> Source:
    query = select(WorkflowTemplateVersion).where(
        WorkflowTemplateVersion.template_id == template.id,
        WorkflowTemplateVersion.number == number,
    )
    row = session.scalar(query)
    if row is None:
        raise NotFound(f"This template has no version {number}.")
    document = template_queries.version_document(row)
    return Source(
        template_id=template.id,
        number=number,
        version=_version(row),
        document=document,
        written=document,
    )


def _of_draft(session: Session, template: WorkflowTemplate, allow: AllowList) -> Source:
    """What its author sees, with whatever faults it still has."""
    draft = drafts.read(session, template.id)
    around = findings.surroundings(session, draft.document, allow)
    found = findings.of_document(draft.document, draft.unread, around)
    problems = [FieldError(one.path, one.message) for one in found if one.severity == "error"]
    document, left_out = walkable(draft.document, draft.unread, allow)
    return Source(
        template_id=template.id,
        number=None,
        version=_version(templates.frozen(document)),
        document=document,
        written=draft.document,
        problems=problems,
        left_out=left_out,
    )


def _version(row: WorkflowTemplateVersion) -> Version:
    due_in = parse_duration(row.due_in) if row.due_in else None
    policies = cast("list[dict[str, Any]]", row.notification_policies or [])
    return Version(row, row.steps, Graph.of(row.steps, policies, due_in, row.due_at))  # type: ignore[reportArgumentType]


def depends_on(step: Mapping[str, Any]) -> list[str]:
    """The keys that a step, perhaps half done, waits for."""
    given = step.get("dependsOn")
    return [str(key) for key in cast("list[Any]", given)] if isinstance(given, list) else []


def walkable(
    document: Mapping[str, Any], unread: Iterable[str], allow: AllowList
) -> tuple[Document, dict[str, tuple[Document, str]]]:
    """A draft as it would be stored, without what is wrong in it, and the steps that are left out
    for that, or because they wait for one that is. `unread`: paths of texts that can't be read,
    whose places hold something else for now."""
    rest = _Rest(dict(document))
    rest.leave_out(unread)
    while True:
        try:
            return templates.checked_document(Template.read(rest.document()), allow), rest.left_out
        except Invalid as invalid:
            if not rest.leave_out(fault.path for fault in invalid.errors):
                raise


class _Rest:
    """What of a document is left once what is wrong has been taken out."""

    def __init__(self, document: Document) -> None:
        steps = document.get("steps")
        listed = cast("list[Any]", steps) if isinstance(steps, list) else []
        self._rest = document
        self._steps = {
            at: cast("Document", step) for at, step in enumerate(listed) if isinstance(step, dict)
        }
        self.left_out: dict[str, tuple[Document, str]] = {}

    def document(self) -> Document:
        return self._rest | {"steps": [*self._steps.values()]}

    def leave_out(self, paths: Iterable[str]) -> bool:
        """Take out what stands at these paths; False if there is nothing left to take."""
        numbers = [*self._steps]
        bad: set[int] = set()
        before = (len(self._steps), dict(self._rest))
        for path in paths:
            root, at, *_ = (*path.split("."), "")
            if root == "steps" and at.isdigit():
                bad.add(numbers[int(at)])
            elif root in _STAND_INS:
                self._rest[root] = _STAND_INS[root]
            elif root and root != "steps":
                self._rest.pop(root, None)
            else:
                bad |= self._twins()
        self._take(bad, lambda _: "It has errors.")
        while waiting := self._waiting_for_what_is_out():
            self._take(set(waiting), lambda at: f"It waits for {waiting[at]}, which has errors.")
        return before != (len(self._steps), self._rest)

    def _take(self, numbers: set[int], why: Callable[[int], str]) -> None:
        for at in sorted(numbers):
            step = self._steps.pop(at)
            key = str(step.get("key") or "")
            is_free = key and key not in self._keys() | self.left_out.keys()
            self.left_out[key if is_free else f"steps.{at}"] = (step, why(at))

    def _keys(self) -> set[str]:
        return {str(step.get("key")) for step in self._steps.values()}

    def _waiting_for_what_is_out(self) -> dict[int, str]:
        out = self.left_out.keys() - self._keys()
        return {
            at: other
            for at, step in self._steps.items()
            for other in depends_on(step)
            if other in out
        }

    def _twins(self) -> set[int]:
        """Steps whose key another one has before them."""
        seen: set[str] = set()
        twins: set[int] = set()
        for at, step in self._steps.items():
            key = str(step.get("key"))
            if key in seen:
                twins.add(at)
            seen.add(key)
        return twins
