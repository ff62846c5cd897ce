"""Dry runs: what an instance of a template would do, with nothing sent."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, make_response, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app import transaction
from app.domain import dry_runs, template_queries
from app.domain.dry_run_sources import Source
from app.domain.findings import Finding
from app.errors import Invalid, NotFound
from app.extensions import htmx
from app.schemas.dry_run import DryRunIn, DryRunOut
from app.web import dry_run_forms as forms
from app.web import dry_run_views as views
from app.web import editor_findings, mail_frames, schema_forms
from app.web.access import needs, visitor
from app.web.editor_findings import Line
from app.web.editor_views import edit_url

blueprint = Blueprint("dry_runs", __name__)
DRY_RUN = "/templates/<id:template_id>/dry-run"
LONGEST_LINK = 4000  # characters; what is longer can't be passed on as a URL
_Given = MultiDict[str, str]


@dataclass(slots=True)
class Walked:
    """A form, and what came of it; `faults`: what belongs to none of its fields."""

    source: Source
    form: FlaskForm
    found: DryRunOut | None = None
    faults: tuple[str, ...] = ()


@blueprint.get(DRY_RUN)
@needs("read")
def show(template_id: int) -> Response:
    """What the URL asks for; without anything, made-up input in which all goes well."""
    return _answer(template_id, request.args)


@blueprint.post(DRY_RUN)
@needs("read")
def again(template_id: int) -> Response:
    return _answer(template_id, request.form)


@blueprint.get(f"{DRY_RUN}/steps/<key:key>/mail")
@needs("read")
def mail(template_id: int, key: str) -> Response:
    """The HTML of the mail that a step would send, for its frame."""
    with transaction.reading() as session:
        walked = _walk(session, template_id, request.args)
    steps = walked.found.steps if walked.found else []
    message = next((step.message for step in steps if step.key == key), None)
    if not message or not message.get("html"):
        raise NotFound("There is no mail with HTML.")
    return mail_frames.framed(str(message["html"]))


def _answer(template_id: int, given: _Given) -> Response:
    with transaction.reading() as session:
        walked = _walk(session, template_id, given)
    name = "dry_runs/answer.htmx.html" if htmx.wants_partial else "dry_runs/show.html"
    page = render_template(name, **_page(template_id, walked))
    return make_response(page, 200 if walked.found else Invalid.status)


def _walk(session: Session, template_id: int, given: _Given) -> Walked:
    settings = current_app.config["SETTINGS"]
    source = dry_runs.read(session, template_id, _number(given.get("version")), settings)
    numbers = [row["number"] for row in template_queries.list_versions(session, template_id)[0]]
    walked = Walked(source, forms.form_of(source, numbers, given))
    try:
        if given.get("copy") or (given.get("instanceId") and not given.get("shown")):
            _copy(session, walked)
        wish = DryRunIn.read(forms.wish_of(walked.form, source))
        walked.found = dry_runs.run(session, source, wish, settings, visitor().actor.name)
    except Invalid as invalid:
        walked.faults = tuple(schema_forms.give_back(walked.form, invalid.errors))
    return walked


def _copy(session: Session, walked: Walked) -> None:
    """The input of a real instance comes into the fields."""
    number = _number((walked.form["instanceId"].data or "").strip().removeprefix("#"))
    if number is None:
        raise Invalid.at("instanceId", "Write the number of an instance, such as 1042.")
    forms.fill(walked.form, walked.source, dry_runs.input_of(session, walked.source, number))


def _page(template_id: int, walked: Walked) -> dict[str, Any]:
    found, form = walked.found, walked.form
    rows, left_out = views.rows(found) if found else ([], 0)
    asked: dict[str, Any] = forms.asked(form)
    link = url_for("dry_runs.show", template_id=template_id, **asked)
    short = len(link) <= LONGEST_LINK
    return {
        "template_id": template_id,
        "name": walked.source.version.row.name,
        "form": form,
        "inputs": [f for f in form if f.name.startswith(schema_forms.INPUT)],
        "form_steps": forms.steps_of(form, walked.source),
        "fresh": not request.values,
        "faults": walked.faults,
        "problems": _problems(walked),
        "found": found,
        "rows": rows,
        "left_out": left_out,
        "summary": views.summary(found) if found else None,
        "graph": views.graph(found.steps) if found else None,
        "link": link if short else None,
        "asked": asked if short else None,
        "offset": views.offset,
        "length": views.length,
        "shown": views.shown,
    }


def _problems(walked: Walked) -> list[tuple[str, str | None, str]]:
    """What is wrong with what was walked: where, its place in the editor (None: they can't mend
    it), and what."""
    found = walked.found.problems if walked.found else []
    if walked.source.number is not None or not visitor().may("edit templates"):
        return [(one.path, None, one.message) for one in found]
    errors = [Finding("error", one.path, one.message, "") for one in found]
    lines = editor_findings.lines(walked.source.written, errors)
    return [(one.place, _url(walked.source.template_id, one), one.message) for one in lines]


def _url(template_id: int, line: Line) -> str:
    """The field that a finding is about, in the editor."""
    url = edit_url(template_id, line.open, line.tab)
    return f"{url}#{line.field}" if line.field else url


def _number(text: str | None) -> int | None:
    text = text or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
