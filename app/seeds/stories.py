"""What happened before the newcomer came: who was hired, how the nights went, and when each story
starts. Those of orders and upgrades stand in files of their own."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app import clock
from app.config import Settings
from app.domain import instances, steps
from app.schemas.base import zulu
from app.schemas.instance import InstanceIn
from app.seeds import orders, play, rhythms, upgrades
from app.seeds.orders import ADMIN, OPERATOR, Begin
from app.seeds.play import Answer, Story

NIGHT = f"schedule:{rhythms.NIGHTLY}"


def tell_all(session: Session, settings: Settings) -> list[str]:
    """Tell each story at its time, the oldest first; the titles of what came of them."""
    told = sorted(plots(clock.now()), key=lambda plot: plot[0])
    titles: list[str] = []
    try:
        rhythms.begin(session, nights(clock.now())[0][0])
        for start, plot in told:
            plot(partial(_begin, session, settings, start, titles))
    finally:
        play.come_back()
    rhythms.go_on(session)
    return titles


def _begin(
    session: Session,
    settings: Settings,
    start: datetime,
    titles: list[str],
    template: str,
    title: str,
    given: dict[str, Any],
    by: str,
    **answers: Sequence[Answer],
) -> Story:
    titles.append(title)

    def begin() -> int:
        if by == NIGHT:
            return rhythms.fire(session)
        wish = InstanceIn.read({"templateKey": template, "title": title, "input": given})
        return instances.start(session, wish, by)

    return Story(session, settings, start, title, begin, answers)


def plots(now: datetime) -> list[tuple[datetime, Callable[[Begin], object]]]:
    """When each story starts, and what happens."""

    def ago(**how_long: float) -> datetime:
        return now - timedelta(**how_long)

    return [
        (ago(days=6, hours=2), an_engineer_joins),
        (ago(days=5, hours=4), orders.a_gift),
        (ago(days=4, hours=6), upgrades.paid_at_once),
        (ago(days=4, hours=1), orders.a_large_order),
        (ago(days=3, hours=5), orders.a_refused_order),
        (ago(days=2, hours=6), orders.a_withdrawn_order),
        (ago(days=2, hours=3), orders.an_outage_that_was_repaired),
        (ago(days=1, hours=9), upgrades.paid_with_another_card),
        (ago(days=1, hours=7), orders.a_changed_address),
        (ago(hours=20), an_agent_joins),
        (ago(hours=5), orders.an_order_without_ribbon),
        (ago(hours=4), upgrades.not_paid_yet),
        (ago(hours=3), orders.a_carrier_that_stays_away),
        (ago(hours=2), orders.a_card_that_is_not_charged),
        (ago(minutes=9), orders.a_card_that_waits),
        (ago(minutes=4), orders.an_order_to_pack),
        (_two_o_clock(now) - timedelta(days=2, hours=17), partial(a_week, _two_o_clock(now))),
        *nights(now),
    ]


def person(name: str, **more: Any) -> tuple[str, str, dict[str, Any], str]:
    email = f"{name.lower().replace(' ', '.')}@example.com"
    return "employee-onboarding", f"{name} joins", {"name": name, "email": email, **more}, OPERATOR


def an_engineer_joins(begin: Begin) -> None:
    story = begin(*person("Platform engineer", team="Engineering"))
    wanted = {"laptop": "Developer", "budget": 2900, "phone": True}
    story.later(hours=3).does(OPERATOR, steps.complete, "equipment", output=wanted)
    approved = {"outcome": "approved"}
    story.later(hours=17).does(ADMIN, steps.complete, "approve", output=approved)
    story.later(hours=6).does(OPERATOR, steps.complete, "desk")
    story.later(days=2).does(OPERATOR, steps.complete, "first-day")


def an_agent_joins(begin: Begin) -> None:
    story = begin(*person("Support agent", team="Support", remote=True))
    wanted = {"laptop": "Developer", "budget": 2400}
    story.later(hours=2).does(OPERATOR, steps.complete, "equipment", output=wanted)


def nights(now: datetime) -> list[tuple[datetime, Callable[[Begin], object]]]:
    """Two in the morning, the last four times."""
    last = _two_o_clock(now - timedelta(hours=2, minutes=30))
    starts = [last - timedelta(days=days) for days in (3, 2, 1, 0)]
    happened = [quiet, explained, bank_closed, to_be_explained]
    return [
        (start, partial(night, f"{start:%Y-%m-%d}"))
        for start, night in zip(starts, happened, strict=True)
    ]


def _two_o_clock(before: datetime) -> datetime:
    return before.replace(hour=2, minute=0, second=0, microsecond=0)


def a_week(last_night: datetime, begin: Begin) -> None:
    """Three of its five nights have passed; in the second the bank did not answer."""
    closed = Answer(503, {"error": "No statements during maintenance."})
    week = f"{last_night - timedelta(days=3):%G-W%V}"
    by = zulu(last_night + timedelta(days=2, hours=14))
    answers = [Answer(), closed, closed, closed, closed, Answer()]
    given = {"week": week, "signedOffBy": by}
    begin("weekly-close", f"Close of {week}", given, OPERATOR, reconcile=answers).goes_on()


def reconciliation(day: str) -> tuple[str, str, dict[str, Any], str]:
    return rhythms.TEMPLATE, f"Reconciliation, night of {day}", {}, NIGHT


def quiet(day: str, begin: Begin) -> None:
    begin(*reconciliation(day), compare=[Answer(body={"differences": 0})])


def explained(day: str, begin: Begin) -> None:
    story = begin(*reconciliation(day), compare=[Answer(body={"differences": 2})])
    found = {"note": "Two refunds were booked a day later by the bank."}
    story.later(hours=7).does(OPERATOR, steps.complete, "review", output=found)


def bank_closed(day: str, begin: Begin) -> None:
    closed = Answer(503, {"error": "No statements on a bank holiday."})
    story = begin(*reconciliation(day), bank=[closed] * 5)
    why = "A bank holiday: the next statement has both days."
    story.later(hours=6).does(OPERATOR, instances.cancel, reason=why)


def to_be_explained(day: str, begin: Begin) -> None:
    begin(*reconciliation(day), compare=[Answer(body={"differences": 3})])
