"""A dry run and a real run of the same come to the same: states, reasons, histories, requests as
the receiver gets them, and whom they tell."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from app import clock, transaction
from app.config import Settings
from app.domain.dry_run_outcomes import choices
from app.models import AutomationJob
from app.schemas.dry_run import DryRunIn, DryRunOut
from tests.domain.test_lifecycle_machine import graphs
from tests.support.dry_runs import RealRun, as_received, as_sent, dry_run
from tests.support.looking import instance_of, kinds
from tests.support.notifying import cast, policy, rows
from tests.support.receiver import Receiver, receiving
from tests.support.workflows import begin, publish

TRIGGERS = ("ON_READY", "ON_STARTED", "ON_COMPLETED", "ON_FAILED", "ON_SKIPPED", "ON_RETRY")
NUMBERS = count()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to two policies; some can't reach anybody, and some of these fall back."""
    found = []
    for _ in range(draw(st.integers(0, 2))):
        channel = draw(st.sampled_from(["IN_APP", "EMAIL"]))
        more: dict[str, Any] = (
            {"fallback": "IN_APP"} if channel == "EMAIL" and draw(st.booleans()) else {}
        )
        if draw(st.integers(0, 3)) == 0:
            more["when"] = {"all": [["input.total", ">", 2]]}
        found.append(policy(draw(st.sampled_from(TRIGGERS)), channel, **more))
    return found


@st.composite
def plots(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Steps that read of one another and tell people, and what happens to them."""
    steps = draw(graphs())
    wish: dict[str, Any] = {"outcomes": {}, "outputs": {}}
    wish["input"] = {"total": draw(st.integers(0, 4))}
    for one in steps:
        one["notificationPolicies"] = draw(policies())
        if one["actionType"] == "AUTOMATION_WEBHOOK":
            read = draw(st.sampled_from([*one["dependsOn"], "input", "input"]))
            path = "input.total" if read == "input" else f"steps.{read}.output.n"
            one["actionConfig"] |= {
                "body": {"of": f"{{{{ {path} }}}}"},
                "headers": {"X-Total": "is {{ input.total }}"},
            }
        if draw(st.booleans()):
            happens = draw(st.sampled_from(choices(one["actionType"])))
            wish["outcomes"][one["key"]] = happens
        if draw(st.integers(0, 4)):
            wish["outputs"][one["key"]] = {"n": draw(st.integers(0, 4))}
        else:
            wish["outputs"][one["key"]] = {}
    return steps, wish


@pytest.fixture
def told(app: Flask) -> None:
    cast()


@settings(
    max_examples=int(os.environ.get("WALKS", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=set(Phase) - {Phase.shrink, Phase.explain},
)
@given(plot=plots())
def test_what_a_dry_run_shows_is_what_happens(
    app: Flask, settings: Settings, told: None, receiver: Receiver, plot: Any
) -> None:
    steps, wish = plot
    begin_afresh(receiver)
    for one in steps:
        if one["actionType"] == "AUTOMATION_WEBHOOK":
            one["actionConfig"]["url"] = f"{receiver.url}/{{{{ input.total }}}}/{one['key']}"
    key = f"plot-{next(NUMBERS)}"
    template_id = publish(*steps, key=key)
    before = len(rows())
    shown = dry_run(settings, template_id, **wish)
    instance_id = begin(key, **wish["input"])
    RealRun(settings, receiver, instance_id, DryRunIn.read(wish)).run()
    assert standing(shown) == standing_of(instance_id)
    for one in shown.steps:
        assert [e.kind for e in shown.events if e.step_key == one.key] == history(
            instance_id, one.key
        )
    assert requests(shown) == received(receiver)
    assert tellings(shown) == tellings_of(instance_id, before)


def begin_afresh(receiver: Receiver) -> None:
    clock.travel(timedelta(0))
    receiver.requests.clear()
    with transaction.writing() as session:
        session.execute(delete(AutomationJob))


def standing(shown: DryRunOut) -> Any:
    steps = {one.key: (one.state, one.action_state, _reason(one), one.error) for one in shown.steps}
    return shown.state, steps


def _reason(one: Any) -> str | None:
    """Of what is decided; a dry run says more of what still waits, and who skipped it."""
    by_hand = one.reason == "Skipped in the dry run."
    return None if one.state == "PENDING" or by_hand else one.reason


def standing_of(instance_id: int) -> Any:
    found = instance_of(instance_id)
    return found.state, {
        one.key: (one.state, one.action_state, one.reason, one.error) for one in found.steps
    }


def history(instance_id: int, key: str) -> list[str]:
    """Without what became of deliveries: a dry run shows these beside."""
    return [kind for kind in kinds(instance_id, key) if not kind.startswith("notification.")]


def requests(shown: DryRunOut) -> dict[str, list[dict[str, Any]]]:
    """By step: what is due at the same time may come in any order."""
    sent = {
        one.key: [as_sent(attempt.request) for attempt in one.attempts if attempt.request]
        for one in shown.steps
    }
    return {key: found for key, found in sent.items() if found}


def received(receiver: Receiver) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for got in receiver.requests:
        found[got.path.rpartition("/")[2]].append(as_received(got))
    return found


def tellings(shown: DryRunOut) -> Counter[Any]:
    return Counter(
        (
            one.key,
            telling.trigger,
            telling.channel,
            telling.template,
            telling.recipient,
            telling.state,
        )
        for one in shown.steps
        for telling in one.notifications
        if telling.address is not None
    )


def tellings_of(instance_id: int, before: int) -> Counter[Any]:
    keys = {one.id: one.key for one in instance_of(instance_id).steps}
    sent = {"QUEUED": "SENT"}
    return Counter(
        (
            keys[row.step_id or 0],
            row.trigger,
            row.channel,
            row.template,
            row.recipient,
            sent.get(row.state, row.state),
        )
        for row in rows()[before:]
    )
