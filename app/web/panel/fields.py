"""A field as its JSON Schema describes it: the one that pydantic makes for OpenAPI and the docs.

Beside what JSON Schema says itself, a field may say (`json_schema_extra`):

x-widget        what draws and reads it, where its type does not say enough; see `widgets`
x-tab           where it stands: action (if nothing is said), schedule, retry, …; see `tabs`
x-order         behind those with a lower one; 0 if nothing is said
x-placeholders  that `{{ … }}` is filled in: `plain`, or `liquid` where filters and tags work too
x-for           shown only while another field has one of these values: {"type": ["basic"]}
x-null          of JSON: null is a value, and something else than none at all
x-rows          how many lines are shown of a long text
x-labels        what the choices of an enum are called, by value
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from pydantic import BaseModel

Json = Mapping[str, Any]


class Absent:
    """The value of a field that is not in the document."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Field:
    """A place in the form.

    schema    what may stand there, references and the `null` of an optional one taken out
    name      of the form field, see Node
    path      where faults look for it
    optional  null may stand there too
    required  it has to be given
    """

    schema: Json
    name: str = ""
    path: str = ""
    optional: bool = False
    required: bool = False
    definitions: Json | None = None

    @property
    def default(self) -> Any:
        """What holds where nothing is given; ABSENT if nothing does."""
        return self.schema.get("default", ABSENT)

    @property
    def label(self) -> str:
        return str(self.schema.get("title", ""))

    def sub(self, name: str, schema: Json, *, path: str = "", required: bool = False) -> "Field":
        """A field within this one."""
        plain, optional = _plain(schema, self.definitions or {})
        return Field(
            plain,
            f"{self.name}.{name}" if self.name else name,
            f"{self.path}.{path or name}" if self.path else path or name,
            optional,
            required,
            self.definitions,
        )

    def same(self, schema: Json) -> "Field":
        """The same place, held to another schema: one of a union."""
        plain, _ = _plain(schema, self.definitions or {})
        return Field(plain, self.name, self.path, False, self.required, self.definitions)

    def properties(self) -> Iterator[tuple[str, "Field"]]:
        """The fields of an object by their keys, in the order in which they are shown."""
        known = cast("dict[str, Json]", self.schema.get("properties", {}))
        required = self.schema.get("required", ())
        found = [(key, self.sub(key, of, required=key in required)) for key, of in known.items()]
        yield from sorted(found, key=lambda each: each[1].schema.get("x-order", 0))

    def item(self, at: int) -> "Field":
        """A row of a list."""
        return self.sub(str(at), self.schema.get("items", {}), required=True)


@cache
def root_of(model: type[BaseModel], name: str = "") -> Field:
    """A whole model, at this place of the form."""
    schema = model.model_json_schema()
    return Field(schema, name, name, definitions=schema.get("$defs", {}))


def _plain(schema: Json, definitions: Json) -> tuple[Json, bool]:
    """Without `$ref` and without null among the alternatives; whether null was there. What the
    field says goes before what its type says."""
    if "$ref" in schema:
        meant = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        return _plain({**meant, **_without(schema, "$ref")}, definitions)
    alternatives = cast("list[Json]", schema.get("anyOf", []))
    others = [each for each in alternatives if each.get("type") != "null"]
    if len(others) == len(alternatives) or len(others) != 1:
        return schema, len(others) != len(alternatives)
    plain, _ = _plain({**others[0], **_without(schema, "anyOf")}, definitions)
    return plain, True


def _without(schema: Json, key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}
