"""What must hold of notification policies before a template is saved."""

from collections.abc import Iterator, Mapping, Sequence

from app.domain.channels import CHANNELS
from app.domain.recipients import ROLES
from app.errors import FieldError
from app.models.vocabulary import Channel, Trigger
from app.schemas.actions import PEOPLE_TYPES
from app.schemas.policies import Escalation, NotificationPolicy, Policy
from app.schemas.template import Template

_PEOPLE = frozenset({"assignee", "starter"})
_ENDS = frozenset({Trigger.ON_COMPLETED, Trigger.ON_FAILED, Trigger.ON_SKIPPED})
_NOBODY_WAITS = "Nobody is waited for in this step: only people's steps remind and escalate."
_IS_OVER = "The step has ended by then: remind and escalate with a trigger such as ON_READY."


def policy_faults(template: Template) -> list[FieldError]:
    """Recipients that no channel understands, and reminders where nobody is waited for."""
    faults = list(_faults(template.notification_policies, "notificationPolicies"))
    for at, step in enumerate(template.steps):
        place = f"steps.{at}.notificationPolicies"
        faults += _faults(step.notification_policies, place)
        for_people = step.action_type in PEOPLE_TYPES
        faults += _reminders(step.notification_policies, place, for_people=for_people)
    return faults


def named_templates(template: Template) -> Mapping[str, str]:
    """The notification templates that the policies name, by the path where they do."""
    found: dict[str, str] = {}
    places = [("notificationPolicies", template.notification_policies)]
    places += [
        (f"steps.{at}.notificationPolicies", step.notification_policies)
        for at, step in enumerate(template.steps)
    ]
    for place, policies in places:
        for n, policy in enumerate(policies):
            if policy.template:
                found[f"{place}.{n}.template"] = policy.template
            if policy.fallback is not None and policy.fallback.template:
                found[f"{place}.{n}.fallback.template"] = policy.fallback.template
            for m, escalation in enumerate(_escalations(policy)):
                if escalation.template:
                    found[f"{place}.{n}.escalate.{m}.template"] = escalation.template
    return found


def _escalations(policy: Policy) -> Sequence[Escalation]:
    return policy.escalate if isinstance(policy, NotificationPolicy) else []


def _told(policy: Policy) -> Iterator[tuple[Channel, Sequence[str], str]]:
    """Every channel and its recipients, with where in the policy they stand."""
    yield policy.channel, policy.recipients, "recipients"
    if policy.fallback is not None and policy.fallback.recipients:
        yield policy.fallback.channel, policy.fallback.recipients, "fallback.recipients"
    for at, escalation in enumerate(_escalations(policy)):
        yield escalation.channel, escalation.to, f"escalate.{at}.to"


def _faults(policies: Sequence[Policy], place: str) -> Iterator[FieldError]:
    for at, policy in enumerate(policies):
        for channel, recipients, where in _told(policy):
            for n, recipient in enumerate(recipients):
                if (fault := _fault(channel, recipient)) is not None:
                    yield FieldError(f"{place}.{at}.{where}.{n}", fault)


def _fault(channel: Channel, recipient: str) -> str | None:
    kind, _, rest = recipient.partition(":")
    if "{{" in recipient or recipient in _PEOPLE:
        return None
    if kind == "role":
        known = ", ".join(sorted(ROLES))
        return None if rest in ROLES else f"There is no role {rest!r}: use one of {known}."
    if kind == "user":
        return None if rest else "Write user:3, or user: and their mail address."
    facts = CHANNELS[channel]
    if facts.takes(recipient):
        return None
    direct = f"{facts.literal}, " if facts.literal else ""
    return (
        f"{facts.label} can't reach {recipient!r}: write {direct}role:operator, user:3, assignee, "
        "starter or a placeholder."
    )


def _reminders(
    policies: Sequence[NotificationPolicy], place: str, *, for_people: bool
) -> Iterator[FieldError]:
    """Where nothing is waited for, they would never be sent."""
    for at, policy in enumerate(policies):
        fault = (_IS_OVER if policy.trigger in _ENDS else None) if for_people else _NOBODY_WAITS
        for name in ("remind", "escalate"):
            if fault and getattr(policy, name):
                yield FieldError(f"{place}.{at}.{name}", fault)
