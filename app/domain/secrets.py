"""Named secrets: created, rotated, bound to hosts, deleted. Their values go in and never come out
again, but to workers (`secret_values.py`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, host_binding, secret_uses
from app.domain.keyring import Damaged, KeyIsGone, Keyring, Sealed
from app.domain.secret_values import SecretValue, read_values, secrets_named
from app.domain.signatures import signing_key
from app.errors import Conflict, FieldError, Invalid, NotFound
from app.models import Secret
from app.schemas.secret import RotateIn, SecretIn, SecretOut

__all__ = ["SecretValue", "read_values", "secrets_named"]

OLD_ONE_LIVES = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=366)


def create(session: Session, keyring: Keyring, wish: SecretIn, actor: str) -> Secret:
    """A new secret. Raises Invalid, or Conflict if the name is taken."""
    hosts = read_hosts(wish.hosts)
    sealed = keyring.seal(_value(wish), wish.name)
    now = clock.now()
    row = Secret(
        name=wish.name,
        ciphertext=sealed.text,
        key_id=sealed.key_id,
        hosts=hosts,
        created_at=now,
        updated_at=now,
        updated_by=actor,
    )
    _insert_unless_taken(session, row)
    audit.record(session, actor, "secret.created", "secret", row.name, after={"hosts": hosts})
    return row


def rotate(session: Session, keyring: Keyring, name: str, wish: RotateIn, actor: str) -> Secret:
    """Give a secret a new value. The old one stays valid until the time that was asked for; one
    that was still valid beside it is not any more. Raises Invalid, or NotFound."""
    row = find(session, name, lock=True)
    value, now = _value(wish), clock.now()
    old, until = _opened(row, keyring), wish.previous_valid_until or now + OLD_ONE_LIVES
    if old == value:
        raise Invalid.at("value", "This is the value that it has already.")
    if until > now + LONGEST_OVERLAP:
        raise Invalid.at("previousValidUntil", "The old value may stay valid for a year at most.")
    keep = old is not None and until > now
    row.previous_ciphertext, row.previous_key_id = (
        (row.ciphertext, row.key_id) if keep else (None, None)
    )
    row.previous_until = until if keep else None
    _put(row, keyring.seal(value, name))
    row.updated_at, row.updated_by = now, actor
    after = {"previousValidUntil": until.isoformat() if keep else None}
    audit.record(session, actor, "secret.rotated", "secret", name, after=after)
    return row


def bind(session: Session, name: str, hosts: list[str], actor: str) -> Secret:
    """Say where a secret may be sent. Raises Invalid, or NotFound."""
    row = find(session, name, lock=True)
    before, row.hosts = row.hosts, read_hosts(hosts)
    audit.record(
        session,
        actor,
        "secret.bound",
        "secret",
        name,
        before={"hosts": before},
        after={"hosts": row.hosts},
    )
    return row


def delete(session: Session, name: str, actor: str) -> None:
    """Forget a secret at once. Steps that name it fail from now on, saying so. Raises NotFound."""
    row = find(session, name, lock=True)
    audit.record(session, actor, "secret.deleted", "secret", name, before={"hosts": row.hosts})
    session.delete(row)
    session.flush()


def find(session: Session, name: str, *, lock: bool = False) -> Secret:
    """A secret by name. Raises NotFound."""
    query = select(Secret).where(Secret.name == name)
    row = session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound(f"There is no secret named {name}.")
    return row


def list_secrets(
    session: Session, *, before: int | None = None, limit: int = 50
) -> tuple[list[SecretOut], int | None]:
    """Secrets, newest first, and the id to go on before (None: that was all)."""
    query = select(Secret).order_by(Secret.id.desc()).limit(limit + 1)
    rows = list(session.scalars(query if before is None else query.where(Secret.id < before)))
    used = secret_uses.uses(session) if rows else {}
    page = [_document(row, used.get(row.name, [])) for row in rows[:limit]]
    return page, rows[limit - 1].id if len(rows) > limit else None


def read(session: Session, name: str) -> SecretOut:
    """One secret, without its value. Raises NotFound."""
    row = find(session, name)
    return _document(row, secret_uses.uses(session).get(name, []))


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """What came of it: how many were encrypted anew, how many needed it not, and which can't be
    read, each with why."""

    done: int
    already: int
    faults: dict[str, str]


def reencrypt(session: Session, keyring: Keyring, actor: str) -> Reencrypted:
    """Encrypt every secret with the newest key, so that the others can be dropped."""
    rows = session.scalars(select(Secret).order_by(Secret.id).with_for_update())
    done, already, faults = 0, 0, dict[str, str]()
    for row in rows:
        _forget_if_over(row)
        if {row.key_id, row.previous_key_id or keyring.newest} == {keyring.newest}:
            already += 1
            continue
        try:
            _reencrypt(row, keyring)
            done += 1
        except (KeyIsGone, Damaged) as error:
            faults[row.name] = str(error)
    if done:
        after = {"secrets": done, "keyId": keyring.newest}
        audit.record(session, actor, "secret.reencrypted", "secret", "all", after=after)
    return Reencrypted(done, already, faults)


def forget_old_values(session: Session) -> int:
    """Old values whose time is over go, so that they can't be read later either; returns how
    many."""
    over = Secret.previous_until <= clock.now()
    rows = session.scalars(select(Secret).where(over).with_for_update(skip_locked=True)).all()
    for row in rows:
        _forget_if_over(row)
    return len(rows)


def _forget_if_over(row: Secret) -> None:
    if row.previous_until is not None and row.previous_until <= clock.now():
        row.previous_ciphertext = row.previous_key_id = row.previous_until = None


def _reencrypt(row: Secret, keyring: Keyring) -> None:
    # Both are opened before either is written: a row is done, or it is as it was.
    value = keyring.open(Sealed(row.ciphertext, row.key_id), row.name)
    if row.previous_ciphertext is not None:
        previous = Sealed(row.previous_ciphertext, row.previous_key_id or "")
        sealed = keyring.seal(keyring.open(previous, row.name), row.name)
        row.previous_ciphertext, row.previous_key_id = sealed.text, sealed.key_id
    _put(row, keyring.seal(value, row.name))


def _put(row: Secret, sealed: Sealed) -> None:
    row.ciphertext, row.key_id = sealed.text, sealed.key_id


def _opened(row: Secret, keyring: Keyring) -> str | None:
    try:
        return keyring.open(Sealed(row.ciphertext, row.key_id), row.name)
    except (KeyIsGone, Damaged):
        return None


def _value(wish: SecretIn | RotateIn) -> str:
    value = wish.value.get_secret_value()
    check_value(value)
    return value


def check_value(value: str) -> None:
    """Raise Invalid for what looks like a signing key and is none."""
    try:
        signing_key(value)
    except ValueError as fault:
        raise Invalid.at("value", str(fault)) from None


def read_hosts(given: Iterable[str]) -> list[str]:
    """Entries as they are stored, each once. Raises Invalid."""
    found: list[str] = []
    faults: list[FieldError] = []
    for at, text in enumerate(given):
        try:
            found.append(host_binding.read_host(text))
        except ValueError as fault:
            faults.append(FieldError(f"hosts.{at}", str(fault)))
    if faults:
        raise Invalid(faults)
    return list(dict.fromkeys(found))


def _document(row: Secret, used: list[Any]) -> SecretOut:
    return SecretOut(
        name=row.name,
        hosts=row.hosts or [],
        key_id=row.key_id,
        previous_valid_until=_still(row.previous_until),
        created_at=row.created_at,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
        used_by=used,
    )


def _still(until: datetime | None) -> datetime | None:
    return until if until is not None and until > clock.now() else None


def _insert_unless_taken(session: Session, row: Secret) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(f"There is already a secret named {row.name}.") from None
