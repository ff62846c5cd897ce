"""The audit, for admins: who did what to what, when and why."""

from flask import Blueprint, Response, render_template, request

from app import transaction
from app.errors import Invalid
from app.web import audit_files
from app.web.access import needs
from app.web.audit_lists import Filters, faults_page, list_page

blueprint = Blueprint("audit", __name__)


@blueprint.get("/audit")
@needs("administer")
def index() -> str | tuple[str, int]:
    filters = Filters.read(request.args)
    try:
        with transaction.reading() as session:
            return render_template("audit/index.html", **list_page(session, filters))
    except Invalid as invalid:
        page = faults_page(filters, invalid)
        return render_template("audit/index.html", **page), invalid.status


@blueprint.get("/audit/download.<any(csv,json):form>")
@needs("administer")
def download(form: str) -> Response:
    """All that matches, page by page: each in a transaction of its own, however long it takes."""
    wanted = Filters.read(request.args).wanted()
    response = Response(
        audit_files.lines(form, wanted), content_type=audit_files.CONTENT_TYPES[form]
    )
    response.headers["Content-Disposition"] = f'attachment; filename="audit.{form}"'
    return response
