"""One drill as it is told: the fault, what is seen of it, the cure, and that it is over."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from devtools.drills.site import DrillFailed, Site, wait_until

FOLDER = "/drill"  # of the demo receiver: what drills send, and nobody else
_COMPARES = {"==": operator.eq, ">": operator.gt, "<": operator.lt, ">=": operator.ge}
_EXPRESSION = re.compile(r"(\w+)(?:\{(.*)\})?\s*(==|>=|>|<)\s*([\d.]+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class Drill:
    """What a scene is given. Every line that it prints has been checked."""

    name: str
    site: Site
    say: Callable[[str], None] = print
    undo: ExitStack = field(default_factory=ExitStack)
    alerts: list[str] = field(default_factory=list[str])  # those whose numbers were seen
    templates: dict[str, int] = field(default_factory=dict[str, int])  # ids of its own, by key
    received_before: int = 0  # by the demo receiver

    def __post_init__(self) -> None:
        before = self.site.received()
        self.received_before = before[0]["receivedAs"] if before else 0

    def fault(self, what: str) -> None:
        """Say what is broken."""
        self._line("fault", what)

    def cure(self, what: str) -> None:
        """Say what is done about it."""
        self._line("cure", what)

    def see(self, what: str, true: Callable[[], Any]) -> None:
        """Wait for what an operator sees of the fault. Raises DrillFailed."""
        self._line("seen", f"{what} ({wait_until(true, what):.1f} s)")

    def over(self, what: str, true: Callable[[], Any]) -> None:
        """Wait for what shows that the cure worked. Raises DrillFailed."""
        self._line("over", f"{what} ({wait_until(true, what):.1f} s)")

    def alert(self, name: str, expression: str) -> None:
        """Wait until the number that an alert's rule reads is beyond what is wanted; less far than
        the rule would have it, where that would take minutes."""
        took = wait_until(lambda: self.holds(expression), f"{name}: {expression}")
        self.alerts.append(name)
        self._line("alert", f"{name}: {expression} ({took:.1f} s)")

    def alert_if_grows(self, name: str, expression: str, before: float) -> None:
        """The same for a rule that looks at how a counter grows."""
        took = wait_until(lambda: self.value(expression) > before, f"{name}: {expression} grows")
        self.alerts.append(name)
        self._line("alert", f"{name}: {expression} grew from {before:g} ({took:.1f} s)")

    def silent(self, name: str, expression: str) -> None:
        """Wait until the number is no more what the rule looks for."""
        took = wait_until(lambda: not self.holds(expression), f"no more {name}: {expression}")
        self._line("over", f"{name}: no more {expression} ({took:.1f} s)")

    def holds(self, expression: str) -> bool:
        """Whether `name{label="x"} == 0` is so on /metrics."""
        match = _EXPRESSION.fullmatch(expression)
        assert match, expression
        value = self.site.metric(match[1], dict(_LABEL.findall(match[2] or "")))
        return bool(_COMPARES[match[3]](value, float(match[4])))

    def value(self, expression: str) -> float:
        """What `name{label="x"}` is on /metrics."""
        name, _, labels = expression.partition("{")
        return self.site.metric(name, dict(_LABEL.findall(labels)))

    def _line(self, mark: str, what: str) -> None:
        self.say(f"  {mark:<5}  {what}")

    # What scenes do, in words.

    def publish(
        self, key: str, policies: Sequence[Any] = (), due_in: str | None = None, **config: Any
    ) -> str:
        """A template of this drill, of one webhook; returns its key."""
        url = f"{self.site.receiver}{FOLDER}/{key}"
        step = {
            "key": "post",
            "name": "Post the order",
            "actionType": "AUTOMATION_WEBHOOK",
            "actionConfig": {"url": url, "body": {"order": "{{ instance.id }}"}} | config,
            "notificationPolicies": [*policies],
        }
        name = f"drill-{key}"
        document = {"key": name, "name": f"Drill: {key}", "dueIn": due_in, "steps": [step]}
        self.templates[name] = self.site.api("POST", "/templates/import", document)["id"]
        self.site.api("POST", f"/templates/{self.templates[name]}/publish", {})
        return name

    def begin(self, key: str, count: int = 1) -> list[int]:
        """Start instances; returns their ids."""
        wishes = {"items": [{"templateKey": key}] * count}
        made = self.site.api("POST", "/instances/bulk", wishes)
        return [one["id"] for one in made["items"]]

    def instance(self, instance_id: int) -> dict[str, Any]:
        return self.site.api("GET", f"/instances/{instance_id}")

    def step(self, instance_id: int) -> dict[str, Any]:
        """Its one step."""
        return self.instance(instance_id)["steps"][0]

    def all_are(self, state: str, ids: list[int]) -> Callable[[], bool]:
        """Whether these instances are all in a state."""
        left = list(ids)

        def look() -> bool:
            while left and self.instance(left[0])["state"] == state:
                left.pop(0)
            return not left

        return look

    def banner_says(self, words: str) -> Callable[[], bool]:
        return lambda: words in self.site.page("/banner")

    def leads_to(self, path: str, section: str) -> Callable[[], bool]:
        """Whether a page has a link to this section of the runbook."""
        return lambda: f"/docs/runbook#{section}" in self.site.page(path)

    def received(self, key: str) -> list[dict[str, Any]]:
        """What the receiver got of this template since the drill began."""
        return self.site.received(f"{FOLDER}/{key}", self.received_before)

    def once_each(self, key: str, ids: list[int]) -> None:
        """The receiver saw one id for each of these orders. Raises DrillFailed."""
        seen: dict[str, set[str]] = {}
        for got in self.received(key):
            seen.setdefault(got["body"], set()).add(got["headers"].get("webhook-id", ""))
        wrong = [body for body, tokens in seen.items() if len(tokens) != 1]
        if len(seen) < len(ids) or wrong:
            raise DrillFailed(f"the receiver saw {len(seen)} orders of {len(ids)}; {wrong}")
        self._line("over", f"the receiver saw each of {len(ids)} under one webhook-id")
