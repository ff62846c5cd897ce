"""What can go wrong, as situations with names. One class per situation; its docstring is the
default message and its `slug` the end of the problem's `type` (RFC 9457)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault at one place: `path` is dotted (`steps.0.key`, empty for the whole body)."""

    path: str
    message: str


class RunsheetError(Exception):
    """Something went wrong."""

    status = 500
    slug = "error"

    def __init__(self, message: str | None = None, **extra: Any) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.extra = extra
        super().__init__(self.message)

    @property
    def errors(self) -> list[FieldError]:
        return []


class Malformed(RunsheetError):
    """The request could not be read."""

    status = 400
    slug = "malformed"


class Unauthorized(RunsheetError):
    """Sign in, or send a valid token."""

    status = 401
    slug = "unauthorized"
    challenge = "Bearer"  # how to do better (WWW-Authenticate)


class BadCallSignature(Unauthorized):
    """This address wants calls that are signed, and this one is not signed rightly."""

    slug = "bad-signature"
    challenge = "Webhook-Signature"


class Forbidden(RunsheetError):
    """Your role does not allow this."""

    status = 403
    slug = "forbidden"


class NotFound(RunsheetError):
    """There is no such thing here."""

    status = 404
    slug = "not-found"


class Conflict(RunsheetError):
    """Somebody else was first."""

    status = 409
    slug = "conflict"


class NotPublished(Conflict):
    """This template has no published version yet. Publish it first."""

    slug = "not-published"


class MoveNotAllowed(Conflict):
    """That move is not allowed now."""

    slug = "move-not-allowed"


class RequestInFlight(Conflict):
    """A request with this Idempotency-Key is still being answered."""

    slug = "request-in-flight"


class CallbackUsed(Conflict):
    """This address was already called, and one call is all it takes."""

    slug = "callback-used"


class CallbackClosed(Conflict):
    """Nobody waits for this call any more."""

    slug = "callback-closed"


class CallbackGone(RunsheetError):
    """The step that this call is for was passed over."""

    status = 410
    slug = "callback-gone"


class Stale(RunsheetError):
    """It was changed by somebody else since you read it."""

    status = 412
    slug = "stale"


class DraftIsStale(Stale):
    """The draft was changed by somebody else since you read it."""

    slug = "draft-is-stale"


class DraftIsBeingWritten(DraftIsStale):
    """Somebody is writing a draft that is not finished yet, and this would replace it."""

    slug = "draft-is-being-written"


class TooLarge(RunsheetError):
    """The body is too large."""

    status = 413
    slug = "too-large"


class Invalid(RunsheetError):
    """Some of this is not as it should be."""

    status = 422
    slug = "invalid"

    def __init__(self, errors: Iterable[FieldError], message: str | None = None) -> None:
        super().__init__(message)
        self._errors = list(errors)

    @classmethod
    def at(cls, path: str, message: str) -> "Invalid":
        """One fault at one field."""
        return cls([FieldError(path, message)])

    @property
    def errors(self) -> list[FieldError]:
        return self._errors


class KeyReused(RunsheetError):
    """This Idempotency-Key was already used with another body."""

    status = 422
    slug = "idempotency-key-reused"


class TooManyTries(RunsheetError):
    """Too many tries. Wait a few minutes."""

    status = 429
    slug = "too-many-tries"


class TooManyRequests(RunsheetError):
    """Too many requests. Send fewer."""

    status = 429
    slug = "too-many-requests"


class Unavailable(RunsheetError):
    """Something Runsheet needs does not answer."""

    status = 503
    slug = "unavailable"
