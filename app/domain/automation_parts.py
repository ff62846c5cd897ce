"""What of a template only those who may add automation may change.

Read from raw documents, since a draft may be half done: whatever has not the shape it should have
is compared as it stands, and a step of a kind that nobody knows counts as automation.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from app.domain.half_done import items, mapping
from app.models.vocabulary import Channel
from app.schemas.actions import PEOPLE_TYPES

# When, after what and for whom a step runs is part of what it does.
PARTS = ("key", "actionType", "actionConfig", "when", "dependsOn", "assignee")
# Of what people do before it: that it is done at all. An approval is fixed as a whole.
_WAITED_FOR_PARTS = ("key", "actionType", "when", "dependsOn")
_DEFAULTS: Mapping[str, Any] = {"actionConfig": {}, "dependsOn": []}

Document = Mapping[str, Any]
Unread = Mapping[str, str]


def is_automation(step: Any) -> bool:
    """Whether the system does this step; also when it can't be told."""
    kind = mapping(step).get("actionType")
    return not (isinstance(kind, str) and kind in PEOPLE_TYPES)


def fixed_parts(document: Document, step: Any) -> tuple[str, ...]:
    """What of a step only those may change who may add automation: of an automation step, what it
    does and when; of what people do before one, directly or not, when and after what, and of an
    approval also its question and who answers it. Not even more may be waited for: what waits for
    several steps goes on though one of them was skipped."""
    return _fixed(step, _waited_for(document))


def automation(document: Document, unread: Unread) -> Counter[str]:
    """The automation steps with the texts in them that can't be read yet. Counted, so that one
    with the key of another does not hide behind it."""
    steps = enumerate(items(document.get("steps")))
    return Counter(
        _fingerprint(step, PARTS, unread, at) for at, step in steps if is_automation(step)
    )


def waited_for(document: Document, unread: Unread) -> Counter[str]:
    """The work of people that automation waits for, as far as it is fixed; likewise."""
    keys = _waited_for(document)
    return Counter(
        _fingerprint(step, fixed, unread, at)
        for at, step in enumerate(items(document.get("steps")))
        if not is_automation(step) and (fixed := _fixed(step, keys))
    )


def _fixed(step: Any, keys: Set[str]) -> tuple[str, ...]:
    if is_automation(step):
        return PARTS
    if str(mapping(step).get("key")) not in keys:
        return ()
    return PARTS if step["actionType"] == "APPROVAL" else _WAITED_FOR_PARTS


def _waited_for(document: Document) -> set[str]:
    """The keys of all steps before an automation step."""
    steps = [mapping(step) for step in items(document.get("steps"))]
    before: dict[str, list[str]] = {}
    for step in steps:
        before.setdefault(str(step.get("key")), []).extend(_listed(step.get("dependsOn")))
    found: set[str] = set()
    automated = [step for step in steps if is_automation(step)]
    to_visit = [key for step in automated for key in _listed(step.get("dependsOn"))]
    while to_visit:
        key = to_visit.pop()
        if key not in found:
            found.add(key)
            to_visit += before.get(key, [])
    return found


def recipients(document: Document) -> set[tuple[str, str]]:
    """Everybody that policies name, each with the channel, in fallbacks and escalations too."""
    return {
        (channel if isinstance(channel, str) else "", name)
        for _, _, policy in _policies(document)
        for channel, names in _told(policy)
        for name in _listed(names)
    }


def signed_with(document: Document) -> list[str]:
    """The secrets that notices are signed with, by their places."""
    return sorted(
        _canonical([place, at, secret])
        for place, at, policy in _policies(document)
        for secret in [policy.get("signingSecret") or policy.get("signing_secret")]  # both are read
        if secret
    )


def _part(step: Any, name: str) -> Any:
    if not isinstance(step, dict):
        return step
    value = mapping(step).get(name, _DEFAULTS.get(name))
    return sorted(map(_canonical, items(value))) if name == "dependsOn" else value


def _fingerprint(step: Any, parts: Sequence[str], unread: Unread, at: int) -> str:
    starts = tuple(f"steps.{at}.{name}" for name in parts)
    texts = sorted(
        _canonical([path.split(".", 2)[2], text])
        for path, text in unread.items()
        if any(path == start or path.startswith(f"{start}.") for start in starts)
    )
    return _canonical([_part(step, name) for name in parts] + texts)


def _policies(document: Document) -> Iterator[tuple[Any, int, Mapping[str, Any]]]:
    """Where each policy stands (a step's key; "": the instance as a whole), its place, itself."""
    steps = [mapping(step) for step in items(document.get("steps"))]
    for key, owner in (("", document), *((step.get("key"), step) for step in steps)):
        for at, policy in enumerate(items(owner.get("notificationPolicies"))):
            yield key, at, mapping(policy)


def _told(policy: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Every channel of a policy and its recipients. A fallback without any of its own has those of
    the policy."""
    recipients = policy.get("recipients")
    yield policy.get("channel"), recipients
    fallback = policy.get("fallback")
    if isinstance(fallback, str):
        yield fallback, recipients
    elif fallback := mapping(fallback):
        yield fallback.get("channel"), fallback.get("recipients") or recipients
    for escalation in map(mapping, items(policy.get("escalate"))):
        yield escalation.get("channel", str(Channel.EMAIL)), escalation.get("to")


def _listed(value: Any) -> list[str]:
    found = [value] if isinstance(value, str) else items(value)
    return [each for each in found if isinstance(each, str)]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
