"""What a notification would say, with made-up values or those of an instance. Nothing is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy.orm import Session

from app.domain import liquid, notification_contents, queries, sms
from app.domain.liquid import NotRenderable
from app.domain.notification_context import (
    OPEN_ROOTS,
    Context,
    of_instance,
    sample,
    sample_for,
)
from app.domain.notification_defaults import INSTANCE_TEMPLATES, STEP_TEMPLATES
from app.domain.previews import assume
from app.errors import FieldError, Invalid, NotFound
from app.models.vocabulary import Channel

INSTANCE = "INSTANCE:"  # before the trigger of an instance as a whole, where both can be meant
OCCASIONS = (*STEP_TEMPLATES, *(f"{INSTANCE}{trigger}" for trigger in INSTANCE_TEMPLATES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`content` is rendered; None if it can't be, and `faults` say why, field by field.

    assumed   paths that only a workflow knows; in made-up values they stand as themselves
    values    what it was rendered with
    size      what an SMS takes
    """

    channel: str
    content: dict[str, Any] | None = None
    faults: list[FieldError] = field(default_factory=list[FieldError])
    assumed: list[str] = field(default_factory=list[str])
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    size: sms.Size | None = None


def occasion(
    session: Session,
    key: str,
    base_url: str,
    *,
    trigger: str | None = None,
    instance_id: int | None = None,
    step_key: str | None = None,
) -> tuple[Context, bool]:
    """What the preview reads, and whether it is made up. Raises Invalid at `trigger`,
    `instanceId` or `stepKey`."""
    kind, name = _kind_of(trigger)
    if instance_id is None:
        if step_key is not None:
            raise Invalid.at("instanceId", "Say of which instance this step is.")
        if name is None:
            return sample_for(key, base_url), True
        return sample(name, instance=kind, base_url=base_url), True
    try:
        found = queries.read_instance(session, instance_id)
    except NotFound as missing:
        raise Invalid.at("instanceId", missing.message) from None
    step = next((one for one in found.steps if one.key == step_key), None)
    if step_key is not None and step is None:
        keys = ", ".join(one.key for one in found.steps)
        raise Invalid.at("stepKey", f"It has no such step. It has {keys}.")
    occasion = name or ("ON_FAILED" if step else "ON_ATTENTION")
    return of_instance(found, step, trigger=occasion, base_url=base_url), False


def _kind_of(trigger: str | None) -> tuple[bool, str | None]:
    if trigger is None:
        return False, None
    if trigger not in OCCASIONS:
        raise Invalid.at("trigger", f"Use one of {', '.join(OCCASIONS)}.")
    return trigger.startswith(INSTANCE), trigger.removeprefix(INSTANCE)


def preview(
    channel: str, content: Mapping[str, Any], context: Context, *, made_up: bool
) -> Preview:
    """Render one channel's content. What is missing from made-up values stands as its name."""
    values: Mapping[str, Any] = cast("Mapping[str, Any]", context)
    assumed: list[str] = []
    try:
        if made_up:
            values, assumed = assume(values, _open_paths(content), unknown=None)
        said = notification_contents.render(content, channel, values)
    except NotRenderable:
        found = notification_contents.faults_with(content, channel, values)
        return Preview(channel=channel, faults=found, assumed=assumed, values=values)
    size = sms.size(said["text"]) if channel == Channel.SMS else None
    return Preview(channel=channel, content=said, assumed=assumed, values=values, size=size)


def _open_paths(content: Mapping[str, Any]) -> list[str]:
    return [
        ".".join(parts)
        for _, text in notification_contents.texts(content)
        for parts, _ in liquid.paths(text)
        if parts[0] in OPEN_ROOTS and len(parts) > 1
    ]
