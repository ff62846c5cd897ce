"""The search in the navigation: paste any id and be there, else look through titles."""

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import templates
from app.models import Execution, WorkflowInstance, WorkflowInstanceStep
from app.web.access import needs

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
@needs("read")
def go() -> Response:
    text = request.args.get("q", "").replace("\x00", "").strip()[:500]
    with transaction.reading() as session:
        found = _instance(session, text) or _execution(session, text) or _template(session, text)
    return redirect(found or url_for("instances.index", q=text or None))


def _instance(session: Session, text: str) -> str | None:
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        return None
    if session.get(WorkflowInstance, int(digits)) is None:
        return None
    return url_for("instances.show", instance_id=int(digits))


def _execution(session: Session, text: str) -> str | None:
    """The key that a receiver saw (webhook-id) leads to the step that sent it."""
    step, execution = WorkflowInstanceStep, Execution
    row = session.execute(
        select(step.instance_id, step.key)
        .join(execution, execution.step_id == step.id)
        .where(execution.token == text.lower()[:40])
    ).first()
    return url_for("steps.show", instance_id=row.instance_id, key=row.key) if row else None


def _template(session: Session, text: str) -> str | None:
    row = templates.find_by_key(session, text)
    return url_for("templates.show", template_id=row.id) if row else None
