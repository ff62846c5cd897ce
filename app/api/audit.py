"""/audit: who did what to what."""

from flask import Blueprint

from app.api.endpoint import Ask, endpoint
from app.api.parameters import AuditPage
from app.api.rendering import Reply, page
from app.domain import audit
from app.domain.audit import Filter
from app.schemas.audit import AuditOut

blueprint = Blueprint("api_audit", __name__)


@blueprint.get("/audit")
@endpoint(
    "List what was done by whom, newest first",
    permission="administer",
    gives=AuditOut,
    many=True,
    query=AuditPage,
)
def list_audit(ask: Ask[None]) -> Reply:
    wanted: AuditPage = ask.query
    asked = Filter(text=wanted.q, **wanted.model_dump(exclude={"limit", "cursor", "q"}))
    return page(*audit.find_all(ask.session, asked, before=wanted.cursor, limit=wanted.limit))
