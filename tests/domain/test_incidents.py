"""What is wrong with Runsheet itself is told to admins once, and once more when it is over."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app import clock, transaction
from app.domain import (
    incidents,
    losses,
    messages,
    notification_contents,
    people,
    processes,
    queues,
)
from app.domain.incident_kinds import KINDS
from app.domain.outcomes import Outcome
from app.models import AutomationJob, InboxMessage, Incident, NotificationDelivery
from app.models.vocabulary import AUTOMATION_QUEUE, NOTIFICATION_QUEUE
from tests.support.at_once import at_once
from tests.support.looking import change, do, look
from tests.support.marks import both_databases
from tests.support.notifying import send
from tests.support.workflows import (
    OPERATOR,
    begin,
    claim,
    publish,
    report_begun,
    report_ended,
    webhook,
)

BASE = "https://runsheet.example.com"
NO_MAIL = {"EMAIL": "No mail server is set (SMTP_URL)."}


@pytest.fixture(autouse=True)
def _an_admin_and_an_operator(app):
    for name in ("admin", "operator"):
        change(people.create_user, f"{name}@example.com", name, name, "long enough for all")


def pass_time(**delta: float) -> None:
    clock.travel(timedelta(seconds=clock._travelled) + timedelta(**delta))


def alive(*but: str) -> None:
    """All that is needed says that it lives, but these."""
    for name, (kind, queue) in processes.NEEDED.items():
        if name not in but:
            change(processes.say_alive, name, kind=kind, host="box", pid=7, queue=queue)


def look_at_it(*but: str, not_ready=NO_MAIL) -> tuple[int, int]:
    alive(*but)
    return change(incidents.look, BASE, not_ready)


def look_for(seconds: int, *but: str, not_ready=NO_MAIL, every: int = 20) -> list[tuple[int, int]]:
    """Look again and again; what was told."""
    found = []
    for _ in range(0, seconds, every):
        pass_time(seconds=every)
        found.append(look_at_it(*but, not_ready=not_ready))
    return [one for one in found if one != (0, 0)]


def open_now() -> list[tuple[str, str]]:
    return look(lambda s: [(one.kind, one.subject) for one in incidents.open_incidents(s)])


def rows() -> list[NotificationDelivery]:
    return look(lambda s: list(s.scalars(select(NotificationDelivery))))


def count(model) -> int:
    return look(lambda s: s.scalar(select(func.count()).select_from(model))) or 0


@both_databases
def test_admins_are_told_once_when_it_has_lasted_a_while_and_once_when_it_is_over(app):
    assert look_for(30) == []
    assert look_for(200, "worker") == [(1, 0)]
    assert open_now() == [("RunsheetNoWorker", AUTOMATION_QUEUE)]
    assert [(row.channel, row.recipient, row.state) for row in rows()] == [
        ("IN_APP", "admin@example.com", "QUEUED"),
        ("EMAIL", "admin@example.com", "SKIPPED"),
    ]
    assert look_for(120) == [(0, 1)]
    assert open_now() == []
    assert [row.channel for row in rows()] == ["IN_APP", "EMAIL"] * 2


@both_databases
def test_two_that_look_at_the_same_moment_tell_it_once(app):
    look_for(90)

    def tick():
        with transaction.writing() as session:
            return incidents.look(session, BASE, {})

    pass_time(seconds=25)
    alive("scheduler")
    assert sorted(map(str, at_once(app, tick, tick))) == ["(0, 0)", "(0, 0)"]
    assert count(Incident) == 1
    last = list[str]()
    for _ in range(6):
        pass_time(seconds=10)
        alive("scheduler")
        last = sorted(map(str, at_once(app, tick, tick)))
    assert last == ["(0, 0)", "(1, 0)"]
    assert len(rows()) == 2
    assert open_now() == [("RunsheetNoScheduler", "")]


def test_a_restart_is_no_news_and_leaves_nothing_behind(app):
    look_for(30)
    assert look_for(60, "worker") == []
    assert look_for(60) == []
    assert (count(Incident), count(NotificationDelivery)) == (0, 0)


def test_what_nobody_looked_at_for_a_while_begins_anew(app):
    look_for(30)
    assert look_for(40, "worker") == []
    pass_time(hours=8)
    assert look_at_it("worker") == (0, 0)
    assert look_for(40, "worker") == []
    assert look_for(20, "worker") == [(1, 0)]


def test_a_trouble_that_comes_back_within_a_minute_is_the_same(app):
    look_for(30)
    assert look_for(100, "notifier") == [(1, 0)]
    assert look_for(40) == []
    assert look_for(60, "notifier") == []
    assert count(Incident) == 1


def test_a_process_that_died_is_told_and_one_that_ended_is_not(app):
    alive()
    for name, pid in (("died", 41), ("ended", 42)):
        change(
            processes.say_alive, name, kind="worker", host="box", pid=pid, queue=AUTOMATION_QUEUE
        )
    change(processes.say_gone, "ended")
    assert look_for(120) == [(1, 0)]
    ((kind, _),) = open_now()
    assert kind == "RunsheetWorkersLost"
    said = look(lambda s: incidents.open_incidents(s)[0].said)
    assert "box:41" in said and "box:42" not in said
    send()  # else the notifications' own queue is the next trouble
    assert look_for(720, every=60) == [(0, 1)]


@both_databases
def test_work_that_nobody_takes_up_though_workers_live_is_told_unless_the_queue_is_paused(app):
    publish(webhook("send"))
    begin()
    assert look_for(280, every=40) == []
    assert look_for(120) == [(1, 0)]
    assert open_now() == [("RunsheetQueueBacklog", AUTOMATION_QUEUE)]
    change(queues.pause, AUTOMATION_QUEUE, OPERATOR, None)
    assert look_for(90) == [(0, 1)]


def test_a_lease_that_ran_out_long_ago_is_told(app):
    publish(webhook("send"))
    begin()
    assert claim()
    assert look_for(440, every=40) == [(1, 0)]
    assert "ran out long ago" in look(lambda s: incidents.open_incidents(s)[0].said)


def test_a_long_queue_that_moves_is_no_trouble(app):
    publish(webhook("send"))
    for _ in range(5):
        begin()
    for _ in range(4):
        assert look_for(120, every=60) == []
        held = claim(1)
        report_begun(*held)
        report_ended(Outcome(verdict="done"), *held)


@both_databases
def test_a_channel_whose_tries_fail_is_told_and_is_over_when_they_succeed_again(app):
    from app.domain import deliveries

    refused = Outcome(verdict="failed", error="550 refused")
    mail = {"subject": "Hello", "text": "Hello"}
    for to in ("a@example.com", "b@example.com", "c@example.com"):
        change(deliveries.owe_test, "EMAIL", mail, {}, {}, address=to)
    send(refused)
    assert look_for(70, not_ready={}) == [(1, 0)]
    assert open_now() == [("RunsheetDeliveriesFailing", "EMAIL")]
    assert "3 of 3 deliveries" in look(lambda s: incidents.open_incidents(s)[0].said)
    assert look_for(1080, not_ready={}, every=60) == []
    assert "nothing was sent" in look(lambda s: incidents.open_incidents(s)[0].said)
    change(deliveries.owe_test, "EMAIL", mail, {}, {}, address="a@example.com")
    send()
    assert look_for(120, not_ready={}) == [(0, 1)]


def test_of_a_mail_server_that_is_away_for_hours_admins_are_told_once_and_once_when_it_is_back(app):
    from app.domain import deliveries

    mail = {"subject": "Hello", "text": "Hello"}
    away = Outcome(verdict="retry", error="Connection refused")
    back = Outcome(verdict="done", output={"title": "t", "body": "b", "href": BASE})
    for to in ("a@example.com", "b@example.com", "c@example.com"):
        change(deliveries.owe_test, "EMAIL", mail, {}, {}, address=to)

    def look_on(times: int, every: int, then: Outcome) -> list[tuple[int, int]]:
        told = []
        for _ in range(times):
            pass_time(seconds=every)
            told.append(look_at_it(not_ready={}))
            held = claim(queue=NOTIFICATION_QUEUE)
            report_begun(*held)
            for job in held:
                report_ended(then if job.action_type == "EMAIL" else back, job)
        return [one for one in told if one != (0, 0)]

    assert look_on(6, 50, away) == [(1, 0)]
    assert look_on(71, 300, away) == []  # six hours
    assert open_now() == [("RunsheetDeliveriesFailing", "EMAIL")]
    assert look_on(60, 300, back) == [(0, 1)]
    assert count(Incident) == 1


def test_what_one_delivery_tries_again_and_again_is_one_failure(app):
    from app.domain import deliveries

    change(
        deliveries.owe_test, "EMAIL", {"subject": "x", "text": "x"}, {}, {}, address="a@b.example"
    )
    for _ in range(4):
        send(Outcome(verdict="retry", error="451 later"))
        assert look_for(150, every=50, not_ready={}) == []


def test_one_job_that_is_left_behind_is_told_though_others_are_taken(app):
    publish(webhook("send"))
    begin()
    begin()
    (left, *others) = claim()

    def leave() -> None:
        free = {"lease_token": None, "lease_until": None}
        mine = update(AutomationJob).where(AutomationJob.id == left.id)
        change(lambda session: session.execute(mine.values(**free)))

    told = list[tuple[int, int]]()
    for _ in range(10):
        leave()
        report_begun(*others)
        report_ended(Outcome(verdict="done"), *others)
        told += look_for(120, every=40)
        begin()
        others = [job for job in claim() if job.id != left.id]
    assert told == [(1, 0)]
    assert "though others are taken up" in look(lambda s: incidents.open_incidents(s)[0].said)


def test_a_poisoned_step_is_told_until_somebody_skips_it(app):
    publish(webhook("send"))
    order = begin()
    for worker in ("first", "second", "third"):
        held = claim(worker=worker, alone=worker == "third")
        report_begun(*held, worker=worker)
        change(losses.give_back_expired, 1, [worker])
    assert look_for(80) == [(1, 0)]
    assert open_now() == [("RunsheetStepsPoisoned", "")]
    do(order, "skip", "send", reason="It kills workers.")
    assert look_for(80) == [(0, 1)]


def test_a_worker_that_is_missed_for_days_stays_missed_whoever_else_begins(app):
    look_for(30)
    assert look_for(90, "worker") == [(1, 0)]
    send()
    for _ in range(3):
        pass_time(days=1)
        change(processes.say_alive, "new", kind="scheduler", host="box", pid=8)
        change(processes.say_gone, "new")
        assert look_for(90, "worker") == []
    assert ("RunsheetNoWorker", AUTOMATION_QUEUE) in open_now()


def test_what_is_sent_says_what_is_wrong_what_to_do_and_where_to_read_more(app):
    look_for(30)
    look_for(90, "scheduler", not_ready={})
    held = claim(queue=NOTIFICATION_QUEUE)
    found = look(lambda s: messages.read_messages(s, held, BASE))
    told = {one["channel"]: one for one in found.values()}
    mail = notification_contents.render(told["EMAIL"]["content"], "EMAIL", told["EMAIL"]["context"])
    assert mail["subject"] == "ALERT: No scheduler is running"
    assert KINDS["RunsheetNoScheduler"].cure in mail["text"]
    assert f"{BASE}/docs/runbook#runsheetnoscheduler" in mail["text"]
    assert told["IN_APP"]["link"] == f"{BASE}/queues"


def test_it_can_be_read_in_the_bell_and_sent_again(app):
    from app.domain import replays

    look_for(30)
    look_for(90, "scheduler")
    (delivery, *_) = rows()
    title = {"title": "ALERT: No scheduler is running", "body": "…", "href": f"{BASE}/queues"}
    send(Outcome(verdict="done", output=title))
    (message,) = look(lambda s: list(s.scalars(select(InboxMessage))))
    assert (message.title, message.href) == (title["title"], "/queues")
    again = change(replays.replay, delivery.id, OPERATOR, "Nobody saw it.", {})
    assert look(lambda s: s.get_one(NotificationDelivery, again).template) == "system-alert"
    assert count(AutomationJob) == 1
