"""The demo people. They come once; who changes or removes them is left in peace."""

import json
import os
import secrets
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import people
from app.models import User
from app.models.vocabulary import Role

ADMIN = "admin@example.com"
AUTHOR = "author@example.com"
OPERATOR = "operator@example.com"
PEOPLE = (
    (ADMIN, "Admin", Role.ADMIN),
    (AUTHOR, "Author", Role.AUTHOR),
    (OPERATOR, "Operator", Role.OPERATOR),
    ("viewer@example.com", "Viewer", Role.VIEWER),
)


def come(session: Session, var: Path) -> bool:
    """Add the demo people, all with one password, unless they have come before."""
    if find(session, ADMIN):
        return False
    # A password that is kept from another database serves again: one to remember, not two.
    password = _kept(var) or secrets.token_urlsafe(9)
    _keep(var, password)
    for email, name, role in PEOPLE:
        if not find(session, email):
            may = role == Role.AUTHOR
            people.create_user(session, email, name, role, password, may_add_automation=may)
    return True


def find(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(User.email == email))


def password_of(user: User, var: Path) -> str:
    """The password that was made for them; empty if that is gone or they have another by now."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    password = _kept(var)
    try:
        PasswordHasher().verify(user.password_hash or "", password)
    except (VerificationError, InvalidHashError):
        return ""
    return password


def _file(var: Path) -> Path:
    return var / "sign-in.json"


def _kept(var: Path) -> str:
    try:
        return str(json.loads(_file(var).read_text())["password"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _keep(var: Path, password: str) -> None:
    """Written before the people are: a password without people harms nobody, people without a
    password can't sign in."""
    var.mkdir(parents=True, exist_ok=True)
    handle = os.open(_file(var), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"email": ADMIN, "password": password}, file)
