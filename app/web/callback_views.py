"""The URL that a step waits to be called at, as its panel shows it."""

import json
import shlex
from dataclasses import dataclass

from app.models.vocabulary import State
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.instance import StepOut
from app.web.access import Visitor

_OPEN = (State.PENDING, State.STARTED, State.FAILED)
_EXAMPLE = {"outcome": "completed", "output": {"reference": "P-1042"}}


@dataclass(frozen=True, slots=True)
class CallbackView:
    """`url` is None when it can't be shown any more."""

    url: str | None
    curl: str | None
    signed_with: str | None


def of(step: StepOut, visitor: Visitor) -> CallbackView | None:
    """None: it is no such step, nobody need call it any more, or the visitor may not."""
    if step.action_type != WAIT_CALLBACK or step.state not in _OPEN:
        return None
    if not visitor.may("operate"):
        return None
    url, secret = step.callback_url, step.action_config.get("signingSecret")
    return CallbackView(url, _curl(url) if url and not secret else None, secret)


def _curl(url: str) -> str:
    data = json.dumps(_EXAMPLE)
    return shlex.join(["curl", url, "-H", "Content-Type: application/json", "-d", data])
