"""Whatever the policies: each recipient of each policy that waits for what happened is told once on
its channel, and nobody else; reminders come as often as they should and end with the step."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import clock, transaction
from app.domain import people
from app.domain.outcomes import Outcome
from app.models.vocabulary import NOTIFICATION_QUEUE
from tests.support.looking import do, instance_of
from tests.support.workflows import begin, claim, publish, report_ended, task

PASSWORD = "long enough for anybody"
PEOPLE = {"role:operator": {"op-1@example.com", "op-2@example.com"}, "user:3": {"au@example.com"}}
LITERALS = {"a@example.org": {"a@example.org"}, "{{ input.email }}": {"in@example.org"}}
MEANS = PEOPLE | LITERALS | {"assignee": {"au@example.com"}}
# What happens on the way to each end of a step that somebody does.
HAPPENS = {
    "complete": ["ON_READY", "ON_STARTED", "ON_COMPLETED"],
    "fail": ["ON_READY", "ON_STARTED", "ON_FAILED"],
    "skip": ["ON_READY", "ON_SKIPPED"],
}
TRIGGERS = sorted({trigger for path in HAPPENS.values() for trigger in path})
numbers = count(1)
slow = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def cast(app):
    with transaction.writing() as session:
        for name, role in (("op-1", "operator"), ("op-2", "operator"), ("au", "author")):
            people.create_user(session, f"{name}@example.com", name, role, PASSWORD)


policies = st.lists(
    st.fixed_dictionaries(
        {
            "channel": st.just("EMAIL"),
            "trigger": st.sampled_from(TRIGGERS),
            "recipients": st.lists(st.sampled_from(sorted(MEANS)), min_size=1, max_size=4),
        }
    ),
    max_size=4,
)


def notify() -> None:
    held = claim(limit=500, queue=NOTIFICATION_QUEUE, kinds=("notice",))
    report_ended(Outcome(verdict="done"), *held)


def started(told: list[dict], **more) -> int:
    key = f"order-{next(numbers)}"
    publish(
        task("pack", notificationPolicies=told, assignee="user:au@example.com", **more), key=key
    )
    return begin(key, email="in@example.org")


def expected(told: list[dict], end: str) -> list[tuple[str, str, str]]:
    """By another way than the code's: trigger by trigger, policy by policy."""
    found = []
    for trigger in HAPPENS[end]:
        waiting = [policy for policy in told if policy["trigger"] == trigger]
        for policy in waiting:
            who = set().union(*(MEANS[name] for name in policy["recipients"]))
            found += [(trigger, "EMAIL", one) for one in who]
        if trigger == "ON_FAILED" and not waiting:
            both = [(c, one) for c in ("EMAIL", "IN_APP") for one in PEOPLE["role:operator"]]
            found += [(trigger, channel, one) for channel, one in both]
    return sorted(found)


@slow
@given(told=policies, end=st.sampled_from(sorted(HAPPENS)), twice=st.booleans())
def test_each_is_told_once_for_each_policy_that_waits_for_what_happened(told, end, twice):
    instance = started(told)
    if twice:
        notify()  # it makes no difference when the notifier comes by
    do(instance, end, "pack")
    notify()
    notify()
    (step,) = instance_of(instance).steps
    said = sorted((one.trigger, one.channel, one.recipient) for one in step.notification_log)
    assert said == expected(told, end)


@slow
@given(
    every=st.integers(1, 48),
    times=st.integers(1, 5),
    done_after=st.none() | st.integers(0, 200),
)
def test_reminders_come_at_their_times_until_the_step_is_done(every, times, done_after):
    """Hours; looked at each hour, as a notifier that never sleeps would."""
    policy = {
        "channel": "EMAIL",
        "trigger": "ON_READY",
        "recipients": ["user:3"],
        "remind": {"every": f"PT{every}H", "times": times},
    }
    instance = started([policy])
    notify()
    last = every * times
    done = min(done_after, last + 1) if done_after is not None else None
    should = times
    try:
        for turn in range(1, times + 2):
            if done is not None and done < every * turn:
                clock.travel(timedelta(hours=max(done, every * (turn - 1)), minutes=5))
                do(instance, "complete", "pack")
                done, should = None, min(times, turn - 1)
            clock.travel(timedelta(hours=every * turn, minutes=1 + turn))
            notify()
    finally:
        clock.travel(timedelta(0))
    (step,) = instance_of(instance).steps
    reminders = [one for one in step.notification_log if one.trigger == "REMINDER"]
    assert len(reminders) == should
    assert [one.template for one in reminders] == ["step-reminder"] * should
