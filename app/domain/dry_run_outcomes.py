"""What happens to the steps of a dry run, and what they give: as its author says, or made up so
that whoever reads it finds something of the right kind. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from app.domain import answers, calls, mail_answers
from app.domain.answers import Answer
from app.domain.calls import Verdict
from app.domain.mail_answers import Delivery, Reply
from app.domain.outcomes import Outcome
from app.domain.previews import Preview, paths_read
from app.domain.samples import sample
from app.errors import FieldError, Invalid
from app.schemas.actions import ACTION_TYPES, PEOPLE_TYPES, WAIT_CALLBACK
from app.schemas.dry_run import DryRunIn
from app.schemas.durations import parse_duration

SUCCESS, FAILURE, EXHAUSTED, REJECTED = "success", "failure", "exhausted", "rejected"
TIMEOUT, SKIPPED, OPEN = "timeout", "skipped", "open"
_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "APPROVAL": (SUCCESS, REJECTED, FAILURE, SKIPPED, OPEN),
    "WAIT_TIMER": (SUCCESS, SKIPPED),
    WAIT_CALLBACK: (SUCCESS, FAILURE, TIMEOUT, SKIPPED),
}
_NO, _NOT_NOW = (400, 404, 422, 410), (503, 500, 429, 408)


def choices(action_type: str) -> tuple[str, ...]:
    """What can happen to a step of this kind; the first is what does, unless it is said."""
    usual = (SUCCESS, FAILURE, SKIPPED, OPEN) if action_type in PEOPLE_TYPES else ()
    return _BY_TYPE.get(action_type) or usual or (SUCCESS, FAILURE, EXHAUSTED, SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens to each step: `invented` is what a step gives unless it is said."""

    wish: DryRunIn
    invented: Mapping[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    @classmethod
    def of(cls, wish: DryRunIn, steps: Iterable[Mapping[str, Any]]) -> "Plan":
        """For the steps of a document. Raises Invalid where it speaks of what is not there."""
        listed = list(steps)
        _check(wish, {step["key"]: step["actionType"] for step in listed})
        return cls(wish=wish, invented=_invent(listed))

    def happens(self, key: str) -> str:
        return self.wish.outcomes.get(key, SUCCESS)

    def takes(self, key: str) -> timedelta:
        given = self.wish.takes.get(key)
        return parse_duration(given) if given else timedelta(0)

    def output(self, key: str) -> dict[str, Any]:
        return self.wish.outputs.get(key, self.invented.get(key, {}))

    def is_given(self, key: str) -> bool:
        return key in self.wish.outputs


def _check(wish: DryRunIn, types: Mapping[str, str]) -> None:
    faults = [
        FieldError(f"{name}.{key}", "There is no such step.")
        for name in ("outcomes", "outputs", "takes")
        for key in getattr(wish, name)
        if key not in types
    ]
    for key, happens in wish.outcomes.items():
        if key in types and happens not in choices(types[key]):
            kind, known = ACTION_TYPES[types[key]].label, ", ".join(choices(types[key]))
            faults.append(FieldError(f"outcomes.{key}", f"{kind}: use one of {known}."))
    if faults:
        raise Invalid(faults)


def attempt(
    action_type: str,
    config: Mapping[str, Any],
    preview: Preview | None,
    plan: Plan,
    key: str,
    now: datetime,
) -> Outcome:
    """How an attempt of an automation step ends."""
    if preview is None:
        return Outcome(verdict="done")
    if preview.error is not None:
        return Outcome(verdict="failed", error=preview.error, request=preview.shown)
    judge = _mail if action_type == "AUTOMATION_EMAIL" else _request
    outcome = judge(config, preview.shown or {}, plan, key, now)
    if plan.is_given(key) and outcome.verdict == "done":
        outcome = replace(outcome, output=plan.output(key), response=None)
    return replace(outcome, request=preview.shown)


def _request(
    config: Mapping[str, Any], shown: Mapping[str, Any], plan: Plan, key: str, now: datetime
) -> Outcome:
    """A made-up answer, judged as a real one is."""
    happens, host = plan.happens(key), urlsplit(str(shown["url"])).netloc
    if happens in (FAILURE, EXHAUSTED):
        known = _NO if happens == FAILURE else _NOT_NOW
        status = next((each for each in known if not answers.is_success(each, config)), known[0])
        return answers.judge(Answer(host, status, (), b""), config, now)
    body, headers = _answer(config, plan.output(key))
    first: int | str = (config.get("successStatus") or ["2xx"])[0]
    status = first if isinstance(first, int) else int(first[0]) * 100
    text = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
    outcome = answers.judge(Answer(host, status, headers, text), config, now)
    # An expectation that nothing can be made up for is no reason not to go on.
    return outcome if outcome.verdict == "done" else replace(outcome, verdict="done", error=None)


def _mail(
    config: Mapping[str, Any], shown: Mapping[str, Any], plan: Plan, key: str, now: datetime
) -> Outcome:
    happens, logged = plan.happens(key), dict(shown)
    if happens in (FAILURE, EXHAUSTED):
        reply = Reply(554, ("Refused",)) if happens == FAILURE else Reply(451, ("Not now",))
        return mail_answers.refused("DATA", reply, logged)
    taken = Delivery(accepted=list(shown["recipients"]))
    outcome = mail_answers.taken(taken, logged)
    return mail_answers.in_total(outcome, [], shown.get("refused") or [], last=True)


def call(config: Mapping[str, Any], plan: Plan, key: str) -> Verdict:
    """What the call to a callback's URL says."""
    if plan.happens(key) == FAILURE:
        return calls.judge({"outcome": "failed", "error": "The call said that it failed."}, config)
    if plan.is_given(key):
        return Verdict(output=plan.output(key))
    if not config.get("output") and not config.get("expect"):
        return Verdict(output=plan.output(key))
    body, _ = _answer(config, plan.output(key))
    return calls.judge(cast("dict[str, Any]", body) if isinstance(body, dict) else {}, config)


def _answer(
    config: Mapping[str, Any], output: Mapping[str, Any]
) -> tuple[Any, list[tuple[str, str]]]:
    """The body and headers of an answer that meets the expectations and brings this output."""
    mapping: Mapping[str, str] | None = config.get("output")
    body = dict[str, Any](output) if mapping is None else None
    found: dict[str, Any] = {"body": body, "headers": {}}
    for name, path in (mapping or {}).items():
        _plant(found, path, output.get(name, _example(name)))
    for wish in config.get("expect") or ():
        _plant(found, wish["path"], _meeting(wish["op"], wish["value"], wish["path"]))
    headers = cast("dict[str, Any]", found["headers"])
    return found["body"] or None, [(name, str(value)) for name, value in headers.items()]


def _invent(steps: list[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What each step gives, by key: what the others read of it, and what it says of itself."""
    wanted = dict(_read_by(steps))
    found: dict[str, dict[str, Any]] = {}
    for step in steps:
        begin = f"steps.{step['key']}.output."
        made: dict[str, Any] = _of_itself(step)
        for path, value in wanted.items():
            if path.startswith(begin):
                _plant(made, path.removeprefix(begin), value, keep=True)
        found[step["key"]] = made
    return found


def _of_itself(step: Mapping[str, Any]) -> dict[str, Any]:
    config: Mapping[str, Any] = step["actionConfig"]
    if step["actionType"] == "APPROVAL":
        return {"outcome": "approved"}
    if step["actionType"] == "FORM_INPUT":
        made = sample(config.get("schema"))
        return cast("dict[str, Any]", made) if isinstance(made, dict) else {}
    return {}


def _read_by(steps: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Every path that steps read, with a value of the kind that they read it as."""
    compared: dict[str, Any] = {}
    for step in steps:
        paths = paths_read(step["actionType"], step["actionConfig"])[0]
        yield from ((path, _example(path)) for path in paths)
        for policy in step.get("notificationPolicies") or ():
            compared = dict(_compared(policy.get("when"))) | compared
        compared = compared | {
            path: value for path, value in _compared(step.get("when")) if path not in compared
        }
    yield from compared.items()


def _compared(when: Any) -> Iterator[tuple[str, Any]]:
    """The paths of a condition, each with a value that meets it."""
    parts: Iterable[list[Any]] = ()
    if isinstance(when, dict) and when:
        parts = next(iter(cast("dict[str, Any]", when).values()))
    for part in parts:
        if isinstance(part, dict):
            yield from _compared(part)
        elif not (part[1] == "exists" and part[-1] is False):
            yield part[0], _meeting(part[1], part[2] if len(part) == 3 else True, part[0])


def _meeting(op: str, wanted: Any, path: str) -> Any:
    """A value that holds against the one wanted."""
    if op in ("=", ">=", "<=", "contains"):
        return wanted
    if op == "in" and isinstance(wanted, list) and wanted:
        return cast("list[Any]", wanted)[0]
    if op == "!=" and isinstance(wanted, bool):
        return not wanted
    if op in (">", "<", "!=") and isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return wanted + (-1 if op == "<" else 1)
    return _example(path)


def _example(path: str) -> str:
    name = path.rpartition(".")[2]
    text = str(sample({"type": "string"}, name))
    return text if "@" in text else f"example-{name}"


def _plant(place: Any, path: str, value: Any, *, keep: bool = False) -> None:
    """Set the value at a dotted path; digits index lists. `keep`: what is there stays."""
    first, _, rest = path.partition(".")
    if isinstance(place, list):
        _grow(cast("list[Any]", place), first, rest, value)
        return
    if not isinstance(place, dict):
        return
    held = cast("dict[str, Any]", place)
    if not rest:
        if not (keep and first in held):
            held[first] = value
        return
    if not isinstance(held.get(first), dict | list):
        held[first] = [] if rest.partition(".")[0].isdigit() else {}
    _plant(held[first], rest, value, keep=keep)


def _grow(place: list[Any], first: str, rest: str, value: Any) -> None:
    if not (first.isascii() and first.isdigit() and len(first) <= 2) or int(first) > 20:
        return
    while len(place) <= int(first):
        place.append([] if rest.partition(".")[0].isdigit() else {})
    if rest:
        _plant(place[int(first)], rest, value)
    else:
        place[int(first)] = value
