"""Whether every value has the form that its field wants."""

from collections.abc import Iterator

from pydantic import ValidationError

from app.domain import email_checks
from app.domain.addresses import AddressRefused
from app.domain.checks.base import Finding, Subject, told
from app.domain.half_done import RawStep, mapping
from app.domain.input_schemas import check_schema
from app.domain.urls import vet_template
from app.schemas.actions import ACTION_TYPES, Email, FormInput, Webhook
from app.schemas.base import Schema, field_errors
from app.schemas.template import Template


def unread_texts(subject: Subject) -> Iterator[Finding]:
    """Texts that could not be read at all; their places keep what was there before."""
    for path in subject.unread:
        yield Finding("error", path, "This can't be read as JSON.", "unread")


def fields(subject: Subject) -> Iterator[Finding]:
    """What the schemas of a template and of its steps' configs refuse."""
    yield from _faults(Template, subject.whole, "")
    for step in subject.steps:
        kind = ACTION_TYPES.get(step.action_type)
        if kind is not None and isinstance(step.document.get("actionConfig", {}), dict):
            yield from _faults(kind.config, step.config, f"{step.place}.actionConfig")


def _faults(schema: type[Schema], value: object, place: str) -> Iterator[Finding]:
    try:
        schema.model_validate(value)
    except ValidationError as error:
        for fault in field_errors(error, place):
            yield Finding("error", fault.path, fault.message, "field")


def input_schema(subject: Subject) -> Iterator[Finding]:
    """The input is described by a JSON Schema."""
    schema = dict(mapping(subject.document.get("inputSchema")))
    yield from told(lambda: check_schema(schema, "inputSchema"), "schema")


def configs(subject: Subject) -> Iterator[Finding]:
    """What the form of a config can't say: its URL, its form, its mail."""
    for step in subject.steps:
        place = f"{step.place}.actionConfig"
        match subject.config(step):
            case FormInput() as config:
                schema = config.form_schema
                yield from told(lambda s=schema, at=place: check_schema(s, f"{at}.schema"), "form")
            case Webhook() as config:
                yield from _destination(subject, step, config)
            case Email() as config:
                yield from told(lambda c=config, at=place: email_checks.check(c, at), "mail")
            case _:
                pass


def _destination(subject: Subject, step: RawStep, config: Webhook) -> Iterator[Finding]:
    # Vetted again, with its values and with every address of its name, whenever it is sent.
    try:
        vet_template(config.url, subject.around.allow)
    except AddressRefused as refused:
        yield Finding("error", f"{step.place}.actionConfig.url", refused.reason, "destination")
