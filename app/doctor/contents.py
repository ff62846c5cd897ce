"""What must be in the database for the rest to work: people, processes, secrets that open."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import transaction
from app.config import Settings
from app.doctor import database
from app.doctor.findings import Finding, fault, ok, warning
from app.domain import incidents, processes
from app.domain.incident_kinds import KINDS
from app.domain.keyring import Keyring
from app.domain.secret_values import read_values
from app.models import Secret, User
from app.models.vocabulary import Role
from app.version import VERSION

# Workers keep the times in a scheduler's stead; nobody does the others' work.
_MAY_LACK = ("scheduler",)


def check(settings: Settings) -> Iterator[Finding]:
    """All of it; nothing if the database does not answer or is too old, which is said elsewhere."""
    if database.is_missing(settings):
        return
    try:
        with transaction.reading() as session:
            found = [
                *_people(session),
                *_processes(session),
                *_secrets(session, Keyring.parse(settings.encryption_keys)),
                *_incidents(session),
            ]
    except SQLAlchemyError:
        return
    yield from found


def _people(session: Session) -> Iterator[Finding]:
    able = (User.role == Role.ADMIN, User.active)
    admins = session.scalar(select(func.count()).select_from(User).where(*able))
    if admins:
        yield ok("people", f"{admins} {'admin' if admins == 1 else 'admins'} may sign in.")
    else:
        yield fault(
            "people",
            "Nobody may administer.",
            "say flask --app app users create --role admin --email …",
        )


def _processes(session: Session) -> Iterator[Finding]:
    for name, found in processes.standings(session).items():
        if found.count:
            yield ok(name, f"{found.count} alive.")
            continue
        since = f" since {found.last_seen:%Y-%m-%d %H:%M} UTC" if found.last_seen else " ever"
        say = warning if name in _MAY_LACK else fault
        cure = "start one as the Procfile says, or look into its log to see why it ended."
        yield say(name, f"None has been heard{since}.", cure)
    alive = processes.alive(session)
    if others := sorted({row.version for row in alive if row.version != VERSION}):
        yield warning(
            "versions",
            f"Processes of version {', '.join(others)} run beside this {VERSION}.",
            "restart all of them with one version.",
        )
    for wrong in processes.clocks_off(session):
        yield warning(
            "clock",
            f"The clock of {wrong.process} ({wrong.kind}) is {wrong.seconds:+.0f} s off.",
            "set it (NTP); times follow the database's all the same.",
        )


def _secrets(session: Session, keyring: Keyring) -> Iterator[Finding]:
    names = session.scalars(select(Secret.name)).all()
    values = read_values(session.connection(), names, keyring)
    unread = sorted(name for name, value in values.items() if value.fault)
    if unread:
        shown = ", ".join(unread[:5]) + (f" and {len(unread) - 5} more" if unread[5:] else "")
        yield fault(
            "secrets",
            f"{shown} can't be decrypted with ENCRYPTION_KEYS.",
            "put the key back that they were encrypted with, or rotate them.",
        )
    else:
        yield ok("secrets", f"All {len(names)} can be decrypted." if names else "There are none.")


def _incidents(session: Session) -> Iterator[Finding]:
    for row in incidents.open_incidents(session):
        kind = KINDS[row.kind]
        yield warning("incident", f"{kind.title}: {row.said}", kind.cure)
