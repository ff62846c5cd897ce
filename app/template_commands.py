"""`flask --app app templates …`: templates as files, for repositories and pipelines."""

from contextlib import suppress
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, template_files, transaction
from app.cli import said_in_one_line
from app.domain import findings, template_import, template_texts, template_versions, templates
from app.domain.addresses import AllowList
from app.domain.findings import Finding, Surroundings
from app.domain.people import Actor
from app.errors import Invalid, NotFound
from app.models import WorkflowTemplate
from app.models.vocabulary import Role
from app.schemas.template import PublishIn, Template
from app.template_files import TemplateFile

# Whoever has a shell here has the database too.
ACTOR = Actor("cli", Role.ADMIN, may_add_automation=True)
group = AppGroup("templates", help="Templates as files.")
_places = click.argument("places", nargs=-1, required=True, metavar="FILE|FOLDER|- …")


@group.command("export")
@click.argument("keys", nargs=-1, metavar="[KEY] …")
@click.option(
    "--to", type=click.Path(file_okay=False, path_type=Path), help="A folder to write to."
)
@click.option("--format", "form", type=click.Choice(["yaml", "json"]), default="yaml")
def export(keys: tuple[str, ...], to: Path | None, form: template_texts.Format) -> None:
    """Write templates' drafts: the ones named, or all that are not archived. One goes to standard
    output, more to a folder, each to KEY.yaml."""
    with said_in_one_line(), transaction.reading() as session:
        texts = {row.key: template_texts.written(row.draft, form) for row in _rows(session, keys)}
    if to is None:
        if len(texts) != 1:
            raise click.ClickException(
                f"Name a folder with --to: these are {len(texts)} templates."
            )
        click.echo(next(iter(texts.values())), nl=False)
        return
    to.mkdir(parents=True, exist_ok=True)
    for key, text in texts.items():
        (to / f"{key}.{form}").write_text(text, encoding="utf-8", newline="")
        click.echo(str(to / f"{key}.{form}"))


def _rows(session: Session, keys: tuple[str, ...]) -> list[WorkflowTemplate]:
    row = WorkflowTemplate
    wanted = row.key.in_(keys) if keys else row.archived_at.is_(None)
    rows = [*session.scalars(select(row).where(wanted).order_by(row.key))]
    for key in keys:
        if key not in {one.key for one in rows}:
            raise NotFound(f"There is no template with the key {key}.")
    return rows


@group.command("check")
@_places
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--hints", is_flag=True, help="Print hints as well.")
@click.option(
    "--offline", is_flag=True, help="Without a database: take all that is named as there."
)
def check(places: tuple[str, ...], strict: bool, hints: bool, offline: bool) -> None:
    """Say what is found of files, a line each; exit status 1 if that keeps any from being
    published. Nothing is written."""
    failed = False
    shown = {"error", "warning", *(["hint"] if hints else [])}
    fatal = {"error", *(["warning"] if strict else [])}
    for file in template_files.read_all(places):
        found = [one for one in _findings(file, offline=offline) if one.severity in shown]
        for line in template_files.lines(file, found):
            click.echo(line)
        failed |= any(one.severity in fatal for one in found)
    if failed:
        raise SystemExit(1)


def _findings(file: TemplateFile, *, offline: bool) -> list[Finding]:
    if file.fault is not None:
        return [Finding("error", "", file.fault, "unreadable")]
    if not offline:
        with said_in_one_line(), transaction.reading() as session:
            around = findings.surroundings(session, file.document, _settings().allow)
        return findings.of_document(file.document, None, around)
    around = Surroundings(now=clock.now(), allow=_settings().allow)
    found = findings.of_document(file.document, None, around)
    return [one for one in found if one.code not in findings.ABOUT_SURROUNDINGS]


@group.command("import")
@_places
@click.option("--publish", "publish_too", is_flag=True, help="Publish what has changed.")
@click.option("--note", default="", help="Of the versions that are published.")
@click.option("--check", "dry", is_flag=True, help="Only say what would come of it.")
def import_(places: tuple[str, ...], publish_too: bool, note: str, dry: bool) -> None:
    """Bring files in, all or none: a new template each, or a new draft of the one with its key."""
    files = template_files.read_all(places)
    said: list[str] = []
    faults: list[str] = []
    with suppress(_NotKept), said_in_one_line(), transaction.writing() as session:
        wish = PublishIn.read({"note": note}) if publish_too else None
        for file in files:
            try:
                said.append(_bring(session, file, wish))
            except Invalid as invalid:
                faults += template_files.lines(file, _as_findings(invalid))
        if faults or dry:
            raise _NotKept
    for line in faults or said:
        click.echo(line)
    if faults:
        raise SystemExit(1)


class _NotKept(Exception):
    """Rolls back what was only tried."""


def _as_findings(invalid: Invalid) -> list[Finding]:
    return [Finding("error", fault.path, fault.message, "") for fault in invalid.errors]


def _bring(session: Session, file: TemplateFile, publish: PublishIn | None) -> str:
    """Bring one file in; what came of it. Raises Invalid."""
    if file.fault is not None:
        raise Invalid.at("", file.fault)
    template = Template.read(file.document)
    brought = template_import.bring(session, template, ACTOR, _settings())
    number = _publish(session, brought.row, publish.note) if publish else None
    said = {"new": "a new template", "draft": "a new draft", "same": "unchanged"}
    published = f", published as version {number}" if number else ""
    return f"{brought.row.key}: {said[brought.came_to]}{published}"


def _publish(session: Session, row: WorkflowTemplate, note: str) -> int | None:
    session.flush()
    if row.newest_version and not template_versions.unpublished(session, [row.id]):
        return None
    return templates.publish(session, row.id, ACTOR.name, note, allow=_settings().allow).number


def _settings() -> template_import.Settings:
    settings = current_app.config["SETTINGS"]
    return template_import.Settings(AllowList.parse(settings.outbound_allow), settings.org_domains)
