"""What is there while the API is fuzzed: templates, instances whose steps stand in every state,
deliveries, schedules, secrets, people. Requests that name them get further than 404."""

import itertools
import json
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from flask import Flask

from app.domain.claims import Claim
from app.domain.outcomes import Outcome
from tests.support.callbacks import callback
from tests.support.cast import person
from tests.support.notifying import notify, policy, send
from tests.support.workflows import claim, make_step, report_begun, report_ended, task, webhook

API = "/api/workflows"
AT_ONCE = 3
TOLD = [policy(trigger, "IN_APP") for trigger in ("ON_COMPLETED", "ON_FAILED", "ON_READY")]
STEPS = [
    task("pack", notificationPolicies=TOLD),
    make_step("ask", "FORM_INPUT", (), {}, {"assignee": "role:operator", "dueIn": "P1D"}),
    make_step("approve", "APPROVAL", (), {"question": "Well?"}, {}),
    webhook("sent", notificationPolicies=TOLD),
    webhook("broken", config={"retry": {"maxAttempts": 1}}, notificationPolicies=TOLD),
    webhook("shaky"),
    webhook("later", config={"delay": "P1D"}),
    webhook("often", config={"recurrence": {"everySeconds": 3600, "count": 9}}),
    make_step("wait", "WAIT_TIMER", (), {"delay": "PT1H"}, {}),
    callback("called"),
    task("after", "pack", "called", when={"all": [["input.total", ">", 0]]}),
]
OUTCOMES = {
    "broken": Outcome(verdict="failed", error="It answered 400.", status_code=400),
    "shaky": Outcome(verdict="retry", error="It answered 503.", status_code=503),
}
DONE = Outcome(verdict="done", output={"ok": True}, status_code=200)
Json = Any


class World:
    """Nouns by what paths and bodies call them. `renew` adds fresh ones and forgets the others."""

    def __init__(self, app: Flask, admin: Callable[[], str]) -> None:
        self._app = app
        self._admin = admin
        self._numbers = itertools.count(1)
        self._steps: list[tuple[int, str, list[str]]] = []
        self._lists: dict[str, list[Json]] = {}

    def ask(self, method: str, path: str, body: Json = None) -> Json:
        """What the API answers to an admin; None for what has no body."""
        data = None if body is None else json.dumps(body)
        answer = self._app.test_client().open(
            API + path,
            method=method,
            data=data,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self._admin()}"},
        )
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer.json if answer.data else None

    @property
    def is_there(self) -> bool:
        return bool(self._lists)

    def renew(self) -> None:
        name = self.fresh()
        made = self.ask("POST", "/templates", {"key": name, "name": name, "steps": STEPS})
        template = f"/templates/{made['id']}"
        self.ask("POST", f"{template}/publish", {})
        self.ask("PUT", template, {"key": name, "name": "Changed", "steps": STEPS})
        self.ask("POST", f"{template}/publish", {})
        archived = self.ask("POST", "/templates", {"key": f"{name}-old", "name": name})["id"]
        self.ask("DELETE", f"/templates/{archived}")
        mail = f"{name}@example.com"
        user = self.ask("POST", "/users", {"email": mail, "role": "operator"})["id"]
        self.ask("POST", "/groups", {"key": name, "name": name, "members": [mail]})
        words = {"key": name, "name": name, "content": {"SMS": {"text": "{{ step.name }}"}}}
        self.ask("POST", "/notification-templates", words)
        self.ask("POST", "/secrets", {"name": f"S{name}", "value": "a value"})
        rule = {"name": name, "templateKey": name, "everySeconds": 900}
        schedule = self.ask("POST", "/schedules", rule)["id"]
        token = self.ask("POST", "/tokens", {"name": name, "role": "viewer"})["id"]
        self._lists = {
            "templateId": [made["id"]] * 3 + [archived],
            "templateKey": [name],
            "number": [1, 2],
            "userId": [user, self._only_admin],
            "tokenId": [token],
            "scheduleId": [schedule],
            "group": [name],
            "notification": [name, "step-failed"],
            "secret": [f"S{name}"],
            "queue": ["workflow-automation", "workflow-notifications"],
            "schema": ["template", "actionConfig", "notificationPolicies"],
            "email": [mail],
            "channel": ["IN_APP", "EMAIL"],
        }
        self.refill()
        while notify():
            pass
        send()

    @cached_property
    def _only_admin(self) -> int:
        """Somebody who can't be sent away: nobody else could sign in as admin."""
        return person("only@example.com", "admin").id

    def refill(self) -> None:
        """Fresh instances only, since what steps allow is soon used up."""
        wish = {"templateKey": self._lists["templateKey"][0], "input": {"total": 1}}
        started = self.ask("POST", "/instances/bulk", {"items": [wish] * AT_ONCE})["items"]
        self._lists["instanceId"] = [one["id"] for one in started]
        self._work()

    def _work(self) -> None:
        for _ in range(2):  # what the first round makes ready or plans is there for the second
            held = claim(limit=500)
            report_begun(*held)
            for outcome in (DONE, *OUTCOMES.values()):
                fit = [job for job in held if OUTCOMES.get(_key(job), DONE) is outcome]
                report_ended(outcome, *fit)

    def look(self, path: str) -> None:
        """See how instances and deliveries stand now, if a path names parts of them."""
        if not any(part in path for part in ("/steps/", "{token}", "{deliveryId}")):
            return
        ids = self._lists["instanceId"]
        found = [self.ask("GET", f"/instances/{one}") for one in ids]
        self._steps = [
            (one["id"], step["key"], step["allowedActions"])
            for one in found
            for step in one["steps"]
        ]
        self._lists["token"] = [
            step["callbackUrl"].rpartition("/")[2]
            for one in found
            for step in one["steps"]
            if step.get("callbackUrl")
        ]
        told = self.ask("GET", "/deliveries?limit=20")["items"]
        self._lists["delivery"] = [(one["instanceId"], one["id"]) for one in told]

    def fresh(self) -> str:
        """A key that nothing has."""
        return f"w{next(self._numbers)}"

    def paths(self, path: str) -> list[dict[str, Json]]:
        """What may stand for the variables of a path; those often that get furthest."""
        if "/steps/{key}" in path:
            verb = path.rpartition("/")[2]
            fit = [each for each in self._steps if verb in each[2]] * 4
            return [{"instanceId": one, "key": key} for one, key, _ in fit or self._steps]
        if "{deliveryId}" in path:
            pairs = self._lists["delivery"]
            both = [{"instanceId": one, "deliveryId": delivery} for one, delivery in pairs]
            return [{k: v for k, v in each.items() if f"{{{k}}}" in path} for each in both]
        names = re.findall(r"{(\w+)}", path)
        kinds = [self._kind(path, name) for name in names]
        if any(kind not in self._lists for kind in kinds):
            return []
        combined = itertools.product(*(self._lists[kind] for kind in kinds))
        return [dict(zip(names, each, strict=True)) for each in combined]

    @staticmethod
    def _kind(path: str, name: str) -> str:
        for part, kind in KINDS:
            if part in path and name in ("key", "name"):
                return kind
        return name

    def body(self, example: Json, schema: str, pick: Callable[[list[Json]], Json]) -> Json:
        """The document's own example of a request, about things that are there."""
        return self._about(json.loads(json.dumps(example)), schema, pick)

    def _about(self, body: dict[str, Json], schema: str, pick: Callable[..., Json]) -> Json:
        known = {
            "templateKey": lambda: pick(self._lists["templateKey"]),
            "instanceId": lambda: pick(self._lists["instanceId"]),
            "members": lambda: self._lists["email"],
            "recipient": lambda: pick(self._lists["email"]),
            "email": lambda: f"{self.fresh()}@example.com",
            "expected": lambda: pick([0, 1, AT_ONCE]),
            "items": lambda: [self._about(one, schema, pick) for one in body["items"]],
        }
        known |= {"key": self.fresh, "name": lambda: f"S{self.fresh()}"}
        if schema == "MemberIn":
            known["email"] = lambda: pick(self._lists["email"])
        if schema == "Template":  # a new one, or the draft of the one that is there
            known["key"] = lambda: pick([self.fresh(), *self._lists["templateKey"] * 3])
        return {name: known[name]() if name in known else value for name, value in body.items()}


KINDS: tuple[tuple[str, str], ...] = (
    ("/groups/", "group"),
    ("/notification-templates/", "notification"),
    ("/secrets/", "secret"),
    ("/queues/", "queue"),
    ("/channels/", "channel"),
    ("/api/schemas/", "schema"),
)


def _key(job: Claim) -> str:
    return str(job.action_config.get("url", "")).rpartition("/")[2]
