"""The SMS provider calls back: it is believed by its signature alone, and what it says becomes the
delivery's."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app import clock, transaction
from app.api import sms_status as door
from app.config import Settings
from app.domain.sms import callback_url
from app.models import NotificationDelivery
from devtools.sms_api import Sms, SmsApi
from tests.api.conftest import Caller
from tests.conftest import environment
from tests.support.looking import kinds
from tests.support.workflows import begin, publish, task

PATH = "/sms-status"
SID = "SM00000000000000000000000000000001"
URL = "https://console.example.com/api/workflows/sms-status"


@pytest.fixture
def settings(database_url) -> Settings:
    more = {"SMS_ACCOUNT": "AC1", "SMS_TOKEN": "12345", "SMS_FROM": "+15005550006"}
    more |= {"BASE_URL": "https://console.example.com", "DATABASE_URL": database_url}
    return Settings.load(environment(**more))


@pytest.fixture
def provider(app) -> Callable[..., int]:
    """Posts a report as the provider does; gives the status of our answer."""
    api, caller = SmsApi("AC1", "12345"), Caller(app, None)

    def report(status: str, error_code: int | None = None, sid: str = SID) -> int:
        sms = Sms(sid, "+15005550010", "+15005550006", "Hello", URL)
        callback = api.report(sms, status, error_code)
        content_type = callback.headers.pop("Content-Type")
        answer = caller.ask(
            "POST", PATH, raw=callback.body, headers=callback.headers, content_type=content_type
        )
        return answer.status_code

    return report


@pytest.fixture
def sent(app) -> int:
    """An SMS that the provider took; gives its instance."""
    publish(task("pack"))
    instance_id = begin()
    write_delivery(instance_id)
    return instance_id


def write_delivery(instance_id: int | None) -> None:
    with transaction.writing() as session:
        session.add(
            NotificationDelivery(
                dedupe="notice:1:SMS:+15005550010",
                token="0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
                instance_id=instance_id,
                channel="SMS",
                trigger="ON_READY",
                template="step-ready",
                recipient="+15005550010",
                address="+15005550010",
                state="SENT",
                attempts=1,
                provider_id=SID,
                created_at=clock.now(),
                sent_at=clock.now(),
            )
        )


def delivery() -> tuple[str, str | None, str | None]:
    with transaction.reading() as session:
        row = session.scalars(select(NotificationDelivery)).one()
        return row.state, row.provider_status, row.reason


def test_the_address_that_the_provider_is_given_is_this_one(app):
    assert callback_url(app.config["SETTINGS"]) == URL


def test_a_delivered_message_says_so(provider, sent):
    assert provider("sent") == 204
    assert provider("delivered") == 204
    assert delivery() == ("SENT", "delivered", None)


def test_a_message_that_did_not_arrive_fails_its_delivery_with_the_reason(provider, sent):
    assert provider("undelivered", 30005) == 204
    assert delivery() == (
        "FAILED",
        "undelivered",
        "The SMS provider says undelivered (error 30005).",
    )


@pytest.mark.parametrize(
    ("reports", "status", "state"),
    [
        (("queued", "sending", "sent", "delivered"), "delivered", "SENT"),
        (("sent", "sending", "queued"), "sent", "SENT"),
        (("delivered", "sent", "queued"), "delivered", "SENT"),
        (("delivered", "undelivered"), "delivered", "SENT"),
        (("undelivered", "sent", "delivered"), "undelivered", "FAILED"),
        (("failed", "queued"), "failed", "FAILED"),
        (("sent", "undelivered", "undelivered"), "undelivered", "FAILED"),
        (("delivered", "read", "delivered"), "read", "SENT"),
    ],
)
def test_a_report_that_comes_late_does_not_undo_what_is_known(
    provider, sent, reports, status, state
):
    assert [provider(report) for report in reports] == [204] * len(reports)
    assert delivery()[:2] == (state, status)
    failures = [kind for kind in kinds(sent) if kind == "notification.failed"]
    assert len(failures) == (state == "FAILED")


def test_nothing_is_believed_without_the_signature(app, sent):
    body = urlencode({"MessageSid": SID, "MessageStatus": "failed"}).encode()
    for headers in ({}, {"X-Twilio-Signature": "nonsense"}, {"X-Twilio-Signature": ""}):
        answer = Caller(app, None).ask(
            "POST",
            PATH,
            raw=body,
            headers=headers,
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == 401
        assert answer.json["type"] == "/problems/unauthorized"
    assert delivery() == ("SENT", None, None)


def test_the_host_that_a_request_names_does_not_matter(app, sent):
    """The signature is over the address we gave away, whatever stands before us."""
    callback = SmsApi("AC1", "12345").report(Sms(SID, "+1", "+2", "x", URL), "delivered")
    headers = callback.headers | {"Host": "evil.example.com"}
    content_type = headers.pop("Content-Type")
    answer = Caller(app, None).ask(
        "POST", PATH, raw=callback.body, headers=headers, content_type=content_type
    )
    assert answer.status_code == 204


def test_an_unknown_message_is_not_found(provider, monkeypatch):
    monkeypatch.setattr(door, "_LOOKS", (None,))
    assert provider("delivered", sid="SM-of-somebody-else") == 404


def test_a_provider_quicker_than_our_own_writing_is_waited_for(app, provider, monkeypatch):
    """Its report may come before the answer that names the message has been written down."""
    monkeypatch.setattr(door, "_wait", lambda _seconds: write_delivery(None))
    assert provider("delivered") == 204
    assert delivery()[:2] == ("SENT", "delivered")


def test_a_report_without_a_status_is_malformed(app):
    from app.domain.sms import signature

    body = urlencode({"MessageSid": SID}).encode()
    headers = {"X-Twilio-Signature": signature("12345", URL, [("MessageSid", SID)])}
    answer = Caller(app, None).ask(
        "POST", PATH, raw=body, headers=headers, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400
