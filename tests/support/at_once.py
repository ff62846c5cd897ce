"""Several things at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask

from app.errors import MoveNotAllowed
from app.extensions import db


def at_once(app: Flask, *actions: Callable[[], object]) -> list[object]:
    """Do all of these in threads with connections of their own, started together. Returns what
    each returned or raised."""
    barrier = Barrier(len(actions))

    def act(action: Callable[[], object]) -> object:
        with app.app_context():
            db.session.connection()  # what is slow about connecting is over before they start
            db.session.rollback()
            barrier.wait(10)
            try:
                return action()
            except MoveNotAllowed as refusal:
                return refusal
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))
