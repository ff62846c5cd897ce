"""Conditions in plain words, half-done ones too."""

from typing import Any

import pytest

from app.domain.condition_words import sentence

TITLES = {"input.total": "Total", "input.country": "Country"}


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (None, ""),
        ({}, ""),
        ({"all": [["input.total", ">", 100]]}, "Total is more than 100"),
        (
            {
                "any": [
                    ["input.country", "in", ["DE", "AT", "CH"]],
                    ["input.total", "exists", False],
                ]
            },
            "Country is one of “DE”, “AT” or “CH”, or Total is missing",
        ),
        (
            {"all": [["input.gift", "=", True], {"any": [["input.total", "exists"]]}]},
            "input.gift is yes, and (Total is there)",
        ),
        ({"all": [["input.total", "=", None]]}, "Total is empty"),
        ({"all": [["", "="]]}, "… is …"),
        ({"all": [["input.total"]]}, "Total … …"),
        ({"all": [[], 5, "x"]}, "… … …, and … … …, and … … …"),
        ({"all": "x"}, "…"),
        ({"all": [["input.country", "contains", "x" * 70]]}, f"Country contains “{'x' * 60}…”"),
    ],
)
def test_a_condition_is_said_in_words(when: Any, words: str):
    assert sentence(when, lambda path: TITLES.get(path, path)) == words
