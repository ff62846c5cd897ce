"""Whether the steps make a graph in which each is reached, and done some day."""

from collections.abc import Iterator, Mapping

from app.domain.checks.base import Finding, Subject, join
from app.domain.graph import sorted_by_dependency
from app.domain.half_done import RawStep, text


def keys(subject: Subject) -> Iterator[Finding]:
    """Each key stands for one step."""
    seen: set[str] = set()
    for step in subject.steps:
        if step.key and step.key in seen:
            message = f"Two steps have the key {step.key!r}."
            yield Finding("error", f"{step.place}.key", message, "same-key")
        seen.add(step.key)


def dependencies(subject: Subject) -> Iterator[Finding]:
    """They lead to steps, to each once."""
    known = {step.key for step in subject.steps}
    for step in subject.steps:
        listed = step.document.get("dependsOn")
        for at, other in enumerate(listed if isinstance(listed, list) else []):  # type: ignore[reportUnknownArgumentType]
            if isinstance(other, str) and other not in known:
                message = f"There is no step with the key {other!r}."
                yield Finding("error", f"{step.place}.dependsOn.{at}", message, "no-such-step")
        if len(set(step.depends_on)) != len(step.depends_on):
            message = "A step is named twice."
            yield Finding("error", f"{step.place}.dependsOn", message, "named-twice")


def circles(subject: Subject) -> Iterator[Finding]:
    """No step waits for itself; whatever waits for one that does is never done either."""
    waits = _waits(subject)
    done = set(sorted_by_dependency(waits))
    names = {step.key: step.name for step in subject.steps}
    for step in (one for one in subject.steps if one.key in waits and one.key not in done):
        place = f"{step.place}.dependsOn"
        if circle := _way_back(step.key, waits):
            chain = " → ".join(names[key] for key in circle)
            message = f"This step waits for itself in a circle: {chain}."
            yield Finding("error", place, message, "circle")
        else:
            message = "It never runs: it waits for steps that wait for themselves in a circle."
            yield Finding("warning", place, message, "waits-for-circle")


def _waits(subject: Subject) -> Mapping[str, tuple[str, ...]]:
    known = {step.key for step in subject.steps if step.key}
    return {
        step.key: tuple(other for other in step.depends_on if other in known)
        for step in subject.steps
        if step.key
    }


def _way_back(key: str, waits: Mapping[str, tuple[str, ...]]) -> list[str] | None:
    """The shortest circle through a step, in the order in which the steps would be done: it begins
    and ends with the step."""
    after: dict[str, str] = {}
    ring = [key]
    while ring:
        found: list[str] = []
        for at in ring:
            for other in waits[at]:
                if other == key:
                    return _chain(key, at, after)
                if other not in after:
                    after[other] = at
                    found.append(other)
        ring = found
    return None


def _chain(key: str, last: str, after: Mapping[str, str]) -> list[str]:
    chain = [key, last] if last != key else [key]
    while chain[-1] != key:
        chain.append(after[chain[-1]])
    return [*chain, key] if len(chain) == 1 else chain


def some_step(subject: Subject) -> Iterator[Finding]:
    """There is something to run."""
    if not subject.document.get("steps"):
        message = "A template needs at least one step to be published."
        yield Finding("error", "steps", message, "no-steps")


def names(subject: Subject) -> Iterator[Finding]:
    """People tell steps, and templates, apart by their names."""
    seen: dict[str, RawStep] = {}
    for step in subject.steps:
        name = text(step.document.get("name")).strip().lower()
        if name and seen.setdefault(name, step) is not step:
            message = f"The step {seen[name].key!r} has the same name."
            yield Finding("hint", join(step.place, "name"), message, "same-name")
    if subject.around.namesakes:
        others = ", ".join(subject.around.namesakes)
        yield Finding(
            "hint", "name", f"There is another template of this name: {others}.", "same-name"
        )
