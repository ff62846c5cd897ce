"""Rules in plain words: right, or as they are written."""

from collections import defaultdict
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.occurrences import occurrences
from app.domain.rule_words import describe
from app.schemas.recurrence import Rule

START = "2026-03-02T08:30:00Z"  # a Monday; half past nine in Berlin


def cron(text: str, zone: str = "Europe/Berlin") -> Rule:
    return Rule.read({"cron": text, "timezone": zone})


def rrule(text: str, zone: str = "Europe/Berlin", start: str | None = START) -> Rule:
    return Rule.read({"rrule": text, "timezone": zone, "start": start})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 9 * * 1-5", "at 09:00, Monday to Friday, Europe/Berlin"),
        ("*/15 * * * *", "every 15 minutes"),
        ("* * * * *", "every minute"),
        ("0 * * * *", "every hour"),
        ("17 * * * *", "at 17 minutes past every hour, Europe/Berlin"),
        ("5,25 * * * SUN", "at 5 and 25 minutes past every hour on Sundays, Europe/Berlin"),
        ("*/15 9-17 * * *", "every 15 minutes from 09:00 to 17:45 every day, Europe/Berlin"),
        ("30 */5 * * *", "every 5 hours from 00:30 to 20:30 every day, Europe/Berlin"),
        ("0 9,17 * * *", "at 09:00 and 17:00 every day, Europe/Berlin"),
        ("0 22 * * 0,7", "at 22:00 on Sundays, Europe/Berlin"),
        ("0 2 * * 5L", "at 02:00 on the last Friday of the month, Europe/Berlin"),
        ("0 2 * * MON#1", "at 02:00 on the first Monday of the month, Europe/Berlin"),
        ("0 0 L * *", "at 00:00 on the last day of the month, Europe/Berlin"),
        ("0 0 LW 12 *", "at 00:00 on the last weekday of December, Europe/Berlin"),
        ("0 0 1 1 *", "at 00:00 on 1 January, Europe/Berlin"),
        ("0 0 1,15 * *", "at 00:00 on the 1st and 15th of the month, Europe/Berlin"),
        ("0 0 2-4 */3 *", "at 00:00 from the 2nd to the 4th of January, April, July and October"),
        ("0 6 * 1-3 1-5", "at 06:00, Monday to Friday, in January to March, Europe/Berlin"),
        ("0 0 1 * MON", "at 00:00 on the 1st of the month and on Mondays, Europe/Berlin"),
        ("0 0 1 * 0-6", "at 00:00 every day, Europe/Berlin"),
    ],
)
def test_cron_in_words(text, says):
    assert describe(cron(text)).removesuffix(", Europe/Berlin") == says.removesuffix(
        ", Europe/Berlin"
    )


@pytest.mark.parametrize(
    "text",
    [
        "0 0 */2 * MON",  # a star: days must match both, and 'on Mondays' would be a lie
        "*/7 * * * *",  # 56, then 0: not every seven minutes
        "15,45 8-18/2 * * *",
        "0 0 1 1 MON",
        "1,4,9 1,4,9 * * *",
    ],
)
def test_what_has_no_short_and_right_words_is_said_as_it_is_written(text):
    assert describe(cron(text)) == f"{text}, Europe/Berlin"


def test_a_job_by_the_clock_on_the_wall_is_not_said_to_go_on_evenly():
    # Debian's cron runs it once in the hour that comes twice; with a star it goes on.
    assert "from 00:00 to 23:45" in describe(cron("0,15,30,45 0-23 * * *"))
    assert describe(cron("*/15 0-23 * * *")) == "every 15 minutes"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "at 09:00 every day, Europe/Berlin"),
        ("FREQ=DAILY", "at 09:30 every day, Europe/Berlin"),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=7", "at 09:00:07 every day, Europe/Berlin"),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "at 09:30 on Mondays and Thursdays, Europe/Berlin"),
        ("FREQ=WEEKLY;INTERVAL=2", "at 09:30 on Mondays, every 2 weeks, Europe/Berlin"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "at 09:30 on the last Friday of the month, Europe/Berlin"),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "at 09:30 on the last weekday of the month, Europe/Berlin",
        ),
        ("FREQ=MONTHLY", "at 09:30 on the 2nd of the month, Europe/Berlin"),
        ("FREQ=YEARLY", "at 09:30 on 2 March, Europe/Berlin"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=10", "at 09:30 every 3 days, 10 times in all, Europe/Berlin"),
        (
            "FREQ=DAILY;UNTIL=20261231T120000Z",
            "at 09:30 every day, until 2026-12-31 12:00 UTC, Europe/Berlin",
        ),
    ],
)
def test_an_rrule_in_words(text, says):
    assert describe(rrule(text)) == says


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,SU",
        "FREQ=HOURLY;INTERVAL=5",  # by the clock on the wall: four or six hours twice a year
    ],
)
def test_an_rrule_that_would_need_thought_is_said_as_it_is_written(text):
    assert describe(rrule(text)) == f"{text}, Europe/Berlin"


def test_without_its_start_an_rrule_says_no_time_of_day():
    assert describe(rrule("FREQ=DAILY", start=None)) == "FREQ=DAILY, Europe/Berlin"
    named = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
    assert describe(rrule(named, start=None)) == "at 09:00 every day, Europe/Berlin"


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (1, "every second"),
        (60, "every minute"),
        (90, "every 90 seconds"),
        (900, "every 15 minutes"),
        (3600, "every hour"),
        (5400, "every 1 hour 30 minutes"),
        (86_400, "every day"),
        (129_600, "every 36 hours"),
    ],
)
def test_an_interval_in_words(seconds, says):
    assert describe(Rule.read({"everySeconds": seconds})) == says


WORDS = st.text(alphabet="0123456789*/-,#LW MONTUEFRIJAN\x00é", max_size=30)
PARTS = st.sampled_from(
    "BYDAY=MO BYDAY=-1FR BYDAY=6MO BYMONTHDAY=31 BYMONTHDAY=-9 BYHOUR=25 BYHOUR=3,4 BYMONTH=2 "
    "BYSETPOS=1 BYYEARDAY=366 BYWEEKNO=53 INTERVAL=0 INTERVAL=7 COUNT=3 UNTIL=2 WKST=SU X=1 "
    "UNTIL=99991231".split()
)


@given(WORDS, WORDS)
def test_describing_never_raises(text, zone):
    assert describe(Rule.model_construct(cron=text, timezone=zone))
    assert describe(Rule.model_construct(rrule=text, timezone=zone, start=text))


@given(
    st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "SECONDLY"]),
    st.lists(PARTS, max_size=5),
    st.sampled_from([None, START, "9999-12-31T23:59:59Z", "{{ input.at }}"]),
)
def test_describing_an_rrule_never_raises(freq, parts, start):
    text = ";".join([f"FREQ={freq}", *parts])
    assert describe(Rule.model_construct(rrule=text, timezone="Asia/Kolkata", start=start))


MINUTES = ["*", "0", "30", "*/15", "0,30", "15-59/15", "*/7", "1,9"]
HOURS = ["*", "9", "9,17", "9-17", "*/6", "0-23", "22-23", "1,2,5,6,7"]
DATES = ["*", "1", "L", "LW", "*/2", "1-7", "1,15", "1-31"]
MONTHS = ["*", "1", "*/3", "6,12"]
WEEKDAYS = ["*", "MON", "1-5", "0,7", "5L", "MON#2", "1#1,1#3", "0-6", "6-7"]
CRONS = [f"{minute} {hour} * * *" for minute in MINUTES for hour in HOURS]
CRONS += [f"0 9 {date} {m} {day}" for date in DATES for m in MONTHS for day in WEEKDAYS]
RRULES = [
    f"FREQ={''.join(parts)};BYHOUR=9;BYMINUTE=0;BYSECOND=0"
    for parts in product(
        ["YEARLY", "MONTHLY", "WEEKLY", "DAILY"],
        ["", ";INTERVAL=2"],
        ["", ";BYMONTH=1", ";BYMONTH=6,12"],
        ["", ";BYMONTHDAY=1", ";BYMONTHDAY=-1", ";BYMONTHDAY=1,15"],
        ["", ";BYDAY=MO", ";BYDAY=-1FR", ";BYDAY=MO,TU,WE,TH,FR", ";BYDAY=SU;BYSETPOS=-1"],
    )
]


def test_what_is_said_alike_occurs_alike():
    """No two rules that differ have the same words, whatever kind they are of."""
    after = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    said = defaultdict(list)
    for rule in [*(cron(c, "UTC") for c in CRONS), *(rrule(r, "UTC") for r in RRULES)]:
        said[describe(rule)].append(rule)
    alike = [rules for rules in said.values() if len(rules) > 1]
    assert len(alike) > 25
    for rules in alike:
        times = {tuple(found) for rule in rules if (found := first_times(rule, after))}
        assert len(times) <= 1, rules


def first_times(rule: Rule, after: datetime) -> list[datetime]:
    try:
        return occurrences(rule, after, 12)
    except ValueError:
        return []  # it can't be read, and is said as it is written
