"""Of any document whatever something can be said, and of a good one nothing bad."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings

from app.domain import findings, templates
from app.domain.addresses import NOTHING_ALLOWED
from app.domain.findings import Surroundings
from app.errors import FieldError, Invalid
from app.schemas.template import Template
from tests.support import template_strategies as random

AROUND = Surroundings(
    now=datetime(2026, 6, 1, tzinfo=UTC),
    secrets=dict.fromkeys(random.SECRETS, ()),
    notification_templates={"step-failed": "published"},
    people=frozenset({"role:operator", "user:3", "group:finance"}),
)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(random.templates())
def test_of_a_good_template_no_error_is_found_and_saved_again_it_is_the_same(document):
    found = findings.of_document(document, None, AROUND)
    assert [one for one in found if one.severity == "error"] == []
    stored = templates.checked_document(Template.read(document))
    assert templates.checked_document(Template.read(stored)) == stored
    assert findings.of_document(stored, None, AROUND) == found


@SLOW
@given(random.broken())
def test_whatever_breaks_in_a_template_can_be_said(document):
    found = findings.of_document(document, {}, AROUND)
    assert all(one.message and one.code for one in found)
    errors = {(one.path, one.message) for one in found if one.severity == "error"}
    assert errors >= {(fault.path, fault.message) for fault in _refused(document)}


def _refused(document: Any) -> list[FieldError]:
    try:
        templates.checked_document(Template.read(document), NOTHING_ALLOWED)
    except Invalid as invalid:
        return invalid.errors
    return []


@SLOW
@given(random.json_values())
def test_what_is_no_template_at_all_is_told_in_findings(document):
    assert any(one.severity == "error" for one in findings.of_document(document, {}, AROUND))
