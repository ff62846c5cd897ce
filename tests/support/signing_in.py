"""Somebody's browser is signed in, without the form."""

from flask.testing import FlaskClient

from app import transaction
from app.domain import sessions


def be_signed_in(client: FlaskClient, user_id: int, browser: str = "Firefox on Linux") -> None:
    """Give the client a session of this person."""
    with transaction.writing() as session:
        carried = sessions.begin(session, user_id, browser, "192.0.2.1")
    with client.session_transaction() as cookie:
        cookie["_user_id"] = carried
