"""The pages of schedules: the list, one of them, and what is done with it."""

from datetime import timedelta

import pytest

from app import transaction
from app.domain import instances, schedules
from app.models import Schedule
from app.models.vocabulary import CatchUp, FireOutcome, InstanceState, Overlap
from app.schemas.schedule import PauseIn
from app.web import schedule_words
from tests.support.looking import instance_of
from tests.support.marks import both_databases
from tests.support.scheduling import NINE, fire_at, fires, go_to, make_schedule, outcomes
from tests.support.workflows import OPERATOR, publish, task
from tests.web.conftest import said


@pytest.fixture
def template(app) -> int:
    return publish(task("pack"), name="Order fulfilment")


@pytest.fixture
def author(visit):
    return visit("author")


def pause(schedule_id: int, **wish) -> None:
    with transaction.writing() as session:
        schedules.pause(session, schedule_id, PauseIn.read(wish), OPERATOR)


def schedule_of(schedule_id: int) -> Schedule:
    with transaction.reading() as session:
        row = session.get_one(Schedule, schedule_id)
        session.expunge(row)  # read as it is now, and not again
        return row


def test_nothing_yet_teaches(author, viewer, template):
    page = author.get("/schedules")
    assert "No schedules yet" in said(page)
    assert 'href="/schedules/new"' in page.text
    assert "/schedules/new" not in viewer.get("/schedules").text


@both_databases
def test_a_row_says_when_it_runs_and_how_it_went(operator, template):
    go_to(NINE)
    nightly = make_schedule(name="Nightly", cron="0 * * * MON-FRI", overlap="skip")
    for hours in (1, 2, 3):
        fire_at(NINE + timedelta(hours=hours))
    page = operator.get("/schedules")
    text = said(page)
    assert "Active Nightly Order fulfilment" in text
    assert "every hour, Monday to Friday, UTC" in text
    assert outcomes(nightly) == ["started", "skipped", "skipped"]
    assert 'aria-label="Last 3 runs: 2 skipped, 1 running. Newest: skipped."' in page.text
    assert page.text.count('<use class="mark-skipped"') == 2
    assert "2027-03-01 13:00:00 UTC" in text


def test_a_paused_one_says_why_and_until_when(operator, template):
    go_to(NINE)
    schedule = make_schedule(name="Nightly")
    pause(schedule, reason="The bank is closed.", until="2027-03-08T09:00:00Z")
    listed = said(operator.get("/schedules"))
    assert "Paused Nightly" in listed
    assert "The bank is closed." in listed and "resumes 2027-03-08 09:00:00 UTC" in listed
    page = said(operator.get(f"/schedules/{schedule}"))
    assert "by operator@example.com: The bank is closed." in page
    assert "It goes on by itself 2027-03-08 09:00:00 UTC" in page
    assert "were it not paused" in page


def test_filters_stand_in_the_url_and_keep_one_another(operator, template):
    publish(task("a"), key="other", name="Other")
    make_schedule(name="A 100% special_one")
    pause(make_schedule(name="Resting", templateKey="other"))
    page = operator.get("/schedules?state=active&q=special")
    assert "A 100% special_one" in said(page) and "Resting" not in said(page)
    assert "paused=true&amp;q=special" in page.text
    assert "No schedules match" in said(operator.get("/schedules?state=paused&q=special"))
    assert "No schedules match" in said(operator.get("/schedules?q=speciál"))
    only = said(operator.get("/schedules?template=other"))
    assert "Resting" in only and "special_one" not in only


@pytest.mark.parametrize("query", ["state=NO", "q=%00", "q=%FF", "cursor=x", "template=%00"])
def test_odd_filters_harm_nothing(operator, template, query):
    make_schedule()
    assert operator.get(f"/schedules?{query}").status_code == 200


def test_a_long_list_goes_on(operator, template, monkeypatch):
    monkeypatch.setattr("app.web.schedule_lists.ROWS", 2)
    for number in range(3):
        make_schedule(name=f"Report {number}")
    page = operator.get("/schedules?state=active")
    assert "Report 0" not in said(page) and "Older ones" in said(page)
    assert "paused=false" in page.text.split('rel="next"')[0].rsplit("href", 1)[1]
    assert "Report 0" in said(operator.get("/schedules?state=active&cursor=2"))


def test_one_says_its_rule_its_next_times_and_its_choices(operator, template):
    go_to(NINE)
    schedule = make_schedule(
        name="Nightly",
        cron="30 2 * * SUN",
        timezone="Europe/Berlin",
        overlap="queue",
        catchUp="all",
        count=9,
        input={"account": "<b>&"},
    )
    page = operator.get(f"/schedules/{schedule}")
    text = said(page)
    assert "At 02:30 on Sundays, Europe/Berlin" in text
    assert "30 2 * * SUN" in text
    assert "wait until it has ended, then start" in text
    assert "run each, the last 24 at most" in text
    assert "9 times; 0 have come" in text
    assert "Sun 7 Mar 2027, 02:30 CET" in text and "2027-03-07 01:30:00 UTC" in text
    assert "by author@example.com" in text
    assert "&lt;b&gt;&amp;" in page.text and "<b>" not in page.text


def test_times_in_utc_are_said_once(operator, template):
    go_to(NINE)
    there, here = (
        operator.get(f"/schedules/{make_schedule(cron='0 2 * * *', timezone=zone)}")
        for zone in ("Europe/Berlin", "UTC")
    )
    assert "Tue 2 Mar 2027, 02:00 UTC" in said(here)
    assert "coming-utc" in there.text and "coming-utc" not in here.text


def test_where_clocks_change_between_two_runs_it_says_so(operator, template):
    go_to(NINE)
    schedule = make_schedule(cron="30 2 * * SUN", timezone="Europe/Berlin")
    text = said(operator.get(f"/schedules/{schedule}"))
    # On 28 March there is no half past two in Berlin: it runs right after the gap.
    assert "Sun 28 Mar 2027, 03:00 CEST" in text
    assert text.count("clocks go forward 1 h before this") == 1


def test_past_runs_say_what_became_of_them(operator, template):
    go_to(NINE)
    schedule = make_schedule(name="Nightly", overlap="skip")
    fire_at(NINE + timedelta(hours=1, seconds=12))
    fire_at(NINE + timedelta(hours=2))
    page = operator.get(f"/schedules/{schedule}")
    text = said(page)
    started = fires(schedule)[0].instance_id or 0
    assert f'href="/instances/{started}">Nightly · 2027-03-01 10:00</a>' in page.text
    assert "Running 2027-03-01 10:00:00 UTC" in text and "12 s late" in text
    assert "Skipped 2027-03-01 11:00:00 UTC" in text
    assert "What it started before is still open." in text
    with transaction.writing() as session:
        instances.cancel(session, started, OPERATOR)
    assert "Cancelled 2027-03-01 10:00:00 UTC" in said(operator.get(f"/schedules/{schedule}"))


def test_a_long_past_goes_on(operator, template, monkeypatch):
    monkeypatch.setattr("app.web.schedule_views.FIRES", 2)
    go_to(NINE)
    schedule = make_schedule()
    for hours in (1, 2, 3):
        fire_at(NINE + timedelta(hours=hours))
    page = operator.get(f"/schedules/{schedule}")
    assert "2027-03-01 12:00:00 UTC" in said(page) and "Older ones" in said(page)
    older = page.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    text = said(operator.get(older))
    assert "2027-03-01 10:00:00 UTC" in text and "Newest ones" in text
    assert operator.get(f"/schedules/{schedule}?before=x").status_code == 200


def test_it_is_run_by_hand_with_a_reason(operator, template):
    schedule = make_schedule(name="Nightly")
    answer = operator.post(f"/schedules/{schedule}/run-now", {"reason": "The bank is back."})
    assert (answer.status_code, answer.location) == (303, f"/schedules/{schedule}")
    page = operator.get(f"/schedules/{schedule}")
    assert "It runs: its instance stands first" in said(page)
    assert "</a> by operator@example.com: The bank is back." in page.text
    assert "by operator@example.com: The bank is back. by hand" in said(page)


def test_it_is_paused_and_resumed(operator, template):
    go_to(NINE)
    schedule = make_schedule(timezone="Europe/Berlin")
    sent = {"reason": "Holidays", "until": "2027-03-08T09:00"}
    assert operator.post(f"/schedules/{schedule}/pause", sent).status_code == 303
    row = schedule_of(schedule)
    assert (row.paused_by, row.pause_reason) == (OPERATOR, "Holidays")
    assert f"{row.resume_at:%H:%M}" == "08:00", "by the clock of its zone"
    assert operator.post(f"/schedules/{schedule}/resume", {}).status_code == 303
    assert schedule_of(schedule).paused_at is None


@pytest.mark.parametrize(
    ("until", "says"),
    [("tomorrow", "Write a time such as"), ("2020-01-01T00:00", "This time has passed.")],
)
def test_a_pause_that_can_not_be_keeps_what_was_typed(operator, template, until, says):
    schedule = make_schedule()
    sent = {"reason": "Holidays <b>", "until": until}
    answer = operator.post(f"/schedules/{schedule}/pause", sent)
    assert answer.status_code == 422
    assert 'id="act-pause-until-error">' + says in answer.text
    assert "Holidays &lt;b&gt;</textarea>" in answer.text and f'value="{until}"' in answer.text
    assert schedule_of(schedule).paused_at is None


def test_who_comes_second_is_told(operator, template):
    schedule = make_schedule()
    pause(schedule)
    answer = operator.post(f"/schedules/{schedule}/pause", {"reason": "Mine"})
    assert answer.status_code == 409
    assert "has already paused it" in said(answer)


def test_a_run_that_can_not_start_says_why(operator, template):
    schedule = make_schedule(input={})
    with transaction.writing() as session:
        session.get_one(Schedule, schedule).version = 7
    answer = operator.post(f"/schedules/{schedule}/run-now", {"reason": "Now"})
    assert answer.status_code == 409
    assert "It could not be started: This template has no version 7." in said(answer)
    assert "Now</textarea>" in answer.text
    assert fires(schedule) == []


def test_a_copy_rests_and_is_edited_first(author, template):
    schedule = make_schedule(name="Nightly")
    answer = author.post(f"/schedules/{schedule}/duplicate")
    assert answer.location == "/schedules/2/edit"
    page = said(author.get("/schedules/2/edit"))
    assert "It is paused, and stays so when it is saved." in page
    assert schedule_of(2).name == "Copy of Nightly"


def test_it_is_deleted(author, template):
    schedule = make_schedule(name="Nightly")
    assert author.post(f"/schedules/{schedule}/delete").location == "/schedules"
    assert "What it started goes on." in said(author.get("/schedules"))
    assert author.get(f"/schedules/{schedule}").status_code == 404


def test_what_one_may_not_is_shown_and_dead(viewer, operator, author, template):
    path = f"/schedules/{make_schedule()}"
    page = viewer.get(path)
    assert page.text.count('<button class="button" disabled aria-describedby="may-not">') == 5
    assert "Your role, viewer, may read it." in said(page)
    page = operator.get(path)
    assert page.text.count(" disabled ") == 3
    assert f'action="{path}/pause"' in page.text and f'action="{path}/delete"' not in page.text
    page = author.get(path)
    assert " disabled" not in page.text and f'action="{path}/delete"' in page.text


def test_an_instance_leads_to_the_schedule_that_started_it(operator, template):
    go_to(NINE)
    schedule = make_schedule(name="Nightly <&>")
    fire_at(NINE + timedelta(hours=1))
    started = fires(schedule)[0].instance_id or 0
    page = operator.get(f"/instances/{started}")
    link = f'by the schedule <a href="/schedules/{schedule}">Nightly &lt;&amp;&gt;</a>'
    assert link in page.text
    with transaction.writing() as session:
        schedules.delete(session, schedule, OPERATOR)
    page = operator.get(f"/instances/{started}")
    assert "by schedule:Nightly" in said(page) and link not in page.text
    assert instance_of(started).started_by.startswith("schedule:")


def test_a_template_leads_to_its_schedules_and_to_a_new_one(author, viewer, template):
    page = author.get(f"/templates/{template}")
    assert f'href="/schedules/new?template={template}"' in page.text
    assert "Its schedules" not in said(page)
    make_schedule()
    assert "Its schedules (1)" in said(viewer.get(f"/templates/{template}"))
    assert "/schedules/new" not in viewer.get(f"/templates/{template}").text


def test_lateness_in_words(operator, template):
    go_to(NINE)
    schedule = make_schedule(catchUp="one")
    fire_at(NINE + timedelta(hours=3, minutes=10))
    page = said(operator.get(f"/schedules/{schedule}"))
    assert "caught up, 10 min late" in page
    assert "were missed while nothing ran" in page


def test_every_choice_has_its_words():
    assert schedule_words.OVERLAP.keys() == set(Overlap)
    assert schedule_words.CATCH_UP.keys() == set(CatchUp)
    assert schedule_words._FIRES.keys() == set(FireOutcome)
    assert schedule_words._INSTANCES.keys() == set(InstanceState)


def test_what_is_not_there_is_not_found(author, template):
    for path in ("/schedules/9", "/schedules/9/edit"):
        assert author.get(path).status_code == 404
    for verb in ("run-now", "pause", "resume", "duplicate", "delete", "edit"):
        assert author.post(f"/schedules/9/{verb}").status_code == 404
