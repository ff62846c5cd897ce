"""What must hold of notification policies before a template is saved."""

from collections.abc import Iterator, Sequence

from app.domain.channels import CHANNELS
from app.errors import FieldError
from app.models.vocabulary import Channel, Role, Trigger
from app.schemas.policies import Escalation, NotificationPolicy, Policy

_ROLES = frozenset(Role)
_PEOPLE = frozenset({"assignee", "starter"})
_ENDS = frozenset({Trigger.ON_COMPLETED, Trigger.ON_FAILED, Trigger.ON_SKIPPED})
_NOBODY_WAITS = "Nobody is waited for in this step: only people's steps remind and escalate."
_IS_OVER = "The step has ended by then: remind and escalate with a trigger such as ON_READY."


def recipient_faults(policy: Policy, place: str) -> Iterator[FieldError]:
    """Recipients that no channel understands, in a policy that stands at `place`."""
    for channel, recipients, where in _told(policy):
        for n, recipient in enumerate(recipients):
            if (fault := _fault(channel, recipient)) is not None:
                yield FieldError(f"{place}.{where}.{n}", fault)


def reminder_faults(policy: Policy, place: str, *, for_people: bool) -> Iterator[FieldError]:
    """Reminders and escalations where nothing is waited for: they would never be sent."""
    ended = policy.trigger in _ENDS if isinstance(policy, NotificationPolicy) else False
    fault = (_IS_OVER if ended else None) if for_people else _NOBODY_WAITS
    for name in ("remind", "escalate"):
        if fault and getattr(policy, name, None):
            yield FieldError(f"{place}.{name}", fault)


def _escalations(policy: Policy) -> Sequence[Escalation]:
    return policy.escalate if isinstance(policy, NotificationPolicy) else []


def _told(policy: Policy) -> Iterator[tuple[Channel, Sequence[str], str]]:
    """Every channel and its recipients, with where in the policy they stand."""
    yield policy.channel, policy.recipients, "recipients"
    if policy.fallback is not None and policy.fallback.recipients:
        yield policy.fallback.channel, policy.fallback.recipients, "fallback.recipients"
    for at, escalation in enumerate(_escalations(policy)):
        yield escalation.channel, escalation.to, f"escalate.{at}.to"


def _fault(channel: Channel, recipient: str) -> str | None:
    kind, _, rest = recipient.partition(":")
    if "{{" in recipient or recipient in _PEOPLE:
        return None
    if kind == "role":
        known = ", ".join(sorted(_ROLES))
        return None if rest in _ROLES else f"There is no role {rest!r}: use one of {known}."
    if kind == "user":
        return None if rest else "Write user:3, or user: and their mail address."
    if kind == "group":
        return None if rest else "Write group: and the group's key, such as group:finance."
    facts = CHANNELS[channel]
    if facts.takes(recipient):
        return None
    direct = f"{facts.literal}, " if facts.literal else ""
    return (
        f"{facts.label} can't reach {recipient!r}: write {direct}role:operator, user:3, "
        "group:finance, assignee, starter or a placeholder."
    )
