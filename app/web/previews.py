"""What a step would send, for its panel: in a template with made-up input or an instance's, in an
instance with its own. Nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flask import current_app
from sqlalchemy.orm import Session

from app import clock
from app.domain import callback_urls, previews, queries
from app.domain.addresses import AllowList
from app.domain.contexts import contexts_of, goes_as_published
from app.domain.previews import Given, Preview
from app.domain.samples import StepLike, sample_context
from app.errors import NotFound
from app.mailbox import mail_domains
from app.models.vocabulary import State
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.instance import InstanceOut, StepOut
from app.web import exchanges

_OPEN = (State.PENDING, State.READY, State.STARTED, State.FAILED)


class Source(Protocol):
    """A template, as far as an occasion asks."""

    @property
    def id(self) -> int: ...
    @property
    def input_schema(self) -> dict[str, Any]: ...
    @property
    def steps(self) -> Sequence[StepLike]: ...


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a template's step is shown with: made-up input, or that of the instance that the page's
    URL asks for (`asked`); `fault`: why that can't be."""

    context: Mapping[str, Any]
    asked: str = ""
    fault: str | None = None

    @property
    def made_up(self) -> bool:
        return not self.asked or self.fault is not None


def occasion(session: Session, template: Source, asked: str) -> Occasion:
    """The one asked for with the number of an instance of this template; none: made up."""
    number = asked.strip().removeprefix("#")
    fault = None
    if number:
        try:
            return Occasion(_input_of(session, template, number), number)
        except NotFound as missing:
            fault = missing.message
    return Occasion(sample_context(template.input_schema, template.steps), asked, fault)


def _input_of(session: Session, template: Source, number: str) -> Mapping[str, Any]:
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise NotFound("Write the number of an instance, such as 1042.")
    found = queries.read_instance(session, int(number))
    if found.template_id != template.id:
        raise NotFound(f"Instance {number} is one of {found.template_name}.")
    return _context(session, found)


def of_template_step(step: Any, occasion: Occasion) -> Preview | None:
    """A step of a template, with what the occasion gives."""
    given = replace(_given(occasion.context, None), made_up=occasion.made_up)
    return _shown(previews.preview(step.action_type, step.action_config, given))


def of_instance_step(session: Session, instance: InstanceOut, step: StepOut) -> Preview | None:
    """With the instance's own input and what is known of outputs; None if nothing more is sent."""
    if step.action_type not in previews.PREVIEWS or step.state not in _OPEN:
        return None
    unknown = {s.key for s in instance.steps if s.output is None and s.state in _OPEN}
    given = _given(_context(session, instance), step.execution_token)
    if step.action_type == "AUTOMATION_EMAIL":
        given = replace(given, taken=_taken(step), inside=_inside(session, step))
    return _shown(previews.preview(step.action_type, step.action_config, given, unknown))


def _context(session: Session, instance: InstanceOut) -> dict[str, Any]:
    context = contexts_of(session.connection(), {instance.id})[instance.id]
    waiting = (s.key for s in instance.steps if s.action_type == WAIT_CALLBACK)
    return callback_urls.with_urls(context, dict.fromkeys(waiting, callback_urls.CONCEALED))


def _taken(step: StepOut) -> set[str]:
    """Who has the mail already: the next try sends them no second one."""
    tries = [a for a in step.automation_log if a.execution_token == step.execution_token]
    return {address for a in tries for address in (a.response or {}).get("accepted", ())}


def _inside(session: Session, step: StepOut) -> frozenset[str]:
    if goes_as_published(session.connection(), step.id, step.action_config):
        return frozenset()
    return mail_domains(current_app.config["SETTINGS"].org_domains)


def _shown(preview: Preview | None) -> Preview | None:
    return preview and replace(preview, shown=exchanges.readable(preview.shown))


def _given(context: Mapping[str, Any], token: str | None) -> Given:
    settings = current_app.config["SETTINGS"]
    return Given(
        context=context,
        now=clock.now(),
        token=token,
        allow=AllowList.parse(settings.outbound_allow),
        sender=settings.mail_from,
        base_url=settings.base_url,
    )
