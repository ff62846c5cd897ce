"""What a drill does from within, on its environment's database: let itself in, and turn a clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_core, transaction
from app.config import Settings
from app.domain import people
from app.extensions import db
from app.models import Schedule, User
from devtools.drills.site import Site


@contextmanager
def application(site: Site) -> Iterator[Flask]:
    """The application on the environment's database."""
    # Nothing of this terminal's environment: it may name another database.
    app = create_core(Settings.load({**site.environ, "RUNSHEET_VAR": str(site.var)}))
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def let_in(site: Site) -> None:
    """Give the drill a token, and a link that signs in an admin."""
    with application(site), transaction.writing() as session:
        site.token = people.create_token(session, f"drill {uuid4().hex[:8]}", "admin")
        token = people.make_sign_in_link(session, _admin(session))
        site.link = f"{site.console}/sign-in/link/{token}"


def _admin(session: Session) -> User:
    found = session.scalars(select(User).where(User.role == "admin", User.active)).first()
    if found is None:
        # Without a password: the link is the only way in.
        found = people.create_user(session, "drill@example.com", "Drill", "admin", None)
        session.flush()
    return found


def make_late(site: Site, schedule_ids: list[int], by: timedelta) -> None:
    """As if so much time had gone by since the next times of these schedules."""
    with application(site), transaction.writing() as session:
        for schedule_id in schedule_ids:
            schedule = session.get_one(Schedule, schedule_id)
            assert schedule.next_at
            schedule.next_at = schedule.next_fire_at = schedule.next_at - by
