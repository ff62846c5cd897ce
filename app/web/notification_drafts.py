"""What is done with a notification while it is written: look at it, and have it sent to oneself."""

from flask import Blueprint, current_app, flash, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import channels, deliveries
from app.domain import notification_template_queries as queries
from app.domain.accounts import PERSONAL
from app.domain.notification_previews import Preview
from app.errors import Invalid
from app.extensions import htmx
from app.models.vocabulary import Channel
from app.schemas.notification import CONTENT
from app.schemas.notification_template import NotificationTemplateOut
from app.web import channel_views
from app.web import notification_forms as forms
from app.web import notification_previews as previews
from app.web.access import needs, visitor
from app.web.channel_views import TestView
from app.web.notification_views import editor, mail_page

blueprint = Blueprint("notification_drafts", __name__)
DRAFTS = "/notification-drafts"


@blueprint.post(f"{DRAFTS}/preview")
@needs("edit templates")
def preview() -> str:
    shown = previews.of_form(_key())
    if not htmx.wants_partial:
        return _form_again(shown)
    page = {"previews": shown, "channels": [*Channel]}
    return render_template("notification_templates/previews.htmx.html", **page)


@blueprint.post(f"{DRAFTS}/mail")
@needs("edit templates")
def mail() -> Response:
    """The mail that is being written, for its frame."""
    shown = previews.of_typed(Channel.EMAIL, previews.asked_occasion(_key()))
    return mail_page(shown)


@blueprint.post(f"{DRAFTS}/test")
@needs("edit templates")
def send_test() -> str:
    channel = next((one for one in PERSONAL if one == forms.typed("test")), None)
    if channel is None:
        raise Invalid.at("test", f"A test goes out by one of {', '.join(PERSONAL)}.")
    shown = previews.of_typed(channel, previews.asked_occasion(_key()))
    delivery = _owe(channel, shown) if shown.content is not None else None
    if htmx.wants_partial:
        page = {"channel": channel, "preview": shown, "test": _test(delivery)}
        return render_template("notification_templates/test.htmx.html", **page)
    said = (
        "A test is on its way to you." if delivery else "It can't be rendered, so nothing was sent."
    )
    flash(said, "message" if delivery else "error")
    return _form_again(previews.of_form(_key()))


def _owe(channel: Channel, shown: Preview) -> int:
    content = CONTENT[channel].read(forms.content_of(channel)).document()
    missing = channels.not_ready(current_app.config["SETTINGS"])
    with transaction.writing() as session:
        return deliveries.owe_test(
            session,
            channel,
            content,
            dict(shown.values),
            missing,
            user_id=visitor().id,
            template=_key(),
        )


def _test(delivery_id: int | None) -> TestView | None:
    if delivery_id is None:
        return None
    with transaction.reading() as session:
        return channel_views.read_test(session, delivery_id)


def _key() -> str:
    return request.form.get("for", "")[:120]


def _form_again(shown: dict[str, Preview]) -> str:
    """The whole page with all that was typed, for those without script."""
    with transaction.reading() as session:
        template = _template(session)
    return editor(forms.draft_form(new=template is None), template, shown)


def _template(session: Session) -> NotificationTemplateOut | None:
    return queries.read_template(session, _key()) if _key() else None
