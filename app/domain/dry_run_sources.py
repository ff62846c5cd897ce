"""What a dry run walks: a version, a draft, or as much of a half-done draft as can be walked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import findings, template_queries, templates
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
    """What is walked. `number`: of the version, None for the draft; `left_out`: steps of the draft
    that can't be walked, by key, each with its document and the reason."""

    template_id: int
    number: int | None
    version: Version
    document: Document
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
    return Source(template_id=template.id, number=number, version=_version(row), document=document)


def _of_draft(session: Session, template: WorkflowTemplate, allow: AllowList) -> Source:
    written = template.editing or {"document": template.draft, "unread": {}}
    document, _, left_out = walkable(written["document"], allow)
    around = findings.surroundings(session, written["document"], allow)
    found = findings.of_document(written["document"], written["unread"], around)
    problems = [FieldError(one.path, one.message) for one in found if one.severity == "error"]
    return Source(
        template_id=template.id,
        number=None,
        version=_version(templates.frozen(document)),
        document=document,
        problems=problems,
        left_out=left_out,
    )


def _version(row: WorkflowTemplateVersion) -> Version:
    due_in = parse_duration(row.due_in) if row.due_in else None
    policies = cast("list[dict[str, Any]]", row.notification_policies or [])
    return Version(row, row.steps, Graph.of(row.steps, policies, due_in, row.due_at))


def depends_on(step: Mapping[str, Any]) -> list[str]:
    """The keys that a step, perhaps half done, waits for."""
    given = step.get("dependsOn")
    return [str(key) for key in cast("list[Any]", given)] if isinstance(given, list) else []


def walkable(
    document: Mapping[str, Any], allow: AllowList
) -> tuple[Document, list[FieldError], dict[str, tuple[Document, str]]]:
    """A draft as it would be stored, without what is wrong in it; what that is; and the steps that
    are left out for it, or because they wait for one that is."""
    rest = _Rest(dict(document))
    problems: list[FieldError] = []
    while True:
        try:
            checked = templates.checked_document(Template.read(rest.document()), allow)
            return checked, problems, rest.left_out
        except Invalid as invalid:
            found = [rest.as_written(fault) for fault in invalid.errors]
            problems += [fault for fault in found if fault not in problems]
            if not rest.leave_out(invalid.errors):
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

    def as_written(self, fault: FieldError) -> FieldError:
        """With the number that the step has in the whole document."""
        root, at, rest = (*fault.path.split(".", 2), "", "")[:3]
        if root != "steps" or not at.isdigit():
            return fault
        whole = ".".join(filter(None, ["steps", str([*self._steps][int(at)]), rest]))
        return FieldError(whole, fault.message)

    def leave_out(self, faults: list[FieldError]) -> bool:
        """Take out what these are about; False if there is nothing left to take."""
        numbers = [*self._steps]
        bad: set[int] = set()
        before = (len(self._steps), dict(self._rest))
        for fault in faults:
            root, at, *_ = (*fault.path.split("."), "")
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
