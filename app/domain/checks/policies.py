"""Whether notification policies can tell somebody something."""

from collections.abc import Iterator

from app.domain import policy_checks
from app.domain.checks.base import Finding, PlacedPolicy, Subject, is_for_people, join
from app.domain.half_done import items, mapping

_STANDING = {
    None: "There is no published notification template {!r}.",
    "draft": "The notification template {!r} has not been published yet.",
    "archived": "The notification template {!r} is archived.",
}


def recipients(subject: Subject) -> Iterator[Finding]:
    """Recipients that no channel understands, and reminders where nobody is waited for."""
    for policy in subject.policies:
        if policy.model is None:
            continue
        faults = [*policy_checks.recipient_faults(policy.model, policy.place)]
        if policy.step is not None:
            people = is_for_people(policy.step)
            faults += policy_checks.reminder_faults(policy.model, policy.place, for_people=people)
        for fault in faults:
            yield Finding("error", fault.path, fault.message, "recipient")


def templates(subject: Subject) -> Iterator[Finding]:
    """The notification templates that policies name are published."""
    there = subject.around.notification_templates
    for policy in subject.policies:
        for path, key in named_templates(policy):
            standing = there.get(key)
            if standing != "published":
                message = _STANDING[standing].format(key)
                yield Finding("error", path, message, "notification-template")


def named_templates(policy: PlacedPolicy) -> Iterator[tuple[str, str]]:
    """The notification templates that a policy names, with the paths where it does."""
    parts = [(policy.place, policy.raw)]
    parts += [(join(policy.place, "fallback"), mapping(policy.raw.get("fallback")))]
    parts += [
        (join(policy.place, "escalate", at), mapping(one))
        for at, one in enumerate(items(policy.raw.get("escalate")))
    ]
    for place, part in parts:
        if isinstance(key := part.get("template"), str) and key:
            yield join(place, "template"), key
