"""Schemathesis asks every operation of the OpenAPI document, in every role, what its schemas allow
and what they do not; each answer must be one that the document promises."""

import random
import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app import transaction
from app.domain import people
from tests.support.fuzz_world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
# A stream has no end to wait for; tests/api/test_live.py reads them.
ENDLESS = "text/event-stream"
ADDING = "author who may add automation"
ROLES: tuple[str | None, ...] = ("admin", ADDING, "author", "operator", "viewer", None)
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
# How long it takes to make a case says nothing about us.
UNASKED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
OF_INSTANCES = "{instanceId}"
RENEWED_AFTER, REFILLED_AFTER = 1200, 60


@dataclass(frozen=True)
class Fault:
    """An answer that the document does not promise."""

    operation: str
    role: str | None
    status: int
    what: str
    curl: str


@dataclass
class Found:
    """What came of all cases: how many by (operation, role, status), and what was wrong."""

    counts: Counter[tuple[str, str | None, int]] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list[Fault])
    outside: Counter[str | None] = field(default_factory=Counter)

    def of_role(self, role: str | None) -> tuple[int, int, int, int, int]:
        """Cases, 2xx, 4xx, 5xx, outside the document."""
        mine: Counter[int] = Counter()
        for (_, whose, status), count in self.counts.items():
            if whose == role:
                mine[status // 100] += count
        return mine.total(), mine[2], mine[4], mine[5], self.outside[role]

    def never_good(self) -> list[str]:
        """Operations that nobody was ever answered with 2xx."""
        all_of = {operation for operation, _, _ in self.counts}
        return sorted(all_of - {name for name, _, status in self.counts if status < 300})

    def share_good(self) -> dict[str, float]:
        """Which share of an operation's cases was answered with 2xx."""
        total: Counter[str] = Counter()
        good: Counter[str] = Counter()
        for (operation, _, status), count in self.counts.items():
            total[operation] += count
            good[operation] += count if status < 300 else 0
        return {operation: good[operation] / total[operation] for operation in sorted(total)}


class Fuzzer:
    """Asks the application. The same examples for each operation: the same cases each time."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._tokens: dict[str, str] = {}
        self._turn = 0
        self._deleted = False  # whether what paths name may be gone
        self.found = Found()
        self.world = World(app, lambda: self._token("admin"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)

    def run(self, examples: int, only: str = "", round: int = 0) -> Found:
        """So many examples for each operation that has `only` in its name, each sent in every
        role; others in each round. To make an example costs more than to send it six times."""
        for operation, cases in self._operations:
            if only in operation.label:
                raw = operation.definition.raw
                varies = raw["parameters"] or "requestBody" in raw
                if varies and (self._deleted or not self.world.is_there):
                    self.world.renew()
                    self._deleted = False
                self._ask(operation, cases, examples if varies else 1, round)
        return self.found

    @cached_property
    def _operations(self) -> list[tuple[Any, st.SearchStrategy[Any]]]:
        """Each with what makes its cases."""
        all_of = [_whole(result) for result in self._schema.get_all_operations()]
        return [
            (one, st.one_of(*(one.as_strategy(generation_mode=mode) for mode in MODES)))
            for one in all_of
            if ENDLESS not in one.definition.raw["responses"].get("200", {}).get("content", {})
        ]

    def _ask(self, operation: Any, cases: Any, examples: int, round: int) -> None:
        self.world.look(operation.path)

        @seed(round)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            verbosity=Verbosity.quiet,
            suppress_health_check=UNASKED,
        )
        @given(case=cases, dice=st.integers(0, 2**32 - 1))
        def each(case: Any, dice: int) -> None:
            chance = random.Random(dice)
            for role in chance.sample(ROLES, len(ROLES)):
                self._one(operation, self._sensible(operation, case, chance), role)

        each()

    def _one(self, operation: Any, sent: Any, role: str | None) -> None:
        self._turn += 1
        if self._turn % RENEWED_AFTER == 0 and self.world.is_there:
            self.world.renew()
            self.world.look(operation.path)
        elif self._turn % REFILLED_AFTER == 0 and OF_INSTANCES in operation.path:
            self.world.refill()
            self.world.look(operation.path)
        headers = {"Authorization": f"Bearer {self._token(role)}"} if role else {}
        response = sent.call(headers=headers)
        if response.status_code == 401 and role:
            del self._tokens[role]  # a case has revoked it
        self._deleted |= operation.method.upper() == "DELETE" and response.status_code < 300
        self.found.counts[operation.label, role, response.status_code] += 1
        try:
            sent.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self._note(sent, role, response, failure)
            self.found.outside[role] += 1

    def _sensible(self, operation: Any, case: Any, dice: random.Random) -> Any:
        """The case, most often about things that are there."""
        choices = self.world.paths(operation.path)
        path = case.path_parameters
        if choices and dice.random() < 0.75:
            path = dice.choice(choices)
        body, query = case.body, case.query
        taken = operation.definition.raw.get("requestBody", {}).get("content", {})
        schema = taken.get("application/json", {}).get("schema", {}).get("$ref", "")
        if schema and dice.random() < 0.5:
            example = taken["application/json"]["example"]
            body = self._body(example, schema.rpartition("/")[2], body, dice)
        if dice.random() < 0.3:
            query = {}
        headers = {} if dice.random() < 0.5 else dict(case.headers or {})
        if "If-Match" in headers and dice.random() < 0.5:
            headers["If-Match"] = "*"  # nobody guesses a mark
        return operation.Case(
            path_parameters=path,
            query=query,
            headers=headers,
            body=body,
            media_type=case.media_type or ("application/json" if schema else None),
        )

    def _body(self, example: Any, schema: str, generated: Any, dice: random.Random) -> Any:
        body = self.world.body(example, schema, dice.choice)
        if dice.random() < 0.5 and isinstance(generated, dict) and generated:
            name = dice.choice(sorted(generated))
            body = body | {name: generated[name]}
        return body

    def _token(self, role: str) -> str:
        if role not in self._tokens:
            with transaction.writing() as session:
                kind, adds = ("author", True) if role == ADDING else (role, role == "admin")
                self._tokens[role] = people.create_token(
                    session, f"fuzz {role}", kind, may_add_automation=adds
                )
        return self._tokens[role]

    def _note(self, case: Any, role: str | None, response: Any, failure: Failure) -> None:
        what = f"{failure.title}: {failure.message}"
        known = {(fault.operation, fault.status, fault.what) for fault in self.found.faults}
        if (case.operation.label, response.status_code, what) not in known:
            curl = case.as_curl_command()
            fault = Fault(case.operation.label, role, response.status_code, what, curl)
            self.found.faults.append(fault)


def _whole(result: Any) -> Any:
    """An operation as it was read. Fails where it could not be."""
    assert isinstance(result, Ok), result
    return result.ok()
