"""A year of a hundred rules in twelve zones, compared with others that know: python-dateutil for
recurrence rules, cronsim and a daemon of our own for cron. What differs is in docs/schedules.md.

Each zone takes a third of the rules, in turn; all of them with `WHOLE=1 bin/test <this file>`."""

import os
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from dateutil import tz
from dateutil.rrule import rrulestr

from app.domain.occurrences import latest
from app.schemas.recurrence import Rule
from tests.support.debian_cron import Job, changes, watch

BEGIN = datetime(2027, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
START = datetime(2026, 11, 5, 1, 30, tzinfo=UTC)
ZONES = [
    *("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns"),
    *("America/Santiago", "America/Havana", "Africa/Cairo", "Asia/Kolkata", "Asia/Beirut"),
    *("Australia/Lord_Howe", "Pacific/Apia"),
]
NEVER_CHANGE = {"UTC", "Asia/Kolkata", "Pacific/Apia"}
CRON = """
0 0 * * *|30 2 * * *|0 3 * * *|15 1 * * *|0,30 2 * * *|*/30 2 * * *|0 */3 * * *|30 1-3 * * *
15 */2 * * *|0 1 * * *|59 23 * * *|0 0 1 * *|0 9 * * MON-FRI|0 9 * * 1-5|30 8 * * sat,sun
0 0 L * *|0 12 LW * *|0 6 * * 5L|0 6 * * MON#1|0 6 * * 2#2,4#4|0 0 29 2 *|0 0 31 * *
0 0 1,15 * *|0 0 13 * FRI|0 0 */10 * *|0 0 1-7 * MON|0 0 * * 7|0 0 * * 0|5 4 * JAN,JUL *
0 22 * * 1-5|23 0-20/2 * * *|0 4 8-14 * *|0 0 1 1 *|0 0 1 */2 *|15 14 1 * *|0 12 * * 3
7 5 * 3 *|7 * 28 3 *|0 * 31 10 *|*/45 * 14 * *|10 2 14 3 *|30 1 7 11 *|0 0 25 4 *
1 0 * * 5|0 0-4 28 3 *|30 2,3 * * 0|0 5/6 * * *|20/20 7 * * *|0 2 * 3,11 SUN|*/15 0-3 * 3,4,10,11 0
"""
RRULES = """
FREQ=DAILY|FREQ=DAILY;INTERVAL=3|FREQ=DAILY;BYHOUR=2;BYMINUTE=30|FREQ=DAILY;BYHOUR=0,12;BYMINUTE=0
FREQ=DAILY;BYMONTH=3,10;BYHOUR=1,2,3;BYMINUTE=0,30|FREQ=DAILY;BYDAY=MO,WE,FR|FREQ=DAILY;BYMONTHDAY=1,-1
FREQ=DAILY;INTERVAL=10;COUNT=20|FREQ=DAILY;UNTIL=20270501T000000Z|FREQ=DAILY;BYDAY=SU;BYHOUR=2;BYMINUTE=15
FREQ=WEEKLY|FREQ=WEEKLY;INTERVAL=2|FREQ=WEEKLY;BYDAY=MO,TH|FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU
FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=TU,SU|FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0
FREQ=WEEKLY;INTERVAL=3;BYDAY=SA;BYMONTH=3,4|FREQ=WEEKLY;COUNT=30;BYDAY=FR|FREQ=WEEKLY;BYHOUR=23;BYDAY=SU
FREQ=MONTHLY|FREQ=MONTHLY;BYMONTHDAY=31|FREQ=MONTHLY;BYMONTHDAY=-1|FREQ=MONTHLY;BYDAY=1MO|FREQ=MONTHLY;BYDAY=-1FR
FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1|FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-2
FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU,4TU|FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR|FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=5
FREQ=MONTHLY;BYMONTHDAY=28;BYHOUR=2;BYMINUTE=30;BYSECOND=0|FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29,-3
FREQ=YEARLY|FREQ=YEARLY;BYMONTH=1,6|FREQ=YEARLY;BYDAY=20MO|FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3,10
FREQ=YEARLY;BYYEARDAY=1,100,-1|FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO|FREQ=YEARLY;BYWEEKNO=1,53,-1;BYDAY=TH,SU
FREQ=YEARLY;BYMONTHDAY=1,15|FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8
FREQ=YEARLY;BYDAY=MO,TU;BYSETPOS=1,-1|FREQ=YEARLY;BYMONTH=9;BYDAY=1MO;BYHOUR=8,17|FREQ=YEARLY;WKST=SU;BYWEEKNO=1;BYDAY=SA,SU
FREQ=HOURLY;INTERVAL=6|FREQ=HOURLY;INTERVAL=5;BYDAY=SU|FREQ=HOURLY;BYHOUR=1,2,3;BYMONTH=3,10,11
FREQ=MINUTELY;INTERVAL=90;BYMONTH=3,11|FREQ=MINUTELY;INTERVAL=45;BYHOUR=2;BYDAY=SU
FREQ=SECONDLY;INTERVAL=5400;BYMONTH=4,10|FREQ=MINUTELY;INTERVAL=30;BYMONTHDAY=28,31;BYMONTH=3,10
"""
# What cronsim leaves out where clocks change by half an hour, and the daemon does not.
CRONSIM_LEAVES_OUT = {
    ("Australia/Lord_Howe", "*/30 2 * * *"): ["2027-04-04T02:00:00+10:30"],
    ("Australia/Lord_Howe", "0 */3 * * *"): [
        *("2027-04-04T03:00:00+10:30", "2027-10-03T03:00:00+11:00")
    ],
    ("Australia/Lord_Howe", "15 */2 * * *"): ["2027-04-04T02:15:00+10:30"],
}


def ours(zone, begin=BEGIN, end=END, **rule):
    found = latest(Rule.read(rule | {"timezone": zone}), begin - timedelta(seconds=1), end, 10**6)
    return [at for at in found if at < end]


def of(text):
    return [rule.strip() for line in text.split("\n") for rule in line.split("|") if rule.strip()]


def in_turn(text, zone):
    """The rules that this zone takes."""
    share = 1 if os.environ.get("WHOLE") else 3
    return of(text)[ZONES.index(zone) % share :: share]


def test_there_are_a_hundred_rules_and_twelve_zones():
    assert (len(of(CRON)), len(of(RRULES)), len(set(ZONES))) == (50, 50, 12)


@pytest.mark.parametrize("zone", ZONES)
def test_cron_is_what_a_daemon_does_around_every_change_of_clocks(zone):
    changing = changes(ZoneInfo(zone), 2027)
    assert len(changing) == (0 if zone in NEVER_CHANGE else 2)
    for change in changing:
        day = timedelta(days=1)
        begin, end = change - day, change + 2 * day
        for text in in_turn(CRON, zone):
            if "LW" in text:
                continue  # the daemon does not know it
            seen = list(watch(Job(text), ZoneInfo(zone), begin, end))
            assert ours(zone, begin, end, cron=text) == seen, text


@pytest.mark.parametrize("zone", ZONES)
def test_cron_is_what_cronsim_says_all_year(zone):
    for text in in_turn(CRON, zone):
        sim = CronSim(text, (BEGIN - timedelta(seconds=1)).astimezone(ZoneInfo(zone)))
        theirs = takewhile(lambda at: at < END, (at.astimezone(UTC) for at in sim))
        left_out = map(datetime.fromisoformat, CRONSIM_LEAVES_OUT.get((zone, text), ()))
        assert ours(zone, cron=text) == sorted([*theirs, *left_out]), text


@pytest.mark.parametrize("zone", ZONES)
def test_recurrence_rules_are_what_dateutil_says_all_year(zone):
    for text in in_turn(RRULES, zone):
        mine = ours(zone, rrule=text, start=START.isoformat())
        assert mine == by_dateutil(text, zone), text


def by_dateutil(text, zone):
    """Its times in the local time of the zone, in a gap moved on by the gap's length."""
    here = tz.gettz(zone)
    rule, _, until = text.partition(";UNTIL=")
    walls = rrulestr(rule, dtstart=START.astimezone(here).replace(tzinfo=None))
    last = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if until else END
    late = END.replace(tzinfo=None) + timedelta(days=2)
    times = (
        tz.resolve_imaginary(wall.replace(tzinfo=here)).astimezone(UTC)
        for wall in takewhile(lambda wall: wall < late, islice(walls, 100_000))
    )
    return sorted({at for at in times if BEGIN <= at < END and at <= last})
