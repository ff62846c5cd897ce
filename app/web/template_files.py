"""Templates as files: exported, and imported from what is pasted or picked. What was pasted stays
on the page until it is in."""

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from app import transaction
from app.domain import findings, template_import, template_texts, templates
from app.domain.addresses import AllowList
from app.domain.findings import Finding
from app.domain.half_done import mapping, text
from app.errors import Conflict, DraftIsStale, Forbidden, Invalid, Malformed
from app.models import WorkflowTemplate
from app.schemas.template import Template
from app.web.access import needs, visitor
from app.web.editor_views import edit_url
from app.web.version_lists import number_of

blueprint = Blueprint("template_files", __name__)


@dataclass(slots=True)
class Sheet:
    """What is to be imported, and what is known of it. `row`: the template with its key that is
    there already; `found`: what is found of it, `refusal`: why it was not imported."""

    text: str = ""
    document: Any = None
    checked: bool = False
    row: WorkflowTemplate | None = None
    found: list[Finding] = field(default_factory=list[Finding])
    refusal: str = ""

    @property
    def key(self) -> str:
        return text(mapping(self.document).get("key"))


@blueprint.get("/templates/<id:template_id>/export")
@needs("read")
def export(template_id: int) -> Response:
    with transaction.reading() as session:
        row = templates.find(session, template_id)
        form = "json" if request.args.get("format") == "json" else "yaml"
        written, name = template_texts.written(row.draft, form), f"{row.key}.{form}"
    answer = Response(written, content_type=f"application/{form}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@blueprint.get("/templates/import")
@needs("edit templates")
def ask() -> str:
    return render_template("templates/import.html", sheet=Sheet())


@blueprint.post("/templates/import")
@needs("edit templates")
def bring() -> Answer | tuple[str, int]:
    sheet = Sheet()
    try:
        sheet.text = _given()
        sheet.document = template_texts.read(sheet.text.encode("utf-8", "surrogatepass"))
    except Malformed as fault:
        return _back(sheet, Invalid.status, refusal=f"This can't be read: {fault.message}")
    if request.form.get("do") == "check":
        return _back(sheet, 200, checked=True)
    try:
        return _bring(sheet)
    except Invalid as invalid:
        return _back(sheet, invalid.status, checked=True)
    except Forbidden as refused:
        return _back(sheet, refused.status, checked=True, refusal=refused.message)
    except DraftIsStale as stale:
        refusal = f"{stale.message} Look at it, and import once more to replace it."
        return _back(sheet, Conflict.status, checked=True, refusal=refusal)


def _given() -> str:
    """What was picked, else what was pasted. Raises Malformed."""
    picked = request.files.get("file")
    raw = picked.read() if picked and picked.filename else b""
    try:
        given = raw.decode("utf-8-sig") if raw else request.form.get("text", "")
    except UnicodeDecodeError:
        raise Malformed("The file is not UTF-8.") from None
    if not given.strip():
        raise Malformed("Paste a template, or pick a file.")
    return given


def _bring(sheet: Sheet) -> Answer:
    revision = number_of(request.form.get("revision"))
    with transaction.writing() as session:
        template = Template.read(sheet.document)
        brought = template_import.bring(session, template, visitor().actor, _settings(), revision)
        template_id, name = brought.row.id, brought.row.name
    said = {
        "new": f"{name} is a new template. Publish it, and instances can start.",
        "draft": f"{name} has a new draft.",
        "same": f"The draft of {name} says the same already. Nothing was changed.",
    }
    flash(said[brought.came_to])
    return redirect(edit_url(template_id), 303)


def _back(
    sheet: Sheet, status: int, *, checked: bool = False, refusal: str = ""
) -> tuple[str, int]:
    """The page again, with all that was given."""
    sheet.checked, sheet.refusal = checked, refusal
    with transaction.reading() as session:
        if checked:
            _look_around(session, sheet)
        return render_template("templates/import.html", sheet=sheet), status


def _look_around(session: Session, sheet: Sheet) -> None:
    sheet.row = templates.find_by_key(session, sheet.key) if sheet.key else None
    around = findings.surroundings(session, sheet.document, _settings().allow)
    sheet.found = findings.of_document(sheet.document, None, around)


def _settings() -> template_import.Settings:
    settings = current_app.config["SETTINGS"]
    return template_import.Settings(AllowList.parse(settings.outbound_allow), settings.org_domains)
