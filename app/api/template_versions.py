"""/templates/{id}/versions: publishing, reading, comparing and bringing back what was published."""

from dataclasses import asdict

from flask import Blueprint

from app.api.endpoint import Ask, endpoint
from app.api.parameters import Comparison, Replacing, VersionsPage
from app.api.preconditions import require_draft
from app.api.rendering import Reply, page
from app.api.templates import org_domains, outbound_allow, with_etag
from app.domain import drafts, publishing, template_queries, template_versions, templates
from app.domain.diff_words import compare_document
from app.schemas.template import (
    CompareOut,
    FindingOut,
    RestoreIn,
    TemplateOut,
    TemplatePublishIn,
    VersionOut,
)

blueprint = Blueprint("api_template_versions", __name__)
TEMPLATE = "/templates/<id:template_id>"


@blueprint.post(f"{TEMPLATE}/publish")
@endpoint(
    "Freeze the draft into the next version; revision or If-Match keeps what others wrote out",
    permission="edit templates",
    takes=TemplatePublishIn,
    gives=VersionOut,
    errors=(412,),
)
def publish_template(ask: Ask[TemplatePublishIn], template_id: int) -> Reply:
    require_draft(templates.find(ask.session, template_id, lock=True))
    wish, allow = ask.body, outbound_allow()
    version = templates.publish(
        ask.session, template_id, ask.actor.name, wish.note, wish.revision, allow=allow
    )
    return Reply(template_queries.version_document(version))


@blueprint.get(f"{TEMPLATE}/findings")
@endpoint(
    "List what is found of what is being written: errors first, then warnings and hints",
    permission="edit templates",
    gives=FindingOut,
    many=True,
)
def list_findings(ask: Ask[None], template_id: int) -> Reply:
    draft = drafts.read(ask.session, template_id)
    found = publishing.findings_of(ask.session, draft, outbound_allow())
    return page([FindingOut(**asdict(one)) for one in found], None)


@blueprint.get(f"{TEMPLATE}/versions")
@endpoint(
    "List published versions, newest first",
    permission="read",
    gives=VersionOut,
    many=True,
    query=VersionsPage,
)
def list_versions(ask: Ask[None], template_id: int) -> Reply:
    wanted: VersionsPage = ask.query
    return page(
        *template_queries.list_versions(
            ask.session,
            template_id,
            before=wanted.cursor,
            limit=wanted.limit,
            going=template_versions.going(ask.session, template_id),
        )
    )


@blueprint.get(f"{TEMPLATE}/versions/<id:number>")
@endpoint("Read a published version", permission="read", gives=VersionOut)
def read_version(ask: Ask[None], template_id: int, number: int) -> Reply:
    version = template_versions.find(ask.session, template_id, number)
    going = template_versions.going(ask.session, template_id)
    return Reply(template_queries.version_document(version, going.get(number)))


@blueprint.get(f"{TEMPLATE}/compare")
@endpoint(
    "What differs between two versions, or a version and the draft",
    permission="read",
    gives=CompareOut,
    query=Comparison,
    errors=(409,),
)
def compare_versions(ask: Ask[None], template_id: int) -> Reply:
    wanted: Comparison = ask.query
    newest = templates.find(ask.session, template_id).newest_version
    before = wanted.number(wanted.before, newest)
    after = wanted.number(wanted.after, newest)
    found = template_versions.difference(ask.session, template_id, before, after)
    return Reply(compare_document(before, after, found))


@blueprint.post(f"{TEMPLATE}/restore")
@endpoint(
    "Make a published version the draft again; revision or If-Match keeps what others wrote",
    permission="edit templates",
    takes=RestoreIn,
    gives=TemplateOut,
    marked=True,
    query=Replacing,
    errors=(412,),
)
def restore_version(ask: Ask[RestoreIn], template_id: int) -> Reply:
    row = templates.find(ask.session, template_id, lock=True)
    require_draft(row)
    if not ask.query.discard_writing:
        templates.require_nothing_half_done(row)
    template_versions.restore(
        ask.session,
        template_id,
        ask.body.version,
        ask.actor,
        ask.body.revision,
        allow=outbound_allow(),
        org_domains=org_domains(),
    )
    templates.require_whole(
        ask.session, row, outbound_allow()
    )  # there is an editor for that, not here
    return with_etag(row)
