"""Secrets for tests: kept with the key that all tests have."""

from app import transaction
from app.domain import secrets
from app.domain.keyring import Keyring
from app.schemas.secret import SecretIn
from tests.conftest import ENCRYPTION_KEYS
from tests.support.workflows import AUTHOR

RING = Keyring.parse(ENCRYPTION_KEYS)


def keep(name: str, value: str = "a value that nobody reads", *hosts: str) -> None:
    """Create a secret."""
    with transaction.writing() as session:
        wish = SecretIn.read({"name": name, "value": value, "hosts": list(hosts)})
        secrets.create(session, RING, wish, AUTHOR)
