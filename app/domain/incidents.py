"""Incidents: what is wrong with Runsheet itself. Admins are told of one once, when it has lasted a
while, however many processes look; and once when it is over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import clock
from app.domain import fanout, recipients
from app.domain.fanout import Draft, NotReady
from app.domain.incident_kinds import KINDS, runbook
from app.domain.incident_signs import Sign, signs
from app.domain.ledger import SYSTEM, changing
from app.domain.notification_context import PRODUCT, AlertFacts
from app.domain.notification_defaults import SYSTEM_ALERT
from app.domain.recipients import Recipient
from app.models import Incident
from app.models.vocabulary import ALERT, Channel
from app.schemas.base import zulu

# Seconds it has to last before people are told, and to stay away before they are told that it is
# over: a restart is no news.
PATIENCE = timedelta(seconds=60)
TOLD_ON = (Channel.IN_APP, Channel.EMAIL)
_row = Incident
_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def open_incidents(session: Session) -> list[Incident]:
    """What is wrong now and has been for a while, the longest first."""
    wanted = (_row.ended_at.is_(None), _row.told_at.is_not(None))
    return list(session.scalars(select(_row).where(*wanted).order_by(_row.since, _row.id)))


def look(session: Session, base_url: str, not_ready: NotReady) -> tuple[int, int]:
    """Look at what is wrong now, write it down and tell people; returns how many incidents they
    were told of, and of how many that they are over."""
    found = {(sign.kind, sign.subject): sign for sign in signs(session)}
    _open(session, found)
    begun, over = list[Incident](), list[Incident]()
    for row in _locked(session):
        sign = found.get((row.kind, row.subject))
        if sign is not None and _has_lasted(row, sign):
            begun.append(row)
        elif sign is None and _is_over(session, row):
            over.append(row)
    _tell(session, [*begun, *over], base_url, not_ready)
    return len(begun), len(over)


def _open(session: Session, found: Mapping[tuple[str, str], Sign]) -> None:
    """Write down what is new. Another process may do so at the same moment: one row stays."""
    now = clock.now()
    is_open = select(_row.kind, _row.subject).where(_row.ended_at.is_(None))
    known = {(kind, subject) for kind, subject in session.execute(is_open)}
    for key, sign in sorted(found.items()):
        if key not in known:
            statement = _INSERT[session.get_bind().dialect.name](_row).values(
                kind=sign.kind, subject=sign.subject, said=sign.said, since=now, seen_at=now
            )
            session.execute(statement.on_conflict_do_nothing())


def _locked(session: Session) -> list[Incident]:
    query = select(_row).where(_row.ended_at.is_(None)).order_by(_row.id).with_for_update()
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _has_lasted(row: Incident, sign: Sign) -> bool:
    """Note that it is still so; says whether it is time to tell people."""
    now = clock.now()
    if row.told_at is None and now - row.seen_at > PATIENCE:
        row.since = now  # nobody looked for a while: it may have come and gone
    row.said, row.seen_at = sign.said, now
    if row.told_at is not None or now - row.since < PATIENCE:
        return False
    row.told_at = now
    return True


def _is_over(session: Session, row: Incident) -> bool:
    """Whether it has been away for long enough. Of what nobody was told nothing is kept."""
    now = clock.now()
    if row.told_at is None:
        session.delete(row)
        return False
    if now - row.seen_at < PATIENCE:
        return False
    row.ended_at = now
    return True


def _tell(session: Session, rows: list[Incident], base_url: str, not_ready: NotReady) -> None:
    if not rows:
        return
    with changing(session) as ledger:
        told = recipients.resolve(session, ["role:admin"], {}, assignee=None, starter=SYSTEM)
        for row in rows:
            for recipient in told:
                for channel in TOLD_ON:
                    draft = _draft(row, recipient, channel, base_url)
                    fanout.deliver(ledger, None, None, recipient, draft, not_ready)


def _draft(row: Incident, recipient: Recipient, channel: Channel, base_url: str) -> Draft:
    end = "over" if row.ended_at else "begun"
    facts = facts_of(row, base_url)
    place = {"title": facts["title"], "url": facts["url"]}  # what links and names are taken from
    context = {
        "trigger": ALERT,
        "product": {"name": PRODUCT, "url": base_url},
        "alert": facts,
        "instance": place,
    }
    return Draft(
        dedupe=f"incident:{row.id}:{end}:{channel}:{recipient.label}"[:500],
        channel=channel,
        trigger=ALERT,
        template=SYSTEM_ALERT,
        policy={"context": context},
    )


def facts_of(row: Incident, base_url: str) -> AlertFacts:
    """What the template can read of an incident."""
    kind = KINDS[row.kind]
    return AlertFacts(
        name=row.kind,
        title=kind.title,
        subject=row.subject,
        said=row.said,
        cure=kind.cure,
        since=zulu(row.since),
        over=row.ended_at is not None,
        url=f"{base_url}/queues",
        runbook=runbook(row.kind, base_url),
    )
