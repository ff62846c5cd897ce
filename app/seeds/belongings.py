"""What the demo templates name beside people: secrets, and a group. They come once."""

import secrets as chance
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import groups, secrets
from app.domain.keyring import Keyring
from app.domain.people import Actor
from app.models import Group, Secret, User
from app.models.vocabulary import Role
from app.schemas.people import GroupIn
from app.schemas.secret import SecretIn
from app.seeds import cast

SECRETS = ("SUPPLIER_KEY", "SUPPLIER_TOKEN")
GROUP = ("purchasing", "Purchasing", (cast.ADMIN, cast.OPERATOR))
_SEEDS = Actor("seeds", Role.ADMIN, may_add_automation=True)


def come(session: Session, receiver: str) -> None:
    """Add what is missing. The secrets may be sent to the demo receiver's host, on any port."""
    ring = Keyring.parse(current_app.config["SETTINGS"].encryption_keys)
    host = urlsplit(receiver).hostname or "localhost"
    known = set(session.scalars(select(Secret.name).where(Secret.name.in_(SECRETS))))
    for name in (one for one in SECRETS if one not in known):
        wish = {"name": name, "value": chance.token_urlsafe(24), "hosts": [host]}
        secrets.create(session, ring, SecretIn.model_validate(wish), _SEEDS.name)
    key, name, emails = GROUP
    if session.scalar(select(Group.id).where(Group.key == key)) is None:
        there = session.scalars(select(User.email).where(User.email.in_(emails)))
        wish = {"key": key, "name": name, "members": sorted(there)}
        groups.create(session, GroupIn.model_validate(wish), _SEEDS)
