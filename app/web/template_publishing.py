"""Publishing a draft: what changes, what stands against it, what follows."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import publishing, templates
from app.domain.addresses import AllowList
from app.errors import Conflict, DraftIsStale, Invalid
from app.schemas.template import TemplatePublishIn
from app.web import compare_views, moves, words
from app.web.access import needs, visitor
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
    typed = {"note": moves.typed("note"), "revision": number_of(request.form.get("revision"))}
    try:
        wish = TemplatePublishIn.read(typed)
        with transaction.writing() as session:
            actor = visitor().actor.name
            version = templates.publish(
                session, template_id, actor, wish.note, wish.revision or 0, allow=_allow()
            )
            number = version.number
    except Invalid as invalid:
        return _page(template_id, refused=invalid), invalid.status
    except DraftIsStale:
        return _page(template_id, stale=True), Conflict.status
    return redirect(url_for("templates.show", template_id=template_id, published=number), 303)


def _allow() -> AllowList:
    return AllowList.parse(current_app.config["SETTINGS"].outbound_allow)


def _page(template_id: int, *, refused: Invalid | None = None, stale: bool = False) -> str:
    """`refused`: what kept it from being published; `stale`: somebody changed the draft since it
    was shown. What was typed stays."""
    with transaction.reading() as session:
        review = publishing.review(session, template_id, _allow())
    faults = {fault.path: fault.message for fault in refused.errors} if refused else {}
    return render_template(
        "versions/publish.html",
        review=review,
        template=review.draft,
        updated_by=words.actor(review.draft.updated_by),
        found=compare_views.view(review.before, review.after),
        note=moves.typed("note"),
        note_fault=faults.get("note"),
        stale=stale,
        steps_of=_steps_of(review.after),
    )


def _steps_of(document: dict) -> dict[str, str]:
    """Keys of steps by the beginning of the paths that lead into them."""
    return {f"steps.{at}": str(step["key"]) for at, step in enumerate(document["steps"])}
