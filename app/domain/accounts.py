"""What people set about themselves: their name, their phone, their password, how they want to be
told, and the browsers that take push messages."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, people, sessions
from app.domain.addresses import AddressRefused, AllowList, vet_url
from app.domain.people import actor_of, hashed
from app.domain.push import decoded
from app.errors import Invalid
from app.models import PushSubscription, SignInLink, User
from app.models.vocabulary import Channel, Theme
from app.phone import masked
from app.schemas.account import AccountIn, BrowserIn

# The channels that reach people, and so can be turned off by them.
PERSONAL = (Channel.IN_APP, Channel.EMAIL, Channel.SMS, Channel.PUSH)
MOST_BROWSERS = 20
_POINT, _SECRET = 65, 16  # bytes of a browser's public key (uncompressed) and its secret


def change(session: Session, user_id: int, wish: AccountIn) -> None:
    """Write down what somebody says about themselves."""
    user = session.get_one(User, user_id)
    before = _facts(user)
    user.name = wish.name
    user.phone = wish.phone
    user.channels_off = [channel for channel in PERSONAL if channel in wish.channels_off]
    user.time_zone, user.theme = wish.time_zone, wish.theme
    changed = audit.changes(before, _facts(user))
    if not changed["after"]:
        return
    for facts in changed.values():
        if facts.get("phone"):
            facts["phone"] = masked(facts["phone"])
    was, now = changed["before"], changed["after"]
    actor, action = actor_of(user).name, "user.account-changed"
    audit.record(session, actor, action, "user", user.email, before=was, after=now)


def _facts(user: User) -> dict[str, Any]:
    """What the audit says of an account: what others see of it, and how it is reached."""
    off = [str(channel) for channel in user.channels_off or ()]
    return {"name": user.name, "phone": user.phone, "channelsOff": off}


def wrong_password(session: Session, user_id: int, address: str) -> None:
    """Write down that somebody who is signed in did not know their present password."""
    user = session.get_one(User, user_id)
    people.note_failure(session, user.email, address)
    actor, action = actor_of(user).name, "user.password-change-failed"
    audit.record(session, actor, action, "user", user.email, after={"address": address})


def choose_theme(session: Session, user_id: int, theme: Theme) -> None:
    session.get_one(User, user_id).theme = theme


def change_password(
    session: Session, user_id: int, password_hash: str, here: int, known: str
) -> None:
    """Give somebody a new password; they stay signed in `here` (a session's id) alone, and links
    that would set another end. Raises Invalid at `old` if the present one is not `known` any
    more, which is what was asked for."""
    user = session.get_one(User, user_id, with_for_update=True, populate_existing=True)
    if user.password_hash != known:
        raise Invalid.at("old", "Your password was changed in the meantime.")
    user.password_hash = password_hash
    sessions.end_all(session, user_id, but=here)
    session.execute(
        delete(SignInLink).where(SignInLink.user_id == user_id, SignInLink.used_at.is_(None))
    )
    audit.record(session, actor_of(user).name, "user.password-changed", "user", user.email)


def add_browser(
    session: Session, user_id: int, wish: BrowserIn, browser: str, allow: AllowList
) -> int:
    """Let a browser be told by push; returns the subscription's id. A browser that comes again is
    the same one, and belongs to whoever signed in there last. Raises Invalid."""
    _check(wish, allow)
    key = hashed(wish.endpoint)
    found = session.scalar(select(PushSubscription).where(PushSubscription.endpoint_hash == key))
    if found is None:
        _make_room(session, user_id)
        found = PushSubscription(endpoint_hash=key, endpoint=wish.endpoint, created_at=clock.now())
        session.add(found)
    found.user_id = user_id
    found.p256dh, found.auth, found.browser = wish.p256dh, wish.auth, browser[:100]
    session.flush()
    return found.id


def _check(wish: BrowserIn, allow: AllowList) -> None:
    try:
        target = vet_url(wish.endpoint, allow)
    except AddressRefused as refused:
        raise Invalid.at("endpoint", refused.reason) from None
    if target.scheme != "https" and not allow.permits_host(target.host, target.port):
        raise Invalid.at("endpoint", "A push service is reached by https.")
    if _size(wish.p256dh) != _POINT or _size(wish.auth) != _SECRET:
        raise Invalid.at("p256dh", "These are not a browser's keys.")


def _size(text: str) -> int:
    try:
        return len(decoded(text))
    except ValueError:
        return 0


def _make_room(session: Session, user_id: int) -> None:
    """Browsers come and go, and few say goodbye: the oldest gives way."""
    table = PushSubscription
    newest = (
        select(table.id)
        .where(table.user_id == user_id)
        .order_by(table.id.desc())
        .limit(MOST_BROWSERS - 1)
    )
    kept = session.scalars(newest).all()
    session.execute(delete(table).where(table.user_id == user_id, table.id.not_in(kept)))


def remove_browser(session: Session, user_id: int, subscription_id: int) -> None:
    """Tell a browser no more. One that is not theirs, or gone already, is left as it is."""
    table = PushSubscription
    session.execute(delete(table).where(table.id == subscription_id, table.user_id == user_id))


def browsers_of(session: Session, user_id: int) -> list[PushSubscription]:
    """The browsers of a person, the newest first."""
    table = PushSubscription
    query = select(table).where(table.user_id == user_id).order_by(table.id.desc())
    return list(session.scalars(query))


def has_browser(session: Session, user_id: int) -> bool:
    """Whether a person can be told by push at all."""
    table = PushSubscription
    return session.scalar(select(table.id).where(table.user_id == user_id).limit(1)) is not None
