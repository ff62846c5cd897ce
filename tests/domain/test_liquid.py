"""Text that authors write: what it can do, and that nothing it asks for holds anybody up."""

import string
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain import liquid
from app.domain.liquid import NotRenderable, check_syntax, render

ORDER = {
    "input": {"name": "Mara <mara@example.com>", "note": None, "lines": [{"sku": "A", "q": 2}]},
    "step": {"dueAt": "2026-01-31T09:00:00Z"},
}


def fault(text: str, context: object = None, **more: object) -> NotRenderable:
    with pytest.raises(NotRenderable) as found:
        render(text, ORDER if context is None else context, **more)  # type: ignore[arg-type]
    return found.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain", "plain"),
        ("Hello {{ input.name }}", "Hello Mara <mara@example.com>"),
        ("{{ input.lines[0].sku }} {{ input.lines.first.q }}", "A 2"),
        ("{% for line in input.lines %}{{ line.q }} × {{ line.sku }}{% endfor %}", "2 × A"),
        ("{{ input.nothing | default: 'none' }}", "none"),
        ("{% if input.nothing %}yes{% else %}no{% endif %}", "no"),
        ("[{{ input.note }}]", "[]"),
        ("{{ input.lines }}", '[{"sku": "A", "q": 2}]'),
        ("{{ step.dueAt | date: '%d %b, %H:%M' }}", "31 Jan, 09:00"),
        ("{% raw %}{{ not.read }}{% endraw %}", "{{ not.read }}"),
        ("a {%- comment %} {{ never.read {% endcomment -%} b", "ab"),
        ("{% # a remark %}{% assign n = 2 | times: 3 %}{{ n }}", "6"),
    ],
)
def test_a_text_is_rendered(text, said):
    assert render(text, ORDER) == said


def test_what_stands_in_a_value_is_never_read_as_liquid():
    assert render("{{ input }}", {"input": "{{ 1 | plus: 1 }}"}) == "{{ 1 | plus: 1 }}"


def test_values_are_escaped_for_html_and_no_filter_lets_them_through():
    assert render("<p>{{ input.name }}</p>", ORDER, escape=True) == (
        "<p>Mara &lt;mara@example.com&gt;</p>"
    )
    assert "unknown filter 'safe'" in fault("{{ input.name | safe }}", escape=True).reason


def test_a_name_that_leads_nowhere_is_told_with_its_line():
    missing = fault("Dear\n{{ input.customer.name }}")
    assert (missing.path, missing.line) == ("input.customer.name", 2)
    assert str(missing) == "line 2: input.customer.name is missing"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n{{ input.name", 2),
        ("\n\n{% if input.name", 3),
        ("{% endfor %}", 1),
        ("\n{% include 'secrets' %}", 2),
        ("\n{{ input.name | shout }}", 2),
        ("{% raw %}", 1),
    ],
)
def test_what_is_no_liquid_is_told_with_its_line(text, line):
    assert fault(text).line == line


def test_an_unclosed_block_is_found_without_rendering():
    with pytest.raises(NotRenderable, match="endif"):
        check_syntax("{% if input.name %}")
    check_syntax("{{ nobody.knows.this }}")


def test_the_paths_of_a_text_are_known():
    text = "{% assign a = input.x %}{{ a }}\n{{ step.name }}{{ steps[input.k].output }}"
    found = sorted(liquid.paths(text))
    assert found == [
        (["input", "k"], 2),
        (["input", "x"], 1),
        (["step", "name"], 2),
        (["steps"], 2),
    ]


BOMBS = [
    "{% for i in (1..100000000000000000000) %}{% endfor %}",
    "{% for i in (1..5000) %}{% endfor %}" * 3,
    "{% for i in (1..200) %}{% for j in (1..200) %}x{% endfor %}{% endfor %}",
    "{% for i in (1..10000) %}" + "{% if 1 == 1 %}{% endif %}" * 3000 + "{% endfor %}",
    "{% for i in (1..10000) %}" + "x" * 50 + "{% endfor %}",
    "{{ (1..9999999999) | join: 'x' }}",
    "{% if (1..9999999999) contains 'x' %}{% endif %}",
    "{% assign a = 'aa' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}",
    "{% assign a = 9 %}{% for i in (1..60) %}{% assign a = a | times: a %}{% endfor %}",
    "{% assign l = big | split: '' %}"
    "{% for i in (1..9) %}{% assign l = l | concat: l %}{% endfor %}",
    "{{ big | replace: 'a', big }}",
    "{{ big | replace: '', big }}",
    "{{ big | split: '' | join: big }}",
    "{{ big | split: '' | uniq }}",
    "{{ big | strip_html }}",
    "{{" * 50_000,
    "{%" * 50_000,
    "{% raw %}" * 11_000,
    "{% comment %}" * 7_000,
    "{{" + " " * 99_000 + "}}",
    "{{ " + "(" * 900 + " }}",
    "{{ big" + "[big" * 240 + " }}",
    "{% if big %}" * 5_000,
    "x" * 100_001,
]


@pytest.mark.parametrize("text", BOMBS, ids=lambda text: text[:40])
def test_a_text_that_asks_for_too_much_ends_as_a_fault_of_that_text(text):
    fault(text, {"big": "a" * 90_000})


PIECES = st.sampled_from(
    "{{ }} {% %} {%- -%} if endif for endfor in input input.a input.b[0] a | : , . ( ) .. 1 "
    "99999 'x' \" else elsif unless case when raw endraw comment endcomment assign capture "
    "endcapture = == contains and or size first join split replace times plus divided_by date "
    "default sort uniq map where slice round cycle break continue echo forloop.index nil true "
    "[ ] # - \n".split(" ")
)
TEXTS = st.lists(PIECES, max_size=40).map(" ".join) | st.text(
    st.sampled_from("{}%|'\"-.#[]() \n" + string.ascii_lowercase), max_size=200
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@settings(deadline=None, max_examples=400)
@given(TEXTS, st.dictionaries(st.sampled_from(["input", "a", "size"]), VALUES), st.booleans())
def test_no_text_and_no_context_raises_anything_else(text, context, escape):
    try:
        said = render(text, context, escape)
    except NotRenderable:
        return
    assert len(said.encode("utf-8", "surrogatepass")) <= liquid.MAX_RENDERED


EXPRESSIONS = st.builds(
    "{{{{ {} | {}: {}, {} }}}}".format,
    st.sampled_from(["input", "input.a", "'x'", "1", "1.5", "(1..9)", "nil", "true"]),
    st.sampled_from(
        "abs append at_least base64_decode capitalize ceil compact concat date default divided_by "
        "escape first floor join last map minus modulo plus prepend remove replace reverse round "
        "size slice sort split squish strip_html sum times truncate truncatewords uniq upcase "
        "url_decode where find has reject".split()
    ),
    st.sampled_from(["input", "'a'", "0", "-1", "99999999999999999999", "nil", "missing"]),
    st.sampled_from(["''", "2", "input"]),
)


@settings(deadline=None, max_examples=400)
@given(EXPRESSIONS, VALUES)
def test_no_filter_raises_anything_else(text, value):
    with suppress(NotRenderable):
        render(text, {"input": value})
