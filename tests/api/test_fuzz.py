"""Schemathesis over the whole document, in every role: no 5xx, and no answer that the document
does not promise. At length: `bin/bench fuzz`."""

import json
from collections import Counter

import pytest
from flask import Response

from app.api import openapi
from app.api.endpoint import bare
from app.api.rendering import json_response
from app.config import Settings
from benchmarks.fuzz import judge
from tests.api.test_openapi import COMMITTED
from tests.conftest import environment
from tests.support.fuzzing import ROLES, Found, Fuzzer
from tests.support.marks import both_databases

NO_LIMIT = {"API_RATE_LIMIT": "0", "API_RATE_LIMIT_STRANGERS": "0"}
EXAMPLES = 2  # for each operation, in each role


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return Settings.load(environment(DATABASE_URL=database_url, REDIS_URL=redis_url, **NO_LIMIT))


def test_an_answer_that_the_document_does_not_promise_is_found(app, monkeypatch):
    def broken() -> Response:
        raise ZeroDivisionError

    wrong = {"healthz": lambda: json_response({"status": "no"}), "readyz": broken}
    for name, view in wrong.items():
        monkeypatch.setitem(
            app.view_functions, f"api_health.{name}", bare("As it is", permission=None)(view)
        )
    monkeypatch.setattr(openapi, "document", lambda _: json.loads(COMMITTED.read_text()))
    fuzzer = Fuzzer(app)
    fuzzer.run(1, only="/healthz")
    fuzzer.run(1, only="/readyz")
    found = {(fault.operation, fault.status): fault.what for fault in fuzzer.found.faults}
    assert '"ok" was expected' in found["GET /healthz", 200]
    assert ("GET /readyz", 500) in found


def test_a_run_that_is_cut_short_or_finds_something_is_no_success(capsys):
    asked = Found(counts=Counter({("GET /healthz", "admin", 200): 20}))
    assert judge([asked, asked], 40) == 0
    assert judge([asked, asked], 41) == 1
    assert "only 40 cases of 41" in capsys.readouterr().out
    asked.outside["admin"] += 1
    assert judge([asked], 1) == 1


@both_databases
def test_every_answer_to_everybody_is_one_that_the_document_promises(app):
    found = Fuzzer(app).run(EXAMPLES)
    assert found.faults == []
    assert {role for _, role, _ in found.counts} == set(ROLES)
