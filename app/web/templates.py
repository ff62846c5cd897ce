"""Templates: the list, one to read with its graph, and the form that starts an instance of it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import instances
from app.errors import Invalid, NotFound, NotPublished
from app.schemas.instance import InstanceIn
from app.web import policy_views, previews, schedule_lists, schema_forms, template_lists
from app.web.access import needs, visitor
from app.web.template_views import TemplateView, find_step, read_template

blueprint = Blueprint("templates", __name__)
TEMPLATE = "/templates/<id:template_id>"


@blueprint.get("/templates")
@needs("read")
def index() -> str:
    with transaction.reading() as session:
        rows = template_lists.rows(session)
    return render_template("templates/index.html", templates=rows)


@blueprint.get(TEMPLATE)
@needs("read")
def show(template_id: int) -> str:
    key = request.args.get("step")
    with transaction.reading() as session:
        template = read_template(session, template_id)
        step = find_step(template, key) if key else None
        policies = policy_views.of_step(session, step) if step else []
        occasion = previews.occasion(session, template, request.args.get("instance", ""))
        number = schedule_lists.count(session, template_id)
    page = {"template": template, "step": step, "policies": policies, "schedules": number}
    page["preview"] = previews.of_template_step(step, occasion) if step else None
    page["occasion"] = occasion
    return render_template("templates/show.html", **page)


@blueprint.get(f"{TEMPLATE}/start")
@needs("operate")
def ask_to_start(template_id: int) -> str:
    template = _startable(template_id)
    form = schema_forms.start_form(template.input_schema)
    return render_template("instances/start.html", template=template, form=form, faults=[])


@blueprint.post(f"{TEMPLATE}/start")
@needs("operate")
def start(template_id: int) -> Response | tuple[str, int]:
    template = _startable(template_id)
    form = schema_forms.start_form(template.input_schema)
    try:
        with transaction.writing() as session:
            instance_id = _start(session, template, form)
    except Invalid as invalid:
        faults = schema_forms.give_back(form, invalid.errors)
        page = {"template": template, "form": form, "faults": faults}
        return render_template("instances/start.html", **page), invalid.status
    flash("It runs. What happens stands on the timeline the moment it does.")
    return redirect(url_for("instances.show", instance_id=instance_id), 303)


def _startable(template_id: int) -> TemplateView:
    with transaction.reading() as session:
        template = read_template(session, template_id)
    if template.archived:
        raise NotFound("This template is archived: no new instances start from it.")
    if template.version is None:
        raise NotPublished
    return template


def _start(session: Session, template: TemplateView, form: FlaskForm) -> int:
    title = (form["title"].data or "").strip()
    given = schema_forms.read(form, template.input_schema, schema_forms.INPUT)
    wish = InstanceIn.read({"templateId": template.id, "title": title, "input": given})
    return instances.start(session, wish, visitor().actor.name)
