"""Descriptions and examples for whatever the OpenAPI document names. A schema's own words go
first, then those of `words_of.py` for it or what it is made from, then the shared ones."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from app.api.words import SHARED, Word
from app.api.words_of import OWN

Json = Any


def describe(components: dict[str, Json]) -> dict[str, Json]:
    """Give every schema and every field what it lacks, in place."""
    classes = {model.__name__: model for model in _models(BaseModel)}
    for name, schema in components.items():
        parents = classes[name].__mro__ if name in classes else ()
        names = [parent.__name__ for parent in parents] or [name]
        _fill(schema, next((OWN[name] for name in names if name in OWN), None))
        for field, part in schema.get("properties", {}).items():
            _fill(part, word_of(field, *names))
    return components


def parameter(name: str, noun: str, schema: Json) -> dict[str, Json]:
    """The description and the example of a parameter of one of a noun's routes."""
    about, example = word_of(name, noun) or (None, None)
    found: dict[str, Json] = {"description": schema.get("description") or about}
    choices = [schema, *schema.get("anyOf", [])]
    chosen = any("examples" in part or "enum" in part for part in choices)
    if example is not None and not chosen:
        found["example"] = example
    return found if found["description"] else {}


def word_of(field: str, *owners: str) -> Word | None:
    """What is known of a field of these schemas."""
    named = (f"{owner}.{field}" for owner in owners)
    return next((OWN[name] for name in named if name in OWN), SHARED.get(field))


def _fill(schema: Json, word: Word | None) -> None:
    choices = [schema, *schema.get("anyOf", [])]
    own = next((part["description"] for part in choices if "description" in part), None)
    about, example = word or (None, None)
    if own or about:
        schema["description"] = own or about
    # What refers to another schema has that one's example.
    taken = any("examples" in part or "$ref" in part for part in choices)
    if example is not None and not taken:
        schema["examples"] = [example]


def _models(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in base.__subclasses__():
        if model.__module__.startswith("app."):
            yield model
        yield from _models(model)
