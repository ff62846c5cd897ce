"""Browsers are called as people know them."""

import pytest

from app.web.browsers import browser_name

LIKE = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) {}"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (LIKE.format("X11; Linux x86_64", "Chrome/131.0 Safari/537.36"), "Chrome on Linux"),
        (LIKE.format("Windows NT 10.0", "Chrome/131.0 Safari/537.36 Edg/131.0"), "Edge on Windows"),
        (LIKE.format("Linux; Android 14", "Chrome/131.0 Mobile"), "Chrome on Android"),
        (
            LIKE.format("iPhone; CPU iPhone OS 17_0 like Mac OS X", "Version/17.0 Safari/604.1"),
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
            "Firefox on Linux",
        ),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_has_a_name(user_agent, name):
    assert browser_name(user_agent) == name
