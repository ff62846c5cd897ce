"""When a failed attempt is tried again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.retries import read_retry_after, wait_before_next
from app.errors import Invalid
from app.schemas.retry import Retry

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = 86400


def retry_of(**written: Any) -> Retry:
    """What an author wrote, read."""
    return Retry.read(written)


def middle() -> float:
    return 0.5


def test_the_standard_schedule_makes_ten_tries_in_75_hours_35_minutes_5_seconds():
    retry = retry_of()
    waits = [wait_before_next(retry, failed, spread=middle) for failed in range(1, retry.allowed)]

    assert retry.allowed == 10
    assert timedelta(seconds=sum(waits)) == timedelta(hours=75, minutes=35, seconds=5)


@given(
    failed=st.integers(1, 100),
    spread=st.floats(0, 1),
    kind=st.sampled_from(["standard", "exponential"]),
)
def test_jitter_moves_a_wait_by_a_fifth_at_most(failed, spread, kind):
    retry = retry_of(schedule=kind)
    plain = wait_before_next(retry, failed, spread=middle)
    wait = wait_before_next(retry, failed, spread=lambda: spread)

    assert plain * 0.8 - 1e-6 <= wait <= plain * 1.2 + 1e-6


def test_jitter_reaches_both_ends():
    retry = retry_of()
    assert wait_before_next(retry, 2, spread=lambda: 0.0) == pytest.approx(240)
    assert wait_before_next(retry, 2, spread=lambda: 1.0) == pytest.approx(360)


@given(waits=st.lists(st.floats(0, 604800), min_size=1, max_size=99))
def test_a_list_is_kept_exactly(waits):
    retry = retry_of(schedule=waits)

    assert retry.allowed == len(waits) + 1
    assert [wait_before_next(retry, n + 1) for n in range(len(waits))] == waits


def test_when_a_list_is_shorter_than_the_tries_its_last_wait_is_repeated():
    retry = retry_of(schedule=[1, 2], maxAttempts=5)
    assert [wait_before_next(retry, n) for n in (1, 2, 3, 4)] == [1, 2, 2, 2]


def test_an_exponential_wait_doubles_up_to_its_limit():
    retry = retry_of(schedule="exponential", baseSeconds=30, maxSeconds=100)
    assert [wait_before_next(retry, n, spread=middle) for n in (1, 2, 3, 99)] == [30, 60, 100, 100]


@given(
    retry=st.builds(
        Retry,
        schedule=st.sampled_from(["standard", "exponential"]),
        base_seconds=st.floats(0.01, DAY),
        max_seconds=st.floats(0.01, DAY),
    ),
    failed=st.integers(1, 100),
    asked=st.none() | st.floats(0, 1e12),
)
def test_a_wait_is_never_shorter_than_what_the_receiver_asked_for_and_never_without_end(
    retry, failed, asked
):
    wait = wait_before_next(retry, failed, asked)

    assert wait >= min(asked or 0, DAY)
    assert wait <= DAY * 1.2


def test_retry_after_never_shortens_the_schedule():
    assert wait_before_next(retry_of(schedule=[600]), 1, retry_after=3) == 600


def test_retry_after_counts_for_24_hours_at_most():
    assert wait_before_next(retry_of(schedule=[1]), 1, retry_after=10 * DAY) == DAY


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120),
        ("Sun, 01 Mar 2026 14:02:00 +0200", 120),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2099 11:00:00 GMT", DAY),
        ("99999999", DAY),
        ("9" * 5000, DAY),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("²", None),
    ],
)
def test_a_retry_after_header_is_seconds_or_a_date(header, seconds):
    assert read_retry_after(header, NOW) == seconds


@given(
    header=st.text(max_size=60)
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [+-]\d{4}")
    | st.from_regex(
        r"(Mon|Fri), \d{1,2} (Jan|Dec) (0001|9999) \d\d:\d\d:\d\d [+-]\d{4}", fullmatch=True
    )
)
def test_no_retry_after_header_is_too_strange(header):
    seconds = read_retry_after(header, NOW)
    assert seconds is None or 0 <= seconds <= DAY


@pytest.mark.parametrize(
    "written",
    [
        {"maxAttempts": 0},
        {"maxAttempts": 101},
        {"schedule": "sometimes"},
        {"schedule": [-1]},
        {"schedule": [1e9]},
        {"schedule": [], "maxAttempts": 2},
        {"schedule": ["soon"]},
        {"baseSeconds": 0},
        {"tries": 3},
    ],
)
def test_what_is_no_retry_is_refused(written):
    with pytest.raises(Invalid):
        Retry.read(written)


def test_an_empty_list_means_one_try():
    assert Retry.read({"schedule": []}).allowed == 1
    assert Retry.read({"schedule": [], "maxAttempts": 1}).allowed == 1
