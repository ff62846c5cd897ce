"""Schemathesis over the whole document, in every role: no 5xx, and no answer that the document
does not promise. At length: `bin/bench fuzz`."""

from tests.support.fuzzing import ROLES, Fuzzer
from tests.support.marks import both_databases

EXAMPLES = 4  # for each operation


@both_databases
def test_every_answer_to_everybody_is_one_that_the_document_promises(app):
    found = Fuzzer(app).run(EXAMPLES)
    assert found.faults == []
    assert {role for _, role, _ in found.counts} == set(ROLES)
