"""What becomes of people when the newest migrations are taken back."""

import pytest
from flask_migrate import downgrade
from sqlalchemy import text

from app.domain import people, users
from app.extensions import db
from tests.support.cast import NO_MAIL, ROOT, person
from tests.support.looking import change, look


@pytest.fixture
def factory(with_doors):
    """Migrations are carried out by the whole application."""
    return with_doors


def test_cookies_and_links_of_before_are_worth_nothing_to_older_code(app, hash_quickly):
    """It would sign in whoever follows a link, and take a cookie whose epoch it knows."""
    otto = person("otto@example.com")
    change(users.new_link, otto.id, ROOT, NO_MAIL)
    change(people.make_sign_in_link, otto, "/kept")
    db.session.remove()
    downgrade(revision="0005")
    ask = lambda sql: look(lambda session: session.scalars(text(sql)).all())  # noqa: E731
    assert ask("SELECT next_path FROM sign_in_links") == ["/kept"]
    (epoch,) = ask("SELECT session_epoch FROM users")
    assert epoch >= 10**9
