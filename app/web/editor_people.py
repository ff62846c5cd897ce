"""Whom an author can pick in the editor, and whom they may not name."""

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.mailbox import mail_domains
from app.models import Group, User
from app.web.access import Visitor

MOST = 500
_ONLY = "only authors who may add automation may have those told"


def people(session: Session) -> list[tuple[str, str]]:
    """Groups, and those who can sign in, as they are named in a template."""
    groups = select(Group.key, Group.name).order_by(Group.name).limit(MOST)
    users = select(User.email, User.name).where(User.active).order_by(User.name).limit(MOST)
    return [
        *((f"group:{key}", name) for key, name in session.execute(groups)),
        *((f"user:{email}", name) for email, name in session.execute(users)),
    ]


def recipients_note(who: Visitor) -> str:
    """Whom the visitor may not name as a recipient (permissions.require_automation); empty:
    anybody."""
    if who.actor.may_add_automation:
        return ""
    domains = sorted(mail_domains(current_app.config["SETTINGS"].org_domains))
    if not domains:
        return f"Anybody but URLs: {_ONLY}."
    places = " or ".join(domains)
    return f"People of the console, and addresses at {places}. Not others, nor URLs: {_ONLY}."
