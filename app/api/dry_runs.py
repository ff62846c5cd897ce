"""/templates/{id}/dry-run: what an instance would do, with nothing sent.

It needs no more than reading: everything that it shows (requests and mails with secrets as their
names, whom notifications reach) readers see in templates, instances and deliveries too, and it
changes nothing.
"""

from flask import Blueprint, Response, current_app

from app import transaction
from app.api import bodies
from app.api.endpoint import bare
from app.api.rendering import json_response
from app.domain import dry_runs
from app.domain.people import Actor
from app.schemas.dry_run import DryRunIn, DryRunOut

blueprint = Blueprint("api_dry_runs", __name__)


@blueprint.post("/templates/<id:template_id>/dry-run")
@bare(
    "Walk a template with this input: path, times, requests and notifications; nothing is sent",
    permission="read",
    takes=DryRunIn,
    gives=DryRunOut,
)
def dry_run_template(actor: Actor, template_id: int) -> Response:
    wish = DryRunIn.read(bodies.parsed_body(bodies.raw_body(bodies.MEBIBYTE)))
    with transaction.reading() as session:
        settings = current_app.config["SETTINGS"]
        source = dry_runs.read(session, template_id, wish.version, settings)
        found = dry_runs.run(session, source, wish, settings, actor.name)
    return json_response(found.document())
