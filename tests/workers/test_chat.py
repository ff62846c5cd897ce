"""Chat by Apprise: what its log lines mean, what it may load, and what it may do."""

import os
import subprocess
import sys

import pytest

from app.chat_places import SERVICES, read_places
from app.domain.outcomes import Outcome
from app.models.vocabulary import Channel
from tests.support.channel_rigs import rig_of
from workers.channels.chat import _plugin, judge

# A URL of each scheme that Apprise can read.
URLS = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#ops",
    "workflow": "workflow://host:443/abcd1234efgh/ABCD1234efghIJKL",
    "workflows": "workflows://host:443/abcd1234efgh/ABCD1234efghIJKL",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "tgram": "tgram://123456789:alphanumeric_token-0123456789abcdefgh/12315544/",
    "matrix": "matrix://user:pass@host/#ops",
    "matrixs": "matrixs://user:pass@host/#ops",
    "ntfy": "ntfy://host/topic",
    "ntfys": "ntfys://host/topic",
    "gotify": "gotify://host/token",
    "gotifys": "gotifys://host/token",
    "pover": f"pover://{'u' * 30}@{'t' * 30}",
    "mmost": "mmost://host/abcdefghijklmnopqrstuvwxyz",
    "mmosts": "mmosts://host/abcdefghijklmnopqrstuvwxyz",
    "rocket": "rocket://user:pass@host/#ops",
    "rockets": "rockets://user:pass@host/#ops",
    "gchat": "gchat://workspace/webhookkey/webhooktoken",
    "zulip": f"zulip://bot@org/{'a' * 32}/ops",
    "webex": f"webex://{'a' * 80}",
    "wxteams": f"wxteams://{'a' * 80}",
    "nctalk": "nctalk://user:pass@host/room",
    "nctalks": "nctalks://user:pass@host/room",
}


@pytest.mark.parametrize("scheme", SERVICES)
def test_apprise_has_every_service_of_the_list_and_it_is_bounded(scheme):
    place = read_places(f"ops={URLS[scheme]}")["ops"]
    plugin = _plugin(place, 7.0)
    assert (plugin.socket_connect_timeout, plugin.socket_read_timeout) == (5.0, 7.0)
    assert plugin.redirects is False


def test_a_url_cannot_widen_its_bounds():
    place = read_places("ops=gotify://host/token?rto=900&cto=900&redirect=yes&overflow=split")[
        "ops"
    ]
    plugin = _plugin(place, 7.0)
    assert (plugin.socket_connect_timeout, plugin.socket_read_timeout) == (5.0, 7.0)
    assert plugin.redirects is False
    assert plugin.overflow_mode.value == "truncate"


def test_only_the_service_in_use_is_loaded():
    """Apprise's registry would load more than a hundred services, and their memory."""
    code = (
        "import sys; from app.chat_places import read_places; from workers.channels import chat;"
        "assert 'apprise' not in sys.modules;"
        "chat._plugin(read_places('ops=gotify://host/token')['ops'], 5.0);"
        "print(*sorted(m for m in sys.modules if m.startswith('apprise.plugins.')))"
    )
    environ = {**os.environ, "PYTHONPATH": os.getcwd()}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ
    )
    assert found.stdout.split() == ["apprise.plugins.base", "apprise.plugins.gotify"], found.stderr


@pytest.mark.parametrize(
    ("heard", "verdict", "status", "unknown"),
    [
        ("Failed to send ntfy notification: Rate limited, error=429.", "retry", 429, False),
        ("Failed to send Gotify notification: error=500.", "retry", 500, False),
        ("Failed to send Gotify notification: Unauthorized, error=401.", "failed", 401, False),
        ("Failed to send Discord notification: error=404.", "failed", 404, False),
        ("Failed to send Slack notification: channel_not_found, error=200.", "retry", None, True),
        ("Socket Exception: NewConnectionError('[Errno 111]')", "retry", None, False),
        ("Socket Exception: Max retries (Caused by ConnectTimeoutError)", "retry", None, False),
        ("Socket Exception: Read timed out. (read timeout=5)", "retry", None, True),
        ("", "retry", None, True),
    ],
)
def test_what_a_failure_means(heard, verdict, status, unknown):
    outcome = judge("Gotify", heard)
    assert outcome.verdict == verdict
    assert outcome.status_code == status
    assert outcome.unknown is unknown
    assert "Gotify" in (outcome.error or "")


def send_to(urls: str, place: str) -> Outcome:
    with rig_of(Channel.CHAT) as rig:
        rig.parts |= {"address": place}
        rig.settings["APPRISE_URLS"] = urls
        rig.__post_init__()
        return rig.send("token")


def test_a_place_that_does_not_exist_is_named():
    outcome = send_to("ops=ntfy://127.0.0.1:9/topic", "sales")
    assert outcome.verdict == "failed"
    assert outcome.error == "There is no chat place named sales (APPRISE_URLS)."


def test_a_url_that_apprise_cannot_read_is_a_final_failure_and_stays_unsaid():
    outcome = send_to("ops=slack://nonsense-secret", "ops")
    assert outcome.verdict == "failed"
    assert outcome.error == "The URL of the chat place ops can't be used (APPRISE_URLS)."
