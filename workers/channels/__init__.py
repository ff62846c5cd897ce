"""Who sends on which channel: one small module each. `app/domain/channels.py` has their facts."""

from collections.abc import Callable, Mapping

from app.domain.outcomes import Outcome
from app.models.vocabulary import Channel
from workers.channels import chat, email, in_app, push, sms, webhook
from workers.channels.base import Message, PushTarget
from workers.outbound import CancelToken
from workers.tools import Tools

__all__ = ["SENDERS", "Message", "PushTarget", "Sender"]

Sender = Callable[[Message, Tools, CancelToken], Outcome]

SENDERS: Mapping[Channel, Sender] = {
    Channel.EMAIL: email.send,
    Channel.SMS: sms.send,
    Channel.PUSH: push.send,
    Channel.CHAT: chat.send,
    Channel.IN_APP: in_app.send,
    Channel.WEBHOOK: webhook.send,
}
