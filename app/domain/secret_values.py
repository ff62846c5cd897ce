"""The values of named secrets, for workers and for nothing else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, select

from app import clock
from app.domain.keyring import Damaged, KeyIsGone, Keyring, Sealed
from app.models import Secret
from app.models.columns import table_of

_table = table_of(Secret)


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A secret in the hands of whoever uses it. Printing it shows no value.

    previous   the value before it, while that is still valid
    hosts      where it may be sent; empty: anywhere
    fault      why it can't be read; then `value` is empty and of no use
    """

    name: str
    value: str = field(repr=False)
    previous: str | None = field(repr=False, default=None)
    hosts: tuple[str, ...] = ()
    fault: str | None = None


def secrets_named(config: Mapping[str, Any]) -> dict[str, str]:
    """The secrets that a step's config names, by where it names them."""
    auth = config.get("auth")
    secret = cast("Mapping[str, Any]", auth).get("secret") if isinstance(auth, dict) else None
    found = {"signingSecret": config.get("signingSecret"), "auth.secret": secret}
    return {path: name for path, name in found.items() if isinstance(name, str) and name}


def read_values(
    connection: Connection, names: Collection[str], keyring: Keyring
) -> dict[str, SecretValue]:
    """The secrets of these names, as far as they exist, in one query; none for no names. One that
    can't be read says so in its `fault`."""
    if not names:
        return {}
    c = _table.c
    wanted = select(
        c.name,
        c.hosts,
        c.ciphertext,
        c.key_id,
        c.previous_ciphertext,
        c.previous_key_id,
        c.previous_until,
    ).where(c.name.in_(names))
    now = clock.now()
    return {row.name: _opened(row, keyring, now) for row in connection.execute(wanted)}


def _opened(row: Any, keyring: Keyring, now: datetime) -> SecretValue:
    hosts = tuple(row.hosts or ())
    try:
        value = keyring.open(Sealed(row.ciphertext, row.key_id), row.name)
    except (KeyIsGone, Damaged) as error:
        return SecretValue(row.name, "", hosts=hosts, fault=_fault(row.name, error))
    return SecretValue(row.name, value, _previous(row, keyring, now), hosts)


def _previous(row: Any, keyring: Keyring, now: datetime) -> str | None:
    if row.previous_ciphertext is None or row.previous_until <= now:
        return None
    try:
        return keyring.open(Sealed(row.previous_ciphertext, row.previous_key_id), row.name)
    except (KeyIsGone, Damaged):
        return None  # the newest one serves


def _fault(name: str, error: Exception) -> str:
    return f"The secret {name} can't be read: {error}."
