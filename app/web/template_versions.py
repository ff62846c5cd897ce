"""The versions of a template: the list, two of them side by side, one brought back as the draft."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import drafts, template_versions, templates
from app.errors import Conflict, DraftIsStale, NotPublished
from app.schemas.template import RestoreIn
from app.web import compare_views, version_lists
from app.web.access import needs, visitor
from app.web.editor_views import allow
from app.web.version_lists import asked, number_of

blueprint = Blueprint("template_versions", __name__)
TEMPLATE = "/templates/<id:template_id>"
Answer = str | Response | tuple[str, int]


@blueprint.get(f"{TEMPLATE}/versions")
@needs("read")
def index(template_id: int) -> str:
    with transaction.reading() as session:
        page = version_lists.list_page(session, template_id)
        return render_template("versions/index.html", **page)


@blueprint.get(f"{TEMPLATE}/compare")
@needs("read")
def compare(template_id: int) -> str:
    """Two versions, or one and the draft (the default), side by side."""
    with transaction.reading() as session:
        template = templates.find(session, template_id)
        if template.newest_version is None:
            raise NotPublished
        sides = asked("from", template.newest_version), asked("to", None)
        documents = [template_versions.document(session, template_id, each) for each in sides]
        numbers = version_lists.numbers(session, template_id)
        page = {"template": template, "before": sides[0], "after": sides[1], "numbers": numbers}
        shown = compare_views.view(*documents)
        everything = request.args.get("show") == "all"
        return render_template("versions/compare.html", found=shown, everything=everything, **page)


@blueprint.post(f"{TEMPLATE}/restore")
@needs("edit templates")
def restore(template_id: int) -> Answer:
    typed = {name: number_of(request.form.get(name)) for name in ("version", "revision")}
    wish = RestoreIn.read(typed)
    try:
        with transaction.writing() as session:
            template_versions.restore(
                session,
                template_id,
                wish.version,
                visitor().actor,
                wish.revision,
                allow=allow(),
                org_domains=current_app.config["SETTINGS"].org_domains,
            )
    except DraftIsStale:
        return _overtaken(template_id, wish.version)
    flash(f"The draft is what version {wish.version} was. Publish it to have it run.")
    return redirect(url_for("template_versions.compare", template_id=template_id), 303)


def _overtaken(template_id: int, number: int) -> Answer:
    """Whose change it would overwrite, and the choice to do it all the same."""
    with transaction.reading() as session:
        draft = drafts.read(session, template_id)
        page = {"draft": version_lists.draft_row(session, draft), "template": draft}
    return render_template("versions/stale.html", number=number, **page), Conflict.status
