"""`Idempotency-Key`: the same POST sent again has one effect and one answer.

The key's row is written in the transaction of the effect, first of all. On SQLite writers wait
for each other, so a second request finds the row; on PostgreSQL its insert waits for the first
request to end, and gives up soon with 409. Raising rolls back, the row with it: only successes
are kept, and a request that was refused may be put right and sent again under its key.
"""

import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import current_app, request
from sqlalchemy import Table, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import clock
from app.api import secret_urls
from app.api.rendering import Reply
from app.domain.people import Actor
from app.errors import FieldError, Invalid, KeyReused, RequestInFlight
from app.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST = 255
KEPT = timedelta(hours=24)
SWEPT_AT_ONCE = 100
_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL: lock_timeout ran out
_keys: Table = IdempotencyKey.__table__  # type: ignore[assignment]


def once(session: Session, actor: Actor, raw: bytes, act: Callable[[], Reply]) -> Reply:
    """The first answer under the request's key, or act. Without a key: act."""
    key = _key()
    if key is None or actor.token_id is None:
        return act()
    scope = {
        "token_id": actor.token_id,
        "method": request.method,
        "path": request.path,
        "key": key,
    }
    body_hash = _hash(raw)
    if not _claim(session, scope, body_hash):
        return _first_answer(session, scope, body_hash)
    reply = act()
    reply.complete(session)
    _keep(session, scope, reply)
    _sweep(session)
    return reply


def _hash(raw: bytes) -> str:
    """Keyed: a body may hold a short secret, which a plain hash would let anybody guess who reads
    the table."""
    return hmac.digest(current_app.config["SETTINGS"].secret_key.encode(), raw, "sha256").hex()


def _key() -> str | None:
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return None
    if not 0 < len(key) <= LONGEST or not (key.isascii() and key.isprintable()):
        message = f"A key has between 1 and {LONGEST} printable ASCII characters."
        raise Invalid([FieldError(HEADER, message)])
    return key


def _claim(session: Session, scope: dict[str, Any], body_hash: str) -> bool:
    """Write the key's row; False if another request's is there. One that is too old is taken
    over."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    row = scope | {"body_hash": body_hash, "status": 0, "created_at": clock.now()}
    insert = (postgresql if on_postgresql else sqlite).insert(_keys).values(row)
    statement = insert.on_conflict_do_update(
        index_elements=["token_id", "method", "path", "key"],
        set_={"body_hash": body_hash, "status": 0, "created_at": row["created_at"]},
        where=_keys.c.created_at < clock.now() - KEPT,
    ).returning(_keys.c.id)
    if not on_postgresql:
        return session.execute(statement).first() is not None
    session.execute(text("SET LOCAL lock_timeout = '1s'"))
    try:
        claimed = session.execute(statement).first() is not None
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise RequestInFlight from None
        raise
    session.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    return claimed


def _first_answer(session: Session, scope: dict[str, Any], body_hash: str) -> Reply:
    row = session.execute(select(_keys).where(*_is(scope))).one()
    if row.body_hash != body_hash:
        raise KeyReused
    kept = row.answer
    document = secret_urls.put_back(session, kept["document"])
    return Reply(document, row.status, kept["headers"] | {REPLAYED: "true"})


def _keep(session: Session, scope: dict[str, Any], reply: Reply) -> None:
    document = reply.document if reply.kept is None else reply.kept
    answer = {"document": secret_urls.left_out(document), "headers": reply.headers}
    session.execute(update(_keys).where(*_is(scope)).values(status=reply.status, answer=answer))


def _is(scope: dict[str, Any]) -> list[Any]:
    return [_keys.c[name] == value for name, value in scope.items()]


def _sweep(session: Session) -> None:
    # Rows that another request is sweeping too are left to it, so that nobody waits.
    old = (
        select(_keys.c.id)
        .where(_keys.c.created_at < clock.now() - KEPT)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(_keys).where(_keys.c.id.in_(old)))
