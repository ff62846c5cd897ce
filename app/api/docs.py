"""/api/openapi.json, /api/schemas/*.json, and /api/docs to read."""

from flask import Blueprint, Response, abort, current_app

from app.api import openapi
from app.api.doc_pages import nouns_of, with_code
from app.api.endpoint import bare
from app.api.rendering import json_response
from app.schemas import public

blueprint = Blueprint("api_docs", __name__)
blueprint.add_app_template_filter(with_code)


@blueprint.get("/api/openapi.json")
@bare("This document", permission=None, counted=True, gives="application/json")
def read_openapi() -> Response:
    return json_response(openapi.document(current_app))


@blueprint.get("/api/schemas/<name>.json")
@bare(
    "A JSON Schema: template, actionConfig or notificationPolicies",
    permission=None,
    counted=True,
    gives="application/schema+json",
)
def read_schema(name: str) -> Response:
    schema = public.SCHEMAS.get(name) or abort(404, "There is no such schema.")
    return json_response(schema(), media_type="application/schema+json")


@blueprint.get("/api/docs")
@bare("All routes, to read and to try", permission=None, counted=True, gives="text/html")
def read_docs() -> Response:
    # Not render_template: the page is the same for all, so nobody need be looked up for it.
    template = current_app.jinja_env.get_template("api/docs.html")
    document = openapi.document(current_app)
    html = template.render(info=document["info"], nouns=nouns_of(document))
    return Response(html, content_type="text/html; charset=utf-8")
