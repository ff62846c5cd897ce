"""Deliveries and the bell, as people see them."""

import re
from pathlib import Path

import pytest

from app import clock, transaction
from app.domain import inbox
from app.models import InboxMessage, NotificationDelivery, User
from tests.support.looking import look
from tests.support.telling import tell
from tests.web.conftest import said


@pytest.fixture
def told(app, order):
    """Three deliveries: two failed, one sent."""
    with transaction.writing() as session:
        return [
            tell(session, order),
            tell(session, order, recipient="second@example.com"),
            tell(
                session, order, channel="SMS", state="SENT", reason=None, recipient="+14155550100"
            ),
        ]


def states():
    return look(lambda session: [row.state for row in session.query(NotificationDelivery)])


def test_the_list_says_who_was_told_what_and_why_not(operator, told):
    page = said(operator.get("/deliveries"))
    for words in ("operator@example.com", "550 no such user", "+14155550100", "Sent", "Failed"):
        assert words in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("state=SENT", "+14155550100", "second@example.com"),
        ("channel=SMS", "+14155550100", "second@example.com"),
        ("recipient=second", "second@example.com", "+14155550100"),
        ("error=no+such", "second@example.com", "+14155550100"),
        ("template=step-failed", "+14155550100", "nobody"),
        ("channel=nonsense&cursor=x", "+14155550100", "nobody"),
    ],
)
def test_filters_narrow_the_list(operator, told, query, shown, hidden):
    page = said(operator.get(f"/deliveries?{query}"))
    assert shown in page
    assert hidden not in page


def test_nothing_matches_is_not_nothing_yet(operator, told):
    assert "No deliveries match" in said(operator.get("/deliveries?recipient=zzz"))


def test_one_shows_every_try_with_what_was_sent(operator, told):
    page = said(operator.get(f"/deliveries/{told[0]}"))
    for words in ("Try 1", "550 no such user", "FAILED: Pack", "worker-1"):
        assert words in page


def test_one_that_is_on_its_way_is_followed_until_it_ends(operator, told, order):
    with transaction.writing() as session:
        waits = tell(session, order, state="QUEUED", attempts=0, reason=None)
    part = operator.get(f"/deliveries/{waits}", htmx=True).get_data(as_text=True)
    assert part.lstrip().startswith('<div class="stack" id="delivery" data-look')
    assert "every 2s" in part
    assert "data-look hx-get" not in operator.get(f"/deliveries/{told[0]}", htmx=True).text


def test_a_row_that_the_keyboard_moves_through_holds_what_it_opens():
    tags = re.compile(r"<[^<>]*\bdata-row\b[^<>]*\bdata-open\b[^<>]*>")
    for path in Path("app/templates").rglob("*.html"):
        assert not tags.search(path.read_text()), path


def test_one_is_sent_again_as_a_delivery_of_its_own(operator, told):
    answer = operator.post(f"/deliveries/{told[0]}/replay", {"reason": "typo mended"})
    assert answer.status_code == 303
    page = said(operator.get(answer.location))
    assert "Repeats" in page
    assert f"delivery {told[0]}" in page


def test_all_that_match_are_sent_again(operator, told):
    page = operator.get("/deliveries?state=FAILED")
    assert "Send all 2 again" in said(page)
    sent = operator.post("/deliveries/replay", {"state": "FAILED", "expected": "2", "reason": "x"})
    assert sent.status_code == 303
    assert len(states()) == 5


def test_no_other_number_than_was_shown_is_sent(operator, told):
    answer = operator.post("/deliveries/replay", {"state": "FAILED", "expected": "7"})
    assert "2 match now, not 7" in said(operator.get(answer.location))
    assert len(states()) == 3


def test_a_viewer_sees_no_button(viewer, told):
    assert "Send all" not in said(viewer.get("/deliveries?state=FAILED"))
    assert "Send again" not in said(viewer.get(f"/deliveries/{told[0]}"))


def test_an_instance_that_the_list_is_narrowed_to_can_be_taken_away(operator, order, told):
    page = operator.get(f"/deliveries?instance={order}&state=SENT")
    assert f"Instance {order}" in said(page)
    assert 'href="/deliveries?state=SENT"' in page.get_data(as_text=True)


@pytest.fixture
def bell(operator, order):
    """Two unread messages of the operator's; returns their ids."""
    with transaction.writing() as session:
        user = session.query(User).filter_by(email=operator.email).one()
        rows = [
            InboxMessage(
                user_id=user.id,
                delivery_id=tell(session, order, user.id, channel="IN_APP", state="SENT"),
                title=title,
                body="It was tried once.",
                href=f"/instances/{order}",
                created_at=clock.now(),
            )
            for title in ("Pack failed", "Ship failed")
        ]
        session.add_all(rows)
        session.flush()
        return user.id, [row.id for row in rows]


def test_the_bell_counts_what_is_unread_on_every_page(operator, bell):
    assert "Bell, 2 unread" in operator.get("/instances").text
    assert "Bell, 2 unread" in operator.get("/inbox/bell", htmx=True).text


def test_the_newest_messages_come_by_themselves_and_older_ones_stay_as_they_are(operator, bell):
    _, (first, _) = bell
    part = operator.get("/inbox", htmx=True).get_data(as_text=True)
    assert part.lstrip().startswith('<div class="stack" id="inbox" data-look')
    assert f'id="message-{first}"' in part
    assert "data-look" not in operator.get("/inbox?cursor=99", htmx=True).get_data(as_text=True)
    assert "Mark all read" in part


def test_opening_a_message_marks_it_and_leads_there(operator, order, bell):
    user_id, (first, _) = bell
    answer = operator.post(f"/inbox/{first}")
    assert answer.location == f"/instances/{order}"
    assert look(lambda session: inbox.unread(session, user_id)) == 1


def test_all_are_marked_read_up_to_the_newest_that_was_seen(operator, bell):
    user_id, (first, second) = bell
    operator.post("/inbox/read", {"newest": str(first)})
    assert look(lambda session: inbox.unread(session, user_id)) == 1
    operator.post("/inbox/read", {"newest": str(second)})
    assert look(lambda session: inbox.unread(session, user_id)) == 0


def test_nobody_opens_what_was_said_to_others(visit, bell):
    assert visit("viewer").post(f"/inbox/{bell[1][0]}").status_code == 404


def test_a_step_shows_who_was_told(operator, order):
    with transaction.writing() as session:
        from app.models import WorkflowInstanceStep

        step = session.query(WorkflowInstanceStep).filter_by(instance_id=order, key="pack").one()
        tell(session, order, step_id=step.id)
    page = said(operator.get(f"/instances/{order}/steps/pack"))
    assert "Notifications" in page
    assert "550 no such user" in page
