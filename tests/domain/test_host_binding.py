"""Where a secret may be sent: what the entries mean, and that no spelling of a URL gets around
them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.host_binding import in_words, permits, read_host, target_of

LABEL = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12).filter(
    lambda text: not text.isdigit() and not text.startswith("0x")
)
NAME = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
PORT = st.integers(1, 65535)


def goes(entry: str, url: str) -> bool:
    target = target_of(url)
    return permits([read_host(entry)], target.host, target.port)


@given(NAME, PORT)
def test_a_host_covers_itself_on_every_port_and_nothing_else(name, port):
    assert permits([read_host(name)], name, port)
    assert not permits([read_host(name)], f"x{name}", port)
    assert not permits([read_host(name)], f"x.{name}", port)
    assert not permits([read_host(name)], f"{name}.x", port)


@given(NAME, PORT, PORT)
def test_with_a_port_only_that_one(name, port, other):
    assert permits([read_host(f"{name}:{port}")], name, port)
    assert permits([read_host(f"{name}:{port}")], name, other) == (port == other)


@given(NAME, st.lists(LABEL, min_size=1, max_size=3).map(".".join), PORT)
def test_a_star_covers_every_name_below_but_not_the_name_itself(name, below, port):
    hosts = [read_host(f"*.{name}")]
    assert permits(hosts, f"{below}.{name}", port)
    assert not permits(hosts, name, port)
    assert not permits(hosts, f"{below}{name}", port)


@given(NAME, NAME)
def test_one_entry_that_covers_it_is_enough(one, other):
    hosts = [read_host(one), read_host(other)]
    assert permits(hosts, one, 443) and permits(hosts, other, 443)


def test_no_entry_covers_nothing():
    assert not permits([], "example.com", 443)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Stock.Example.COM", "stock.example.com"),
        ("stock.example.com.", "stock.example.com"),
        (" stock.example.com:8443 ", "stock.example.com:8443"),
        ("*.Example.com", "*.example.com"),
        ("*.example.com:8443", "*.example.com:8443"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost:8000", "localhost:8000"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]:443", "[2001:db8::1]:443"),
        ("2001:0DB8::1", "[2001:db8::1]"),
    ],
)
def test_entries_are_stored_in_one_form(written, stored):
    assert read_host(written) == stored
    assert read_host(stored) == stored


@pytest.mark.parametrize(
    "text",
    "|*|*.|*.com|*.192.0.2.1|https://example.com|example.com/path|a,b|10.0.0.0/8|user@example.com"
    "|exa mple.com|example.com:0|example.com:99999|example.com:|a.*.example.com|**.example.com"
    "|*.*.example.com|0x7f.1|[::1%1]".split("|"),
)
def test_what_is_no_host_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"\.$"):
        read_host(text)


@given(st.text())
def test_whatever_is_typed_is_read_or_refused(text):
    try:
        stored = read_host(text)
    except ValueError:
        return
    assert read_host(stored) == stored


@pytest.mark.parametrize(
    "url",
    [
        "https://stock.example.com/orders",
        "https://STOCK.example.com./",
        "https://stock.example.com:443",
        "https://stock.example.com?x=https://evil.example.org",
        "https://stock.example.com#@evil.example.org",
    ],
)
def test_every_spelling_of_the_host_is_the_host(url):
    assert goes("stock.example.com", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/stock.example.com",
        "https://evil.example.org/?stock.example.com",
        "https://evil.example.org#stock.example.com",
        "https://stock.example.com.evil.example.org/",
        "https://evilstock.example.com/",
        "https://xstock.example.com/",
    ],
)
def test_the_name_elsewhere_in_the_url_does_not_count(url):
    assert not goes("stock.example.com", url)


def test_hosts_in_words():
    assert in_words(["a"]) == "a"
    assert in_words(["a", "b", "c"]) == "a, b and c"
