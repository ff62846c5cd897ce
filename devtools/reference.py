"""`docs/authoring/reference.md`: every field of a template, made from the schemas that also make
the editor's forms and the API's description.

`python -m devtools.reference` writes it, `--check` says whether it is up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from app.schemas.actions import ACTION_TYPES
from app.schemas.policies import InstancePolicy, NotificationPolicy
from app.schemas.template import Template, TemplateStep

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "authoring" / "reference.md"
HEAD = """# Reference of template fields

This page is made from the schemas by `.venv/bin/python -m devtools.reference`; don't edit it. What
the fields mean together is in [writing templates](../authoring.md). A field without a default is
required. Placeholders, `{{ … }}`, are filled in where it says so. They are paths into the input,
the instance, and what earlier steps gave. Liquid has filters and tags as well.
"""
Json = Mapping[str, Any]


def page() -> str:
    """The whole page."""
    models: list[tuple[str, type[BaseModel]]] = [
        ("The template", Template),
        ("A step", TemplateStep),
        *((f"{kind.label}: {name}", kind.config) for name, kind in ACTION_TYPES.items()),
        ("Notification policy of a step", NotificationPolicy),
        ("Notification policy of an instance", InstancePolicy),
    ]
    schemas = [(title, model.model_json_schema()) for title, model in models]
    parts: dict[str, Json] = {}  # what several of them have, by name
    for _, schema in schemas:
        parts |= schema.get("$defs", {})
    found = [HEAD]
    for title, schema in schemas:
        found += table(title, schema, parts)
    own = {model.__name__ for _, model in models}
    for name in sorted(set(parts) - own):
        if parts[name]["type"] == "object":
            found += table(name, parts[name], parts)
    return "\n".join(found)


def table(title: str, schema: Json, definitions: Mapping[str, Json]) -> list[str]:
    """A section with a row for each field."""
    properties: Mapping[str, Json] = schema["properties"]
    rows = [row(name, field, schema, definitions) for name, field in properties.items()]
    head = ["| field | type | default | meaning | example |", "| --- | --- | --- | --- | --- |"]
    about = " ".join(str(schema.get("description", "")).split())
    return [f"## {title}\n", f"{about}\n", *head, *rows, ""]


def row(name: str, field: Json, whole: Json, definitions: Mapping[str, Json]) -> str:
    meaning = f"**{_title(field)}.** {_meaning(field)}"
    if syntax := _syntax(field):
        said = "liquid" if syntax == "liquid" else "placeholder"
        takes = {"liquid": " Takes Liquid.", "placeholder": " Takes placeholders."}
        meaning += "" if said in meaning.lower() else takes[said]
    default = "" if name in whole.get("required", ()) else written(field.get("default", {}))
    kinds = " or ".join(types(field, definitions))
    cells = (f"`{name}`", kinds, default, meaning, example(field))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _title(field: Json) -> str:
    """Its own; pydantic leaves one out that is the type's."""
    return field["title"] if "title" in field else field["$ref"].rsplit("/", 1)[-1]


def _meaning(field: Json) -> str:
    """What it says, or its type where it says nothing itself."""
    return next((each["description"] for each in _layers(field) if "description" in each), "")


def _syntax(field: Json) -> str:
    return next((each["x-placeholders"] for each in _layers(field) if "x-placeholders" in each), "")


def _layers(field: Json) -> Iterator[Json]:
    """The field, its alternatives, its rows and its values."""
    yield field
    for inner in (*field.get("anyOf", ()), field.get("items"), field.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from _layers(inner)


def types(field: Json, definitions: Mapping[str, Json]) -> list[str]:
    """What may stand there, in words."""
    if "anyOf" in field:
        return [word for each in field["anyOf"] for word in types(each, definitions)]
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        target = definitions[name]
        return [anchor(name)] if target["type"] == "object" else types(target, definitions)
    if "enum" in field:
        return [f"`{each}`" for each in field["enum"]]
    match field.get("type"):
        case "array":
            return [f"list of {' or '.join(types(field['items'], definitions))}"]
        case "object" if isinstance(field.get("additionalProperties"), dict):
            return ["names with texts"]
        case "object":
            return ["object"]
        case "integer" | "number" as kind:
            return [("whole number" if kind == "integer" else "number") + limits(field)]
        case "null":
            return ["null"]
        case "string":
            return ["text"]
        case _:
            return ["any JSON"]


def anchor(name: str) -> str:
    """A link to the section of an object."""
    titles = {
        "TemplateStep": "a-step",
        "NotificationPolicy": "notification-policy-of-a-step",
        "InstancePolicy": "notification-policy-of-an-instance",
    }
    return f"[{name}](#{titles.get(name, name.lower())})"


def limits(field: Json) -> str:
    low = field.get("minimum", field.get("exclusiveMinimum"))
    high = field.get("maximum", field.get("exclusiveMaximum"))
    above = "above " if "exclusiveMinimum" in field else ""
    return f", {above}{low:,} to {high:,}" if low is not None and high is not None else ""


def written(value: Any) -> str:
    return "none" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def example(field: Json) -> str:
    found = next((each["examples"][0] for each in _layers(field) if each.get("examples")), None)
    is_row = "examples" not in field and field.get("type") == "array"
    return "" if found is None else written([found] if is_row else found)


def main(arguments: list[str]) -> int:
    made = page()
    if "--check" not in arguments:
        PAGE.write_text(made)
        return 0
    there = PAGE.read_text() if PAGE.exists() else ""
    difference = list(unified_diff(there.splitlines(), made.splitlines(), "there", "made", n=1))
    if difference:
        print("\n".join(difference[:60]))
        print("Refresh it: .venv/bin/python -m devtools.reference")
        return 1
    print(f"{PAGE.relative_to(ROOT)} is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
