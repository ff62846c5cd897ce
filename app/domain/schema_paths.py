"""The paths into values that a JSON Schema describes. Pure; a schema half done says less."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.half_done import items, mapping, text

DEEPEST = 6
MOST = 500
_MIXED = ("allOf", "anyOf", "oneOf")
_CONTAINERS = frozenset({"object", "array", "any"})


@dataclass(frozen=True, slots=True)
class SchemaPath:
    """A path below the schema's own, such as `order.lines.0.sku`.

    certain   it is there whatever fits the schema: required, or filled in by a default
    open      more may stand below it than the schema says
    """

    path: str
    title: str
    type: str
    certain: bool
    open: bool
    schema: Mapping[str, Any]


def paths_of(schema: Any) -> list[SchemaPath]:
    """All paths that a schema of an object names, each before those below it."""
    found: dict[str, SchemaPath] = {}
    for one in _below(mapping(schema), "", 0, sure=True):
        found.setdefault(one.path, one)
        if len(found) >= MOST:
            break
    return list(found.values())


def is_open(schema: Any) -> bool:
    """Whether it expects more members than it names: it names none, or says so."""
    rule = mapping(schema)
    if rule.get("additionalProperties") is False:
        return False
    more = rule.get("additionalProperties")
    return not _names_any(rule) or more is True or bool(mapping(more)) or "if" in rule


def _names_any(rule: Mapping[str, Any]) -> bool:
    parts = [rule, *(mapping(part) for name in _MIXED for part in items(rule.get(name)))]
    return any(mapping(part.get("properties")) for part in parts)


def _below(rule: Mapping[str, Any], prefix: str, depth: int, *, sure: bool) -> Iterator[SchemaPath]:
    if depth > DEEPEST:
        return
    required = [name for name in items(rule.get("required")) if isinstance(name, str)]
    for name, value in mapping(rule.get("properties")).items():
        field = mapping(value)
        certain = sure and (name in required or (depth == 0 and "default" in field))
        yield _path(field, f"{prefix}{name}", certain=certain)
        yield from _below(field, f"{prefix}{name}.", depth + 1, sure=certain)
    entries = mapping(rule.get("items"))
    if entries and prefix:
        yield _path(entries, f"{prefix}0", certain=False)
        yield from _below(entries, f"{prefix}0.", depth + 1, sure=False)
    for part in (part for name in _MIXED for part in items(rule.get(name))):
        yield from _below(mapping(part), prefix, depth + 1, sure=False)


def _path(field: Mapping[str, Any], path: str, *, certain: bool) -> SchemaPath:
    kind = type_of(field)
    named = _names_any(field) if kind != "array" else bool(mapping(field.get("items")))
    return SchemaPath(
        path=path,
        title=text(field.get("title")) or path.rpartition(".")[2],
        type=kind,
        certain=certain,
        open=kind in _CONTAINERS and (not named or (kind != "array" and is_open(field))),
        schema=field,
    )


def type_of(rule: Mapping[str, Any]) -> str:
    """Its JSON type; `any` if it has none or several."""
    kind = rule.get("type")
    kinds = [one for one in items(kind) if one != "null"] if isinstance(kind, list) else [kind]
    if len(kinds) == 1 and isinstance(kinds[0], str):
        return kinds[0]
    if "properties" in rule:
        return "object"
    choices = items(rule.get("enum"))
    return "string" if choices and all(isinstance(one, str) for one in choices) else "any"
