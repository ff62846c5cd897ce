"""What a schedule would do, while it is typed; and what follows from another template or rule."""

import re
from html import unescape

import pytest

from app.web.schedule_forms import PRESETS
from tests.support.schedule_pages import OTHER, SCHEMA, fault_at, typed
from tests.support.scheduling import NINE, go_to
from tests.support.workflows import publish, task
from tests.web.conftest import said


@pytest.fixture
def template(app) -> int:
    return publish(task("pack"), name="Order fulfilment", inputSchema=SCHEMA)


@pytest.fixture
def author(visit):
    return visit("author")


def preview(author, template: int, **other):
    return author.post("/schedules/preview", typed(template, **other), htmx=True)


def test_the_preview_says_it_in_words_and_times(author, template):
    go_to(NINE)
    answer = preview(author, template, cron="30 2 * * SUN")
    text = said(answer)
    assert "At 02:30 on Sundays, Europe/Berlin" in text
    assert "Sun 7 Mar 2027, 02:30 CET" in text and "2027-03-07 01:30:00 UTC" in text
    assert "clocks go forward 1 h before this" in text
    assert "schedule-inputs" not in answer.text and "schedule-rule" not in answer.text
    assert "Cache-Control" in answer.headers or answer.headers["Vary"]


@pytest.mark.parametrize(
    ("other", "field", "says"),
    [
        ({"cron": "0 9 * * *  x"}, "cron", "Cron has five fields"),
        ({"cron": "0 0 31 4 *"}, "cron", "names a day that never comes"),
        ({"timezone": "Mars"}, "timezone", "is not a time zone"),
        ({"kind": "rrule", "rrule": "FREQ=SOMETIMES"}, "rrule", "FREQ must be one of"),
        ({"kind": "everySeconds", "everySeconds": "x"}, "everySeconds", "whole number"),
        ({"count": "x"}, "count", "whole number"),
        ({"start": "x"}, "start", "Write a time"),
    ],
)
def test_the_preview_says_at_the_field_what_is_wrong(author, template, other, field, says):
    answer = preview(author, template, **other)
    assert answer.status_code == 200
    slots = dict(re.findall(r'hx-target="#(\w+)-fault"[^>]*>(.*?)</hx-partial>', answer.text, re.S))
    assert says in unescape(slots.pop(field))
    assert len(slots) == 6 and not any(text.strip() for text in slots.values())
    assert "as soon as the rule can be read" in said(answer)


def test_the_preview_ends_where_the_schedule_does(author, template):
    go_to(NINE)
    text = said(preview(author, template, cron="0 9 * * *", count="2"))
    assert text.count("09:00 CET") == 2 and "Then it is over." in text
    text = said(preview(author, template, cron="0 9 * * *", until="2027-03-04T08:59"))
    assert text.count("09:00 CET") == 2 and "Then it is over." in text
    assert "No more: it is over." in said(preview(author, template, until="2027-03-01T00:00"))


def test_the_preview_of_an_interval_counts_from_when_it_is_saved(author, template):
    go_to(NINE)
    text = said(preview(author, template, kind="everySeconds", everySeconds="90"))
    assert "Every 1 hour 30 minutes" in text
    assert "2027-03-01 10:30:0" in text


def test_another_template_brings_its_inputs_and_keeps_what_fits(author, template):
    other = publish(task("a"), key="other", name="Other", inputSchema=OTHER)
    answer = preview(author, template, templateId=str(other))
    inputs = answer.text.split('hx-target="#schedule-inputs"')[1].split("</hx-partial>")[0]
    assert f'name="shown" type="hidden" value="{other}."' in inputs
    assert 'value="EUR-1"' in inputs, "this template asks for it, too"
    assert "By express" in inputs
    assert 'type="hidden" name="input.total" value="129.9"' in inputs, "it comes back with its own"
    assert re.search(r"<input[^>]*checked[^>]*name=\"input.express\"", inputs), "its default"


def test_what_stood_empty_for_another_template_begins_with_its_default(author, template):
    schema = {"type": "object", "properties": {"account": {"type": "string", "default": "USD-9"}}}
    other = publish(task("a"), key="other", name="Other", inputSchema=schema)
    answer = preview(author, template, templateId=str(other), input__account="")
    assert 'value="USD-9"' in answer.text
    answer = author.post("/schedules/preview", typed(other, input__account=""))
    assert 'name="input.account"' in answer.text
    assert "USD-9" not in answer.text, "left empty on purpose"


def test_a_common_rule_is_taken_once_and_then_typed_over(author, template):
    name = "On the last Friday of the month at 17:00"
    answer = preview(author, template, preset=name, applied="")
    assert "At 17:00 on the last Friday of the month" in said(answer)
    rule = answer.text.split('hx-target="#schedule-rule"')[1].split("</hx-partial>")[0]
    assert 'value="0 17 * * 5L"' in rule and f'value="{name}"' in rule
    answer = preview(author, template, preset=name, applied=name, cron="0 18 * * 5L")
    assert "At 18:00 on the last Friday of the month" in said(answer)
    assert "schedule-rule" not in answer.text, "what is being typed in is not replaced"


def test_every_common_rule_can_be_saved_and_says_what_it_is_called(author, template):
    go_to(NINE)
    for name in PRESETS:
        text = said(preview(author, template, preset=name, applied="", timezone="UTC"))
        assert "Next" not in text and "as soon as the rule can be read" not in text, name
    text = said(preview(author, template, preset="Every other Monday at 09:00", timezone="UTC"))
    assert "At 09:00 on Mondays, every 2 weeks, UTC" in text


def test_without_script_the_preview_is_a_page_with_all_that_was_typed(author, template):
    other = publish(task("a"), key="other", name="Other", inputSchema=OTHER)
    sent = typed(template, templateId=str(other), name="Mine", cron="0 9 * *")
    answer = author.post("/schedules/preview", sent)
    assert answer.status_code == 200
    assert "Cron has five fields" in fault_at(answer, "cron")
    assert 'value="Mine"' in answer.text and "By express" in answer.text
    fixed = author.post("/schedules/preview", typed(other, name="Mine"))
    assert "At 09:00, Monday to Friday, Europe/Berlin" in said(fixed)
