"""SMS: a provider with Twilio's REST shape, through the one outbound client."""

from app.domain import sms
from app.domain.outcomes import Outcome
from workers.channels.base import Message, post
from workers.outbound import CancelToken, Request
from workers.tools import Tools


def send(message: Message, tools: Tools, cancel: CancelToken) -> Outcome:
    """Hand one text over. The provider knows no idempotency key: after a lost answer the next
    try may be a second message, and the log says so."""
    made = sms.build(tools.settings, message.address, str(message.content["text"]))
    request = Request("POST", made.url, made.headers, made.body, message.timeout)
    return sms.read_answer(post(request, made.logged, tools, cancel, made.scrub))
