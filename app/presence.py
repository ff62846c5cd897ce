"""Writing down that somebody was there: of use, but never worth failing a request for."""

import logging
from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm import Session

from app import transaction

log = logging.getLogger(__name__)


def note(write: Callable[[Session], None]) -> None:
    """Write it, unless the database is away or busy."""
    try:
        with transaction.writing(durable=False) as session:
            write(session)
    except (OperationalError, InterfaceError, TimeoutError) as error:
        log.info("It was not written that somebody was there: %s", error)
