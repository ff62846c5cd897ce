"""Whatever JSON holds comes back from YAML and from JSON, also with the line ends of browsers."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain import template_texts
from app.errors import Malformed
from tests.support.template_strategies import json_values, texts

LONG = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=80, max_size=200)
DOCUMENTS = st.dictionaries(texts(), json_values() | st.lists(LONG, max_size=2), min_size=1)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENTS, st.sampled_from(["yaml", "json"]))
def test_a_document_comes_back_as_it_went(document, form):
    text = template_texts.written(document, form)
    assert template_texts.read(text.encode(), form) == document
    assert template_texts.read(text.encode()) == document
    assert template_texts.read(text.replace("\n", "\r\n").encode()) == document


@pytest.mark.parametrize("text", ["\x85", "a\u2028b", "\u2029", " \u2028 \x85\n"])
def test_line_breaks_that_only_old_yaml_knows_are_kept(text):
    written = template_texts.written({"said": text}, "yaml")
    assert template_texts.read(written.encode()) == {"said": text}


def test_without_a_format_it_is_json_where_it_looks_so_and_fits():
    assert template_texts.read(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert template_texts.read(b"{a: 1}") == {"a": 1}
    with pytest.raises(Malformed, match="JSON"):
        template_texts.read(b'{"a": 1')
