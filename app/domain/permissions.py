"""Who may do what: one table, asked by both doors. What is not listed is refused."""

from collections.abc import Mapping
from types import MappingProxyType

from app.domain import automation_parts as parts
from app.domain.automation_parts import Document, Unread
from app.domain.people import Actor
from app.errors import Forbidden
from app.mailbox import Mailbox, mail_domains
from app.models.vocabulary import Channel, Role
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
    actor: Actor,
    wanted: Template | Document,
    before: Template | Document | None,
    org_domains: str = "",
    *,
    unread: Unread = MappingProxyType({}),
    unread_before: Unread = MappingProxyType({}),
) -> None:
    """Only who may add automation may add, remove or change an automation step, or have people
    told outside the organisation's domains (comma-separated; empty: no limit).

    Takes documents, half done ones too; `unread`: what is written in them and can't be read yet.
    When and after what a step runs is part of it: without its condition, or the approval it waits
    for, it would do more than whoever wrote it meant."""
    if actor.may_add_automation:
        return
    after, past = _document(wanted), _document(before or {})
    domains = mail_domains(org_domains)
    for channel, recipient in sorted(parts.recipients(after) - parts.recipients(past)):
        if _may_lead_outside(channel, recipient, domains):
            raise Forbidden(
                f"{recipient} may lead outside the organisation: only an author who may add "
                "automation may have it told."
            )
    if parts.signed_with(after) != parts.signed_with(past):
        raise Forbidden(
            "Only an author who may add automation may say what notices are signed with."
        )
    if parts.automation(after, unread) != parts.automation(past, unread_before):
        raise Forbidden(
            "Only an author who may add automation may change automation steps: what they do, "
            "when, after which steps, and whose they are."
        )
    if parts.waited_for(after, unread) != parts.waited_for(past, unread_before):
        raise Forbidden(
            "Only an author who may add automation may change what automation waits for: which "
            "steps come before it, in which order and when, and what an approval asks and whom."
        )


def _document(template: Template | Document) -> Document:
    return template.document() if isinstance(template, Template) else template


def _may_lead_outside(channel: str, recipient: str, domains: frozenset[str]) -> bool:
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
