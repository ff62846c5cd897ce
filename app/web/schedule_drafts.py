"""Writing a schedule: the form, its preview while it is typed, and saving it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app import transaction
from app.domain import schedule_queries, schedules
from app.domain.wall_time import zone_names
from app.errors import Conflict, DraftIsStale, Invalid
from app.extensions import htmx
from app.models import Schedule
from app.schemas.base import zulu
from app.schemas.schedule import ScheduleIn, ScheduleOut
from app.web import schedule_documents, schedule_forms, schedule_previews, schema_forms
from app.web import schedule_sources as sources
from app.web.access import needs, visitor
from app.web.schedule_previews import Preview, least_seconds
from app.web.schedule_sources import Source

blueprint = Blueprint("schedule_drafts", __name__)
SCHEDULE = "/schedules/<id:schedule_id>"
Answer = str | Response | tuple[str, int]
# What is not a person's word, and so never differs from what somebody else saved.
_OURS = {"csrf_token", "seen", "shown", "applied", "preset"}


@blueprint.get("/schedules/new")
@needs("edit schedules")
def new() -> str:
    with transaction.reading() as session:
        source = sources.find(session, _number(request.args.get("template")))
        zone = sources.usual_zone(session, visitor().actor.name, visitor().time_zone)
    form = schedule_forms.schedule_form(source, schedule_forms.new_data(source, zone))
    return _editor(form, source, None)


@blueprint.post("/schedules")
@needs("edit schedules")
def create() -> Answer:
    form, source = _sent()
    try:
        wish = ScheduleIn.read(schedule_documents.document(form, source))
        with transaction.writing() as session:
            actor = visitor().actor.name
            row = schedules.create(session, wish, actor, least_seconds=least_seconds())
    except Invalid as invalid:
        return _refused(form, source, None, invalid)
    flash(f"{row.name} is saved, and runs by itself from now on.")
    return redirect(url_for("schedules.show", schedule_id=row.id), 303)


@blueprint.get(f"{SCHEDULE}/edit")
@needs("edit schedules")
def edit(schedule_id: int) -> str:
    with transaction.reading() as session:
        schedule = schedule_queries.read(session, schedule_id)
        source = sources.find(session, schedule.template_id, schedule.version)
    form = schedule_forms.schedule_form(source, schedule_forms.filled(schedule, source))
    return _editor(form, source, schedule)


@blueprint.post(f"{SCHEDULE}/edit")
@needs("edit schedules")
def save(schedule_id: int) -> Answer:
    form, source = _sent()
    schedule = _read(schedule_id)
    try:
        given = _changed(schedule_documents.document(form, source), form, schedule, source)
        with transaction.writing() as session:
            _require_seen(schedules.find(session, schedule_id, lock=True), form)
            actor = visitor().actor.name
            schedules.change(session, schedule_id, given, actor, least_seconds=least_seconds())
    except Invalid as invalid:
        return _refused(form, source, schedule, invalid)
    except DraftIsStale:
        return _overtaken(form, source, schedule_id)
    flash("It is saved. What it started already stays as it is.")
    return redirect(url_for("schedules.show", schedule_id=schedule_id), 303)


@blueprint.post("/schedules/preview")
@needs("edit schedules")
def preview() -> str:
    form, source = _sent()
    shown = schedule_previews.of_form(form)
    if not htmx.wants_partial:
        return _form_again(form, source, shown)
    return render_template(
        "schedules/preview.htmx.html",
        form=form,
        preview=shown,
        slots=schedule_forms.RULE_FIELDS,
        source=source,
        others=schema_forms.other_inputs(form),
        new_inputs=request.form.get("shown") != source.key,
        new_rule=request.form.get("applied", "") != (form["applied"].data or ""),
    )


def _form_again(form: FlaskForm, source: Source, shown: Preview) -> str:
    """The whole page with all that was typed, for those without script."""
    number = _number(request.form.get("for"))
    schema_forms.give_back(form, shown.faults)
    return _editor(form, source, None if number is None else _read(number), shown=shown)


def _sent() -> tuple[FlaskForm, Source]:
    """The form that was sent, with the inputs of the template that is chosen in it."""
    asked = request.form
    template_id, version = _number(asked.get("templateId")), _number(asked.get("version"))
    if asked.get("shown", "").partition(".")[0] != str(template_id or ""):
        version = None  # it was one of another template
    with transaction.reading() as session:
        source = sources.find(session, template_id, version)
    return schedule_forms.schedule_form(source), source


def _number(text: str | None) -> int | None:
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _read(schedule_id: int) -> ScheduleOut:
    with transaction.reading() as session:
        return schedule_queries.read(session, schedule_id)


def _require_seen(row: Schedule, form: FlaskForm) -> None:
    if form["seen"].data != zulu(row.updated_at):
        raise DraftIsStale


def _changed(
    document: dict[str, Any], form: FlaskForm, schedule: ScheduleOut, source: Source
) -> dict[str, Any]:
    """Without times that were not touched: an hour that comes twice reads the same both times."""
    before = schedule_forms.filled(schedule, source)
    if form["timezone"].data != schedule.timezone:
        return document
    same = {name for name in ("start", "until") if form[name].data == before[name]}
    return {name: value for name, value in document.items() if name not in same}


def _refused(
    form: FlaskForm, source: Source, schedule: ScheduleOut | None, invalid: Invalid
) -> Answer:
    """What was typed, with each fault at its field."""
    faults = schema_forms.give_back(form, invalid.errors)
    return _editor(form, source, schedule, faults=faults), invalid.status


def _overtaken(form: FlaskForm, source: Source, schedule_id: int) -> Answer:
    """Both: theirs is saved, ours is in the form, and saving it again replaces theirs."""
    schedule = _read(schedule_id)
    now = schedule_forms.filled(schedule, source)
    theirs = {
        name: str(now.get(name) or "")
        for name in form._fields
        if name not in _OURS and str(now.get(name) or "") != _plain(form[name].data)
    }
    form["seen"].data = now["seen"]
    return _editor(form, source, schedule, theirs=theirs), Conflict.status


def _plain(value: Any) -> str:
    return str(value or "").replace("\r\n", "\n")


def _editor(
    form: FlaskForm,
    source: Source,
    schedule: ScheduleOut | None,
    *,
    shown: Preview | None = None,
    faults: list[str] | None = None,
    theirs: dict[str, str] | None = None,
) -> str:
    """The form, with a preview of its rule. `schedule`: None for a new one; `faults`: of no field;
    `theirs`: what somebody else saved meanwhile, by field."""
    return render_template(
        "schedules/edit.html",
        form=form,
        source=source,
        others=schema_forms.other_inputs(form),
        schedule=schedule,
        preview=shown or schedule_previews.of_form(form),
        faults=faults or [],
        theirs=theirs,
        zones=sorted(zone_names()),
    )
