"""The form that starts an instance, made from the template's input schema."""

from html import unescape

import pytest

from app import transaction
from app.domain import templates
from app.schemas.template import Template
from tests.support.looking import instance_of
from tests.support.workflows import publish, task
from tests.web.conftest import said

SCHEMA = {
    "type": "object",
    "required": ["orderId", "size"],
    "properties": {
        "orderId": {"type": "string", "title": "Order number", "minLength": 2},
        "email": {"type": "string", "format": "email", "description": "Who gets the mail."},
        "total": {"type": "number", "minimum": 0, "default": 129.9},
        "count": {"type": "integer"},
        "gift": {"type": "boolean", "default": False},
        "size": {"enum": ["small", "large", 3], "title": "Size"},
        "lines": {"type": "array", "items": {"type": "object", "required": ["sku"]}},
        "title": {"type": "string", "title": "Book title"},
    },
}


@pytest.fixture
def template(app) -> int:
    return publish(task("pack"), name="Order fulfilment", inputSchema=SCHEMA)


def start(person, template: int, **given):
    sent = {f"input.{name}": value for name, value in given.items()}
    return person.post(f"/templates/{template}/start", sent)


def test_the_form_asks_for_what_the_schema_says(operator, template):
    page = operator.get(f"/templates/{template}/start")
    text = said(page)
    assert "Order number" in text and "Who gets the mail." in text
    assert 'value="129.9"' in page.text
    assert 'type="email"' in page.text
    assert page.text.count(" required") == 2
    assert "<option" in page.text and ">large</option>" in page.text


def test_what_is_typed_arrives_with_its_type(operator, template):
    answer = start(
        operator,
        template,
        orderId="A-1",
        total="3.5",
        count="12",
        gift="y",
        size="3",
        lines='[{"sku": "MUG"}]',
        title="A book",
    )
    assert (answer.status_code, answer.location) == (303, "/instances/1")
    instance = instance_of(1)
    assert instance.input == {
        "orderId": "A-1",
        "total": 3.5,
        "count": 12,
        "gift": True,
        "size": 3,
        "lines": [{"sku": "MUG"}],
        "title": "A book",
    }
    assert instance.title == "Order fulfilment"
    assert instance.started_by == "user:operator@example.com"


def test_an_empty_field_is_one_that_was_not_given(operator, template):
    start(operator, template, orderId="A-1", size='"small"', total="", count="", lines="")
    assert instance_of(1).input == {
        "orderId": "A-1",
        "size": "small",
        "gift": False,
        "total": 129.9,
    }


def test_the_title_is_its_own(operator, template):
    sent = {"title": " Mine ", "input.orderId": "A-1", "input.size": '"small"'}
    operator.post(f"/templates/{template}/start", sent)
    assert instance_of(1).title == "Mine"


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("orderId", "", "This is required."),
        ("orderId", "A", "too short"),
        ("total", "12,50", "Write a number with a point"),
        ("total", "-1", "less than the minimum"),
        ("total", "NaN", "Write a number"),
        ("count", "9" * 5000, "Write a whole number"),
        ("count", "1.5", "Write a whole number"),
        ("size", '"huge"', "is not one of"),
        ("lines", "[{", "This is not JSON"),
        ("lines", "[{}]", "0.sku: This is required."),
        ("lines", "[" * 5000, "nested too deeply"),
        ("lines", "NaN", "NaN is not JSON"),
        ("title", "a\x00b", "NUL"),
    ],
)
def test_a_fault_stands_at_its_field_and_keeps_what_was_typed(
    operator, template, field, typed, says
):
    given = {"orderId": "A-1042", "size": '"large"', "email": "kim@example.com", field: typed}
    answer = start(operator, template, **given)
    assert answer.status_code == 422
    page = answer.text
    error = page.split('class="field-error">')[1].split("</p>")[0]
    assert says in unescape(error)
    assert 'aria-invalid="true"' in page
    assert page.count('class="field-error"') == 1
    assert "kim@example.com" in page
    if 0 < len(typed) < 100 and field != "size" and "\x00" not in typed:
        assert typed in unescape(page)
    assert "No instances yet" in said(operator.get("/instances"))


def test_a_fault_of_no_field_stands_on_top(operator, app):
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "minProperties": 1}
    template = publish(task("pack"), inputSchema=schema)
    answer = start(operator, template, a="")
    assert answer.status_code == 422
    assert "should be non-empty" in said(answer) or "not have enough" in said(answer)


def test_a_title_that_is_too_long_is_said_at_the_title(operator, template):
    sent = {"title": "x" * 501, "input.orderId": "A-1", "input.size": '"small"'}
    answer = operator.post(f"/templates/{template}/start", sent)
    assert answer.status_code == 422
    assert "at most 500" in said(answer)


def test_a_template_that_was_never_published_can_not_be_started(operator, app):
    with transaction.writing() as session:
        draft = Template.read({"key": "draft", "name": "Draft", "steps": [task("a")]})
        template_id = templates.create(session, draft, "user:author").id
    assert operator.get(f"/templates/{template_id}/start").status_code == 409
    page = operator.get(f"/templates/{template_id}")
    assert "a draft, never published" in said(page)
    assert "Start an instance" not in said(page)


def test_an_archived_template_can_not_be_started(operator, template):
    with transaction.writing() as session:
        templates.archive(session, template, "user:author")
    assert start(operator, template, orderId="A-1").status_code == 404
