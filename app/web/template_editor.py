"""The template editor: its page, and what its buttons do. Every post brings along what is typed in
the panel and the revision it was typed into; see editor_posts."""

from flask import Blueprint, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from app import transaction
from app.domain import draft_changes as changes
from app.domain import templates
from app.errors import Conflict, FieldError, Invalid
from app.schemas.template import Template
from app.web.access import needs, visitor
from app.web.editor_posts import change, opened
from app.web.editor_views import allow, edit_url

blueprint = Blueprint("template_editor", __name__)
EDIT = "/templates/<id:template_id>/edit"
STEP = f"{EDIT}/steps/<key:key>"


@blueprint.get("/templates/new")
@needs("edit templates")
def new() -> str:
    return render_template("editor/new.html", typed={}, faults={})


@blueprint.post("/templates")
@needs("edit templates")
def create() -> Response | tuple[str, int]:
    typed = {name: request.form.get(name, "").strip() for name in ("name", "key", "description")}
    typed["key"] = typed["key"] or (changes.unused_key(typed["name"], ()) if typed["name"] else "")
    try:
        with transaction.writing() as session:
            wish = Template.read(typed)
            row = templates.create(session, wish, visitor().actor.name, allow=allow())
    except (Invalid, Conflict) as refused:
        faults = refused.errors or [FieldError("key", refused.message)]
        page = {"typed": typed, "faults": {fault.path: fault.message for fault in faults}}
        return render_template("editor/new.html", **page), refused.status
    flash("The draft is made. Add its first step.")
    return redirect(edit_url(row.id), 303)


@blueprint.get(EDIT)
@needs("edit templates")
def show(template_id: int) -> Response:
    return opened(template_id)


@blueprint.post(f"{EDIT}/template")
@needs("edit templates")
def save_template(template_id: int) -> Response:
    return change(template_id)


@blueprint.post(f"{EDIT}/steps")
@needs("edit templates")
def add_step(template_id: int) -> Response:
    kind = request.form.get("kind", "")
    add = lambda writing, after: changes.add(writing, kind, after=after or None)  # noqa: E731
    return change(template_id, add, request.form.get("after", ""))


@blueprint.post(STEP)
@needs("edit templates")
def save_step(template_id: int, key: str) -> Response:
    return change(template_id, key=key)


@blueprint.post(f"{STEP}/duplicate")
@needs("edit templates")
def duplicate_step(template_id: int, key: str) -> Response:
    return change(template_id, changes.duplicate, key)


@blueprint.post(f"{STEP}/remove")
@needs("edit templates")
def remove_step(template_id: int, key: str) -> Response:
    return change(template_id, changes.remove, key)


@blueprint.post(f"{STEP}/move")
@needs("edit templates")
def move_step(template_id: int, key: str) -> Response:
    to = request.form.get("to", "")
    return change(template_id, lambda writing, key: changes.moved(writing, key, to), key)


@blueprint.post(f"{EDIT}/put-back")
@needs("edit templates")
def put_back_step(template_id: int) -> Response:
    at = request.form.get("at", "")
    number = int(at) if at.isascii() and at.isdigit() and len(at) < 4 else -1
    return change(template_id, lambda writing, _: changes.put_back(writing, number))
