"""SMS in Twilio's shape: how long a text may be, what answers mean, who may call back."""

import json
from urllib.parse import parse_qs

import pytest

from app.config import Settings
from app.domain import sms
from app.domain.outcomes import Outcome
from devtools.sms_api import Sms, SmsApi
from tests.conftest import environment


def settings(**more: str) -> Settings:
    given = {
        "SMS_ACCOUNT": "AC1",
        "SMS_TOKEN": "12345",
        "SMS_FROM": "+15005550006",
        "BASE_URL": "https://console.example.com",
    }
    return Settings.load(environment(DATABASE_URL="sqlite:////nonexistent/x.db", **given | more))


def test_a_request_names_both_numbers_the_text_and_where_to_call_back():
    made = sms.build(settings(), "+4915112345678", "Größe & Preis: 5 €")
    assert made.url == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    assert {name: values[0] for name, values in parse_qs(made.body.decode()).items()} == {
        "To": "+4915112345678",
        "From": "+15005550006",
        "Body": "Größe & Preis: 5 €",
        "StatusCallback": "https://console.example.com/api/workflows/sms-status",
    }


def test_the_log_has_no_credentials():
    logged = json.dumps(sms.build(settings(), "+4915112345678", "Hello").logged)
    assert "Hello" in logged
    assert "12345" not in logged
    assert "AC1" not in logged


def test_neither_request_nor_answer_leave_a_phone_number_in_the_log():
    made = sms.build(settings(), "+4915112345678", "Hello")
    assert made.logged["To"] == "+49…678"
    answer = b'{"sid": "SM1", "to": "+4915112345678", "message": "no +4915112345678"}'
    assert b"4915112345678" not in made.scrub.body(answer)


@pytest.mark.parametrize(
    ("base", "provider", "asked"),
    [
        ("https://console.example.com", "https://api.twilio.com", True),
        ("http://127.0.0.1:8000", "https://api.twilio.com", False),
        ("http://localhost:8000", "https://api.twilio.com", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8004", True),
    ],
)
def test_a_callback_is_asked_for_where_the_provider_can_reach_us(base, provider, asked):
    found = sms.callback_url(settings(BASE_URL=base, SMS_API_BASE=provider))
    assert found == (f"{base}/api/workflows/sms-status" if asked else None)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a" * 1530, 1530),
        ("a" * 1531, 1530),
        ("{" * 765, 765),  # two places each
        ("{" * 766, 763 + 3),
        ("я" * 670, 670),
        ("я" * 671, 670),
        ("😀" * 335, 335),  # two places each
        ("😀" * 336, 334 + 1),
    ],
)
def test_ten_segments_are_sent_at_most(text, kept):
    cut = sms.cut(text)
    assert len(cut) == kept
    assert cut == text or cut.endswith(("...", "…"))


def test_a_cut_text_of_the_gsm_alphabet_stays_in_it():
    assert sms.cut("a" * 2000).endswith("a...")


@pytest.mark.parametrize(
    ("status", "body", "judged", "verdict", "words"),
    [
        (201, {"sid": "SM1", "status": "queued"}, "done", "done", None),
        (200, {"sid": "SM1"}, "done", "done", None),
        (201, None, "done", "done", None),
        (
            400,
            {"code": 21211, "message": "Invalid 'To'"},
            "failed",
            "failed",
            "21211: Invalid 'To'",
        ),
        (
            400,
            {"code": 21610, "message": "Unsubscribed"},
            "failed",
            "failed",
            "21610: Unsubscribed",
        ),
        (400, {"code": 21611, "message": "Queue full"}, "failed", "retry", "21611: Queue full"),
        (400, None, "failed", "failed", "400 Bad Request"),
        (400, {"code": None, "message": "No"}, "failed", "failed", "said 400: No"),
        (401, {"code": 20003, "message": "Authenticate"}, "failed", "failed", "SMS_TOKEN"),
        (403, {}, "failed", "failed", "SMS_TOKEN"),
        (404, {"code": 20404, "message": "Not found"}, "failed", "failed", "20404"),
        (429, {"code": 20429, "message": "Too many"}, "retry", "retry", "20429: Too many"),
        (500, {"code": 20500, "message": "Oh"}, "retry", "retry", "20500: Oh"),
        (503, None, "retry", "retry", "503"),
        (None, None, "retry", "retry", "The connection was lost"),
    ],
)
def test_what_an_answer_means(status, body, judged, verdict, words):
    error = None if judged == "done" else f"{status} Bad Request"
    error = "The connection was lost" if status is None else error
    text = None if body is None else json.dumps(body)
    outcome = sms.read_answer(
        Outcome(verdict=judged, status_code=status, error=error, response={"body": text})
    )
    assert outcome.verdict == verdict
    assert outcome.provider_id == ("SM1" if body and "sid" in body else None)
    assert (outcome.error is None) if words is None else (words in (outcome.error or ""))


def test_the_signature_is_twilios():
    """Their own example, from their documentation of webhook security."""
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sms.signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_a_callback_is_believed_with_its_signature_only():
    given = settings()
    api = SmsApi("AC1", "12345")
    callback = api.report(Sms("SM1", "+1", "+2", "x", sms.callback_url(given) or ""), "delivered")
    form = [(name, value[0]) for name, value in parse_qs(callback.body.decode()).items()]
    signature = callback.headers["X-Twilio-Signature"]
    assert sms.is_signed(given, signature, form)
    assert not sms.is_signed(given, signature, [*form, ("ErrorCode", "30005")])
    assert not sms.is_signed(given, "", form)
    assert not sms.is_signed(settings(SMS_TOKEN="54321"), signature, form)
    assert not sms.is_signed(settings(SMS_TOKEN=""), sms.signature("", "", form), form)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "delivered"}, "delivered", None),
        ({"SmsSid": "SM1", "MessageStatus": "sent"}, "sent", None),
        (
            {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005"},
            "undelivered",
            "The SMS provider says undelivered (error 30005).",
        ),
        (
            {"MessageSid": "SM1", "MessageStatus": "failed"},
            "failed",
            "The SMS provider says failed.",
        ),
    ],
)
def test_a_callback_says_what_became_of_a_message(form, status, error):
    assert sms.read_report(form) == sms.StatusReport("SM1", status, error)


@pytest.mark.parametrize("form", [{}, {"MessageSid": "SM1"}, {"MessageStatus": "sent"}])
def test_a_callback_that_names_nothing_is_no_report(form):
    assert sms.read_report(form) is None
