"""What a drill does from within, on its environment's database: let itself in, and turn a clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, create_core, transaction
from app.domain import people
from app.extensions import db
from app.models import Schedule, User
from devtools.drills.site import Site

NOBODY = "drill@example.com"  # who looks at pages for a drill


@contextmanager
def application(site: Site) -> Iterator[Flask]:
    """The application on the environment's database."""
    app = create_core(site.settings)
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


@contextmanager
def let_in(site: Site) -> Iterator[Site]:
    """Give the drill a token, and a link that signs in an admin, for the length of a block."""
    with application(site), transaction.writing() as session:
        site.token = people.create_token(session, f"drill {uuid4().hex[:8]}", "admin")
        token = people.make_sign_in_link(session, _admin(session))
        site.link = f"{site.console}/sign-in/link/{token}"
    try:
        yield site
    finally:
        with application(site), transaction.writing() as session:
            _take_back(session, site)


def _admin(session: Session) -> User:
    """Without a password, so that the link is the only way in."""
    found = session.scalars(select(User).where(User.email == NOBODY)).first()
    if found is None:
        found = people.create_user(session, NOBODY, "Drill", "admin", None)
    found.role, found.active = "admin", True
    session.flush()
    return found


def _take_back(session: Session, site: Site) -> None:
    """Neither token nor admin is of any use afterwards."""
    people.find_token(session, site.token).revoked_at = clock.now()
    _admin(session).active = False


def make_late(site: Site, schedule_ids: list[int], by: timedelta) -> None:
    """As if so much time had gone by since the next times of these schedules."""
    with application(site), transaction.writing() as session:
        for schedule_id in schedule_ids:
            schedule = session.get_one(Schedule, schedule_id)
            assert schedule.next_at
            schedule.next_at = schedule.next_fire_at = schedule.next_at - by
