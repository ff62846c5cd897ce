"""The page of queues and workers."""

from app import clock
from app.domain import processes
from app.models import Incident
from app.models.vocabulary import AUTOMATION_QUEUE
from tests.support.looking import change
from tests.support.workflows import begin, publish, webhook
from tests.web.conftest import said


def listen(queue: str) -> None:
    change(processes.say_alive, f"on-{queue}", kind="worker", host="box", pid=7, queue=queue)


def test_that_nobody_listens_stands_first(operator):
    publish(webhook("send"))
    begin()
    page = operator.get("/queues")
    text = said(page)
    assert "No worker is listening on workflow-automation . 1 job waits" in text
    assert "No process has been heard of today" in text
    assert "<title>No worker · Queues and workers" in page.text
    listen(AUTOMATION_QUEUE)
    assert "No worker is listening on workflow-automation" not in said(operator.get("/queues"))


def test_what_is_wrong_with_runsheet_itself_stands_first_with_what_to_do(viewer):
    def trouble(session, told_at):
        now = clock.now()
        row = Incident(
            kind="RunsheetWorkersLost", subject=AUTOMATION_QUEUE, said="box:41 fell silent."
        )
        row.since = row.seen_at = now
        row.told_at = told_at and now
        session.add(row)
        session.flush()
        return row.id

    first = change(trouble, None)
    assert "Open incidents" not in said(viewer.get("/queues")), "it has not lasted yet"
    change(lambda session: session.delete(session.get_one(Incident, first)))
    change(trouble, True)
    page = viewer.get("/queues")
    assert "A process died workflow-automation" in said(page)
    assert "box:41 fell silent. Look into its log" in said(page)
    assert 'href="/docs/runbook#runsheetworkerslost"' in page.text


def test_pausing_says_who_and_why_here_and_on_every_page(operator, viewer):
    answer = operator.post("/queues/workflow-automation/pause", {"reason": "The bank is closed."})
    assert answer.status_code == 303
    assert "by operator@example.com: The bank is closed." in said(operator.get("/queues"))
    banner = said(viewer.get("/tasks"))
    assert "workflow-automation is paused since" in banner
    assert "The bank is closed." in banner
    operator.post("/queues/workflow-automation/resume", {"reason": ""})
    assert "automation is paused since" not in said(operator.get("/queues"))


def test_who_comes_second_is_told_who_was_first(operator, visit):
    operator.post("/queues/workflow-automation/pause", {"reason": ""})
    author = visit("author")
    author.post("/queues/workflow-automation/pause", {"reason": ""})
    assert "is paused already, by operator@example.com" in said(author.get("/queues"))


def test_a_reason_that_is_too_long_stays_in_its_field(operator):
    long = "x" * 2001
    page = operator.post("/queues/workflow-automation/pause", {"reason": long})
    assert page.status_code == 422
    assert long in page.text
    assert 'id="act-pause-workflow-automation" name="actions" open' in page.text


def test_who_may_only_read_sees_the_button_dead(viewer):
    page = viewer.get("/queues")
    assert "<details" not in page.text.split('id="live"')[1]
    assert "disabled" in page.text


def test_the_page_follows_by_itself(viewer):
    page = viewer.get("/queues", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert page.text.lstrip().startswith('<section id="live"')
