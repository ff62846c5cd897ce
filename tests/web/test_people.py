"""A person's page: who they are, where they are reached, and what was sent to them."""

import pytest

from app import transaction
from app.models import NotificationDelivery, User
from tests.support.looking import do, look
from tests.support.notifying import notify, policy, send
from tests.support.telling import tell
from tests.support.workflows import begin, publish, task
from tests.web.conftest import said

PHONE = "+14155550123"


@pytest.fixture
def olga(visit) -> int:
    """An author with a phone, who wants no bell; returns her id."""
    visit("author")
    with transaction.writing() as session:
        olga = session.query(User).filter_by(role="author").one()
        olga.name, olga.phone, olga.channels_off = "Olga", PHONE, ["IN_APP"]
        return olga.id


@pytest.fixture
def told(olga, order) -> list[int]:
    """Two deliveries to her, and one to somebody else."""
    with transaction.writing() as session:
        return [
            tell(session, order, olga, recipient="author@example.com", reason="for her"),
            tell(
                session,
                order,
                olga,
                recipient="author@example.com",
                channel="SMS",
                address=PHONE,
                state="SENT",
                reason=None,
            ),
            tell(session, order, reason="for somebody else"),
        ]


def test_it_says_who_they_are_and_where_they_are_reached(operator, olga):
    page = said(operator.get(f"/people/{olga}"))
    for words in (
        "Olga",
        "author@example.com",
        "They have turned In the console off.",
        PHONE,
        "Push has no key (VAPID_PRIVATE_KEY).",
        "No mail server is set up (SMTP_URL).",
    ):
        assert words in page
    assert "Nothing was sent to Olga yet" in page


def test_it_lists_what_was_sent_to_them_and_nothing_else(operator, olga, told):
    page = said(operator.get(f"/people/{olga}"))
    assert "for her" in page
    assert "for somebody else" not in page


def test_its_filters_stay_on_the_page_and_can_be_cleared(operator, olga, told):
    answer = operator.get(f"/people/{olga}?channel=SMS")
    page = answer.get_data(as_text=True)
    assert "for her" not in page
    assert f'href="/people/{olga}?channel=SMS&amp;state=SENT"' in page
    assert f'href="/people/{olga}">Clear' in page
    assert "No deliveries match" in said(operator.get(f"/people/{olga}?template=nothing"))


def test_what_of_theirs_matches_is_sent_again_from_it(operator, olga, told):
    assert "Send all" not in said(operator.get(f"/people/{olga}"))
    assert "Send all 1 again" in said(operator.get(f"/people/{olga}?state=FAILED"))
    wanted = {"user": str(olga), "state": "FAILED", "expected": "1"}
    assert operator.post("/deliveries/replay", wanted).location == f"/people/{olga}"
    rows = look(lambda s: [(r.replay_of, r.user_id) for r in s.query(NotificationDelivery)])
    assert rows[3:] == [(told[0], olga)]


def test_a_phone_is_not_for_everybody(viewer, operator, olga, told):
    assert PHONE in said(operator.get(f"/people/{olga}"))
    seen = said(viewer.get(f"/people/{olga}"))
    assert PHONE not in seen
    assert "+14…123" in seen
    for path in (f"/deliveries/{told[1]}", f"/people/{olga}", "/deliveries"):
        assert PHONE not in viewer.get(path).get_data(as_text=True)


def test_everybody_sees_their_own_phone(viewer):
    with transaction.writing() as session:
        me = session.query(User).filter_by(role="viewer").one()
        me.phone = PHONE
        path = f"/people/{me.id}"
    page = said(viewer.get(path))
    assert PHONE in page
    assert "Your account" in page


def test_who_may_not_come_any_more_is_not_reached(operator, olga):
    with transaction.writing() as session:
        session.get_one(User, olga).active = False
    page = said(operator.get(f"/people/{olga}"))
    assert page.count("author@example.com may not come any more.") == 4


def test_deliveries_and_the_old_filter_lead_there(operator, olga, told):
    assert f'href="/people/{olga}">Olga' in operator.get(f"/deliveries/{told[0]}").get_data(
        as_text=True
    )
    assert operator.get(f"/deliveries?user={olga}&state=SENT").location == (
        f"/people/{olga}?state=SENT"
    )


def test_nobody_is_not_found(operator):
    assert operator.get("/people/999").status_code == 404


def test_the_timeline_leads_to_whom_it_tells_of_and_to_the_delivery(operator, olga):
    publish(task("pick", notificationPolicies=[policy(recipients=[f"user:{olga}"])]), key="pick")
    instance = begin("pick")
    do(instance, "complete", "pick")
    notify()
    send()
    page = operator.get(f"/instances/{instance}").get_data(as_text=True)
    assert f'href="/people/{olga}">author@example.com</a>' in page
    assert 'href="/deliveries/1">was told</a>' in page
