"""Text that attacks whoever looks at it, planted wherever somebody may write."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from app import clock, transaction
from app.domain import (
    account_links,
    audit,
    groups,
    instances,
    notification_templates,
    people,
    schedules,
    steps,
    templates,
    tokens,
)
from app.domain.addresses import AllowList
from app.domain.people import Actor
from app.models import InboxMessage, User
from app.models.vocabulary import Role
from app.schemas.instance import InstanceIn
from app.schemas.notification_template import NotificationTemplateIn
from app.schemas.people import GroupIn, TokenIn
from app.schemas.schedule import PauseIn, ScheduleIn
from tests.support.cast import NO_MAIL
from tests.support.mailing import email
from tests.support.receiver import Receiver
from tests.support.secrets import keep
from tests.support.telling import tell
from tests.support.workflows import OPERATOR, publish, task, webhook

# It breaks out of text, of attributes, of scripts. Short, since names are; what `evil()` does is
# for whoever looks to say.
EVIL = (
    "'\"></textarea></title></script><script data-evil>evil()</script>"
    "<img data-evil src=x onerror=evil()>"
)
LINK = "javascript:evil()"
ADMIN = Actor("user:admin@example.com", "admin", True)
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string", "title": EVIL, "description": EVIL, "default": EVIL}},
}


@dataclass(frozen=True, slots=True)
class Planted:
    """Where the text stands."""

    template: int
    instance: int
    user: int
    delivery: int
    schedule: int
    link: str  # by which the user comes


def plant(receiver: Receiver) -> Planted:
    """Write it wherever it can be written. What the receiver says is hostile too; it needs a worker
    to be heard."""
    receiver.answer = lambda _got: (500, {"X-Evil": EVIL}, f"{EVIL} {LINK}".encode())
    template = _template(receiver)
    instance = _instance()
    keep("EVIL", EVIL, "a.example.com")
    user, link = _person()
    return Planted(template, instance, user, _delivery(instance), _schedule(), link)


def _template(receiver: Receiver) -> int:
    post = {"url": f"{receiver.url}/x", "body": {"a": EVIL}, "headers": {"X-Evil": EVIL}}
    words = {"name": EVIL, "description": f"{EVIL} [x]({LINK})"}
    found = publish(
        task("pack", config={"instructions": f"{EVIL} [x]({LINK})"}, **words),
        task("sign", assignee="group:evil", config={"instructions": LINK}, **words),
        webhook("ship", config=post | {"retry": {"maxAttempts": 1, "schedule": []}}, **words),
        email("tell", "sign", subject=EVIL, text=EVIL, html=f"{EVIL}<a href={LINK}>x</a>"),
        key="evil",
        inputSchema=SCHEMA,
        **words,
    )
    with transaction.writing() as session:
        templates.publish(session, found, OPERATOR, EVIL, allow=AllowList.parse("127.0.0.1"))
    return found


def _instance() -> int:
    wish = InstanceIn.read({"templateKey": "evil", "title": EVIL, "input": {"a": EVIL}})
    with transaction.writing() as session:
        started = instances.start(session, wish, f"api:{EVIL}")
    with transaction.writing() as session:
        output = {EVIL: EVIL, "link": LINK}
        steps.complete(session, started, "pack", OPERATOR, output, EVIL)
        audit.record(session, EVIL, "secret.bound", "secret", EVIL, reason=EVIL, after={EVIL: LINK})
    return started


def _person() -> tuple[int, str]:
    with transaction.writing() as session:
        user = people.create_user(session, "evil@example.com", EVIL, "viewer", None)
        session.flush()
        groups.create(session, GroupIn(key="evil", name=EVIL, members=[user.email]), ADMIN)
        tokens.create(session, TokenIn(name=EVIL, role=Role.VIEWER, expires_at=None), ADMIN.name)
        url = account_links.make(session, user, ADMIN.name, NO_MAIL, EVIL).url
        return user.id, urlsplit(url).path


def _delivery(instance: int) -> int:
    wish: dict[str, Any] = {"key": "evil", "name": EVIL, "description": EVIL}
    html = f"{EVIL}<a href={LINK}>x</a>"
    wish["content"] = {
        "EMAIL": {"subject": EVIL, "text": EVIL, "html": html},
        "SMS": {"text": EVIL},
    }
    told = 0
    with transaction.writing() as session:
        notification_templates.create(session, NotificationTemplateIn.read(wish), EVIL)
        for reader in session.scalars(select(User.id)):
            told = tell(session, instance, reader, recipient=EVIL, reason=EVIL, template="evil")
            message = InboxMessage(user_id=reader, delivery_id=told, title=EVIL, body=EVIL)
            message.href, message.created_at = LINK, clock.now()
            session.add(message)
    return told


def _schedule() -> int:
    document = {"name": EVIL, "templateKey": "evil", "cron": "0 * * * *", "title": EVIL}
    with transaction.writing() as session:
        made = schedules.create(session, ScheduleIn.read(document), EVIL).id
        schedules.pause(session, made, PauseIn(reason=EVIL, until=None), EVIL)
    return made
