"""Users, API tokens, and signing in."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit
from app.errors import Conflict, Invalid, TooManyTries, Unauthorized
from app.models import ApiToken, SignInFailure, SignInLink, User
from app.models.vocabulary import LinkPurpose, Role

FAILURES_ALLOWED = 10
FAILURES_REMEMBERED = timedelta(minutes=15)
LINK_LIVES = timedelta(hours=12)
SHORTEST_PASSWORD = 10
LONGEST_NAME = 120
LONGEST_PASSWORD = 1000  # what lies beyond is not looked at
TOKEN_PREFIX = "rs_"  # noqa: S105 - a prefix by which a leaked token can be recognised


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks for something: a person or a program with a token."""

    name: str  # as it stands in histories: `user:operator@example.com`, `api:shop`
    role: str
    may_add_automation: bool
    token_id: int | None = None
    user_id: int | None = None


def actor_of(user: User) -> Actor:
    may = user.may_add_automation or user.role == Role.ADMIN
    return Actor(f"user:{user.email}", user.role, may, user_id=user.id)


def create_user(
    session: Session,
    email: str,
    name: str,
    role: str,
    password: str | None,
    *,
    may_add_automation: bool = False,
) -> User:
    """Without a password they can't come before they have set one by a link. Raises Invalid, or
    Conflict if the address is taken."""
    email = email.strip().lower()
    if "@" not in email or len(email) > 254:
        raise Invalid.at("email", "This is not a mail address.")
    if len(name) > LONGEST_NAME:
        raise Invalid.at("name", f"A name has at most {LONGEST_NAME} characters.")
    check_role(role)
    user = User(
        email=email,
        name=name,
        role=role,
        may_add_automation=may_add_automation,
        password_hash=None if password is None else hash_password(password),
        created_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        raise Conflict(f"There is already somebody with the address {email}.") from None
    return user


def check_role(role: str) -> None:
    """Raises Invalid at `role`."""
    if role not in list(Role):
        raise Invalid.at("role", f"A role is one of {', '.join(Role)}.")


def check_password(password: str, at: str = "password") -> None:
    """Raises Invalid at the field `at`."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid.at(at, f"A password has at least {SHORTEST_PASSWORD} characters.")


def hash_password(password: str, at: str = "password") -> str:
    """What is kept of a password. Slow on purpose: to be asked outside of transactions, where
    many may come. Raises Invalid at the field `at`."""
    check_password(password, at)
    return _hasher().hash(password[:LONGEST_PASSWORD])


def hash_to_check(session: Session, email: str, address: str) -> str:
    """What a password is to be checked against: an unknown account has a hash too, which nobody's
    password fits, so that it takes as long as a known one. Raises TooManyTries."""
    _refuse_guessers(session, _subjects(email, address))
    user = _active(session, email)
    return (user.password_hash if user else None) or _decoy()


def password_fits(known: str, password: str) -> bool:
    """Slow on purpose: to be asked outside of transactions, since SQLite's one writer would keep
    everybody waiting meanwhile."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(known, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def sign_in(session: Session, email: str, address: str, *, fits: bool, known: str) -> User | None:
    """The user if the password fitted `known` and that is still what is kept of theirs, else
    None. Failures are written down, so the caller commits in either case; after too many,
    TooManyTries is raised."""
    subjects = _subjects(email, address)
    _refuse_guessers(session, subjects)
    # Before the failures, as everywhere: who sets a password forgives them while holding the row.
    user = _active(session, email, lock=True)
    old = clock.now() - FAILURES_REMEMBERED
    session.execute(delete(SignInFailure).where(SignInFailure.at < old))
    if fits and user is not None and user.password_hash == known:
        user.last_sign_in_at = clock.now()
        forgive(session, email)
        _note(session, actor_of(user).name, "signed-in", user.email, address)
        return user
    note_failure(session, email, address)
    # What else was typed may be a password in the wrong field: it is kept nowhere. Nor may
    # strangers fill the audit, which nobody can empty.
    whose = session.scalar(select(User.email).where(User.email == email.strip().lower()))
    if whose is not None:
        _note(session, "somebody", "sign-in-failed", whose, address)
    return None


def _note(session: Session, actor: str, action: str, email: str, address: str) -> None:
    after = {"address": address}
    audit.record(session, actor, f"user.{action}", "user", email, after=after)


def note_failure(session: Session, email: str, address: str) -> None:
    """Count a wrong password against the account and the address."""
    subjects = _subjects(email, address)
    session.add_all(SignInFailure(subject=subject, at=clock.now()) for subject in subjects)


def forgive(session: Session, email: str) -> None:
    """Forget the failures of an account."""
    subject = _subjects(email, "")[0]
    session.execute(delete(SignInFailure).where(SignInFailure.subject == subject))


def _subjects(email: str, address: str) -> tuple[str, str]:
    return f"account:{email.strip().lower()[:400]}", f"address:{address}"


def _active(session: Session, email: str, *, lock: bool = False) -> User | None:
    query = select(User).where(User.email == email.strip().lower(), User.active)
    if lock:  # as it is now, whatever was read of it before
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def _refuse_guessers(session: Session, subjects: tuple[str, str]) -> None:
    counts = session.execute(
        select(SignInFailure.subject, func.count())
        .where(
            SignInFailure.subject.in_(subjects),
            SignInFailure.at >= clock.now() - FAILURES_REMEMBERED,
        )
        .group_by(SignInFailure.subject)
    )
    # Many people may share an address (an office), so it is given more room than an account.
    for subject, failures in counts:
        room = FAILURES_ALLOWED * (5 if subject.startswith("address:") else 1)
        if failures >= room:
            raise TooManyTries("Too many failed sign-ins. Wait 15 minutes.")


def _hasher():  # type: ignore[no-untyped-def]
    # Imported late: workers never check a password, and the library is not small.
    from argon2 import PasswordHasher

    return PasswordHasher()


_decoy_hash: str | None = None


def _decoy() -> str:
    """A hash nobody's password fits, so that unknown accounts take as long as known ones."""
    global _decoy_hash
    if _decoy_hash is None:
        _decoy_hash = _hasher().hash(secrets.token_urlsafe())
    return _decoy_hash


def make_sign_in_link(session: Session, user: User, next_path: str = "/") -> str:
    """A token that signs this user in once, within twelve hours."""
    token = secrets.token_urlsafe(32)
    session.add(
        SignInLink(
            user_id=user.id,
            token_hash=hashed(token),
            next_path=next_path,
            expires_at=clock.now() + LINK_LIVES,
        )
    )
    return token


def use_sign_in_link(session: Session, token: str) -> tuple[User, str]:
    """The user of a link that was not used yet, and the path to go to. Raises Unauthorized."""
    query = select(SignInLink).where(
        SignInLink.token_hash == hashed(token), SignInLink.purpose == LinkPurpose.SIGN_IN
    )
    link = session.scalar(query.with_for_update())
    user = session.get(User, link.user_id) if link else None
    if link is None or user is None or not user.active:
        raise Unauthorized("This link does not exist.")
    if link.used_at is not None or link.expires_at < clock.now():
        raise Unauthorized("This link was already used, or it is too old. Sign in instead.")
    link.used_at = user.last_sign_in_at = clock.now()
    after = {"by": "link"}
    audit.record(session, actor_of(user).name, "user.signed-in", "user", user.email, after=after)
    return user, link.next_path


def create_token(
    session: Session,
    name: str,
    role: str,
    *,
    may_add_automation: bool = False,
    expires_at: datetime | None = None,
    created_by: str | None = None,
) -> str:
    """A new API token, shown only now. Raises Invalid."""
    check_role(role)
    if not 0 < len(name.strip()) <= 120:
        raise Invalid.at("name", "Give the token a name of at most 120 characters.")
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid.at("expiresAt", "This time has passed.")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            name=name.strip(),
            role=role,
            may_add_automation=may_add_automation,
            token_hash=hashed(token),
            hint=token[-4:],
            created_at=clock.now(),
            created_by=created_by,
            expires_at=expires_at,
        )
    )
    return token


def actor_of_token(session: Session, token: str) -> Actor:
    """Who a bearer token stands for. Raises Unauthorized."""
    return actor_of_program(find_token(session, token))


def find_token(session: Session, token: str) -> ApiToken:
    """The row of a bearer token that is valid now. Raises Unauthorized."""
    row = session.scalar(select(ApiToken).where(ApiToken.token_hash == hashed(token)))
    if row is None:
        raise Unauthorized("This token is not valid.")
    if row.revoked_at is not None:
        raise Unauthorized("This token was revoked. Ask an admin for another.")
    if row.expires_at is not None and row.expires_at < clock.now():
        raise Unauthorized("This token has expired. Ask an admin for another.")
    return row


def actor_of_program(row: ApiToken) -> Actor:
    may = row.may_add_automation or row.role == Role.ADMIN
    return Actor(f"api:{row.name}", row.role, may, token_id=row.id)


def hashed(token: str) -> str:
    """SHA-256 of a random token; it needs no salt, since it can't be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()
