"""Writing a schedule: its form, what is refused, and two who write at once."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app import clock, transaction
from app.domain import schedules, templates
from app.models import Schedule
from app.schemas.base import zulu
from tests.support.schedule_pages import OTHER, SCHEMA, fault_at, schedule_of, typed
from tests.support.scheduling import make_schedule
from tests.support.workflows import AUTHOR, publish, task
from tests.web.conftest import said


@pytest.fixture
def template(app) -> int:
    return publish(task("pack"), name="Order fulfilment", inputSchema=SCHEMA)


@pytest.fixture
def author(visit):
    return visit("author")


def at(moment: datetime | None) -> str:
    assert moment is not None
    return zulu(moment)


def the_one() -> Schedule:
    return schedule_of(1)


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


def test_what_is_too_dense_is_refused(app, settings, author, template):
    app.config["SETTINGS"] = replace(settings, min_schedule_seconds=60)
    sent = typed(template, kind="everySeconds", everySeconds="5", unit="1")
    assert "too often" in fault_at(author.post("/schedules", sent), "everySeconds")


def test_a_fault_of_the_input_stands_at_its_field(author, template):
    answer = author.post("/schedules", typed(template, input__account="", input__total="1,5"))
    assert "Write a number with a point" in said(answer)
    answer = author.post("/schedules", typed(template, input__account=""))
    assert "This is required." in said(answer)
    assert answer.text.count('class="field-error"') == 1


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
