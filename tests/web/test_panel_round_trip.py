"""Whatever stands in a step comes back from its panel, and whatever is typed stays."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.schemas.actions import ACTION_TYPES
from app.web.panel import Tab, read_step, step_form
from tests.support.panel_forms import Form, browsed, drawn, sent
from tests.support.random_steps import TEXT, steps
from tests.web.test_panel import checked

RUNS = settings(
    # Without shrinking: a form is large, and what fails is plain to see.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
kinds = pytest.mark.parametrize("kind", ACTION_TYPES)


@kinds
@RUNS
@given(data=st.data())
def test_a_random_step_is_read_back_as_it_was(app: Flask, kind: str, data: st.DataObject):
    bare = data.draw(steps(kind))
    whole = checked(bare)
    with app.app_context():
        forms = sent(bare), sent(whole)
        assert read_step(forms[1], whole) == (whole, {})
        from_bare, _ = read_step(forms[0], bare)
        alone, unread = read_step(forms[1], {"actionType": kind})

    assert checked(from_bare) == whole
    assert (written(checked(alone)), unread) == (written(whole), {})


@kinds
@RUNS
@given(data=st.data())
def test_what_is_typed_into_any_field_is_what_is_shown_then(
    app: Flask, kind: str, data: st.DataObject
):
    step = checked(data.draw(steps(kind)))
    with app.app_context():
        tabs = step_form(step)
        form = browsed(drawn(tabs)).form
        name = data.draw(st.sampled_from(list(to_type_into(tabs))))
        text = data.draw(TEXT | st.sampled_from(["12", "1.50", " 7", "{", "null", '{"a": 1}']))
        found, unread = read_step(typed(form, name, text), step, at="steps.0")
        shown = sent(found, at="steps.0", unread=unread)

    assert same(shown[name], text.replace("\r\n", "\n").replace("\r", "\n"))


def to_type_into(tabs: list[Tab]) -> Iterator[str]:
    """The fields for texts; what has a widget of its own has tests of its own."""
    plain = ("text", "area", "markdown", "json", "object", "list", "map", "pair", "union")
    for top in (node for tab in tabs for node in tab.nodes if node.kind in plain):
        yield from (node.name for node in top.walk() if node.kind in plain[:4])


def typed(form: Form, name: str, text: str) -> Form:
    """The form with this text in one of its fields."""
    changed = form.copy()
    changed.setlist(name, [text])
    return changed


def same(shown: str, text: str) -> bool:
    """Numbers and JSON come back in a form of their own, null as nothing; seconds in words, lists
    of lines without empty ones; an empty field means its default."""
    shown = shown.replace("\r\n", "\n")
    if shown == text or not text.strip() or shown == f"{text.strip()} seconds":
        return True
    if shown == "\n".join(line.strip() for line in text.split("\n") if line.strip()):
        return True
    try:
        return json.loads(shown or "null") == json.loads(text)
    except ValueError:
        return False


def written(value: Any) -> Any:
    """Without the difference between line breaks, which browsers don't know, and between no text
    and an empty one, which a form alone can't show."""
    if isinstance(value, dict):
        return {written(key): written(each) for key, each in value.items()}
    if isinstance(value, list):
        return [written(each) for each in value]
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n") or None
    return value
