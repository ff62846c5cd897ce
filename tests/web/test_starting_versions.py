"""An instance is started on a version, whose form follows it and loses nothing that was typed."""

import re

import pytest

from tests.support.looking import instance_of
from tests.support.versions import publish_again, write
from tests.support.workflows import publish, task
from tests.web.conftest import said

INPUTS = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
OTHERS = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"type": "boolean", "default": True}},
}


@pytest.fixture
def two_forms(app) -> int:
    """Version 1 asks for `a`; version 2 for `a` and `b`, which is on unless told otherwise."""
    template_id = publish(task("pack"), inputSchema=INPUTS)
    write(template_id, task("pack"), inputSchema=OTHERS)
    publish_again(template_id)
    return template_id


def test_an_instance_starts_on_the_newest_unless_told_otherwise(operator, two_forms):
    page = operator.get(f"/templates/{two_forms}/start")
    assert re.search(r'<option selected value="2">version 2, the newest', page.text)
    operator.post(f"/templates/{two_forms}/start", {"input.a": "x"})
    assert instance_of(1).version == 2
    page = operator.get(f"/templates/{two_forms}/start?version=1")
    assert 'name="input.b"' not in page.text
    operator.post(f"/templates/{two_forms}/start", {"version": "1", "shown": "1", "input.a": "x"})
    assert instance_of(2).version == 1


def test_another_version_asks_for_its_own_and_loses_nothing_that_was_typed(operator, two_forms):
    url = f"/templates/{two_forms}/start/fields"
    sent = {"version": "1", "shown": "2", "title": "Mine", "input.a": "typed", "input.b": "y"}
    part = operator.post(url, sent, htmx=True).text
    assert 'value="typed"' in part and 'value="Mine"' in part and "<html" not in part
    assert '<input type="hidden" name="input.b" value="y">' in part
    whole = operator.post(url, sent).text
    assert "<html" in whole and 'value="typed"' in whole
    assert "No instances yet" in said(operator.get("/instances"))


def test_fields_that_were_not_on_the_page_begin_with_their_defaults(operator, two_forms):
    sent = {"version": "2", "shown": "1", "input.a": "typed"}
    part = operator.post(f"/templates/{two_forms}/start/fields", sent, htmx=True).text
    assert re.search(r'<input checked [^>]*name="input.b"', part)


def test_nothing_starts_with_the_fields_of_another_version(operator, two_forms):
    sent = {"version": "2", "shown": "1", "input.a": "typed"}
    answer = operator.post(f"/templates/{two_forms}/start", sent)
    assert (answer.status_code, "Version 2 was chosen" in said(answer)) == (422, True)
    assert 'name="input.b"' in answer.text and 'value="typed"' in answer.text


def test_a_version_that_is_not_there_can_not_be_started(operator, two_forms):
    assert operator.get(f"/templates/{two_forms}/start?version=9").status_code == 404
    assert operator.post(f"/templates/{two_forms}/start", {"version": "9"}).status_code == 404
