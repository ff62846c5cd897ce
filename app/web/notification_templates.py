"""What notifications say: the list, one to read with its versions and uses, and writing it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import notification_template_queries as queries
from app.domain import notification_templates as templates
from app.domain import notification_uses
from app.domain.notification_context import sample_for
from app.errors import Conflict, DraftIsStale, Invalid, NotFound
from app.models.vocabulary import Channel
from app.schemas.notification_template import (
    NotificationTemplateDraft,
    NotificationTemplateIn,
    NotificationVersionOut,
)
from app.schemas.template import PublishIn
from app.web import notification_forms as forms
from app.web import notification_previews as previews
from app.web import schema_forms, sentences
from app.web.access import needs, visitor
from app.web.notification_views import editor, mail_page, theirs

blueprint = Blueprint("notification_templates", __name__)
TEMPLATE = "/notification-templates/<key:key>"
MOST = 200
Answer = str | Response | tuple[str, int]


@blueprint.get("/notification-templates")
@needs("read")
def index() -> str:
    text, archived = (
        request.args.get("q", "").strip()[:200],
        request.args.get("archived", "false") != "false",
    )
    with transaction.reading() as session:
        rows, _ = queries.list_templates(session, text=text, archived=archived, limit=MOST)
        counts = notification_uses.counts(session)
    rows = sorted(rows, key=lambda row: row.name.lower())
    page = {"templates": rows, "counts": counts, "text": text, "archived": archived}
    return render_template("notification_templates/index.html", **page)


@blueprint.get(TEMPLATE)
@needs("read")
def show(key: str) -> str:
    with transaction.reading() as session:
        template = queries.read_template(session, key)
        versions, _ = queries.list_versions(session, key, limit=MOST)
        occasion = previews.occasion(session, key, request.args)
    version = _wanted(versions)
    said = version.content if version else template.content
    return render_template(
        "notification_templates/show.html",
        template=template,
        versions=versions,
        version=version,
        content=said,
        previews=previews.of_content(said, occasion),
        occasion=occasion,
        choices=forms.OCCASION_CHOICES,
    )


def _wanted(versions: list[NotificationVersionOut]) -> NotificationVersionOut | None:
    """The version that the URL names; `draft`, or none there yet: None; else the newest."""
    text = request.args.get("version", "")
    if text == "draft" or not versions:
        return None
    if not text:
        return versions[0]
    found = next((one for one in versions if str(one.number) == text), None)
    if found is None:
        raise NotFound("There is no such version.")
    return found


@blueprint.get(f"{TEMPLATE}/edit")
@needs("edit templates")
def edit(key: str) -> str:
    with transaction.reading() as session:
        template = queries.read_template(session, key)
        occasion = previews.occasion(session, key, {})
    form = forms.draft_form(new=False, data=forms.filled(template))
    shown = previews.of_content(template.content, occasion)
    return editor(form, template, shown)


@blueprint.post(TEMPLATE)
@needs("edit templates")
def save(key: str) -> Answer:
    form = forms.draft_form(new=False)
    try:
        with transaction.writing() as session:
            draft = NotificationTemplateDraft.read(forms.wish(new=False))
            actor = visitor().actor.name
            templates.replace_draft(session, key, draft, actor, forms.revision())
            said = _publish_too(session, key, actor)
    except Invalid as invalid:
        return _refused(key, form, invalid)
    except DraftIsStale:
        return _overtaken(key, form)
    flash(said)
    return redirect(url_for("notification_templates.show", key=key, version=_now_shown()), 303)


def _now_shown() -> str | None:
    return None if _publishes() else "draft"


def _publishes() -> bool:
    return forms.typed("do") == "publish"


def _publish_too(session: Session, key: str, actor: str) -> str:
    """Publish what was just saved, if that was asked for; says what was done."""
    if not _publishes():
        return "The draft is saved. What is sent stays as it was until it is published."
    note = PublishIn.read({"note": forms.typed("note").strip()}).note
    version = templates.publish(session, key, actor, sample_for(key, previews.base_url()), note)
    return f"Version {version.number} is published: what is sent from now on says it."


def _refused(key: str, form: FlaskForm, invalid: Invalid) -> Answer:
    """What was typed, with each fault at its field."""
    with transaction.reading() as session:
        template = queries.read_template(session, key)
    faults = schema_forms.give_back(form, invalid.errors)
    return editor(form, template, previews.of_form(key), faults), invalid.status


def _overtaken(key: str, form: FlaskForm) -> Answer:
    """Both texts: theirs is saved, ours is in the form, and saving it again replaces theirs."""
    with transaction.reading() as session:
        template = queries.read_template(session, key)
    other = theirs(form, template)
    form["revision"].data = str(template.draft_revision)
    return editor(form, template, previews.of_form(key), theirs=other), Conflict.status


@blueprint.get("/notification-drafts/new")
@needs("edit templates")
def new() -> str:
    return editor(forms.draft_form(new=True, data={}), None, {})


@blueprint.post("/notification-templates")
@needs("edit templates")
def create() -> Answer:
    form = forms.draft_form(new=True)
    try:
        with transaction.writing() as session:
            wish = NotificationTemplateIn.read(forms.wish(new=True))
            actor = visitor().actor.name
            templates.create(session, wish, actor)
            said = _publish_too(session, wish.key, actor)
    except (Invalid, Conflict) as fault:
        errors = fault.errors or Invalid.at("key", fault.message).errors
        faults = schema_forms.give_back(form, errors)
        return editor(form, None, previews.of_form(""), faults), fault.status
    flash(said)
    url = url_for("notification_templates.show", key=wish.key, version=_now_shown())
    return redirect(url, 303)


@blueprint.post(f"{TEMPLATE}/archive")
@needs("edit templates")
def archive(key: str) -> Response:
    try:
        with transaction.writing() as session:
            templates.archive(session, key, visitor().actor.name)
    except Conflict as refusal:
        flash(sentences.refusal(refusal), "error")
        return redirect(url_for("notification_templates.show", key=key), 303)
    flash("It is archived. Saving it brings it back.")
    return redirect(url_for("notification_templates.index"), 303)


@blueprint.get(f"{TEMPLATE}/mail")
@needs("read")
def mail(key: str) -> Response:
    """The mail of a version, for its frame."""
    with transaction.reading() as session:
        template = queries.read_template(session, key)
        versions, _ = queries.list_versions(session, key, limit=MOST)
        occasion = previews.occasion(session, key, request.args)
    version = _wanted(versions)
    said = (version.content if version else template.content).get(Channel.EMAIL)
    if said is None:
        raise NotFound("It says nothing by mail.")
    return mail_page(previews.of_content({Channel.EMAIL: said}, occasion)[Channel.EMAIL])
