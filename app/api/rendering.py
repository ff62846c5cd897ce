"""What goes out: JSON, compact, camelCase, times in UTC with `Z`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.extensions import compact_json
from app.schemas.base import Schema


@dataclass(slots=True)
class Reply:
    """What a view answers: a document, or text in another media type. With `later` the document
    is read when the effect is committed, so that reading it delays neither the work that was
    asked for nor other writers. `kept`: see `given_once`."""

    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    later: Callable[[Session], Any] | None = None
    kept: Any = None  # what an Idempotency-Key keeps instead of a document that holds a secret

    def complete(self, session: Session) -> None:
        """Read the document, if that was put off."""
        if self.later is not None:
            self.document, self.later = self.later(session), None

    def response(self) -> Response:
        if self.text is not None:
            response = Response(self.text, self.status)
        elif self.document is None:
            response = Response(status=self.status)
        else:
            response = json_response(self.document, self.status)
        response.headers.update(self.headers)
        return response


def json_response(
    document: Any, status: int = 200, *, media_type: str = "application/json"
) -> Response:
    return Response(compact_json(document), status, content_type=media_type)


def ok(model: Schema) -> Reply:
    """200 with one thing."""
    return Reply(model.document())


def created(document: Any, location: str) -> Reply:
    """201 with the thing that was made, and where it is."""
    return Reply(document, 201, {"Location": location})


def made(reply: Reply, location: str) -> Reply:
    """What answers 200 with one thing, as 201 with where it is."""
    return Reply(reply.document, 201, reply.headers | {"Location": location})


def given_once(document: dict[str, Any], without: dict[str, Any], location: str) -> Reply:
    """201 with a secret in it; sent again with its Idempotency-Key, a request gets the document
    `without` it, so that the secret is kept nowhere."""
    return Reply(document, 201, {"Location": location, "Cache-Control": "no-store"}, kept=without)


def page(items: list[Any], next_cursor: int | None) -> Reply:
    """One page of a list. `nextCursor` is null at the end."""
    documents = [item.document() if isinstance(item, Schema) else item for item in items]
    return Reply(
        {"items": documents, "nextCursor": None if next_cursor is None else str(next_cursor)}
    )
