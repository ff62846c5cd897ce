"""IN_APP: the line in the bell is written with the result, so there is nothing to send."""

from app.domain.outcomes import Outcome
from workers.channels.base import Message
from workers.outbound import CancelToken
from workers.tools import Tools


def send(message: Message, tools: Tools, cancel: CancelToken) -> Outcome:
    """Done: what the line says is the outcome."""
    line = dict(message.content)
    return Outcome(verdict="done", request=line, output=line | {"href": message.link or "/"})
