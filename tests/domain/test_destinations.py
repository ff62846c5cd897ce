"""Where a job goes, in the one spelling that a worker counts by."""

import pytest

from app.domain.destinations import destination_of

WEBHOOK = "AUTOMATION_WEBHOOK"


@pytest.mark.parametrize(
    ("url", "destination"),
    [
        ("https://hooks.example.com/orders/{{ input.id }}", "hooks.example.com:443"),
        ("http://hooks.example.com", "hooks.example.com:80"),
        ("http://HOOKS.Example.COM.:8080/x?y#z", "hooks.example.com:8080"),
        ("https://hooks.example.com:443/", "hooks.example.com:443"),
        ("https://bücher.example/", "xn--bcher-kva.example:443"),
        ("http://[2606:4700:0::1111]/", "[2606:4700::1111]:80"),
        ("http://127.0.0.1:5000/hook", "127.0.0.1:5000"),
        ("https://hooks.example.com?to=https://other.example.com/", "hooks.example.com:443"),
    ],
)
def test_a_webhook_goes_to_its_host_and_port(url, destination):
    assert destination_of(WEBHOOK, {"url": url}) == destination


@pytest.mark.parametrize(
    "url",
    [
        "https://{{ input.host }}/",
        "https://{{ input.tenant }}.example.com/x",
        "https://hooks.example.com{{ input.rest }}",
        "{{ input.url }}",
        "https://user@hooks.example.com/",
        "https://0x7f.1/",
        "https:///x",
        "gopher://hooks.example.com/",
        None,
    ],
)
def test_where_it_goes_is_unknown_if_the_host_is_a_placeholder_or_will_be_refused(url):
    assert destination_of(WEBHOOK, {"url": url}) is None


def test_a_host_in_a_placeholder_is_known_once_it_is_filled_in():
    config = {"url": "https://{{ input.tenant }}.example.com/x"}

    assert destination_of(WEBHOOK, config, {"input": {"tenant": "Acme"}}) == "acme.example.com:443"
    assert destination_of(WEBHOOK, config, {"input": {"tenant": "a/b"}}) is None
    assert destination_of(WEBHOOK, config, {"input": {}}) is None


def test_mails_go_to_the_mail_server_and_timers_nowhere():
    assert destination_of("AUTOMATION_EMAIL", {"to": ["a@example.com"]}) == "smtp"
    assert destination_of("WAIT_TIMER", {}) is None
