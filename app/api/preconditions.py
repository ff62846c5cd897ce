"""`If-Match` (RFC 9110, 13.1.1): a client says what it read, and writes only if that is still so.
Marks are compared strongly, as the RFC asks: `W/"1"` matches nothing, `*` whatever there is."""

import hashlib
import json
from typing import Any

from flask import request

from app.api.rendering import Reply
from app.errors import DraftIsStale, Stale


def mark_of(facts: Any) -> str:
    """A mark of something that counts no revisions: it changes with what can be written of it."""
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def require(mark: Any, **facts: Any) -> None:
    """Raises Stale, with these facts, unless the present mark is one that If-Match names, if the
    request has one."""
    if not _holds(mark):
        raise Stale(**facts)


def require_draft(row: Any) -> None:
    """The same of a draft. Raises DraftIsStale."""
    if not _holds(row.draft_revision):
        raise DraftIsStale(
            draftRevision=row.draft_revision, updatedBy=row.updated_by, updatedAt=row.updated_at
        )


def _holds(mark: Any) -> bool:
    return not request.if_match or request.if_match.contains(str(mark))


def marked(reply: Reply, mark: Any) -> Reply:
    """The answer with its mark, to be named by the next If-Match."""
    reply.headers["ETag"] = f'"{mark}"'
    return reply
