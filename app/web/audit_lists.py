"""What the page of the audit shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from pydantic.alias_generators import to_camel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audit
from app.domain.audit import Filter
from app.errors import FieldError, Invalid
from app.extensions import compact_json
from app.models import User, WorkflowTemplate
from app.schemas.audit import AuditOut
from app.schemas.durations import parse_moment
from app.web.old_names import with_old_names

ROWS = 50
LONGEST = 300  # characters of a value; all of it stands in the downloads
SUBJECTS = [
    *("instance", "step", "delivery", "template", "notification-template", "schedule", "secret"),
    *("user", "group", "token", "channel", "queue"),
]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL of the list says, under the names that the API has for it. Empty: everything."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    subject_id: str = ""
    since: str = ""
    until: str = ""
    q: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Filters":
        given = with_old_names(given, id="subjectId")
        said = {
            name: given.get(to_camel(name), "").replace("\x00", "").strip()[:320]
            for name in cls.__dataclass_fields__
        }
        digits = said["cursor"].isascii() and said["cursor"].isdigit()
        said["cursor"] = said["cursor"] if digits and len(said["cursor"]) <= 18 else ""
        return cls(**said)

    @property
    def kept(self) -> dict[str, str]:
        """What is asked for, by name."""
        return {to_camel(k): text for k, text in asdict(self).items() if text and k != "cursor"}

    def url(self, **other: str) -> str:
        """The same list with some of it changed."""
        wanted: dict[str, Any] = {k: text for k, text in (self.kept | other).items() if text}
        return url_for("audit.index", **wanted)

    def file(self, form: str) -> str:
        values: dict[str, Any] = {"form": form, **self.kept}
        return url_for("audit.download", **values)

    def wanted(self) -> Filter:
        """Raises Invalid at times that are none."""
        faults: list[FieldError] = []
        since = _moment("since", self.since, faults)
        until = _moment("until", self.until, faults)
        if faults:
            raise Invalid(faults)
        if until is not None and len(self.until) == len("2026-01-31"):
            until += timedelta(days=1)  # a day is meant to its end
        return Filter(
            actor=self.actor,
            action=self.action,
            subject=self.subject,
            subject_id=self.subject_id,
            since=since,
            until=until,
            text=self.q,
        )


def _moment(name: str, text: str, faults: list[FieldError]) -> datetime | None:
    try:
        return parse_moment(text) if text else None
    except ValueError as error:
        faults.append(FieldError(name, str(error)))
        return None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: the entry, where its subject is, and what differs."""

    entry: AuditOut
    url: str | None
    changes: list[tuple[str, str | None, str | None]]


def list_page(session: Session, filters: Filters) -> dict[str, Any]:
    """What audit/index.html expects. Raises Invalid."""
    before = int(filters.cursor) if filters.cursor else None
    found, further = audit.find_all(session, filters.wanted(), before=before, limit=ROWS)
    return _page(
        filters,
        rows=_rows(session, found),
        next_url=filters.url(cursor=str(further)) if further else None,
    )


def faults_page(filters: Filters, invalid: Invalid) -> dict[str, Any]:
    """The same where the filters can't be read."""
    faults = {fault.path: fault.message for fault in invalid.errors}
    return _page(filters, rows=[], next_url=None, faults=faults)


def _page(filters: Filters, **more: Any) -> dict[str, Any]:
    return {"filters": filters, "subjects": SUBJECTS, "faults": {}} | more


def _rows(session: Session, entries: list[AuditOut]) -> list[Row]:
    ids = {
        "user": _ids(session, User.email, User.id, entries, "user"),
        "template": _ids(session, WorkflowTemplate.key, WorkflowTemplate.id, entries, "template"),
    }
    return [Row(entry, _url(entry, ids), _changes(entry)) for entry in entries]


def _ids(
    session: Session, name: Any, number: Any, entries: Iterable[AuditOut], subject: str
) -> dict[str, int]:
    """The ids of things that the audit calls by name."""
    names = {entry.subject_id for entry in entries if entry.subject == subject}
    rows = session.execute(select(name, number).where(name.in_(names))) if names else ()
    return {row[0]: row[1] for row in rows}


_NUMBERED: Mapping[str, Callable[[int], str]] = {
    "instance": lambda number: url_for("instances.show", instance_id=number),
    "schedule": lambda number: url_for("schedules.show", schedule_id=number),
    "delivery": lambda number: url_for("deliveries.show", delivery_id=number),
    "user": lambda number: url_for("people.show", user_id=number),
    "template": lambda number: url_for("templates.show", template_id=number),
}
_NAMED: Mapping[str, Callable[[str], str]] = {
    "notification-template": lambda key: url_for("notification_templates.show", key=key),
    "secret": lambda name: url_for("secrets.show", name=name),
    "group": lambda key: url_for("groups.show", key=key),
    "token": lambda _: url_for("tokens.index"),
    "channel": lambda _: url_for("settings.show"),
    "queue": lambda _: url_for("queues.index"),
}


def _url(entry: AuditOut, ids: Mapping[str, Mapping[str, int]]) -> str | None:
    """Where the thing is; None if it is nowhere any more."""
    subject, name = entry.subject, entry.subject_id
    if entry.action.endswith(".deleted"):
        return None
    if subject in ids:
        number = ids[subject].get(name)
        return _NUMBERED[subject](number) if number else None
    if subject == "step":
        instance, _, key = name.partition("/")
        return url_for("steps.show", instance_id=int(instance), key=key)
    if subject in _NUMBERED:
        return _NUMBERED[subject](int(name))
    return _NAMED[subject](name) if subject in _NAMED else None


def _changes(entry: AuditOut) -> list[tuple[str, str | None, str | None]]:
    before, after = entry.before or {}, entry.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return [
        (name, _text(before.get(name)), _text(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else compact_json(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
