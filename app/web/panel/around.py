"""What a form needs to know of the world around its step."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.known_paths import KnownPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What can be picked, and what keeps the visitor from it.

    steps    the other steps of the template, as (key, name)
    paths    what placeholders of the step can read; empty: nobody knows, so nothing is marked
    conditions  what conditions can read
    people   who can be assigned and told, as (`user:3`, what they are called)
    said     what notification templates say, by key and channel
    recipients_note  whom the visitor may not name as a recipient; empty: anybody
    fixed    the parts of the step that the visitor can't change (automation_parts.fixed_parts)
    locked   why they can't; empty: they may
    """

    secrets: Sequence[str] = ()
    steps: Sequence[tuple[str, str]] = ()
    paths: Sequence[KnownPath] = ()
    conditions: Sequence[KnownPath] = ()
    notification_templates: Sequence[tuple[str, str]] = ()
    people: Sequence[tuple[str, str]] = ()
    said: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])
    recipients_note: str = ""
    fixed: Collection[str] = ()
    locked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What `build` is given beside the field and its value: texts that could not be read, by name,
    and the world around."""

    unread: Mapping[str, str] = field(default_factory=dict[str, str])
    around: Around = field(default_factory=Around)
