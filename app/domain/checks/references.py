"""Whether placeholders and conditions lead somewhere, on every way to their step.

A step fails at once where a placeholder leads nowhere. So one that never leads anywhere is an
error, and one that may not is a warning. A comparison with a path that is missing is merely false:
a warning if it always is. In the texts of mails, `default` and `if` may ask after what is missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from app.domain import liquid
from app.domain.callback_urls import PLACEHOLDER as CALLBACK_URL
from app.domain.checks.base import Finding, Severity, Subject, join, texts_in
from app.domain.half_done import RawStep, items, mapping, text
from app.domain.known_paths import KnownPath, find, has_open_output
from app.domain.liquid import NotRenderable
from app.domain.placeholders import PLACEHOLDER, paths_in
from app.domain.previews import assume
from app.schemas.actions import WAIT_CALLBACK

ROOTS = frozenset({"input", "steps", "instance"})
_FILLED = ("url", "headers", "body", "to", "cc", "bcc", "replyTo", "runAt", "recurrence")
_LIQUID = ("subject", "text", "html")
_FREE_TEXT = frozenset({"APPROVAL", "FORM_INPUT"})  # programs may answer more than was asked


@dataclass(frozen=True, slots=True)
class _Reader:
    """A step that reads, what it can read, and what becomes of it where something is missing."""

    subject: Subject
    step: RawStep | None
    known: list[KnownPath] = field(repr=False)
    then: str = "this step fails without it"
    always: Severity = "error"

    def comes_before(self, key: str) -> bool:
        before = self.subject.reading.ways.before
        return self.step is None or key in before.get(self.step.key, frozenset[str]())


def references(subject: Subject) -> Iterator[Finding]:
    """All that is read in steps: placeholders, texts of mails, conditions."""
    for step in subject.steps:
        reader = _Reader(subject, step, subject.reading.by(step.key))
        yield from _of_config(reader, step)
        yield from _of_text(reader, step.document.get("dueAt"), join(step.place, "dueAt"))
        if step.when:
            asking = _Reader(subject, step, subject.reading.by(step.key, in_condition=True))
            yield from _of_condition(asking, step.when, join(step.place, "when"))


def references_of_policies(subject: Subject) -> Iterator[Finding]:
    """All that is read in policies. Nobody is told where something is missing; nothing fails."""
    for policy in subject.policies:
        said = [
            one
            for name in ("recipients", "runAt", "fallback", "escalate")
            for one in texts_in(policy.raw.get(name), join(policy.place, name))
            if "{{" in one[1]
        ]
        if not said and not policy.raw.get("when"):
            continue
        reader = _Reader(subject, policy.step, _told_of(subject, policy.step), "nobody is told")
        lenient = _Reader(subject, policy.step, reader.known, "nobody is told", "warning")
        for place, text_ in said:
            yield from _of_text(reader if "input." in text_ else lenient, text_, place)
        yield from _of_condition(lenient, policy.raw.get("when"), join(policy.place, "when"))


def _told_of(subject: Subject, step: RawStep | None) -> list[KnownPath]:
    """A notification is sent when its step may be done already, and others beside it."""
    reading = subject.reading
    if step is None:
        return [*reading.by(None), *reading.may_be_there(reading.steps)]
    return [*reading.by(step.key), *reading.may_be_there({step.key})]


def _of_config(reader: _Reader, step: RawStep) -> Iterator[Finding]:
    place = f"{step.place}.actionConfig"
    for name in _FILLED:
        for at, said in texts_in(step.config.get(name), join(place, name)):
            yield from _of_text(reader, said, at)
    if step.action_type == "AUTOMATION_EMAIL":
        for name in _LIQUID:
            yield from _of_liquid(reader, text(step.config.get(name)), join(place, name))


def _of_text(reader: _Reader, said: Any, place: str) -> Iterator[Finding]:
    for path in paths_in(said) if isinstance(said, str) else []:
        yield from _judged(reader, path, place, "error")
    if isinstance(said, str) and "{{" in PLACEHOLDER.sub("", said):
        message = "{{ … }} holds a path such as input.orderId; this is not one, and stays as it is."
        yield Finding("warning", place, message, "no-placeholder")


def _of_liquid(reader: _Reader, said: str, place: str) -> Iterator[Finding]:
    """A text that asks with `if` or `default` does without; whether it does is tried out."""
    try:
        paths = list(dict.fromkeys(".".join(parts) for parts, _ in liquid.paths(said)))
    except NotRenderable:
        return  # told elsewhere
    for path in (one for one in paths if one.partition(".")[0] in ROOTS):
        for finding in _judged(reader, path, place, "error"):
            if _fails_without(said, path, paths):
                yield finding
            elif finding.severity == "error":
                yield Finding("warning", place, finding.message, finding.code)


def _fails_without(said: str, missing: str, paths: list[str]) -> bool:
    context, _ = assume({}, [path for path in paths if path != missing], unknown=None)
    try:
        liquid.render(said, context)
    except NotRenderable as fault:
        return fault.path is not None and fault.path.startswith(missing)
    return False


def _of_condition(reader: _Reader, when: Any, place: str) -> Iterator[Finding]:
    for path in _compared(when):
        if path.partition(".")[0] in ROOTS:
            found = _judged(reader, path, place, "warning")
            yield from (one for one in found if one.code != "may-be-missing")


def _compared(when: Any) -> Iterator[str]:
    for part in items(next(iter(mapping(when).values()), None)):
        if isinstance(part, dict):
            yield from _compared(part)
        elif items(part) and isinstance(part[0], str):
            yield part[0]


def _judged(reader: _Reader, path: str, place: str, worst: Severity) -> Iterator[Finding]:
    """What there is to say of one path."""
    found = find(path, reader.known)
    if found is None:
        yield from _unknown(reader, path, place, worst)
    elif found.path == "input" and path != "input" and not _says_more_is_welcome(reader.subject):
        message = f"The input schema has no {path.removeprefix('input.')}."
        yield Finding("hint", place, message, "input-not-described")
    elif not found.certain:
        message = f"{_why_missing(reader, path)}: then {reader.then}."
        yield Finding("warning", place, message, "may-be-missing")


def _takes_more_input(subject: Subject) -> bool:
    """An input may have what its schema does not name, unless it says that it may not."""
    return mapping(subject.document.get("inputSchema")).get("additionalProperties") is not False


def _says_more_is_welcome(subject: Subject) -> bool:
    return bool(mapping(subject.document.get("inputSchema")).get("additionalProperties"))


def _why_missing(reader: _Reader, path: str) -> str:
    root, _, rest = path.partition(".")
    key = rest.split(".")[0]
    steps, ways = reader.subject.reading.steps, reader.subject.reading.ways
    if root != "steps" or key not in steps:
        return f"{path} may be missing, since it is not required"
    sure = ways.surely.get(reader.step.key, frozenset[str]()) if reader.step else frozenset[str]()
    if key in sure:
        return f"{path} may be missing"
    return f"{path} is missing when {steps[key].name!r} was not done"


def _unknown(reader: _Reader, path: str, place: str, worst: Severity) -> Iterator[Finding]:
    root, _, rest = path.partition(".")
    key, _, of_step = rest.partition(".")
    step = reader.subject.reading.steps.get(key) if root == "steps" else None
    waits = step is not None and step.action_type == WAIT_CALLBACK
    if of_step == CALLBACK_URL and not waits and worst == "error":
        return  # an error of its own
    if step is not None and not reader.comes_before(key):
        yield _comes_later(reader, step, path, place)
        return
    lenient = step is not None and (step.action_type in _FREE_TEXT or has_open_output(step))
    lenient = lenient or (root == "input" and _takes_more_input(reader.subject))
    severity = "warning" if worst == "warning" or lenient else reader.always
    why = f": there is no step with the key {key!r}" if root == "steps" and step is None else ""
    meant = reader.subject.reading.nearest(path, reader.known)
    hint = f" Did you mean {meant}?" if meant else ""
    yield Finding(severity, place, f"{path} leads nowhere{why}.{hint}", "unknown-path")


def _comes_later(reader: _Reader, step: RawStep, path: str, place: str) -> Finding:
    if reader.step is not None and step.key == reader.step.key:
        message = f"{path} is of this step itself: it is there once it has been done before."
    else:
        message = f"{path} may be missing: {step.name!r} does not come before this step."
    return Finding("warning", place, message, "not-before")
