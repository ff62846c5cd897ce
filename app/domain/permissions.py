"""Who may do what: one table, asked by both doors. What is not listed is refused."""

from collections.abc import Mapping, Sequence

from app.domain.people import Actor
from app.domain.policy_checks import named_recipients
from app.errors import Forbidden
from app.mailbox import Mailbox, mail_domains
from app.models.vocabulary import Channel, Role
from app.schemas.actions import PEOPLE_TYPES
from app.schemas.policies import Policy
from app.schemas.template import Template

_ALL = frozenset(Role)
_OPERATE = frozenset({Role.OPERATOR, Role.AUTHOR, Role.ADMIN})
_WRITE = frozenset({Role.AUTHOR, Role.ADMIN})

# What may be done, by whom. Routes name these; see tests for the matrix of routes and roles.
PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "read": _ALL,
    # Open to all: whose step it is, is asked with the step (assignments.require).
    "work on own steps": _ALL,
    "operate": _OPERATE,
    "edit templates": _WRITE,
    "edit schedules": _WRITE,
    "manage secrets": _WRITE,
    "administer": frozenset({Role.ADMIN}),
}


# What these allow leads outside: beside the role it takes the permission to add automation.
WITH_AUTOMATION = frozenset({"manage secrets"})


def require(actor: Actor, permission: str) -> None:
    """Raise Forbidden unless the actor has the permission."""
    if actor.role not in PERMISSIONS[permission]:
        raise Forbidden(f"Your role ({actor.role}) does not allow this: {permission}.")
    if not allows(actor, permission):
        raise Forbidden(f"Only who may add automation is allowed this: {permission}.")


def allows(actor: Actor, permission: str) -> bool:
    """Whether the actor has the permission."""
    if permission in WITH_AUTOMATION and not actor.may_add_automation:
        return False
    return actor.role in PERMISSIONS[permission]


def require_automation(
    actor: Actor, template: Template, before: Template | None, org_domains: str = ""
) -> None:
    """Only who may add automation may add, remove or change an automation step, or have people
    told outside the organisation's domains (comma-separated; empty: no limit).

    When and after what a step runs is part of it: without its condition, or the approval it waits
    for, it would do more than whoever wrote it meant."""
    if actor.may_add_automation:
        return
    domains = mail_domains(org_domains)
    known = named_recipients(before) if before else set[tuple[Channel, str]]()
    for channel, recipient in sorted(named_recipients(template) - known):
        if _may_lead_outside(channel, recipient, domains):
            raise Forbidden(
                f"{recipient} may lead outside the organisation: only an author who may add "
                "automation may have it told."
            )
    if _signed_with(template) != (_signed_with(before) if before else {}):
        raise Forbidden(
            "Only an author who may add automation may say what notices are signed with."
        )
    if _automation_of(template) != (_automation_of(before) if before else {}):
        raise Forbidden(
            "Only an author who may add automation may change automation steps: what they do, "
            "when, after which steps, and whose they are."
        )


def _may_lead_outside(channel: Channel, recipient: str, domains: frozenset[str]) -> bool:
    """A URL always may, and a placeholder that may give one; phone numbers, addresses and other
    placeholders where the organisation's domains are set, unless it is an address of theirs."""
    if recipient.lower().startswith(("http://", "https://")):
        return True
    if channel == Channel.WEBHOOK and "{{" in recipient:
        return True
    if not domains or recipient.startswith(("role:", "user:", "group:", "chat:")):
        return False
    if recipient in ("assignee", "starter"):
        return False
    try:
        return "{{" in recipient or Mailbox.parse(recipient).domain not in domains
    except ValueError:
        return True


def _signed_with(template: Template) -> dict[str, str]:
    """The secrets that notices are signed with, by their places."""
    places: dict[str, Sequence[Policy]] = {"": template.notification_policies}
    places |= {step.key: step.notification_policies for step in template.steps}
    return {
        f"{place}.{at}": policy.signing_secret
        for place, policies in places.items()
        for at, policy in enumerate(policies)
        if policy.signing_secret
    }


def _automation_of(template: Template) -> dict[str, object]:
    return {
        step.key: (
            step.action_type,
            step.action_config,
            step.when,
            sorted(step.depends_on),
            step.assignee,
        )
        for step in template.steps
        if step.action_type not in PEOPLE_TYPES
    }
