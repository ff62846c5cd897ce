"""One-time links by which people set their password: invitations, and for those who forgot it.

A link's token is made from a nonce and SECRET_KEY, so that the notifier can put it into a mail
while neither the delivery nor its log holds it; what is stored of it is its SHA-256."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app import clock
from app.domain import audit, fanout, people, sessions
from app.domain.callback_urls import conceal, maker
from app.domain.fanout import Draft, NotReady
from app.domain.ledger import changing
from app.domain.outcomes import Outcome
from app.domain.people import hashed
from app.domain.recipients import Recipient, label_of
from app.errors import NotFound
from app.models import NotificationDelivery, SignInLink, User
from app.models.vocabulary import ACCOUNT, Channel, DeliveryState, LinkPurpose
from app.schemas.people import WelcomeIn

LIVES = {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.PASSWORD: timedelta(hours=24)}
PATH = "/welcome/"
CONCEALED = "[one-time link]"  # what stands for one in logs
_SUBJECT = {
    LinkPurpose.INVITATION: "You are invited to Runsheet",
    LinkPurpose.PASSWORD: "Set a new password for Runsheet",
}
_UNTIL = '{{ account.until | date: "%d %b %Y, %H:%M %Z", recipient.timeZone }}'
_ONCE = f"It works once, until {_UNTIL}:\n\n{{{{ account.url }}}}"
_TEXT = {
    LinkPurpose.INVITATION: "{{ account.by }} invites you to Runsheet. Open this link to choose "
    f"your password. {_ONCE}",
    LinkPurpose.PASSWORD: "{{ account.by }} made a link for you by which you set a new password "
    f"for Runsheet. {_ONCE}",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was just made. `url` is shown now and never again."""

    url: str
    purpose: LinkPurpose
    expires_at: datetime
    mailed: bool = False


def make(session: Session, user: User, actor: str, not_ready: NotReady, reason: str = "") -> Link:
    """A new link for a person, by mail too where there is a server for it. It invites who has no
    password yet. Earlier ones end."""
    purpose = LinkPurpose.PASSWORD if user.password_hash else LinkPurpose.INVITATION
    end_all(session, user.id)
    nonce = secrets.token_hex(16)
    row = SignInLink(
        user_id=user.id,
        purpose=purpose,
        token_hash=hashed(_token(nonce)),
        created_by=actor,
        expires_at=clock.now() + LIVES[purpose],
    )
    session.add(row)
    link = Link(_url(nonce), purpose, row.expires_at)
    action = f"user.{purpose}-link"
    audit.record(session, actor, action, "user", user.email, reason=reason or None)
    mailed = _owe_mail(session, user, link, nonce, actor, not_ready)
    return replace(link, mailed=mailed)


def end_all(session: Session, user_id: int) -> None:
    """Links that were not used yet let nobody in any more."""
    row = SignInLink
    session.execute(delete(row).where(row.user_id == user_id, row.used_at.is_(None)))


def end_made_by(session: Session, actors: Collection[str]) -> None:
    """The same of links that these made, for whomever."""
    row = SignInLink
    session.execute(delete(row).where(row.created_by.in_(actors), row.used_at.is_(None)))


def _token(nonce: str) -> str:
    return maker().token(nonce, "account")


def _url(nonce: str) -> str:
    return f"{maker().base_url}{PATH}{_token(nonce)}"


def _owe_mail(
    session: Session, user: User, link: Link, nonce: str, actor: str, not_ready: NotReady
) -> bool:
    """A delivery like any other, without a notice or an instance. Its words name the link; only
    the notifier fills it in. Returns whether it is owed, and not skipped."""
    if Channel.EMAIL in not_ready:
        return False
    account = {"by": actor.partition(":")[2] or actor, "until": link.expires_at.isoformat()}
    content = {"subject": _SUBJECT[link.purpose], "text": _TEXT[link.purpose], "html": None}
    draft = Draft(
        dedupe=f"account:{uuid4()}",
        channel=Channel.EMAIL,
        trigger=ACCOUNT,
        template="",
        policy={"content": content, "context": {"account": account}, "link": nonce},
    )
    with changing(session) as ledger:
        to = Recipient(label_of(user), user=user)
        delivery_id = fanout.deliver(ledger, None, None, to, draft, not_ready)
    delivery = session.get(NotificationDelivery, delivery_id)
    return delivery is not None and delivery.state == DeliveryState.QUEUED


def with_url(session: Session, context: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
    """The context of a mail, in which its words can read the link that it brings, as long as that
    one is good. By its nonce: ids are given anew when the newest row is deleted."""
    query = select(SignInLink.id).where(SignInLink.token_hash == hashed(_token(nonce)))
    if session.scalar(query) is None:
        return context
    return {**context, "account": context["account"] | {"url": _url(nonce)}}


def taken_out(outcome: Outcome, context: Mapping[str, Any]) -> Outcome:
    """The outcome of a try without the link: everybody who may sign in reads the log."""
    account: Mapping[str, Any] = context.get("account") or {}
    if "url" not in account:
        return outcome
    kept = {name: getattr(outcome, name) for name in ("output", "error", "request", "response")}
    return replace(outcome, **conceal(kept, [account["url"]], CONCEALED))


def read(session: Session, token: str, *, lock: bool = False) -> tuple[SignInLink, User]:
    """An open link and whose it is. Raises NotFound, whatever is wrong with it."""
    query = select(SignInLink).where(
        SignInLink.token_hash == hashed(token), SignInLink.purpose != LinkPurpose.SIGN_IN
    )
    if lock:  # as it is now, whatever was read of it before
        query = query.with_for_update().execution_options(populate_existing=True)
    link = session.scalar(query)
    user = session.get(User, link.user_id) if link else None
    if link is None or user is None or not user.active:
        raise NotFound("This link leads nowhere: a newer one was made, or it was taken back.")
    if link.used_at is not None or link.expires_at < clock.now():
        raise NotFound("This link was already used, or it is too old. Ask an admin for another.")
    return link, user


def accept(session: Session, token: str, wish: WelcomeIn, password_hash: str) -> User:
    """Set a person's password by their link; who had one is signed out everywhere, and other
    links of theirs end. Raises NotFound."""
    _, user = read(session, token)
    # The person before their links, as everywhere: who sends them away meanwhile waits for us.
    session.refresh(user, with_for_update=True)
    link, user = read(session, token, lock=True)
    link.used_at = clock.now()
    session.flush()
    end_all(session, user.id)
    if link.purpose == LinkPurpose.INVITATION and wish.name:
        user.name = wish.name
    user.password_hash = password_hash
    people.forgive(session, user.email)
    sessions.end_all(session, user.id)
    actor = people.actor_of(user).name
    audit.record(session, actor, "user.password-set", "user", user.email, after={"by": "link"})
    return user
