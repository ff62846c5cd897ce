"""Where a template names a step by its key, and how these places follow it to another key.

Steps are named in `dependsOn`, in the paths of conditions, and in placeholders and Liquid tags:
`{{ steps.reserve.output.ref }}`.
"""

import re
from collections.abc import Mapping
from typing import Any

from app.domain.half_done import items, mapping

_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


class Follower:
    """Puts `new` wherever a step is named by `key`."""

    def __init__(self, key: str, new: str) -> None:
        self.key, self.new = key, new
        self._path = re.compile(rf"(?<![\w.-])steps\.{re.escape(key)}(?![\w-])")

    def document(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A whole template. What stands in `inputSchema` names no step."""
        steps = [self.step(step) for step in items(document.get("steps"))]
        return {**document, **self._owner(document), "steps": steps}

    def step(self, step: Any) -> Any:
        """One of its steps, half-done ones too."""
        if not isinstance(step, dict):
            return step
        raw = mapping(step)
        found = {**raw, **self._owner(raw)}
        if isinstance(raw.get("dependsOn"), list):
            found["dependsOn"] = [self.new if o == self.key else o for o in items(raw["dependsOn"])]
        for name in ("actionConfig", "assignee"):
            if name in raw:
                found[name] = self._deep(raw[name])
        return found

    def anywhere(self, text: str) -> str:
        """A text that can't be read yet: a condition half written, or JSON."""
        return self._path.sub(f"steps.{self.new}", text)

    def _in_braces(self, text: str) -> str:
        return _BRACES.sub(lambda match: self.anywhere(match[0]), text)

    def _owner(self, owner: Mapping[str, Any]) -> dict[str, Any]:
        """What a step and the template as a whole have in common."""
        found: dict[str, Any] = {}
        if "when" in owner:
            found["when"] = self._condition(owner["when"])
        for name in ("dueIn", "dueAt"):
            if name in owner:
                found[name] = self._deep(owner[name])
        if isinstance(owner.get("notificationPolicies"), list):
            policies = items(owner["notificationPolicies"])
            found["notificationPolicies"] = [self._policy(each) for each in policies]
        return found

    def _policy(self, policy: Any) -> Any:
        found = self._deep(policy)
        if isinstance(policy, dict) and "when" in policy:
            found["when"] = self._condition(policy["when"])
        return found

    def _condition(self, when: Any) -> Any:
        """`{"all": [[path, op, value], …]}`, nested or half written."""
        if isinstance(when, dict):
            return {word: self._condition(parts) for word, parts in mapping(when).items()}
        if not isinstance(when, list):
            return when
        parts = items(when)
        if parts and isinstance(parts[0], str):
            return [self.anywhere(parts[0]), *parts[1:]]
        return [self._condition(part) for part in parts]

    def _deep(self, what: Any) -> Any:
        if isinstance(what, str):
            return self._in_braces(what)
        if isinstance(what, list):
            return [self._deep(item) for item in items(what)]
        if isinstance(what, dict):
            return {name: self._deep(item) for name, item in mapping(what).items()}
        return what
