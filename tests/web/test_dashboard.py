"""The start page: what needs somebody, how it goes, how each template and destination does."""

import re
from datetime import timedelta

import pytest

from app import clock
from app.domain import by_name, folding, processes
from app.domain.bounded_names import MOST, OTHER, Names
from app.domain.outcomes import Outcome
from app.domain.pulse import PERIODS
from app.models.vocabulary import QUEUES
from app.web import glances, units
from tests.support.looking import change, do, look
from tests.support.marks import both_databases
from tests.support.workflows import (
    begin,
    claim,
    publish,
    report_begun,
    report_ended,
    task,
    webhook,
    work,
)
from tests.web.conftest import said


@pytest.fixture
def heard(app):
    """A worker on each queue."""
    for queue in QUEUES:
        change(processes.say_alive, f"on-{queue}", kind="worker", host="box", pid=7, queue=queue)


def end(*outcomes: Outcome) -> None:
    """What is due ends so, one after another."""
    for held, outcome in zip(claim(), outcomes, strict=True):
        report_begun(held)
        report_ended(outcome, held)


def row(page, name: str) -> str:
    """The words of a line of the lists."""
    rows = re.findall(r"<tr.*?</tr>", page.text, re.S)
    found = [text for text in rows if name in text]
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


def test_one_calm_line_says_that_all_is_well_and_what_will_stand_here(operator, heard):
    page = said(operator.get("/"))
    assert "All is well: nothing needs you." in page
    assert "Nothing ran in the last hour" in page
    assert "When steps complete or fail, this shows how many" in page
    assert "No instances yet" in page


def test_a_queue_that_nobody_works_on_is_the_worst(operator):
    publish(task("pack"), webhook("ship"))
    begin()
    work(Outcome(verdict="failed", error="x"))
    page = operator.get("/")
    assert "<title>2 queues that nobody works on" in page.text
    text = said(page)
    order = ["queues that nobody works on", "1 instance needs attention", "1 task for you"]
    assert sorted(order, key=text.rindex) == order
    for link in ("/queues", "/instances?state=ATTENTION", "/tasks"):
        assert f'data-open href="{link}"' in page.text


@both_databases
def test_what_is_late_overdue_and_paused_is_counted_and_leads_there(operator, heard):
    publish(task("pack", dueIn="PT1H"), webhook("ship"))
    begin()
    do(begin(), "pause")
    operator.post("/queues/workflow-notifications/pause", {"reason": "Too loud"})
    clock.travel(timedelta(hours=2))
    for queue in QUEUES:
        change(processes.say_alive, f"on-{queue}", kind="worker", host="box", pid=7, queue=queue)
    text = said(operator.get("/"))
    assert "1 job due on workflow-automation, the first for 2 h" in text
    assert "1 task overdue" in text
    assert "1 instance paused" in text
    assert "1 queue paused: workflow-notifications" in text


def test_a_destination_where_most_tries_fail_is_named(operator, heard):
    publish(webhook("send", config={"retry": {"maxAttempts": 1, "schedule": []}}))
    for _ in range(3):
        begin()
    end(*[Outcome(verdict="failed", error="503")] * 3)
    page = operator.get("/")
    assert "1 destination failing: 127.0.0.1:9" in said(page)
    assert "/?destinations=success#destinations" in page.text
    clock.travel(timedelta(minutes=20))
    assert "destination failing" not in said(operator.get("/"))


@both_databases
def test_charts_say_in_numbers_what_they_show(operator, heard):
    publish(webhook("send", config={"retry": {"maxAttempts": 1, "schedule": []}}))
    for _ in range(4):
        begin()
    end(*[Outcome(verdict="done")] * 3, Outcome(verdict="failed", error="x"))
    page = operator.get("/")
    assert 'aria-label="Steps: 3 completed, 1 failed. From 60 min ago until now."' in page.text
    assert 'aria-label="Success: 75 % of steps completed.' in page.text
    assert re.search(r'aria-label="Wait for a worker: [\d.]+ m?s or less for half', page.text)
    assert "3 completed, 1 failed</title>" in page.text
    assert "style=" not in page.text
    change(folding.fold)
    for last in ("day", "week"):
        assert "Steps: 3 completed, 1 failed." in operator.get(f"/?last={last}").text
    clock.travel(timedelta(hours=3))
    change(folding.fold)
    assert "Nothing ran in the last hour" in said(operator.get("/"))
    assert "Steps: 3 completed, 1 failed." in operator.get("/?last=day").text


@both_databases
def test_each_template_and_destination_has_its_line(operator, heard):
    publish(webhook("send", config={"retry": {"maxAttempts": 2, "schedule": [60]}}), name="Order")
    for _ in range(3):
        begin()
    end(Outcome(verdict="done"), Outcome(verdict="failed", error="x"), Outcome(verdict="retry"))
    page = operator.get("/")
    assert row(page, ">Order<").startswith("Order 1 runs 100 % success 1 of Order need attention")
    assert row(page, "127.0.0.1:9").startswith("127.0.0.1:9 3 tries 33.3 % success")
    assert "1 wait for another try" in row(page, "127.0.0.1:9")
    assert "/instances?templateKey=order&amp;state=ATTENTION" in page.text


def test_who_had_to_be_helped_did_not_go_well_by_itself(operator, heard):
    publish(webhook("send", config={"retry": {"maxAttempts": 1, "schedule": []}}), name="Order")
    instance = begin()
    work(Outcome(verdict="failed", error="x"))
    do(instance, "retry", "send")
    work(Outcome(verdict="done"))
    assert row(operator.get("/"), ">Order<").startswith("Order 1 runs 0 % success none")


def test_the_url_says_how_the_lists_are_sorted():
    lines = [
        by_name.Line("b", None, None, 5, 5, 0, 1.0),
        by_name.Line("a", None, None, 9, 3, 0, None),
        by_name.Line("c", None, None, 0, 0, 2, 7.0),
    ]
    names = lambda sort: "".join(line.name for line in by_name.sorted_by(lines, sort))  # noqa: E731
    assert names("name") == "abc" and names("-name") == "cba"
    assert names("runs") == "abc" and names("-runs") == "cba"
    assert names("success") == "abc" and names("-success") == "bac"
    assert names("failing") == "cab"
    assert names("median") == "cba" and names("-median") == "bca"


def test_a_head_sorts_and_then_turns_round(operator, heard):
    publish(webhook("send"))
    begin()
    work(Outcome(verdict="done"))
    page = operator.get("/?last=day&templates=success").text
    assert 'aria-sort="ascending"' in page
    assert "/?last=day&amp;templates=-success#templates" in page
    assert "/?last=day&amp;templates=success&amp;destinations=-runs#destinations" in page


@pytest.mark.parametrize("query", ["last=year", "templates=x", "destinations=--runs", "last=%00"])
def test_odd_words_in_the_url_harm_nothing(operator, query):
    assert operator.get(f"/?{query}").status_code == 200


def test_it_follows_by_itself_every_ten_seconds(viewer):
    page = viewer.get("/?last=day", htmx=True)
    assert page.text.lstrip().startswith('<section id="live"')
    assert 'data-live-fragment="/?last=day" data-live-every="10"' in page.text


def test_many_who_look_are_served_by_one_look_for_some_seconds(operator, viewer, heard):
    publish(webhook("send"))
    begin()
    assert "Nothing ran in the last hour" in said(operator.get("/"))
    work(Outcome(verdict="done"))
    assert "Nothing ran in the last hour" in said(viewer.get("/"))
    clock.travel(timedelta(seconds=6))
    assert "Steps: 1 completed" in viewer.get("/").text


def test_names_are_counted_up_to_a_number_of_them(app):
    names = Names()
    given = [names.bounded("template", str(number)) for number in range(MOST + 5)]
    assert given[:MOST] == [str(number) for number in range(MOST)]
    assert given[MOST:] == [OTHER] * 5
    assert names.bounded("template", "0") == "0"
    assert names.bounded("destination", "new") == "new"
    clock.travel(timedelta(hours=1))
    assert names.bounded("template", str(MOST)) == str(MOST)


def test_more_destinations_than_are_counted_share_a_line(operator, heard, monkeypatch):
    monkeypatch.setattr("app.domain.bounded_names.MOST", 0)
    monkeypatch.setattr("app.domain.bounded_names.here", Names())
    publish(webhook("send"))
    begin()
    work(Outcome(verdict="done"))
    found = look(lambda session: by_name.destinations(session, PERIODS["hour"]))
    assert [line.name for line in found] == ["other destinations"]
    assert "other templates" in said(operator.get("/"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (0.0123, "12 ms"),
        (0.25, "0.2 s"),
        (9.96, "10 s"),
        (59.7, "1 min"),
        (5400.0, "1.5 h"),
        (float("inf"), "over 1 d"),
    ],
)
def test_times_have_units(value, words):
    assert units.seconds(value) == words


def test_all_but_one_are_not_a_hundred_per_cent():
    assert units.share(9999 / 10000) == "99.9 %"
    assert units.share(1.0) == "100 %"


def test_a_destination_that_fails_is_seen_behind_any_number_of_first_tries(app, monkeypatch):
    monkeypatch.setattr(by_name, "_LOOKED_AT", 1)
    publish(webhook("send", config={"url": "https://shop.example.com/"}))
    begin()
    work(Outcome(verdict="retry", error="away"))
    begin()
    begin()
    lines = look(lambda session: by_name.destinations(session, PERIODS["hour"]))
    assert [(line.name, line.failing) for line in lines] == [("shop.example.com:443", 1)]


def test_nobody_waits_for_long_while_another_reads_the_figures(operator, app, monkeypatch):
    monkeypatch.setattr(glances, "PATIENCE", 0.01)
    lock = app.extensions["glances"]._locks["hour"]
    with lock:
        assert operator.get("/").status_code == 503
    assert operator.get("/").status_code == 200
    with lock:
        assert operator.get("/").status_code == 200
