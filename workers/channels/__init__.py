"""Who sends on which channel: one small module each. `app/domain/channels.py` has their facts."""

from collections.abc import Callable, Mapping

from app.domain.outcomes import Outcome
from app.models.vocabulary import Channel
from workers.channels import in_app
from workers.channels.base import Message, PushTarget
from workers.handlers.base import Tools
from workers.outbound import CancelToken

__all__ = ["SENDERS", "Message", "PushTarget", "Sender"]

Sender = Callable[[Message, Tools, CancelToken], Outcome]

SENDERS: Mapping[Channel, Sender] = {
    Channel.IN_APP: in_app.send,
}
