"""Routes that are compiled once for each process that runs tests.

Werkzeug takes each rule apart and writes two small functions for it whenever an application is
made, which is most of what making one takes. What comes of it depends on the rule and the
converters alone, and tests make thousands of applications.
"""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.routing import Rule

MADE = ("_parts", "_trace", "_converters", "arguments")


def compile_once(patch: pytest.MonkeyPatch) -> None:
    """Let what was compiled for a rule serve for all equal rules."""
    compile_it: Callable[[Any], None] = Rule.compile
    known: dict[Any, tuple[dict[str, Any], Any, Any]] = {}

    def compile_or_remember(rule: Any) -> None:
        if rule.defaults:
            return compile_it(rule)
        kinds = frozenset(rule.map.converters.items())
        key = (rule.rule, rule.subdomain, rule.host, rule.merge_slashes, kinds)
        if key not in known:
            compile_it(rule)
            made = {name: getattr(rule, name) for name in MADE}
            known[key] = (made, rule._build.__func__, rule._build_unknown.__func__)
            return None
        made, build, build_unknown = known[key]
        vars(rule).update(made)
        rule._build = build.__get__(rule, None)
        rule._build_unknown = build_unknown.__get__(rule, None)
        return None

    patch.setattr(Rule, "compile", compile_or_remember)
