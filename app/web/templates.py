"""Templates: the list, one to read with its graph, putting it away, and the form that starts an
instance of it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import transaction
from app.domain import instances, template_versions, templates
from app.errors import Invalid
from app.extensions import htmx
from app.web import (
    policy_views,
    previews,
    schema_forms,
    start_forms,
    template_lists,
    template_pages,
    version_lists,
)
from app.web.access import needs, visitor
from app.web.template_views import find_step, read_template

blueprint = Blueprint("templates", __name__)
TEMPLATE = "/templates/<id:template_id>"
ARCHIVING = {"archive": templates.archive, "unarchive": templates.unarchive}
ARCHIVED = {
    "archive": "It is archived: nothing starts from it any more, and what runs goes on.",
    "unarchive": "It is back: instances can start from it again.",
}


@blueprint.get("/templates")
@needs("read")
def index() -> str:
    archived = request.args.get("archived", "false") != "false"
    text = request.args.get("q", "").replace("\x00", "").strip()[:200]
    with transaction.reading() as session:
        rows = template_lists.rows(session, text or None, archived=archived)
        unpublished = template_versions.unpublished(session, [row.id for row in rows])
    page = {"templates": rows, "unpublished": unpublished, "archived": archived, "text": text}
    return render_template("templates/index.html", **page)


@blueprint.get(TEMPLATE)
@needs("read")
def show(template_id: int) -> str:
    """The newest version, or `?version=`; of a template never published, its draft."""
    key, number = request.args.get("step"), request.args.get("version")
    with transaction.reading() as session:
        template = read_template(session, template_id, version_lists.wanted(number))
        step = find_step(template, key) if key else None
        policies = policy_views.of_step(session, step) if step else []
        occasion = previews.occasion(session, template, request.args.get("instance", ""))
        page = template_pages.around(session, template)
    page |= {"template": template, "step": step, "policies": policies, "occasion": occasion}
    page["preview"] = previews.of_template_step(step, occasion) if step else None
    return render_template("templates/show.html", **page)


@blueprint.post(f"{TEMPLATE}/<any(archive,unarchive):verb>")
@needs("edit templates")
def move(template_id: int, verb: str) -> Response:
    with transaction.writing() as session:
        ARCHIVING[verb](session, template_id, visitor().actor.name)
    flash(ARCHIVED[verb])
    return redirect(url_for("templates.show", template_id=template_id), 303)


@blueprint.get(f"{TEMPLATE}/start")
@needs("operate")
def ask_to_start(template_id: int) -> str:
    """`?version=`: another than the newest."""
    wanted = start_forms.find(template_id, request.args.get("version"))
    return render_template("instances/start.html", **wanted.page, faults=[])


@blueprint.post(f"{TEMPLATE}/start/fields")
@needs("operate")
def start_fields(template_id: int) -> str:
    """What the version that was chosen now asks for, with what was typed; nothing is started."""
    wanted = start_forms.find(template_id, request.form.get("version"))
    name = "instances/_start_fields.html" if htmx.wants_partial else "instances/start.html"
    return render_template(name, **wanted.page, faults=[])


@blueprint.post(f"{TEMPLATE}/start")
@needs("operate")
def start(template_id: int) -> Response | tuple[str, int]:
    wanted = start_forms.find(template_id, request.form.get("version"))
    try:
        with transaction.writing() as session:
            instance_id = instances.start(session, wanted.wish(), visitor().actor.name)
    except Invalid as invalid:
        faults = schema_forms.give_back(wanted.form, invalid.errors)
        return render_template("instances/start.html", **wanted.page, faults=faults), invalid.status
    flash("It runs. What happens stands on the timeline the moment it does.")
    return redirect(url_for("instances.show", instance_id=instance_id), 303)
