"""What of a schedule is refused when it is saved."""

import pytest

from app.errors import Invalid
from tests.support.scheduling import (
    NINE,
    go_to,
    make_schedule,
)
from tests.support.workflows import publish, task

ORDER = {"inputSchema": {"type": "object", "required": ["shop"], "properties": {"shop": {}}}}


@pytest.fixture(autouse=True)
def _a_monday_at_nine(app):
    publish(task("pack"))
    go_to(NINE)


def refusal(**more):
    with pytest.raises(Invalid) as refused:
        make_schedule(**more)
    return {fault.path: fault.message for fault in refused.value.errors}


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ({"name": " "}, "name"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "* * * * * *"}, "cron"),
        ({"rrule": "FREQ=DAILY;INTERVAL=0"}, "rrule"),
        ({"rrule": "FREQ=SECONDLY"}, "rrule"),
        ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rrule"),
        ({"everySeconds": 59}, "everySeconds"),
        ({"timezone": "America"}, "timezone"),
        ({"templateKey": "nowhere"}, "templateKey"),
        ({"version": 7}, "version"),
        ({"title": "{{ input.nobody }}"}, "title"),
        ({"title": "{{ input.no body }}"}, "title"),
        ({"until": "2027-03-01T09:30:00Z"}, "until"),
        ({"jitterSeconds": 3600}, "jitterSeconds"),
        ({"start": "tomorrow"}, "start"),
        ({"start": "{{ input.at }}"}, "start"),
        ({"count": 0}, "count"),
        ({"overlap": "wait"}, "overlap"),
        ({"catchUp": "most"}, "catchUp"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(app, wish, path):
    assert path in refusal(**wish)


def test_all_faults_are_told_at_once(app):
    assert refusal(timezone="Mars", templateKey="nowhere", title="{{ input.x }}").keys() == {
        "timezone",
        "templateKey",
        "title",
    }


def test_input_is_checked_by_the_templates_schema_when_it_is_saved(app):
    publish(task("pack"), key="shop", **ORDER)
    assert refusal(templateKey="shop") == {"input.shop": "This is required."}
    assert make_schedule(templateKey="shop", input={"shop": "A"})
