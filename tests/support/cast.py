"""People, groups and what is theirs, for tests."""

from app import transaction
from app.domain import groups, people, users
from app.domain.people import Actor
from app.models import User
from app.schemas.people import GroupIn, UserIn

ROOT = Actor("user:root@example.com", "admin", True)
PASSWORD = "correct horse battery"
NO_MAIL = {"EMAIL": "No mail server is set up (SMTP_URL)."}


def person(email: str, role: str = "operator", **more: object) -> User:
    """Somebody who may sign in; `more`: other columns."""
    with transaction.writing() as session:
        user = people.create_user(session, email, email.partition("@")[0].title(), role, PASSWORD)
        for name, value in more.items():
            setattr(user, name, value)
        session.flush()
        return user


def invite(email: str, role: str = "operator") -> tuple[int, str]:
    """Somebody who has yet to follow their link; returns their id and the link's URL."""
    with transaction.writing() as session:
        wish = UserIn.read({"email": email, "role": role})
        user, link = users.invite(session, wish, ROOT, NO_MAIL)
        return user.id, link.url


def group(key: str, *members: str) -> None:
    """A group of people who are there already."""
    with transaction.writing() as session:
        wish = GroupIn.read({"key": key, "name": key.title(), "members": list(members)})
        groups.create(session, wish, ROOT)
