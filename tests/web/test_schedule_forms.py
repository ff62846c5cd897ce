"""Writing a schedule: its form, the preview that follows the typing, and what is refused."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest

from app import clock, transaction
from app.domain import schedules, templates
from app.models import Schedule
from app.schemas.base import zulu
from tests.support.scheduling import NINE, go_to, make_schedule
from tests.support.workflows import AUTHOR, publish, task
from tests.web.conftest import said

SCHEMA = {
    "type": "object",
    "required": ["account"],
    "properties": {
        "account": {"type": "string", "title": "Account number"},
        "total": {"type": "number", "default": 129.9},
        "gift": {"type": "boolean", "default": True},
    },
}
OTHER = {
    "type": "object",
    "properties": {
        "account": {"type": "string"},
        "express": {"type": "boolean", "default": True, "title": "By express"},
    },
}


@pytest.fixture
def template(app) -> int:
    return publish(task("pack"), name="Order fulfilment", inputSchema=SCHEMA)


@pytest.fixture
def author(visit):
    return visit("author")


def typed(template: int, **other) -> dict[str, str]:
    """What a browser sends of a form that is filled in."""
    return {
        "name": "Nightly",
        "templateId": str(template),
        "shown": f"{template}.",
        "input.account": "EUR-1",
        "input.total": "129.9",
        "kind": "cron",
        "cron": "0 9 * * 1-5",
        "everySeconds": "15",
        "unit": "60",
        "timezone": "Europe/Berlin",
        "overlap": "skip",
        "catchUp": "one",
        "jitterSeconds": "0",
    } | {name.replace("__", "."): value for name, value in other.items()}


def schedule_of(schedule_id: int) -> Schedule:
    with transaction.reading() as session:
        row = session.get_one(Schedule, schedule_id)
        session.expunge(row)  # read as it is now, and not again
        return row


def at(moment: datetime | None) -> str:
    assert moment is not None
    return zulu(moment)


def the_one() -> Schedule:
    return schedule_of(1)


def preview(author, template: int, **other):
    return author.post("/schedules/preview", typed(template, **other), htmx=True)


def fault_at(page, field: str) -> str:
    """The fault that stands in the slot of a field."""
    slot = page.text.split(f'id="{field}-fault"')[1].split("</div>")[0]
    return unescape(re.sub("<[^>]*>", "", slot.split(">", 1)[1])).strip()


def test_what_is_typed_becomes_a_schedule(author, template):
    answer = author.post(
        "/schedules",
        typed(template, title="Report {{ fire.date }}", until="2099-01-01T00:00", count="12"),
    )
    assert (answer.status_code, answer.location) == (303, "/schedules/1")
    row = the_one()
    assert (row.name, row.cron, row.timezone) == ("Nightly", "0 9 * * 1-5", "Europe/Berlin")
    assert row.input == {"account": "EUR-1", "total": 129.9, "gift": False}
    assert (row.overlap, row.catch_up, row.max_count) == ("skip", "one", 12)
    assert at(row.ends_at) == "2098-12-31T23:00:00Z", "by the clock of its zone"
    assert row.created_by == "user:author@example.com"
    assert row.version is None
    assert "runs by itself from now on" in said(author.get("/schedules/1"))


def test_an_rrule_and_an_interval_do_too(author, template):
    rrule = "RRULE:FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0"
    author.post("/schedules", typed(template, kind="rrule", rrule=rrule))
    assert (the_one().cron, the_one().rrule) == (None, rrule.removeprefix("RRULE:"))
    author.post("/schedules", typed(template, kind="everySeconds", everySeconds="2", unit="3600"))
    assert schedule_of(2).every_seconds == 7200


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("cron", "", "This is required."),
        ("cron", "0 9 * *", "Cron has five fields"),
        ("cron", "0 0 30 2 *", "names a day that never comes"),
        ("timezone", "Europe/Nowhere", "is not a time zone"),
        ("timezone", "", "This is required."),
        ("start", "soon", "Write a time such as"),
        ("start", "0001-01-01T00:00", "Write a time such as"),
        ("until", "2020-01-01T00:00", "Nothing would happen until then."),
        ("count", "0", "greater than or equal to 1"),
        ("count", "many", "Write a whole number"),
        ("jitterSeconds", "86400", "less than the time between two runs"),
        ("jitterSeconds", "9" * 5000, "Write a whole number"),
        ("name", "", "This is required."),
        ("name", "a\x00b", "NUL"),
        ("title", "{{ input.nothing }}", "There is no input.nothing."),
        ("templateId", "", "Choose a template."),
        ("templateId", "77", "Choose a template."),
        ("overlap", "perhaps", "Input should be 'allow'"),
    ],
)
def test_a_fault_stands_at_its_field_and_nothing_typed_is_lost(
    author, template, field, value, says
):
    sent = typed(template, title="Mine <b>") | {field: value}
    answer = author.post("/schedules", sent)
    assert answer.status_code == 422
    assert says in fault_at(answer, field)
    assert answer.text.count('class="field-error"') == 1
    assert "Nothing was saved yet" in said(answer)
    if field != "title":
        assert 'value="Mine &lt;b&gt;"' in answer.text
    if field not in ("templateId", "overlap", "name") and 0 < len(value) < 100:
        assert f'value="{value}"' in answer.text


@pytest.mark.parametrize(
    ("kind", "field", "value", "says"),
    [
        ("rrule", "rrule", "FREQ=DAILY;INTERVAL=0", "INTERVAL must be a whole number"),
        ("rrule", "rrule", "", "This is required."),
        ("everySeconds", "everySeconds", "", "This is required."),
        ("everySeconds", "everySeconds", "999999999", "less than or equal to"),
        ("everySeconds", "everySeconds", "0", "greater than or equal to 1"),
    ],
)
def test_so_do_those_of_the_other_kinds(author, template, kind, field, value, says):
    answer = author.post("/schedules", typed(template, kind=kind) | {field: value})
    assert answer.status_code == 422
    assert says in fault_at(answer, field)


def test_what_is_too_dense_is_refused(author, template):
    sent = typed(template, kind="everySeconds", everySeconds="5", unit="1")
    assert "too often" in fault_at(author.post("/schedules", sent), "everySeconds")


def test_a_fault_of_the_input_stands_at_its_field(author, template):
    answer = author.post("/schedules", typed(template, input__account="", input__total="1,5"))
    assert "Write a number with a point" in said(answer)
    answer = author.post("/schedules", typed(template, input__account=""))
    assert "This is required." in said(answer)
    assert answer.text.count('class="field-error"') == 1


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
    answer = preview(author, other, input__account="")
    assert "USD-9" not in answer.text, "left empty on purpose"


def test_a_version_is_pinned_and_forgotten_with_its_template(author, template):
    publish_again(template)
    other = publish(task("a"), key="other", inputSchema=OTHER)
    author.post("/schedules", typed(template, version="1"))
    assert the_one().version == 1
    page = author.get("/schedules/1/edit").text
    assert '<option selected value="1">version 1</option>' in page
    author.post("/schedules", typed(template, version="1", templateId=str(other)))
    assert schedule_of(2).version is None


def publish_again(template: int) -> None:
    with transaction.writing() as session:
        templates.publish(session, template, AUTHOR)


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
    from app.web.schedule_forms import PRESETS

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


def edited(author, **other) -> dict[str, str]:
    """The form of the schedule as its page has it, with some of it typed over."""
    page = author.get("/schedules/1/edit").text
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', page)
    assert seen
    return typed(the_one().template_id, seen=seen[1]) | other


def test_it_is_edited(author, template):
    author.post("/schedules", typed(template))
    answer = author.post("/schedules/1/edit", edited(author, name="Daily", cron="0 8 * * *"))
    assert (answer.status_code, answer.location) == (303, "/schedules/1")
    assert (the_one().name, the_one().cron) == ("Daily", "0 8 * * *")
    sent = edited(author, kind="everySeconds", everySeconds="3", unit="86400")
    author.post("/schedules/1/edit", sent)
    assert (the_one().cron, the_one().every_seconds) == (None, 3 * 86_400)
    page = author.get("/schedules/1/edit").text
    assert '<option selected value="86400">days</option>' in page and 'value="3"' in page


def test_the_form_shows_what_is_saved(author, template):
    make_schedule(
        name="Nightly",
        everySeconds=5400,
        start="2027-03-01T08:00:07Z",
        timezone="Europe/Berlin",
        input={"account": "EUR-1", "total": 3, "gift": False},
        catchUp="all",
        jitterSeconds=30,
    )
    page = author.get("/schedules/1/edit").text
    for text in ("Nightly", "90", "2027-03-01T09:00:07", "Europe/Berlin", "EUR-1", "3", "30"):
        assert f'value="{text}"' in page, text
    assert '<option selected value="60">minutes</option>' in page
    assert '<option selected value="all">' in page
    assert not re.search(r"<input[^>]*checked[^>]*name=\"input.gift\"", page)


def test_a_start_that_was_not_touched_stays_to_the_second(author, template):
    # Half past two comes twice that night; the form shows both alike.
    make_schedule(
        everySeconds=3600,
        start="2026-10-25T01:30:00Z",
        timezone="Europe/Berlin",
        input={"account": "EUR-1"},
    )
    sent = edited(author, start="2026-10-25T02:30:00", kind="everySeconds", everySeconds="60")
    assert author.post("/schedules/1/edit", sent).status_code == 303
    assert at(the_one().starts_at) == "2026-10-25T01:30:00Z"
    sent = edited(author, start="2026-10-25T02:31:00", kind="everySeconds", everySeconds="60")
    author.post("/schedules/1/edit", sent)
    assert at(the_one().starts_at) == "2026-10-25T00:31:00Z"


def test_two_authors_do_not_overwrite_each_other(author, visit, template):
    author.post("/schedules", typed(template))
    mine = edited(author, name="Mine")
    clock.travel(timedelta(seconds=5))
    with transaction.writing() as session:
        given = {"name": "Theirs", "input": {"account": "USD-1", "total": 129.9}}
        schedules.change(session, 1, given, "user:ada@example.com")
    answer = author.post("/schedules/1/edit", mine)
    assert answer.status_code == 409
    text = said(answer)
    assert "ada@example.com changed this while you wrote." in text
    assert 'value="Mine"' in answer.text and ">Theirs</pre>" in answer.text
    assert ">USD-1</pre>" in answer.text
    assert answer.text.count('class="theirs"') == 2
    assert the_one().name == "Theirs"
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', answer.text)
    assert seen
    assert author.post("/schedules/1/edit", mine | {"seen": seen[1]}).status_code == 303
    assert the_one().name == "Mine"


def test_an_archived_template_stays_named_and_can_not_be_saved(author, template):
    make_schedule(input={"account": "EUR-1"})
    with transaction.writing() as session:
        templates.archive(session, template, AUTHOR)
    assert "Order fulfilment (archived)" in said(author.get("/schedules/1/edit"))
    answer = author.post("/schedules/1/edit", edited(author))
    assert "There is no such template." in fault_at(answer, "templateId")


def test_the_zone_is_the_one_used_last(author, template):
    assert 'value="UTC"' in zone_field(author)
    author.post("/schedules", typed(template, timezone="Asia/Kolkata"))
    assert 'value="Asia/Kolkata"' in zone_field(author)


def zone_field(author) -> str:
    page = author.get("/schedules/new").text
    return re.findall(r'<input[^>]*name="timezone"[^>]*>', page)[0]


def test_without_a_template_there_is_nothing_to_write(author, app):
    page = said(author.get("/schedules/new"))
    assert "There is no published template that it could start." in page


@pytest.mark.parametrize("asked", ["x", "99", "-1", ""])
def test_a_template_that_is_not_there_is_not_chosen(author, template, asked):
    page = author.get(f"/schedules/new?template={asked}")
    assert page.status_code == 200
    assert "Choose a template, and what it asks for stands here." in said(page)
