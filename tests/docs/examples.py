"""How an example that is not a command is checked, by its language."""

import ast
import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from app.domain import liquid_engine
from app.schemas.conditions import check_when
from app.schemas.problem import Problem
from app.schemas.template import Template
from tests.support.fences import COMMAND, Fence

URL = "https://receiver.example.com/hook"
METRIC = re.compile(r"\brunsheet_\w+")
STEP = {"key": "step", "name": "Step", "actionType": "AUTOMATION_WEBHOOK"}


class Unknown(Exception):
    """The example is of no kind that is known here."""


def check(fence: Fence) -> None:
    """Raises whatever is wrong with it."""
    if fence.language not in CHECKS:
        raise Unknown(f"{fence}: no check for ```{fence.language}; add one, or use ```text")
    CHECKS[fence.language](fence)


def check_text(fence: Fence) -> None:
    for line in fence.text.splitlines():
        assert not COMMAND.match(line), f"{fence}: say ```sh, so that it is run: {line}"


def check_json(fence: Fence) -> None:
    check_value(fence, json.loads(fence.text))


def check_yaml(fence: Fence) -> None:
    for value in yaml.safe_load_all(fence.text):
        if isinstance(value, dict) and "steps" in value and "key" in value:
            Template.read(value)


def check_value(fence: Fence, value: Any) -> None:
    """Read it as what it is: a template, steps, a policy, a condition, a part of a step."""
    keys = set(value) if isinstance(value, dict) else set()
    if isinstance(value, list) and all("actionType" in each for each in value):
        template(*value)
    elif {"key", "steps"} <= keys:
        Template.read(value)
    elif {"channel", "trigger"} <= keys:
        template(STEP | {"actionConfig": {"url": URL}, "notificationPolicies": [value]})
    elif keys & {"all", "any"}:
        check_when(value)
    elif str(value.get("type", "") if keys else "").startswith("/problems/"):
        Problem.model_validate(value)
    elif keys and keys <= {"expect", "output", "retry", "recurrence"}:
        template(STEP | {"actionConfig": {"url": URL} | value})
    elif not is_answer(fence):
        raise Unknown(f"{fence}: no template, step, policy, condition, problem or answer")


def template(*steps: dict[str, Any]) -> None:
    Template.read({"key": "example", "name": "Example", "steps": list(steps)})


def is_answer(fence: Fence) -> bool:
    """What a command right above it answers; the test that runs the page compares them."""
    return bool(re.search(r"\banswers?\b.*:$", fence.above))


def check_shape(shown: Any, got: Any, place: str = "answer") -> None:
    """Everything that the document shows is there, as a value of the same kind."""
    if isinstance(shown, dict):
        assert isinstance(got, dict), place
        for name, value in shown.items():
            assert name in got, f"{place}.{name} is not there: {sorted(got)}"
            check_shape(value, got[name], f"{place}.{name}")
    elif isinstance(shown, list):
        assert isinstance(got, list), place
        assert got or not shown, f"{place} is empty"
        for value in shown:
            check_shape(value, got[0], f"{place}[]")
    elif shown is not None and got is not None:
        assert type(shown) is type(got), f"{place}: {got!r} is not like {shown!r}"


def check_python(fence: Fence) -> None:
    ast.parse(fence.text)


def check_liquid(fence: Fence) -> None:
    liquid_engine.environment(escape=False).from_string(fence.text)


def check_promql(fence: Fence) -> None:
    """The names are compared with those of a running console: see test_examples.py."""
    assert METRIC.search(fence.text), f"{fence}: names no metric"


CHECKS: dict[str, Callable[[Fence], None]] = {
    "": check_text,
    "text": check_text,
    "json": check_json,
    "yaml": check_yaml,
    "python": check_python,
    "liquid": check_liquid,
    "promql": check_promql,
}
