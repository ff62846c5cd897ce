"""Schemathesis over the whole document, in every role: no 5xx, and no answer that the document
does not promise. At length: `bin/bench fuzz`."""

import json

from flask import Response

from app.api import openapi
from app.api.endpoint import bare
from app.api.rendering import json_response
from tests.api.test_openapi import COMMITTED
from tests.support.fuzzing import ROLES, Fuzzer
from tests.support.marks import both_databases

EXAMPLES = 2  # for each operation, in each role


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


@both_databases
def test_every_answer_to_everybody_is_one_that_the_document_promises(app):
    found = Fuzzer(app).run(EXAMPLES)
    assert found.faults == []
    assert {role for _, role, _ in found.counts} == set(ROLES)
