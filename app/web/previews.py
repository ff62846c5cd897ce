"""What a step would send, for its panel: in a template with made-up input, in an instance with
its own. Nothing is sent."""

from dataclasses import replace
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from app import clock
from app.domain import callback_urls, previews
from app.domain.addresses import AllowList
from app.domain.contexts import contexts_of
from app.domain.previews import Given, Preview
from app.domain.samples import sample_context
from app.models.vocabulary import State
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.instance import InstanceOut, StepOut
from app.web import exchanges
from app.web.template_views import TemplateView

_OPEN = (State.PENDING, State.READY, State.STARTED, State.FAILED)


def of_template_step(template: TemplateView, step: Any) -> Preview | None:
    """With input made up from the template's schema."""
    given = _given(sample_context(template.input_schema, template.steps), None)
    return _shown(previews.preview(step.action_type, step.action_config, given))


def of_instance_step(session: Session, instance: InstanceOut, step: StepOut) -> Preview | None:
    """With the instance's own input and what is known of outputs; None if nothing more is sent."""
    if step.action_type not in previews.PREVIEWS or step.state not in _OPEN:
        return None
    context = contexts_of(session.connection(), {instance.id})[instance.id]
    waiting = (s.key for s in instance.steps if s.action_type == WAIT_CALLBACK)
    context = callback_urls.with_urls(context, dict.fromkeys(waiting, callback_urls.CONCEALED))
    unknown = {s.key for s in instance.steps if s.output is None and s.state in _OPEN}
    given = _given(context, step.execution_token)
    return _shown(previews.preview(step.action_type, step.action_config, given, unknown))


def _shown(preview: Preview | None) -> Preview | None:
    return preview and replace(preview, shown=exchanges.readable(preview.shown))


def _given(context: dict[str, Any], token: str | None) -> Given:
    settings = current_app.config["SETTINGS"]
    return Given(
        context=context,
        now=clock.now(),
        token=token,
        allow=AllowList.parse(settings.outbound_allow),
        sender=settings.mail_from,
        base_url=settings.base_url,
    )
