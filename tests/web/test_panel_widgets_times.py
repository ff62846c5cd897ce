"""Durations, retries, recurrences and assignees: typed plainly, and said in words."""

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.schemas.actions import Webhook
from app.schemas.recurrence import Recurrence
from app.schemas.template import TemplateStep
from app.web.panel import Around
from app.web.panel.fields import ABSENT, root_of
from tests.support.widget_forms import Editing, field


@pytest.fixture
def config(app: Flask) -> Any:
    """A field of a webhook's config."""
    fields = dict(root_of(Webhook).properties())
    return lambda key, value=ABSENT: Editing(fields[key], value)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("15 minutes", "PT15M"),
        ("1 day and 12 h", "P1DT12H"),
        ("90s", "PT90S"),
        ("2 weeks, 1 day", "P2W1D"),
        ("pt5m", "PT5M"),
        ("P1D", "P1D"),
        ("soon", "soon"),
        ("1 month", "1 month"),
        ("", None),
    ],
)
def test_a_delay_is_typed_in_words(config: Any, typed: str, stored: str | None):
    assert config("delay", "PT1H").send(_=typed) == stored


@pytest.mark.parametrize(
    ("stored", "shown"), [("PT15M", "15 minutes"), ("PT24H", "PT24H"), ("P1DT2H", "1 day 2 hours")]
)
def test_a_delay_is_shown_in_words_that_mean_exactly_it(config: Any, stored: str, shown: str):
    editing = config("delay", stored)

    assert editing.form["delay"] == shown
    assert editing.send() == stored


def test_the_standard_retries_are_said_in_words(config: Any):
    assert config("retry").node.options["words"] == (
        "10 tries: the first at once, the others each 5 seconds, 5 minutes, 30 minutes, 2 hours, "
        "5 hours, 10 hours, 14 hours, 20 hours, 1 day after the one before, each up to 20 % "
        "shorter or longer. The last is made about 3 days 3 hours 35 minutes 5 seconds after the "
        "first."
    )


def test_waits_of_ones_own_are_said_in_words(config: Any):
    editing = config("retry", {"schedule": [5, 0.5]})

    assert "3 tries: the first at once, the others each 5 seconds, 0.5 seconds" in editing.html
    editing.send(maxAttempts="1")
    assert "One try; if it fails, the step fails." in editing.html
    editing.send(maxAttempts="x")
    assert editing.value == {"schedule": [5, 0.5], "maxAttempts": "x"}
    assert "as soon as this can be read" in editing.html


def test_an_end_that_is_typed_before_the_kind_of_rule_is_kept(config: Any):
    editing = config("recurrence", None)
    assert editing.send(kind="", until="2027-01-31T12:00") == {"until": "2027-01-31T12:00:00Z"}

    assert editing.send(kind="cron")["until"] == "2027-01-31T12:00:00Z"
    assert editing.send(kind="") is None  # whoever says that it runs once needs no end


def test_a_recurrence_is_made_of_a_common_rule(config: Any):
    editing = config("recurrence", None)

    editing.send(
        kind="cron", preset="Monday to Friday at 09:00", timezone="Europe/Berlin", count="5"
    )

    assert (
        Recurrence.read(editing.value).document()
        == Recurrence.read(
            {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin", "count": 5}
        ).document()
    )
    assert "At 09:00, Monday to Friday, Europe/Berlin" in editing.html
    assert editing.html.count('class="coming-wall"') == 5


def test_another_kind_of_rule_takes_the_place_of_the_one_before(config: Any):
    editing = config("recurrence", {"cron": "0 9 * * *", "count": 3})

    editing.send(kind="everySeconds")
    assert editing.value == {"cron": None, "count": 3, "everySeconds": 3600}

    editing.send(everySeconds="15 minutes")
    assert editing.value["everySeconds"] == 900
    assert editing.form["recurrence.everySeconds"] == "15 minutes"
    editing.send(everySeconds="90")
    assert editing.value["everySeconds"] == 90
    editing.send(everySeconds="often")
    assert editing.value["everySeconds"] == "often"
    assert editing.form["recurrence.everySeconds"] == "often"
    editing.send(kind="")
    assert editing.value is None


def test_a_preset_does_not_come_back_over_what_was_typed_after_it(config: Any):
    editing = config("recurrence", None)
    editing.send(kind="cron", preset="Every hour", count="2")

    editing.send(cron="30 * * * *")

    assert editing.value["cron"] == "30 * * * *"
    assert editing.form["recurrence.preset"] == ""


def test_an_end_by_the_clock_on_the_wall_is_stored_in_utc(config: Any):
    editing = config("recurrence", {"cron": "0 9 * * *", "timezone": "Europe/Berlin"})

    editing.send(until="2027-01-31T09:00")
    assert editing.value["until"] == "2027-01-31T08:00:00Z"
    editing.send(until="{{ input.end }}")
    assert editing.value["until"] == "{{ input.end }}"
    assert "coming-wall" in editing.html


RULES = st.fixed_dictionaries(
    {},
    optional={
        "cron": st.sampled_from([None, "0 9 * * *", "0 * * * *", "nonsense", 5]),
        "rrule": st.sampled_from([None, "FREQ=DAILY", "x"]),
        "everySeconds": st.sampled_from([None, 900, 1, 86400, "x"]),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Nowhere"]),
        "start": st.sampled_from([None, "2027-01-01T00:00:00Z", "{{ input.at }}", "x"]),
        "until": st.sampled_from([None, "2027-01-01T00:00:00Z", "x"]),
        "count": st.sampled_from([None, 5, "x"]),
    },
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(RULES)
def test_any_recurrence_is_read_back_as_it_was_drawn(app: Flask, value: dict[str, Any]):
    if sum(value.get(kind) is not None for kind in ("cron", "rrule", "everySeconds")) != 1:
        return
    editing = Editing(dict(root_of(Webhook).properties())["recurrence"], value)

    assert repr(editing.send()) == repr(value)


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("role:operator", "Anybody with the role operator."),
        ("group:finance", "Everybody in the group Finance."),
        ("user:3", "Only Olga."),
        ("", "Nobody: operators take it from the list of tasks."),
        ("somebody", ""),
    ],
)
def test_whose_task_it_is_is_said_in_words(app: Flask, who: str, words: str):
    around = Around(people=[("user:3", "Olga"), ("group:finance", "Finance")])
    editing = Editing(field(TemplateStep, "assignee"), who, around)

    assert editing.node.options["said"] == words
    assert editing.send() == who
    assert '<option value="role:admin">' in editing.html
