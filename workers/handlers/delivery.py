"""A delivery: its template is rendered and its channel sends it."""

from typing import TYPE_CHECKING, Any

from app.domain import account_links, notification_contents
from app.domain.channels import not_ready
from app.domain.liquid import NotRenderable
from app.domain.outcomes import Outcome
from app.models.vocabulary import Channel
from workers.handlers.base import Tools, Work

if TYPE_CHECKING:
    from workers.channels import Message


def carry_out(work: Work, tools: Tools) -> Outcome:
    """Try once; say what came of it."""
    # Late: workers that only carry out steps never load what the channels need.
    from workers.channels import SENDERS

    told = work.context
    channel = Channel(told["channel"])
    if told["content"] is None:
        return _failed(f"Its template says nothing for {channel}.", tools)
    try:
        content = notification_contents.render(told["content"], channel, told["context"])
    except NotRenderable as fault:
        return _failed(f"Its template can't be rendered: {fault}.", tools)
    outcome = SENDERS[channel](_message(work, channel, content), tools, work.cancel)
    outcome = account_links.taken_out(outcome, told["context"])
    return outcome if outcome.verdict == "done" else _with_reasons(outcome, tools)


def _message(work: Work, channel: Channel, content: dict[str, Any]) -> "Message":
    from workers.channels import Message, PushTarget

    told = work.context
    return Message(
        token=work.claim.execution_token or "",
        channel=channel,
        recipient=told["recipient"],
        address=told["address"],
        content=content,
        link=told["link"],
        about=told["about"],
        targets=tuple(PushTarget(**target) for target in told["targets"]),
        signing_secret=work.claim.action_config.get("signingSecret"),
        secrets=work.secrets,
    )


def _failed(error: str, tools: Tools) -> Outcome:
    return _with_reasons(Outcome(verdict="failed", error=error), tools)


def _with_reasons(outcome: Outcome, tools: Tools) -> Outcome:
    """A failure may have to fall back on another channel: say which of them are not set up."""
    outcome.output["notReady"] = not_ready(tools.settings)
    return outcome
