"""Answers show callback URLs to those who may operate, but what is kept of an answer for its
Idempotency-Key must not hold them: they are made again when it is given again."""

from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy.orm import Session

from app.domain import callback_urls
from app.schemas.actions import WAIT_CALLBACK

_NAME = "callbackUrl"


def left_out(document: Any) -> Any:
    """A copy of an answer without its URLs."""
    if not isinstance(document, dict):
        return document
    answer = cast("dict[str, Any]", document)
    steps = [step | {_NAME: None} for step in _steps(answer)]
    if "steps" in answer:
        return answer | {"steps": steps} if steps else answer
    return steps[0] if steps else answer


def put_back(session: Session, document: Any) -> Any:
    """The answer with the URLs that it had. Changes it."""
    waiting = {step["id"]: step for step in _steps(document) if step["actionType"] == WAIT_CALLBACK}
    if waiting:
        for step_id, url in callback_urls.of_steps(session.connection(), waiting.keys()).items():
            waiting[step_id][_NAME] = url
    return document


def _steps(document: Any) -> Iterator[dict[str, Any]]:
    """The steps in an answer: it is an instance, or a step itself."""
    if isinstance(document, dict):
        answer = cast("dict[str, Any]", document)
        for one in answer.get("steps") or [answer]:
            if isinstance(one, dict) and _NAME in one:
                yield cast("dict[str, Any]", one)
