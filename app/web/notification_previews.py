"""What a notification would say, for the pages: of a form while it is typed, and of a version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from app import transaction
from app.domain import notification_mails
from app.domain import notification_previews as previews
from app.domain.notification_context import Context
from app.domain.notification_previews import Preview
from app.errors import FieldError, Invalid
from app.models.vocabulary import Channel
from app.schemas.notification import CONTENT
from app.web import notification_forms as forms


@dataclass(frozen=True, slots=True)
class Occasion:
    """With which values; `faults`: what is wrong with the ones that were asked for, in which case
    they are made up."""

    context: Context
    made_up: bool
    faults: list[FieldError] = field(default_factory=list[FieldError])


def base_url() -> str:
    return current_app.config["SETTINGS"].base_url


def occasion(session: Session, key: str, asked: Mapping[str, str]) -> Occasion:
    """The one that a form or a query asks for with `trigger`, `instanceId` and `stepKey`."""
    number = asked.get("instanceId", "").strip().lstrip("#")
    wanted: dict[str, Any] = {"trigger": asked.get("trigger") or None}
    try:
        if number and not (number.isascii() and number.isdigit() and len(number) <= 18):
            raise Invalid.at("instanceId", "Write the number of an instance, such as 1042.")
        wanted["instance_id"] = int(number) if number else None
        wanted["step_key"] = (asked.get("stepKey") or "").strip() or None
        return Occasion(*previews.occasion(session, key, base_url(), **wanted))
    except Invalid as invalid:
        return Occasion(*previews.occasion(session, key, base_url()), invalid.errors)


def of_form(key: str) -> dict[str, Preview]:
    """What was typed, by channel, for those on which it says something."""
    with transaction.reading() as session:
        found = occasion(session, key, _asked())
    return {channel: of_typed(channel, found) for channel in filter(forms.says_something, Channel)}


def asked_occasion(key: str) -> Occasion:
    """The one that the form asks for."""
    with transaction.reading() as session:
        return occasion(session, key, _asked())


def _asked() -> dict[str, str]:
    return {name: forms.typed(name) for name in ("trigger", "instanceId", "stepKey")}


def of_typed(channel: str, found: Occasion) -> Preview:
    """One channel as it was typed."""
    try:
        content = CONTENT[Channel(channel)].read(forms.content_of(channel)).document()
    except Invalid as invalid:
        prefix = forms.name_of(channel, "")
        faults = [FieldError(e.path.removeprefix(prefix), e.message) for e in invalid.errors]
        return Preview(channel=channel, faults=faults + found.faults)
    return _shown(channel, content, found)


def of_content(content: Mapping[str, Any], found: Occasion) -> dict[str, Preview]:
    """What a version or a draft says, by channel."""
    return {channel: _shown(channel, said, found) for channel, said in content.items()}


def _shown(channel: str, content: Mapping[str, Any], found: Occasion) -> Preview:
    return previews.preview(channel, content, found.context, made_up=found.made_up)


def mail_html(preview: Preview) -> str:
    """The mail as its reader's program would show it, or why there is none."""
    if preview.content is None:
        return ""
    step, instance = preview.values.get("step") or {}, preview.values.get("instance") or {}
    about = " · ".join(filter(None, [step.get("name"), instance.get("title")]))
    link = step.get("url") or instance.get("url")
    return notification_mails.bodies(preview.content, link, about)[1]
