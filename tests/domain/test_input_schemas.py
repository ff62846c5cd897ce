"""Schemas that authors write do no harm when they are applied."""

import pytest

from app.domain import input_schemas
from app.errors import Invalid

ENDLESS = {"type": "object", "properties": {"sku": {"type": "string", "pattern": "(a|aa)+$"}}}


def test_a_pattern_that_would_never_end_is_given_up() -> None:
    with pytest.raises(Invalid) as refused:
        input_schemas.read_input(ENDLESS, {"sku": "a" * 40 + "!"}, "input")
    (fault,) = refused.value.errors
    assert (fault.path, fault.message) == (
        "input.sku",
        "The template's pattern takes too long to check this.",
    )


def test_the_same_pattern_takes_what_it_matches() -> None:
    assert input_schemas.read_input(ENDLESS, {"sku": "aaa"}, "input") == {"sku": "aaa"}
