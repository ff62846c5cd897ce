"""What must be in the database for the rest to work: that we may read and write it, people,
processes, secrets that open."""

from collections.abc import Iterator

from sqlalchemy import Text, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import transaction
from app.config import Settings
from app.doctor import database
from app.doctor.findings import Finding, fault, ok, reason, warning
from app.domain import incidents, processes
from app.domain.incident_kinds import KINDS
from app.domain.keyring import Keyring
from app.domain.secret_values import read_values
from app.extensions import db
from app.models import Secret, User
from app.models.vocabulary import Role
from app.version import VERSION

# Workers keep the times in a scheduler's stead; nobody does the others' work.
_MAY_LACK = ("scheduler",)
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")


def check(settings: Settings) -> Iterator[Finding]:
    """All of it; nothing if the database is away or too old, which is said elsewhere."""
    if database.is_missing(settings):
        return
    try:
        with transaction.reading() as session:
            if session.get_bind().dialect.name == "postgresql":
                yield _privileges(session)
            yield from _people(session)
            yield from _processes(session)
            yield from _secrets(session, Keyring.parse(settings.encryption_keys))
            yield from _incidents(session)
    except SQLAlchemyError as error:
        if database.is_current():
            said = f"It can't be read: {reason(error)}."
            yield fault("contents", said, "mend that, and say flask --app app doctor again.")


def _privileges(session: Session) -> Finding:
    """A user may have been given less than what we do with our tables. What is not there at all is
    NULL here, and said elsewhere."""
    lacking = list[str]()
    for table in db.metadata.sorted_tables:
        there = func.to_regclass(table.name)
        may = {each: func.has_table_privilege(there, each) for each in PRIVILEGES}
        if table.autoincrement_column is not None:
            numbers = func.pg_get_serial_sequence(there.cast(Text), table.autoincrement_column.name)
            may["USAGE of the sequence"] = func.has_sequence_privilege(numbers, "USAGE")
        row = session.execute(select(*(is_so.label(each) for each, is_so in may.items()))).one()
        lacking += [f"{each} on {table.name}" for each, so in row._asdict().items() if so is False]
    if not lacking:
        return ok("privileges", f"All {len(db.metadata.tables)} tables may be read and written.")
    shown = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if lacking[5:] else "")
    return fault(
        "privileges",
        f"The user of DATABASE_URL lacks {shown}.",
        "grant it SELECT, INSERT, UPDATE, DELETE on all tables and USAGE on all sequences.",
    )


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
