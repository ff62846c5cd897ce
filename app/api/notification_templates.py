"""/notification-templates: what notifications say."""

from flask import Blueprint, Response, current_app, url_for
from sqlalchemy.orm import Session

from app import transaction
from app.api import bodies
from app.api.endpoint import Ask, bare, endpoint
from app.api.parameters import TemplatesPage, VersionsPage
from app.api.preconditions import marked, require_draft
from app.api.rendering import Reply, json_response, made, page
from app.domain import notification_previews as previews
from app.domain import notification_template_queries as queries
from app.domain import notification_templates as templates
from app.domain.notification_context import sample_for
from app.domain.people import Actor
from app.errors import FieldError, Invalid
from app.schemas.notification import CONTENT
from app.schemas.notification_template import (
    NotificationTemplateIn,
    NotificationTemplateOut,
    NotificationTemplatePut,
    NotificationTemplateSummary,
    NotificationVersionOut,
    PreviewIn,
    PreviewOut,
)
from app.schemas.template import PublishIn

blueprint = Blueprint("api_notification_templates", __name__)
TEMPLATE = "/notification-templates/<key:key>"


@blueprint.get("/notification-templates")
@endpoint(
    "List notification templates, oldest first",
    permission="read",
    gives=NotificationTemplateSummary,
    many=True,
    query=TemplatesPage,
)
def list_notification_templates(ask: Ask[None]) -> Reply:
    wanted: TemplatesPage = ask.query
    return page(
        *queries.list_templates(
            ask.session,
            text=wanted.q,
            archived=wanted.archived,
            after=wanted.cursor,
            limit=wanted.limit,
        )
    )


@blueprint.post("/notification-templates")
@endpoint(
    "Create a notification template with its first draft",
    permission="edit templates",
    takes=NotificationTemplateIn,
    gives=NotificationTemplateOut,
    marked=True,
    status=201,
)
def create_notification_template(ask: Ask[NotificationTemplateIn]) -> Reply:
    row = templates.create(ask.session, ask.body, ask.actor.name)
    location = url_for(f"{blueprint.name}.read_notification_template", key=row.key)
    return made(_read(ask.session, row.key), location)


@blueprint.get(TEMPLATE)
@endpoint(
    "Read a notification template: its draft, and where it is used",
    permission="read",
    gives=NotificationTemplateOut,
    marked=True,
)
def read_notification_template(ask: Ask[None], key: str) -> Reply:
    return _read(ask.session, key)


@blueprint.put(TEMPLATE)
@endpoint(
    "Replace the draft; If-Match or draftRevision keeps what others wrote",
    permission="edit templates",
    takes=NotificationTemplatePut,
    gives=NotificationTemplateOut,
    marked=True,
    errors=(412,),
)
def replace_notification_draft(ask: Ask[NotificationTemplatePut], key: str) -> Reply:
    row = templates.find(ask.session, key, lock=True)
    require_draft(row)
    if ask.body.key not in (None, key):
        raise Invalid.at("key", f"The key of a template stays as it is: {key}.")
    templates.replace_draft(ask.session, key, ask.body, ask.actor.name, ask.body.draft_revision)
    return _read(ask.session, key)


@blueprint.delete(TEMPLATE)
@endpoint(
    "Archive a notification template; 409 where something published still uses it",
    permission="edit templates",
    status=204,
    errors=(409, 412),
)
def archive_notification_template(ask: Ask[None], key: str) -> Reply:
    require_draft(templates.find(ask.session, key, lock=True))
    templates.archive(ask.session, key, ask.actor.name)
    return Reply(status=204)


@blueprint.post(f"{TEMPLATE}/publish")
@endpoint(
    "Freeze the draft into the next version: what is sent from now on says it",
    permission="edit templates",
    takes=PublishIn,
    gives=NotificationVersionOut,
    errors=(412,),
)
def publish_notification_template(ask: Ask[PublishIn], key: str) -> Reply:
    require_draft(templates.find(ask.session, key, lock=True))
    version = templates.publish(
        ask.session, key, ask.actor.name, sample_for(key, _base_url()), ask.body.note
    )
    return Reply(queries.version_out(version).document())


@blueprint.get(f"{TEMPLATE}/versions")
@endpoint(
    "List published versions of a notification template, newest first",
    permission="read",
    gives=NotificationVersionOut,
    many=True,
    query=VersionsPage,
)
def list_notification_versions(ask: Ask[None], key: str) -> Reply:
    wanted: VersionsPage = ask.query
    return page(*queries.list_versions(ask.session, key, before=wanted.cursor, limit=wanted.limit))


@blueprint.post(f"{TEMPLATE}/preview")
@bare(
    "Render a channel's draft with made-up values or those of an instance; nothing is sent",
    permission="read",
    takes=PreviewIn,
    gives=PreviewOut,
)
def preview_notification(actor: Actor, key: str) -> Response:
    wish = PreviewIn.read(bodies.parsed_body(bodies.raw_body(bodies.MEBIBYTE)))
    with transaction.reading() as session:
        draft = templates.find(session, key).draft.get(wish.channel)
        context, made_up = previews.occasion(
            session,
            key,
            _base_url(),
            trigger=wish.trigger,
            instance_id=wish.instance_id,
            step_key=wish.step_key,
        )
    content = draft
    if wish.content is not None:
        content = CONTENT[wish.channel].read(wish.content, "content").document()
    if content is None:
        raise Invalid.at("channel", f"The draft says nothing on {wish.channel}.")
    # Outside of transactions: an author's text may take its time.
    found = previews.preview(wish.channel, content, context, made_up=made_up)
    if found.content is None:
        raise Invalid(FieldError(f"content.{fault.path}", fault.message) for fault in found.faults)
    segments = found.size.segments if found.size else None
    shown = PreviewOut(channel=wish.channel, content=found.content, segments=segments)
    return json_response(shown.document())


def _read(session: Session, key: str) -> Reply:
    found = queries.read_template(session, key)
    return marked(Reply(found.document()), found.draft_revision)


def _base_url() -> str:
    return current_app.config["SETTINGS"].base_url
