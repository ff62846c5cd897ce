"""When rules occur: what is refused, and what happens where clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.occurrences import check, latest, next_occurrence, occurrences, preview
from app.errors import Invalid
from app.schemas.recurrence import Recurrence, Rule

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def walls(rule, after, count=4):
    """The next times, as the zone's clocks show them."""
    return [f"{at.astimezone(zone(rule)):%m-%d %H:%M%z}" for at in times(rule, after, count)]


def times(rule, after, count):
    return occurrences(Rule.read(rule), datetime.fromisoformat(after), count)


def zone(rule):
    return ZoneInfo(rule.get("timezone", "UTC"))


def refusal(**rule):
    with pytest.raises(Invalid) as refused:
        check(Rule.read(rule))
    (fault,) = refused.value.errors
    return fault


BERLIN = {"timezone": "Europe/Berlin"}


def test_cron_at_a_fixed_hour_runs_once_right_after_a_gap():
    rule = BERLIN | {"cron": "30 2 * * *"}
    assert walls(rule, "2027-03-27T12:00:00Z", 2) == ["03-28 03:00+0200", "03-29 02:30+0200"]


def test_cron_at_a_fixed_hour_runs_once_in_an_overlap():
    rule = BERLIN | {"cron": "30 2 * * *"}
    assert walls(rule, "2027-10-30T12:00:00Z", 2) == ["10-31 02:30+0200", "11-01 02:30+0100"]
    # Asked again in the second pass of that hour, it has run already.
    assert walls(rule, "2027-10-31T01:10:00Z", 1) == ["11-01 02:30+0100"]


def test_cron_with_a_star_follows_real_time():
    rule = BERLIN | {"cron": "*/30 * * * *"}
    assert walls(rule, "2027-10-31T00:15:00Z") == [
        *("10-31 02:30+0200", "10-31 02:00+0100", "10-31 02:30+0100", "10-31 03:00+0100")
    ]
    gap = walls(BERLIN | {"cron": "0 */2 * * *"}, "2027-03-27T23:30:00Z", 2)
    assert gap == ["03-28 04:00+0200", "03-28 06:00+0200"]


def test_a_day_that_a_zone_leaves_out_is_made_up_for_when_it_is_over():
    rule = {"timezone": "Pacific/Apia", "cron": "0 9 * * *"}
    assert walls(rule, "2011-12-29T20:00:00Z", 2) == ["12-31 00:00+1400", "12-31 09:00+1400"]
    daily = {"timezone": "Pacific/Apia", "rrule": "FREQ=DAILY", "start": "2011-12-28T19:00:00Z"}
    # By the offset before the gap, as RFC 5545 has it: that is the next day's nine o'clock.
    assert walls(daily, "2011-12-29T18:00:00Z", 3) == [
        *("12-29 09:00-1000", "12-31 09:00+1400", "01-01 09:00+1400")
    ]


def test_a_recurrence_rule_in_a_gap_goes_by_the_offset_before_it():
    rule = BERLIN | {"rrule": "FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0"}
    assert walls(rule, "2027-03-27T12:00:00Z", 2) == ["03-28 03:30+0200", "03-29 02:30+0200"]


def test_a_recurrence_rule_in_an_overlap_means_the_first_of_both():
    rule = BERLIN | {"rrule": "FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0"}
    assert walls(rule, "2027-10-30T12:00:00Z", 2) == ["10-31 02:30+0200", "11-01 02:30+0100"]


def test_where_dateutil_looks_at_half_a_week_or_wants_both_days_at_once_we_do_not():
    # Each Monday is the first of Monday, Wednesday, Friday, also in the week that began before.
    first = {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "start": "2027-03-03T09:00:00Z"}
    assert walls(first, "2027-03-01T00:00:00Z", 1) == ["03-08 09:00+0000"]
    either = {"rrule": "FREQ=MONTHLY;BYDAY=MO,1FR", "start": "2027-03-01T09:00:00Z"}
    assert walls(either, "2027-03-01T00:00:00Z", 3) == [
        *("03-01 09:00+0000", "03-05 09:00+0000", "03-08 09:00+0000")
    ]


def test_two_local_times_that_are_one_moment_occur_once():
    rule = BERLIN | {"rrule": "FREQ=HOURLY", "start": "2027-03-27T23:00:00Z"}
    assert walls(rule, "2027-03-28T00:00:00Z", 2) == ["03-28 03:00+0200", "03-28 04:00+0200"]


def test_intervals_count_from_their_start_whatever_the_clocks_do():
    rule = BERLIN | {"everySeconds": 3600, "start": "2027-10-30T23:30:00Z"}
    assert walls(rule, "2027-10-30T23:30:00Z", 2) == ["10-31 02:30+0200", "10-31 02:30+0100"]


def test_intervals_end_with_the_calendar():
    rule = {"everySeconds": 10 * 366 * 86_400, "start": "2099-01-01T00:00:00Z"}
    assert len(times(rule, "2027-01-01T00:00:00Z", 1000)) == 1
    short = {"everySeconds": 3600, "start": "2100-12-31T22:00:00Z"}
    assert [at.hour for at in times(short, "2027-01-01T00:00:00Z", 9)] == [22, 23]


def test_a_start_is_an_occurrence_and_nothing_lies_before_it():
    start = "2027-02-01T09:00:00Z"
    for rule in ({"cron": "0 9 * * *"}, {"rrule": "FREQ=DAILY"}, {"everySeconds": 86_400}):
        found = times(rule | {"start": start}, "2027-01-01T00:00:00Z", 2)
        assert [at.isoformat() for at in found] == [
            *("2027-02-01T09:00:00+00:00", "2027-02-02T09:00:00+00:00")
        ]


def test_the_last_few_of_a_long_past_are_found_without_walking_all_of_it():
    rule = Rule.read({"everySeconds": 60, "start": "1980-01-01T00:00:00Z"})
    found = latest(rule, datetime(1990, 1, 1, tzinfo=UTC), NEW_YEAR, 3)
    assert found[-3:] == [NEW_YEAR - n * timedelta(minutes=1) for n in (2, 1, 0)]


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * *", "* * * * * *", "@daily", "@every 1h", "60 * * * *", "* 24 * * *"),
        *("* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a b c d e"),
        *("0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * * * 1#6", "* * * * XL", "1,,2 * * * *"),
        *("¹ * * * *", "0 0 * FOO *", "* * W * *", "0 0 L-3 * *", "\x00 * * * *", "🙂 * * * *"),
    ],
)
def test_cron_that_makes_no_sense_is_refused(text):
    assert refusal(cron=text).path == "cron"


@pytest.mark.parametrize(
    "text",
    [
        *("", "X", "FREQ=SOMETIMES", "INTERVAL=2", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=0"),
        *("FREQ=DAILY;COUNT=3;UNTIL=20280101T000000Z", "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;"),
        *("FREQ=DAILY;COUNT=10001", "FREQ=DAILY;INTERVAL=99999999999", "FREQ=DAILY;INTERVAL=²"),
        *("FREQ=DAILY;UNTIL=2028", "FREQ=DAILY;UNTIL=00010101T000000", "FREQ=DAILY;X-NOTE=1"),
        *("FREQ=DAILY;BYHOUR=24", "FREQ=DAILY;BYMONTH=0", "FREQ=MONTHLY;BYDAY=6MO"),
        *("FREQ=WEEKLY;BYDAY=1MO", "FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=DAILY;BYWEEKNO=1"),
        *("FREQ=MONTHLY;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "FREQ=DAILY;BYEASTER=1"),
        *("FREQ=MINUTELY;BYSECOND=0;BYSETPOS=2", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367"),
        *("FREQ=SECONDLY", "FREQ=SECONDLY;INTERVAL=59", "FREQ=MINUTELY;BYSECOND=0,30"),
        *("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31"),
        *("FREQ=DAILY;BYSETPOS=2;BYHOUR=9", "FREQ=HOURLY;INTERVAL=24;BYHOUR=99"),
        *("FREQ=SECONDLY;INTERVAL=60;BYSECOND=1,2;BYMONTH=2;BYMONTHDAY=30",),
        *("FREQ=DAILY;UNTIL=20200101T000000Z", "FREQ=YEARLY;INTERVAL=101"),
    ],
)
def test_recurrence_rules_that_make_no_sense_are_refused(text):
    assert refusal(rrule=text).path == "rrule"


def test_a_time_that_steps_never_fall_on_is_not_searched_for_until_the_end_of_days():
    hourly = {"rrule": "FREQ=HOURLY;INTERVAL=24;BYHOUR=5", "start": "2027-01-01T04:00:00Z"}
    assert times(hourly, "2027-01-01T00:00:00Z", 1) == []


def test_places_among_half_a_million_times_a_year_are_found_without_making_them_all():
    hours, minutes = (",".join(map(str, range(n))) for n in (24, 60))
    each_minute = f"BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={hours};BYMINUTE={minutes};BYSECOND=0"
    rule = {"rrule": f"FREQ=YEARLY;{each_minute};BYSETPOS=2,-1", "start": "2027-01-01T00:00:00Z"}
    check(Rule.read(rule), since=NEW_YEAR)
    found = times(rule, "2027-01-01T00:00:00Z", 3)
    assert [f"{at:%Y-%m-%d %H:%M}" for at in found] == [
        *("2027-01-01 00:01", "2027-12-31 23:59", "2028-01-01 00:01")
    ]


@pytest.mark.parametrize("text", ["DTSTART:20270101T000000Z\nRRULE:FREQ=DAILY", "EXDATE:20270101"])
def test_lines_beside_the_rule_are_refused_with_a_word_about_start(text):
    with pytest.raises(Invalid, match="Some of this") as refused:
        Rule.read({"rrule": text})
    assert "the field start" in refused.value.errors[0].message


@pytest.mark.parametrize(
    "name", ["America", "europe/berlin", "/etc/localtime", "..", "UTC+1", "", "localtime"]
)
def test_unknown_zones_are_refused(name):
    assert refusal(cron="0 9 * * *", timezone=name).path == "timezone"


def test_exactly_one_rule_is_asked_for():
    for wish in ({}, {"cron": "0 9 * * *", "everySeconds": 60}):
        with pytest.raises(Invalid):
            Rule.read(wish)


def test_a_recurrence_needs_an_end_and_keeps_its_json():
    with pytest.raises(Invalid):
        Recurrence.read({"cron": "0 9 * * *"})
    wish = {"rrule": "RRULE:FREQ=DAILY", "count": 3}
    assert Recurrence.read(wish).document() == {
        "cron": None,
        "rrule": "FREQ=DAILY",
        "everySeconds": None,
        "timezone": "UTC",
        "start": None,
        "until": None,
        "count": 3,
    }


FIELDS = (
    st.sampled_from(["*", "*/7", "0", "5,50", "10-20/5", "59"]),
    st.sampled_from(["*", "*/5", "0", "2", "1-3", "0,12"]),
    st.sampled_from(["*", "1", "L", "31", "10-20", "*/2", "LW"]),
    st.sampled_from(["*", "2", "3,10", "JAN-MAR", "*/4"]),
    st.sampled_from(["*", "0", "MON-FRI", "5L", "SUN#2", "7"]),
)
CRON = st.tuples(*FIELDS).map(" ".join).map(lambda text: {"cron": text})
PARTS = st.dictionaries(
    st.sampled_from("BYMONTH BYMONTHDAY BYDAY BYHOUR BYMINUTE BYSETPOS INTERVAL COUNT".split()),
    st.sampled_from(["1", "2", "3,4", "10", "-1"]),
    max_size=4,
)


def rrule_of(freq, parts, day):
    parts = {name: day if name == "BYDAY" else value for name, value in parts.items()}
    return {"rrule": ";".join([f"FREQ={freq}", *map("=".join, parts.items())])}


RRULE = st.builds(
    rrule_of,
    st.sampled_from("YEARLY MONTHLY WEEKLY DAILY HOURLY MINUTELY".split()),
    PARTS,
    st.sampled_from(["MO", "TU,FR", "SU", "1MO", "-1SU"]),
)
EVERY = st.integers(60, 10**6).map(lambda seconds: {"everySeconds": seconds})
ZONES = st.sampled_from(
    "UTC Europe/Berlin America/New_York Australia/Lord_Howe Asia/Beirut Pacific/Apia".split()
)
MOMENTS = st.integers(1_262_304_000, 2_051_222_400).map(
    lambda second: datetime.fromtimestamp(second, UTC)  # from 2010 to 2034
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rule=CRON | RRULE | EVERY, zone=ZONES, start=MOMENTS, after=MOMENTS)
def test_what_occurs_is_rising_and_later_and_the_same_however_one_asks(rule, zone, start, after):
    wish = rule | {"timezone": zone, "start": start.isoformat()}
    try:
        found = preview(Rule.read(wish), after, 12)
    except Invalid:
        return  # what makes no sense was refused
    assert all(earlier < later for earlier, later in zip([after, *found], found, strict=False))
    assert all(at >= start for at in found)
    asked, at = [], after
    while (at := next_occurrence(Rule.read(wish), at)) is not None and len(asked) < len(found):
        asked.append(at)
    assert asked == found
    if found:
        assert latest(Rule.read(wish), after, found[-1], 12) == found
