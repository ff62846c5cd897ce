"""/templates: drafts, versions, export and import."""

from flask import Blueprint, current_app, url_for

from app.api.endpoint import Ask, endpoint
from app.api.parameters import ExportFormat, Replacing, TemplatesPage
from app.api.preconditions import marked, require_draft
from app.api.rendering import Reply, created, page
from app.domain import template_import, template_queries, template_texts, templates
from app.domain.addresses import AllowList
from app.models import WorkflowTemplate
from app.schemas.template import Template, TemplateOut, TemplateSummary

blueprint = Blueprint("api_templates", __name__)


@blueprint.get("/templates")
@endpoint(
    "List templates, newest first",
    permission="read",
    gives=TemplateSummary,
    many=True,
    query=TemplatesPage,
)
def list_templates(ask: Ask[None]) -> Reply:
    wanted: TemplatesPage = ask.query
    return page(
        *template_queries.list_templates(
            ask.session,
            text=wanted.q,
            archived=wanted.archived,
            before=wanted.cursor,
            limit=wanted.limit,
        )
    )


@blueprint.post("/templates")
@endpoint(
    "Create a template with its first draft",
    permission="edit templates",
    takes=Template,
    gives=TemplateOut,
    marked=True,
    status=201,
)
def create_template(ask: Ask[Template]) -> Reply:
    return add(ask)


@blueprint.get("/templates/<id:template_id>")
@endpoint("Read a template and its draft", permission="read", gives=TemplateOut, marked=True)
def read_template(ask: Ask[None], template_id: int) -> Reply:
    return with_etag(templates.find(ask.session, template_id))


@blueprint.put("/templates/<id:template_id>")
@endpoint(
    "Replace the draft; If-Match with the ETag read before keeps what others wrote",
    permission="edit templates",
    takes=Template,
    gives=TemplateOut,
    marked=True,
    query=Replacing,
    errors=(412,),
)
def replace_draft(ask: Ask[Template], template_id: int) -> Reply:
    return with_etag(put_draft(ask, template_id))


@blueprint.delete("/templates/<id:template_id>")
@endpoint(
    "Archive a template: nothing can be started on it any more",
    permission="edit templates",
    status=204,
    errors=(412,),
)
def archive_template(ask: Ask[None], template_id: int) -> Reply:
    require_draft(templates.find(ask.session, template_id, lock=True))
    templates.archive(ask.session, template_id, ask.actor.name)
    return Reply(status=204)


@blueprint.post("/templates/<id:template_id>/unarchive")
@endpoint(
    "Bring an archived template back",
    permission="edit templates",
    gives=TemplateOut,
    marked=True,
)
def unarchive_template(ask: Ask[None], template_id: int) -> Reply:
    templates.unarchive(ask.session, template_id, ask.actor.name)
    return with_etag(templates.find(ask.session, template_id))


@blueprint.get("/templates/<id:template_id>/export")
@endpoint(
    "Export the draft as JSON or YAML, to be kept and imported",
    permission="read",
    gives=Template,
    query=ExportFormat,
    yaml=True,
)
def export_template(ask: Ask[None], template_id: int) -> Reply:
    row = templates.find(ask.session, template_id)
    form = "yaml" if ask.query.format == "yaml" else "json"
    text = template_texts.written(row.draft, form)
    disposition = f'attachment; filename="{row.key}.{form}"'
    headers = {"Content-Type": f"application/{form}", "Content-Disposition": disposition}
    return Reply(text=text, headers=headers)


@blueprint.post("/templates/import")
@endpoint(
    "Import an export: a new template (201), or a new draft of the one with its key (200)",
    permission="edit templates",
    takes=Template,
    gives=TemplateOut,
    marked=True,
    status=201,
    also=(200,),
    query=Replacing,
    yaml=True,
    errors=(412,),
)
def import_template(ask: Ask[Template]) -> Reply:
    row = templates.find_by_key(ask.session, ask.body.key)
    return add(ask) if row is None else with_etag(put_draft(ask, row.id))


def org_domains() -> str:
    return current_app.config["SETTINGS"].org_domains


def outbound_allow() -> AllowList:
    return AllowList.parse(current_app.config["SETTINGS"].outbound_allow)


def add(ask: Ask[Template]) -> Reply:
    """A new template, if the actor may add what is in it."""
    row = template_import.add(ask.session, ask.body, ask.actor, _settings())
    location = url_for("api_templates.read_template", template_id=row.id)
    reply = created(template_queries.template_document(row), location)
    return marked(reply, row.draft_revision)


def put_draft(ask: Ask[Template], template_id: int) -> WorkflowTemplate:
    """Replace the draft, if it is still the one that If-Match names, nobody is writing another,
    and the actor may."""
    row = templates.find(ask.session, template_id, lock=True)
    require_draft(row)
    if not ask.query.discard_writing:
        templates.require_nothing_half_done(row)
    return template_import.put(ask.session, template_id, ask.body, ask.actor, _settings())


def _settings() -> template_import.Settings:
    return template_import.Settings(outbound_allow(), org_domains())


def with_etag(row: WorkflowTemplate) -> Reply:
    return marked(Reply(template_queries.template_document(row)), row.draft_revision)
