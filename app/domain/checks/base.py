"""What checks are given, and what they find."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from pydantic import ValidationError

from app.domain.addresses import NOTHING_ALLOWED, AllowList
from app.domain.half_done import RawStep, items, mapping, steps_of
from app.domain.known_paths import Reading
from app.errors import Invalid
from app.schemas.actions import ACTION_TYPES, PEOPLE_TYPES
from app.schemas.base import Schema
from app.schemas.policies import InstancePolicy, NotificationPolicy, Policy
from app.schemas.template import Severity

Model = TypeVar("Model", bound=Schema)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is found of a template.

    severity  an error keeps it from being published, a warning asks, a hint only says
    path      the field, dotted: `steps.0.actionConfig.url`
    code      which rule found it: `circle`
    """

    severity: Severity
    path: str
    message: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is around a template, as far as its document names it.

    notification_templates  by key, those that exist: `published`, `draft` or `archived`
    secrets                 by name, those that exist: the hosts they may be sent to; none: any
    people                  assignees that mean somebody who may come: `role:admin`, `user:3`
    namesakes               keys of other templates with the same name
    """

    now: datetime
    allow: AllowList = NOTHING_ALLOWED
    notification_templates: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    people: frozenset[str] = frozenset()
    namesakes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PlacedPolicy:
    """A policy and where it stands; no `step`: it is about the instance as a whole. `model` is
    none while it has faults."""

    place: str
    step: RawStep | None
    raw: Mapping[str, Any]
    model: Policy | None


class Subject:
    """A template's document and what can be understood of it, each read once."""

    def __init__(
        self, document: Any, around: Surroundings, unread: Mapping[str, str] | None = None
    ) -> None:
        self.whole = document
        self.document = mapping(document)
        self.around = around
        self.unread = unread or {}
        self.steps = steps_of(document)
        self._configs: dict[int, Schema | None] = {}

    @cached_property
    def reading(self) -> Reading:
        return Reading(self.document)

    def config(self, step: RawStep) -> Schema | None:
        """The step's config; None while it has faults, or its kind is not known."""
        if step.at not in self._configs:
            kind = ACTION_TYPES.get(step.action_type)
            self._configs[step.at] = _model(kind.config, step.config) if kind else None
        return self._configs[step.at]

    @cached_property
    def policies(self) -> list[PlacedPolicy]:
        """All policies, those of the instance first."""
        found = [*_policies(self.document, None)]
        for step in self.steps:
            found += _policies(step.document, step)
        return found


def _policies(part: Mapping[str, Any], step: RawStep | None) -> Iterator[PlacedPolicy]:
    kind = NotificationPolicy if step else InstancePolicy
    place = f"{step.place}.notificationPolicies" if step else "notificationPolicies"
    for at, raw in enumerate(items(part.get("notificationPolicies"))):
        yield PlacedPolicy(f"{place}.{at}", step, mapping(raw), _model(kind, raw))


def _model(kind: type[Model], raw: Any) -> Model | None:
    try:
        return kind.model_validate(raw)
    except ValidationError:
        return None


Check = Callable[[Subject], Iterator[Finding]]


def told(check: Callable[[], object], code: str) -> Iterator[Finding]:
    """The errors of a check that raises Invalid."""
    try:
        check()
    except Invalid as invalid:
        for fault in invalid.errors:
            yield Finding("error", fault.path, fault.message, code)


def is_for_people(step: RawStep) -> bool:
    """Whether people do it."""
    return step.action_type in PEOPLE_TYPES


def join(*parts: str | int) -> str:
    """A path from its parts, empty ones left out."""
    return ".".join(str(part) for part in parts if part != "")


def texts_in(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """All texts in a value, each with its path."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for at, item in enumerate(items(value)):
            yield from texts_in(item, join(place, at))
    elif isinstance(value, dict):
        for key, item in mapping(value).items():
            yield from texts_in(item, join(place, key))
