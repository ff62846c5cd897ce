"""Whether there is somebody to do what people are to do, and to hear of what fails."""

from collections.abc import Iterator

from app.domain.checks.base import Finding, Subject, is_for_people, join
from app.domain.half_done import RawStep, text
from app.models.vocabulary import InstanceTrigger, Role, Trigger

_MAY = tuple(f"role:{role}" for role in (Role.OPERATOR, Role.AUTHOR, Role.ADMIN))
_MEANT = ("role:", "user:", "group:")
_AUTOMATION = frozenset({"AUTOMATION_WEBHOOK", "AUTOMATION_EMAIL"})


def assignees(subject: Subject) -> Iterator[Finding]:
    """Each step's assignee is somebody, and somebody may do what people do."""
    people = subject.around.people
    nobody_may = people.isdisjoint(_MAY)
    for step in subject.steps:
        who = text(step.document.get("assignee"))
        if who.startswith(_MEANT) and who.lower() not in people:
            yield Finding("warning", join(step.place, "assignee"), _nobody(who), "nobody")
        elif who and not who.startswith(_MEANT):
            message = f"{who!r} is nobody's name here: write user:…, role:… or group:…."
            yield Finding("hint", join(step.place, "assignee"), message, "no-assignee")
        elif not who and nobody_may and is_for_people(step):
            message = "Nobody can do it: nobody active has a role that may complete steps."
            yield Finding("warning", join(step.place, "assignee"), message, "nobody")


def _nobody(who: str) -> str:
    kind, _, name = who.partition(":")
    if kind == "user":
        return f"Nobody can do it: there is no {name}, or they may not come any more."
    if kind == "group":
        return f"Nobody can do it: there is no group {name}, or nobody active is in it."
    return f"Nobody can do it: nobody active has the {kind} {name}."


def failures_are_told(subject: Subject) -> Iterator[Finding]:
    """Somebody hears of an automation that fails."""
    if any(one.raw.get("trigger") == InstanceTrigger.ON_ATTENTION for one in subject.policies):
        return
    for step in subject.steps:
        if step.action_type in _AUTOMATION and not _tells(subject, step):
            message = "No policy tells anybody when it fails; operators get the in-app notice."
            yield Finding(
                "hint", join(step.place, "notificationPolicies"), message, "untold-failure"
            )


def _tells(subject: Subject, step: RawStep) -> bool:
    mine = (one.raw for one in subject.policies if one.step is step)
    return any(one.get("trigger") == Trigger.ON_FAILED for one in mine)
