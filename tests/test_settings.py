"""A wrong setting of a channel stops the start with one line that says which and why; and printing
the settings shows no secret."""

import base64
from dataclasses import fields, replace

import pytest

from app.config import ConfigError, Settings
from tests.conftest import environment


def load(**more: str) -> Settings:
    return Settings.load(environment(DATABASE_URL="sqlite:////nonexistent/x.db", **more))


def refusal(**more: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load(**more)
    words = str(refused.value)
    assert "\n" not in words
    return words


def test_chat_places_are_read_by_their_names():
    places = load(APPRISE_URLS="ops=slack://a/b/c/#ops, on-call=ntfys://ntfy.sh/x\nT=tgram://1/2")
    found = {place.name: place.service.label for place in places.chat_places.values()}
    assert found == {"ops": "Slack", "on-call": "ntfy", "t": "Telegram"}
    assert places.chat_places["ops"].url == "slack://a/b/c/#ops"


def test_a_comma_in_a_url_is_part_of_it():
    places = load(APPRISE_URLS="a=slack://a/b/c/#x,#y,b=discord://1/2").chat_places
    assert places["a"].url == "slack://a/b/c/#x,#y"
    assert places["b"].url == "discord://1/2"


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1/hook",
        "xml://127.0.0.1/hook",
        "form://127.0.0.1/hook",
        "https://hooks.slack.com/services/a/b/c",
        "mailto://user:pass@example.com",
        "syslog://",
        "dbus://",
        "exec://rm",
        "file:///etc/passwd",
        "windows://",
        "apprise://127.0.0.1/token",
        "vapid://a@b/c",
    ],
)
def test_services_beyond_the_list_stop_the_start(url):
    words = refusal(APPRISE_URLS=f"ops={url}")
    assert words.startswith("APPRISE_URLS: ops: ")
    assert "is not a service that Runsheet uses" in words


def test_the_refusal_does_not_repeat_a_url_with_its_password():
    words = refusal(APPRISE_URLS="fine=ntfy://x/y secret-token-in-here")
    assert words.startswith("APPRISE_URLS: entry 2 is not name=url")
    assert "secret" not in words + refusal(APPRISE_URLS="ops=json://user:secret@host")


def test_two_places_need_two_names():
    assert "two places are named ops" in refusal(APPRISE_URLS="ops=ntfy://a/b OPS=ntfy://c/d")


@pytest.mark.parametrize("key", ["nonsense", "AAAA", "A" * 43, "A" * 44, "/" * 43])
def test_a_vapid_key_is_a_private_key_of_p_256(key):
    assert refusal(VAPID_PRIVATE_KEY=key).startswith("VAPID_PRIVATE_KEY must be")


def test_a_vapid_key_may_stand_with_or_without_padding():
    assert load(VAPID_PRIVATE_KEY="A" * 42 + "E=").vapid_private_key
    assert load(VAPID_PRIVATE_KEY="A" * 42 + "E").vapid_private_key


def test_the_sms_provider_is_at_a_web_address():
    assert refusal(SMS_API_BASE="api.twilio.com").startswith("SMS_API_BASE must begin")


def test_a_token_for_metrics_is_long_enough_not_to_be_guessed():
    assert refusal(METRICS_TOKEN="short").startswith("METRICS_TOKEN must have at least 16")
    assert load().metrics_token == ""


SECRETS = {
    "database_url": "postgresql+psycopg://runsheet:canary-1@db.example.com/runsheet",
    "redis_url": "rediss://:canary-2@redis.example.com",
    "secret_key": "canary-3 and then some more, to be long enough",
    "encryption_keys": f"k1:{base64.b64encode(b'canary-4'.ljust(32)).decode()}",
    "smtp_url": "smtps://user:canary-5@mail.example.com",
    "sms_token": "canary-6",
    "vapid_private_key": base64.urlsafe_b64encode(b"canary-7".ljust(32)).decode(),
    "apprise_urls": "ops=slack://canary-8/b/c/#ops",
    "egress_proxy": "http://canary-9:4750",
    "metrics_token": "canary-10, which is long",
}
NO_SECRETS = set(
    (
        "port base_url redis_tls_verify mail_from org_domains sms_api_base sms_account sms_from "
        "outbound_allow worker_threads attempts_per_host web_threads trusted_proxies "
        "lease_seconds poison_after min_schedule_seconds log_format log_level log_requests var "
        "api_rate_limit api_rate_limit_strangers"
    ).split()
)


def test_printing_the_settings_shows_no_secret():
    printed = Settings.load(environment(**{name.upper(): v for name, v in SECRETS.items()}))
    assert printed.smtp_url == SECRETS["smtp_url"]
    for shown in (repr(printed), str(printed), f"{replace(printed, port=1)}", repr([printed])):
        assert [name for name, value in SECRETS.items() if value in shown] == []
        assert "canary" not in shown and "Y2FuYXJ5" not in shown
    assert "mail_from='Runsheet <runsheet@localhost>'" in repr(printed)


def test_every_setting_is_a_secret_or_is_known_to_be_none():
    hidden = {one.name for one in fields(Settings) if not one.repr}
    shown = {one.name for one in fields(Settings)} - hidden
    assert (hidden, shown) == (set(SECRETS), NO_SECRETS), "a new setting: may it hold a secret?"
