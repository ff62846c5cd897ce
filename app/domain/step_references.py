"""Where a template names a step by its key, and how these places follow it to another key.

Steps are named in `dependsOn`, in the paths of conditions, and in placeholders and Liquid tags:
`{{ steps.reserve.output.ref }}`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from app.domain.half_done import is_list, is_object

_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
T = TypeVar("T")


def follow(what: T, key: str, new: str, *, loose: bool = False) -> T:
    """A template's document (or any text in one) with `new` wherever it names the step `key`.
    `loose`: outside of braces too, for a text that may be a condition half written."""
    path = re.compile(rf"(?<![\w.-])steps\.{re.escape(key)}(?![\w-])")

    def put(text: str) -> str:
        return path.sub(f"steps.{new}", text)

    def in_braces(text: str) -> str:
        return _BRACES.sub(lambda match: put(match[0]), text)

    in_text = put if loose else in_braces
    if is_object(what) and "steps" in what:
        return _document(what, key, new, put, in_text)  # type: ignore[return-value]
    return _deep(what, in_text)


Put = Callable[[str], str]


def _document(
    document: Mapping[str, Any], key: str, new: str, put: Put, in_text: Put
) -> dict[str, Any]:
    """What stands in `inputSchema` names no step."""
    found = {**document, **_owner(document, put, in_text)}
    found["steps"] = [_step(step, key, new, put, in_text) for step in document["steps"]]
    return found


def _step(step: Any, key: str, new: str, put: Put, in_text: Put) -> Any:
    if not is_object(step):
        return step
    found = step | _owner(step, put, in_text)
    if is_list(step.get("dependsOn")):
        found["dependsOn"] = [new if other == key else other for other in step["dependsOn"]]
    for name in ("actionConfig", "assignee"):
        if name in step:
            found[name] = _deep(step[name], in_text)
    return found


def _owner(owner: Mapping[str, Any], put: Put, in_text: Put) -> dict[str, Any]:
    """What a step and the template as a whole have in common."""
    found: dict[str, Any] = {}
    if "when" in owner:
        found["when"] = _condition(owner["when"], put)
    for name in ("dueIn", "dueAt"):
        if name in owner:
            found[name] = _deep(owner[name], in_text)
    policies = owner.get("notificationPolicies")
    if is_list(policies):
        found["notificationPolicies"] = [_policy(each, put, in_text) for each in policies]
    return found


def _policy(policy: Any, put: Put, in_text: Put) -> Any:
    if not is_object(policy):
        return policy
    found = _deep(policy, in_text)
    return found | {"when": _condition(policy["when"], put)} if "when" in policy else found


def _condition(when: Any, put: Put) -> Any:
    """`{"all": [[path, op, value], …]}`, nested or half written."""
    if is_object(when):
        return {word: _condition(parts, put) for word, parts in when.items()}
    if not is_list(when):
        return when
    if when and isinstance(when[0], str):
        return [put(when[0]), *when[1:]]
    return [_condition(part, put) for part in when]


def _deep(what: Any, in_text: Put) -> Any:
    if isinstance(what, str):
        return in_text(what)
    if is_list(what):
        return [_deep(item, in_text) for item in what]
    if is_object(what):
        return {name: _deep(item, in_text) for name, item in what.items()}
    return what
