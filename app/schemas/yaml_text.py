"""YAML that can say no more than JSON can: no tags, no anchors, no dates, no surprises such as
`no` for false or 1:30 for ninety."""

import json
import re
from typing import Any

import yaml

from app.errors import Malformed
from app.schemas.base import loads

_NULL, _BOOL, _NUMBER = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "number"))
_RESOLVED = (
    (_NULL, re.compile(r"^(?:null|~|)$"), [*"n~", ""]),
    (_BOOL, re.compile(r"^(?:true|false)$"), [*"tf"]),
    (
        _NUMBER,
        re.compile(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"),
        [*"-0123456789"],
    ),
)


class _Loader(yaml.SafeLoader):
    """SafeLoader with JSON's scalars only (YAML 1.2, core schema)."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        # Aliases multiply: nine lines of them unfold into a billion nodes.
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Malformed("Anchors and aliases are not supported in YAML here.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep=True)
        if len(mapping) != len(node.value):
            raise Malformed("A mapping has the same key twice.")
        if not all(isinstance(key, str) for key in mapping):
            raise Malformed("A key is not a string.")
        return mapping


class _Dumper(yaml.SafeDumper):
    """Quotes whatever some reader of YAML, ours included, would take for more than text."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        # They break lines in YAML 1.1, which folds them away; double quotes escape them.
        style = '"' if any(char in data for char in "\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)
for _tag, _pattern, _first in _RESOLVED:
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
    _Dumper.add_implicit_resolver(_tag, _pattern, _first)
# Numbers are judged where all JSON is: a 5,000-digit one must not be made here.
_Loader.add_constructor(_NUMBER, lambda loader, node: loads(str(node.value)))


def loads_yaml(raw: bytes) -> Any:
    """Parse YAML that a stranger sent. Raises Malformed with the reason."""
    try:
        value = yaml.load(raw.decode("utf-8"), _Loader)  # noqa: S506 - a SafeLoader with less
        # Once round through JSON: the same limits hold, and nothing else gets through.
        return loads(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        raise Malformed("The YAML is nested too deeply.") from None
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise Malformed(f"The body is not YAML: {str(error)[:300]}.") from None


def dumps_yaml(document: Any) -> str:
    """A document as YAML, keys in their order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
