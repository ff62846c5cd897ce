"""The form in which a notification template is written: a field for each text of each channel, made
from the channels' schemas. Its names are the paths of faults."""

import json
from collections.abc import Mapping
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from app.domain.notification_previews import INSTANCE, OCCASIONS
from app.errors import FieldError, Invalid, Malformed
from app.models.vocabulary import Channel
from app.schemas.base import loads
from app.schemas.notification import CONTENT
from app.web.schema_forms import Required

AT = "content."
_LABELS = {"html": "HTML", "text": "Text", "subject": "Subject", "title": "Title", "body": "Body"}
_HELP = {
    ("EMAIL", "html"): "Without it, the mail's HTML is made from its text.",
    ("WEBHOOK", "body"): "As JSON. Strings in it are Liquid; one that is nothing but a placeholder "
    "takes the value as it is.",
}
_ROWS = {"text": 5, "html": 3, "body": 3}
WORDS = {
    "ON_READY": "a step is ready",
    "ON_STARTED": "a step was started",
    "ON_COMPLETED": "a step is completed",
    "ON_FAILED": "a step has failed",
    "ON_SKIPPED": "a step was skipped",
    "ON_RETRY": "a step will be tried again",
    "ON_OVERDUE": "a step is overdue",
    "REMINDER": "a reminder of a step",
    "ESCALATION": "an escalation of a step",
    f"{INSTANCE}ON_STARTED": "an instance was started",
    f"{INSTANCE}ON_ATTENTION": "an instance needs attention",
    f"{INSTANCE}ON_COMPLETED": "an instance is completed",
    f"{INSTANCE}ON_CANCELLED": "an instance was cancelled",
    f"{INSTANCE}ON_OVERDUE": "an instance is overdue",
}
OCCASION_CHOICES = [("", "its own occasion"), *((each, WORDS[each]) for each in OCCASIONS)]


def name_of(channel: str, field: str) -> str:
    return f"{AT}{channel}.{field}"


def fields_of(channel: str) -> list[str]:
    """The names of a channel's texts: `subject`, `text`, `html`."""
    return list(CONTENT[Channel(channel)].model_fields)


def draft_form(*, new: bool, data: Mapping[str, Any] | None = None) -> FlaskForm:
    """Filled with `data`, else with what was sent."""
    fields: dict[str, Any] = {}
    if new:
        words = "Lower-case letters, digits, - and _. It can't be changed later."
        fields["key"] = StringField("Key", [Required()], description=words, id="key")
    fields |= {
        "name": StringField("Name", [Required()], id="name"),
        "description": StringField("What it is for", id="description"),
        "revision": HiddenField(),
        "trigger": SelectField(
            "Shown as if",
            choices=[SelectChoice(*each) for each in OCCASION_CHOICES],
            validate_choice=False,
        ),
        "instanceId": StringField("Or with instance", render_kw={"inputmode": "numeric"}),
        "stepKey": StringField("and its step"),
        "note": StringField("What changed", description="Stands in the list of versions."),
    }
    for channel in Channel:
        fields |= {name_of(channel, one): _field(channel, one) for one in fields_of(channel)}
    kind = type("NotificationForm", (FlaskForm,), fields)
    return kind() if data is None else kind(formdata=None, data=data)


def _field(channel: str, field: str) -> Any:
    given: dict[str, Any] = {
        "label": _LABELS.get(field, field),
        "description": _HELP.get((channel, field), ""),
        "id": f"{channel.lower()}-{field}",
    }
    quiet = {"spellcheck": "true", "autocomplete": "off"}
    if field not in _ROWS:
        return StringField(**given, render_kw=quiet)
    mono = {"spellcheck": "false"} if field == "html" or channel == Channel.WEBHOOK else {}
    return TextAreaField(**given, render_kw=quiet | {"rows": _ROWS[field]} | mono)


def filled(found: Any) -> dict[str, Any]:
    """What stands in the form of a template that is there (NotificationTemplateOut)."""
    data = {
        "name": found.name,
        "description": found.description,
        "revision": str(found.draft_revision),
    }
    for channel, content in found.content.items():
        for field, value in content.items():
            data[name_of(channel, field)] = written(channel, value)
    return data


def written(channel: str, value: Any) -> str:
    """A text as it stands in its field."""
    if channel == Channel.WEBHOOK:
        return json.dumps(value, indent=2, ensure_ascii=False)
    return value or ""


def typed(name: str) -> str:
    """What stands in a field of the form that was sent, with the line breaks of Unix."""
    return request.form.get(name, "").replace("\r\n", "\n")


def says_something(channel: str) -> bool:
    return any(typed(name_of(channel, field)).strip() for field in fields_of(channel))


def content_of(channel: str) -> dict[str, Any]:
    """The content of a channel as it was typed. Raises Invalid where it is no JSON."""
    found: dict[str, Any] = {}
    for field in fields_of(channel):
        text = typed(name_of(channel, field))
        if channel == Channel.WEBHOOK:
            found[field] = _json(text, name_of(channel, field))
        elif text.strip() or field != "html":
            found[field] = text if text.strip() else ""
    return found


def _json(text: str, at: str) -> Any:
    try:
        return loads(text)
    except Malformed as fault:
        raise Invalid.at(at, fault.message.replace("The body", "This", 1)) from None


def wish(*, new: bool) -> dict[str, Any]:
    """All that was typed, as the API would be sent it. Raises Invalid."""
    faults: list[FieldError] = []
    content: dict[str, Any] = {}
    for channel in filter(says_something, Channel):
        try:
            content[channel] = content_of(channel)
        except Invalid as invalid:
            faults += invalid.errors
    if faults:
        raise Invalid(faults)
    key = {"key": typed("key").strip()} if new else {}
    return key | {
        "name": typed("name").strip(),
        "description": typed("description").strip(),
        "content": content,
    }


def revision() -> int | None:
    """The draft that was being changed."""
    text = typed("revision")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
