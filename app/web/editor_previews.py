"""What the step that is open would send, beside its form while it is typed. A field with a fault is
left out where there is a default; where there is none, the preview says what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.domain import half_done, previews
from app.domain.drafts import Draft
from app.domain.input_schemas import check_schema
from app.domain.previews import Preview
from app.errors import Invalid
from app.schemas.actions import ACTION_TYPES
from app.web import previews as pages
from app.web.panel.fields import root_of
from app.web.previews import Occasion


@dataclass(frozen=True, slots=True)
class _Step:
    """A step as previews read it: its config is what of it can be understood."""

    key: str
    action_type: str
    action_config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Written:
    """A template while it is written, as far as occasions ask."""

    id: int
    input_schema: dict[str, Any]
    steps: Sequence[_Step]


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview with what it was made of; `without`: fields that have faults and were left out."""

    preview: Preview
    occasion: Occasion
    without: Sequence[str] = ()


def of_step(session: Session, draft: Draft, key: str) -> Shown | None:
    """None if the step sends nothing. `?instance=` names whose input it is filled in with."""
    raw = next((each for each in half_done.steps_of(draft.document) if each.key == key), None)
    if raw is None or raw.action_type not in previews.PREVIEWS:
        return None
    occasion = pages.occasion(session, _written(draft), request.values.get("instance", "")[:40])
    config, faulty = understood(raw.action_type, raw.config)
    if config is None:
        kind = "email" if raw.action_type == "AUTOMATION_EMAIL" else "webhook"
        names = ", ".join(_named(raw.action_type, faulty)) or "what is said above"
        return Shown(Preview(kind=kind, problem=f"See to this first: {names}."), occasion)
    made = pages.of_template_step(_Step(key, raw.action_type, config), occasion)
    return made and Shown(made, occasion, _named(raw.action_type, faulty))


def _written(draft: Draft) -> _Written:
    steps = half_done.steps_of(draft.document)
    schema = dict(half_done.mapping(draft.document.get("inputSchema")))
    try:
        check_schema(schema, "inputSchema")
    except Invalid:
        schema = {}
    understandable = [_Step(s.key, s.action_type, _form_of(s.config)) for s in steps]
    return _Written(draft.id, schema, understandable)


def _form_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config of which nothing is taken but the schema of its answers, if that is one."""
    schema = dict(half_done.mapping(config.get("schema")))
    try:
        check_schema(schema, "schema")
    except Invalid:
        return {}
    return {"schema": schema}


def understood(
    action_type: str, config: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, list[str]]:
    """The config with its defaults, without the fields that have faults, and those fields; None if
    nothing can be made without them."""
    schema = ACTION_TYPES[action_type].config
    try:
        return schema.model_validate(config).document(), []
    except ValidationError as error:
        faulty = list(
            dict.fromkeys(str(fault["loc"][0]) for fault in error.errors() if fault["loc"])
        )
    rest = {name: value for name, value in config.items() if name not in faulty}
    try:
        return schema.model_validate(rest).document(), faulty
    except ValidationError:
        return None, faulty


def _named(action_type: str, names: Sequence[str]) -> list[str]:
    """The fields by the names that the form has for them."""
    fields = dict(root_of(ACTION_TYPES[action_type].config).properties())
    return [fields[name].label if name in fields else name for name in names]
