"""Routes that are compiled once for each process that runs tests.

Werkzeug writes two small functions for every rule whenever an application is made, which is most
of what making one takes. They depend on the rule alone, and tests make thousands of applications.
"""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.routing import Rule


def compile_once(patch: pytest.MonkeyPatch) -> None:
    """Let the functions that werkzeug writes for a rule serve for all equal rules."""
    compile_builder: Callable[..., Any] = Rule._compile_builder  # type: ignore[attr-defined]
    known: dict[Any, Any] = {}

    def remembered(rule: Any, append_unknown: bool = True) -> Any:
        key = (*rule._trace, append_unknown)
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    patch.setattr(Rule, "_compile_builder", remembered)
