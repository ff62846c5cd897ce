"""Filling `{{ path }}` into what authors wrote."""

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.paths import MissingPath
from app.domain.placeholders import fill, fill_text, fill_url, has_placeholder

CONTEXT: dict[str, Any] = {
    "input": {"id": 42, "name": "Ada", "lines": [{"sku": "A1"}], "none": None, "yes": True},
    "steps": {"reserve": {"output": {"ref": "R-7"}}},
    "instance": {"id": 7},
}


@pytest.mark.parametrize(
    ("leaf", "value"),
    [
        ("{{ input.id }}", 42),
        ("{{input.id}}", 42),
        ("  {{ input.id }}\n", 42),
        ("{{ input.lines }}", [{"sku": "A1"}]),
        ("{{ input.lines.0 }}", {"sku": "A1"}),
        ("{{ input.none }}", None),
        ("{{ input.yes }}", True),
        ("{{ steps.reserve.output.ref }}", "R-7"),
        ("{{ instance.id }}", 7),
    ],
)
def test_a_leaf_that_is_only_a_placeholder_keeps_the_values_type(leaf, value):
    filled = fill({"a": [leaf]}, CONTEXT)["a"][0]
    assert filled == value
    assert type(filled) is type(value)


@pytest.mark.parametrize(
    ("leaf", "text"),
    [
        ("Order {{ input.id }}", "Order 42"),
        ("{{ input.name }} {{ input.id }}", "Ada 42"),
        ("{{ input.id }}{{ input.id }}", "4242"),
        ("is {{ input.yes }}, {{ input.none }}", "is true, null"),
        ("{{ input.lines }}!", '[{"sku": "A1"}]!'),
    ],
)
def test_inside_other_text_a_value_is_written_out(leaf, text):
    assert fill(leaf, CONTEXT) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no braces",
        "{ input.id }",
        "{{ 1 + 1 }}",
        "{{ input.id | upper }}",
        "{% if x %}",
        "{{}}",
    ],
)
def test_what_is_no_placeholder_stays_as_it_is(text):
    assert fill(text, CONTEXT) == text


def test_a_value_is_not_filled_a_second_time():
    context = {"input": {"a": "{{ input.b }}", "b": "secret"}}
    assert fill("x {{ input.a }}", context) == "x {{ input.b }}"


def test_names_are_left_alone():
    assert fill({"{{ input.id }}": 1}, CONTEXT) == {"{{ input.id }}": 1}


@pytest.mark.parametrize(
    "path",
    [
        "input.ghost",
        "input.name.more",
        "input.lines.1",
        "input.lines.-1",
        "input.lines.sku",
        "steps.other.output.x",
        "other",
        "input.__class__",
    ],
)
@pytest.mark.parametrize("how", [fill, fill_text, fill_url])
def test_a_missing_path_is_named(how, path):
    with pytest.raises(MissingPath) as missing:
        how(f"https://x.example/{{{{ {path} }}}}", CONTEXT)
    assert missing.value.path == path
    assert str(missing.value) == f"{path} is missing"


def test_in_a_url_a_value_is_encoded():
    url = fill_url(
        "https://x.example/{{ input.a }}?q={{ input.b }}", {"input": {"a": "ä/b", "b": "c&d=e #"}}
    )
    assert url == "https://x.example/%C3%A4%2Fb?q=c%26d%3De%20%23"


@given(value=st.text(st.characters(codec="utf-8")) | st.integers() | st.lists(st.integers()))
def test_a_value_in_the_path_never_changes_the_rest_of_the_url(value):
    url = fill_url("https://x.example/orders/{{ input.a }}/lines?full=1", {"input": {"a": value}})
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == (
        "https",
        "x.example",
        "full=1",
        "",
    )
    _, orders, segment, lines = parts.path.split("/")
    assert (orders, lines) == ("orders", "lines")
    if isinstance(value, str):
        assert unquote(segment) == value


@given(value=st.text(st.characters(codec="utf-8")))
def test_a_value_in_the_host_stays_in_the_host(value):
    url = fill_url("https://{{ input.a }}.x.example/path", {"input": {"a": value}})
    assert not set("/?#@:\\[]").intersection(url.removeprefix("https://").split(".x.example")[0])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_characters="{")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@given(document=JSON)
def test_a_document_without_placeholders_stays_as_it_is(document):
    assert fill(document, {}) == document
    assert not has_placeholder(document)


@given(document=JSON)
def test_any_value_goes_through_a_placeholder_unchanged(document):
    assert fill({"body": "{{ input.it }}"}, {"input": {"it": document}}) == {"body": document}


def test_has_placeholder_looks_into_all_of_a_document():
    assert has_placeholder({"a": [1, {"b": "x {{ input.id }}"}]})
    assert has_placeholder("{% if x %}")
    assert not has_placeholder({"a": [1, {"b": "x"}]})
