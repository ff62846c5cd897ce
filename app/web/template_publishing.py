"""Publishing a draft: what changes, what stands against it, what follows."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import publishing
from app.errors import Conflict, DraftIsStale, Invalid
from app.schemas.template import TemplatePublishIn
from app.web import compare_views, editor_findings, moves, words
from app.web.access import needs, visitor
from app.web.editor_views import allow, edit_url
from app.web.version_lists import number_of

blueprint = Blueprint("template_publishing", __name__)
PUBLISH = "/templates/<id:template_id>/publish"
Answer = str | Response | tuple[str, int]


@blueprint.get(PUBLISH)
@needs("edit templates")
def ask(template_id: int) -> str:
    return _page(template_id)


@blueprint.post(PUBLISH)
@needs("edit templates")
def publish(template_id: int) -> Answer:
    """Checked and published in one transaction, and only the draft that was shown."""
    try:
        wish, revision = _wish()
        with transaction.writing() as session:
            actor, anyway = visitor().actor.name, "anyway" in request.form
            version = publishing.publish(
                session, template_id, revision, actor, wish.note, anyway=anyway, allow=allow()
            )
            number = version.number
    except Invalid as invalid:
        return _page(template_id, refused=invalid), invalid.status
    except DraftIsStale:
        return _page(template_id, stale=True), Conflict.status
    return redirect(url_for("templates.show", template_id=template_id, published=number), 303)


def _wish() -> tuple[TemplatePublishIn, int]:
    """What was typed, and the revision it was typed for. Raises Invalid."""
    typed = {"note": moves.typed("note"), "revision": number_of(request.form.get("revision"))}
    wish = TemplatePublishIn.read(typed)
    if wish.revision is None:
        raise Invalid.at("revision", "This is required.")
    return wish, wish.revision


def _page(template_id: int, *, refused: Invalid | None = None, stale: bool = False) -> str:
    """`refused`: what kept it from being published; `stale`: somebody changed the draft since it
    was shown. What was typed stays."""
    with transaction.reading() as session:
        review = publishing.review(session, template_id, allow())
    return render_template(
        "versions/publish.html",
        review=review,
        template=review.draft,
        updated_by=words.actor(review.draft.updated_by),
        found=compare_views.view(review.before, review.after),
        findings=editor_findings.lines(review.draft.document, review.findings),
        edit_url=edit_url,
        note=moves.typed("note"),
        anyway="anyway" in request.form and not stale,
        faults={fault.path: fault.message for fault in refused.errors} if refused else {},
        stale=stale,
    )
