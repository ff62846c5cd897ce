"""URLs with placeholders: what is refused at save, and what values can't do."""

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.addresses import NOTHING_ALLOWED, AddressRefused, AllowList, vet_url
from app.domain.paths import MissingPath
from app.domain.urls import fill, vet_template
from tests.corpus.addresses import ALLOWED, REFUSED


@pytest.mark.parametrize("url", REFUSED, ids=ascii)
def test_what_is_refused_at_send_is_refused_at_save(url: str):
    with pytest.raises(AddressRefused):
        vet_template(url, NOTHING_ALLOWED)


@pytest.mark.parametrize("url", ALLOWED)
def test_what_may_be_sent_may_be_saved(url: str):
    vet_template(url, NOTHING_ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "https://{{ input.host }}/",
        "https://{{input.host}}:{{ input.port }}/x",
        "http://{{ input.host }}:8443",
        "https://{{ input.tenant }}.example.com/{{ input.id }}?q={{ input.q }}",
        "https://api-{{ input.region }}.example.com/",
        "http://8.8.{{ input.c }}.{{ input.d }}/",
        "https://example.com:{{ input.port }}/",
        "https://example.com/{{ steps.a-b.output.0.id }}#{{ input.x }}",
        "https://example.com?{{ input.q }}",
    ],
)
def test_a_url_that_values_can_make_whole_may_be_saved(url: str):
    vet_template(url, NOTHING_ALLOWED)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("{{ input.url }}", "must start with http"),
        ("{{ input.scheme }}://example.com/", "must start with http"),
        ("https://", "name a host"),
        ("https://{{ input.user }}@example.com/", "user name"),
        ("https://example.com\\{{ input.x }}", "backslash"),
        ("https://{{ input.host }}/a b", "a space"),
        ("https://10.0.0.1/{{ input.x }}", "not on the public internet"),
        ("https://10.0.0.1:{{ input.port }}/", "not on the public internet"),
        ("https://{{ input.host }}:22/", "Port 22"),
        ("https://{{ input.x }}.local/", "not a full host name"),
        ("https://example.com/{{ input.x | upcase }}", "holds a path"),
        ("https://example.com/{{ input.x }", "holds a path"),
        ("https://example.com/{{}}", "holds a path"),
        ("https://exa{{ 1 }}mple.com/", "holds a path"),
    ],
)
def test_a_url_that_no_value_can_make_whole_is_refused_with_its_reason(url: str, says: str):
    with pytest.raises(AddressRefused) as refused:
        vet_template(url, NOTHING_ALLOWED)
    assert says in refused.value.reason


def test_the_allow_list_counts_at_save():
    allow = AllowList.parse("10.0.0.0/8, stock:9000")
    for url in ("http://10.1.2.3/{{ input.x }}", "http://stock:9000/"):
        vet_template(url, allow)
        with pytest.raises(AddressRefused):
            vet_template(url, NOTHING_ALLOWED)
    with pytest.raises(AddressRefused):
        vet_template("http://192.168.0.1/", allow)


# Values


def filled(url: str, **values: Any) -> str:
    return fill(url, {"input": values})


ONE_PIECE: list[Any] = [12, 1.5, True, ["a"], " ", ".. .."]
ONE_PIECE += "A-1 A/1 a.b ... ..a a.. .a a%2Fb ä 1 a/b.c x/...y a:b@c ?x #y".split()


@pytest.mark.parametrize("value", ONE_PIECE)
def test_a_value_stays_one_piece_of_the_path(value: Any):
    url = filled("https://x.example/orders/{{ input.id }}/lines?full=1", id=value)
    parts = urlsplit(url)
    assert (parts.netloc, parts.query, parts.fragment) == ("x.example", "full=1", "")
    assert parts.path.count("/") == 3


CLIMBING = ["", ".", "..", "../admin", "..\\admin", "a/../b", "a/..", "./a", "/..", "/../"]
CLIMBING += ["%2e", "%2e%2e", "%2E%2e%2fadmin", "..%2fadmin", "%252e%252e", "a\\..\\b"]


@pytest.mark.parametrize("value", CLIMBING)
@pytest.mark.parametrize(
    "url", ["https://x.example/orders/{{ input.id }}", "https://x.example/{{ input.id }}/cancel"]
)
def test_a_value_can_not_climb_out_of_its_place(url: str, value: str):
    with pytest.raises(AddressRefused) as refused:
        filled(url, id=value)
    assert refused.value.reason.startswith("input.id ")
    assert not value or value not in refused.value.reason.removeprefix("input.id")[:-1].split()


def test_values_can_not_make_a_dot_segment_together():
    with pytest.raises(AddressRefused):
        filled("https://x.example/{{ input.a }}{{ input.b }}/x", a=".", b=".")
    with pytest.raises(AddressRefused):
        filled("https://x.example/.{{ input.a }}/x", a=".")


def test_what_the_author_wrote_is_left_alone():
    assert filled("https://x.example/../a//b/{{ input.a }}", a="1") == "https://x.example/../a//b/1"
    assert filled("https://x.example/..", a="1") == "https://x.example/.."


def test_dots_in_the_query_are_only_dots():
    url = filled("https://x.example/a?p={{ input.a }}#{{ input.b }}", a="../x", b="..")
    assert url == "https://x.example/a?p=..%2Fx#.."


@pytest.mark.parametrize("value", [".evil.example", "a.b", ".", "x.", "evil.example."])
@pytest.mark.parametrize(
    "url",
    [
        "https://x.example{{ input.a }}/",
        "https://{{ input.a }}.x.example/",
        "https://{{ input.a }}x.example/",
        "https://x{{ input.a }}:443/",
    ],
)
def test_a_value_brings_no_dots_into_a_host(url: str, value: str):
    with pytest.raises(AddressRefused, match=r"input\.a has a dot"):
        filled(url, a=value)


def test_a_value_may_be_the_whole_host():
    assert filled("https://{{ input.a }}/x", a="shop.example") == "https://shop.example/x"
    assert filled("https://{{ input.a }}:8443/x", a="shop.example").startswith(
        "https://shop.example:"
    )


def test_a_missing_path_is_named():
    with pytest.raises(MissingPath, match=r"input\.b is missing"):
        filled("https://x.example/{{ input.a }}/{{ input.b }}", a="1")


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_value_changes_the_host_unnoticed(value: str):
    """It is refused, or the host is the one that was written, with the value as one label of it."""
    templates = {
        "https://x.example/{{ input.a }}": "x.example",
        "https://x.example/?q={{ input.a }}": "x.example",
        "https://{{ input.a }}.x.example/": ".x.example",
        "https://x.example{{ input.a }}/": "x.example",
        "https://x.example:{{ input.a }}/": "x.example",
    }
    for template, host in templates.items():
        try:
            target = vet_url(filled(template, a=value))
        except AddressRefused:
            continue
        where = target.host
        assert where.endswith(host) if host.startswith(".") else where.startswith(host)
        assert where.count(".") == host.count(".")


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_value_brings_a_dot_segment_however_often_it_is_decoded(value: str):
    try:
        url = filled("https://x.example/a/{{ input.a }}/b", a=value)
    except AddressRefused:
        return
    path = urlsplit(url).path
    for _ in range(3):
        path = unquote(path)
        assert not {".", ".."} & set(path.replace("\\", "/").split("/"))
