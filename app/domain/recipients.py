"""Who a policy means: `role:operator`, `group:finance`, `user:3`, `assignee`, `starter`,
addresses, placeholders."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import groups
from app.domain.paths import MissingPath
from app.domain.placeholders import fill
from app.models import User
from app.models.vocabulary import Role

ROLES = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to be told: a person of the console, or an address as it was written. `why_not`
    says why nobody could be made of it."""

    label: str
    user: User | None = None
    address: str | None = None
    why_not: str | None = None


def resolve(
    session: Session,
    named: Iterable[str],
    context: Mapping[str, Any],
    *,
    assignee: str | None,
    starter: str,
) -> list[Recipient]:
    """Whom these recipients of a policy mean, each person and address once, in their order."""
    found: dict[object, Recipient] = {}
    for name in named:
        for recipient in _resolve(session, name, context, assignee, starter):
            key = recipient.user.id if recipient.user else (recipient.address or recipient.label)
            found.setdefault(key, recipient)
    return list(found.values())


def _resolve(
    session: Session,
    name: str,
    context: Mapping[str, Any],
    assignee: str | None,
    starter: str,
) -> Iterator[Recipient]:
    if "{{" in name:
        yield from _filled(session, name, context)
    elif name == "assignee":
        yield from _one(session, assignee, name, "The step has no assignee.")
    elif name == "starter":
        yield from _one(session, starter, name, "A program started it.")
    else:
        yield from _named(session, name)


def _one(session: Session, who: str | None, label: str, why_not: str) -> Iterator[Recipient]:
    if who is None or not who.startswith(("user:", "role:", "group:")):
        yield Recipient(label, why_not=why_not)
        return
    yield from _named(session, who)


def _named(session: Session, name: str) -> Iterator[Recipient]:
    kind, _, rest = name.partition(":")
    if kind == "role" and rest in ROLES:
        yield from _with_role(session, rest)
    elif kind == "group":
        yield from _in_group(session, rest)
    elif kind == "user":
        user = _user(session, rest)
        why_not = None if user else "There is no such person, or they may not come any more."
        yield Recipient(label_of(user) if user else name, user=user, why_not=why_not)
    else:
        yield Recipient(name, user=_with_address(session, name), address=name)


def _with_role(session: Session, role: str) -> Iterator[Recipient]:
    """Everybody with this role; admins where there is nobody, so that somebody is told."""
    for wanted in (role, Role.ADMIN):
        query = select(User).where(User.role == wanted, User.active).order_by(User.id)
        users = session.scalars(query).all()
        if users:
            yield from (Recipient(label_of(user), user=user) for user in users)
            return
    yield Recipient(f"role:{role}", why_not=f"Nobody has the role {role}.")


def _in_group(session: Session, key: str) -> Iterator[Recipient]:
    """Everybody in this group; admins where there is nobody, so that somebody is told."""
    users = groups.members(session, key.lower())
    if users:
        yield from (Recipient(label_of(user), user=user) for user in users)
    else:
        yield from _with_role(session, Role.ADMIN)


def _user(session: Session, rest: str) -> User | None:
    by_id = rest.isascii() and rest.isdigit() and len(rest) <= 18
    wanted = User.id == int(rest) if by_id else User.email == rest.lower()
    return session.scalar(select(User).where(wanted, User.active))


def _with_address(session: Session, text: str) -> User | None:
    """Whose address it is. Also who may not come any more: then they are not told, while without
    an account the address would be."""
    return session.scalar(select(User).where(User.email == text.lower())) if "@" in text else None


def _filled(session: Session, name: str, context: Mapping[str, Any]) -> Iterator[Recipient]:
    try:
        value = fill(name, context)
    except MissingPath as missing:
        yield Recipient(name, why_not=f"{missing.path} is missing.")
        return
    texts = cast("list[Any]", value) if isinstance(value, list) else [value]
    for text in texts[:100]:
        if isinstance(text, str) and text.strip():
            yield from _literal(session, text.strip()[:320])
        else:
            yield Recipient(name, why_not=f"{name} does not give an address.")


def _literal(session: Session, text: str) -> Iterator[Recipient]:
    """What input says is an address and nothing else: nobody is to be told by `role:admin` that
    somebody typed into a form."""
    user = _with_address(session, text)
    yield Recipient(label_of(user) if user else text, user=user, address=text)


def label_of(user: User) -> str:
    """How a person is named in deliveries."""
    return user.email
