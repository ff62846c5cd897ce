"""Who may do what: one table, asked by both doors. What is not listed is refused."""

from collections.abc import Mapping

from app.domain.people import Actor
from app.errors import Forbidden
from app.models.vocabulary import Role
from app.schemas.actions import PEOPLE_TYPES
from app.schemas.template import Template

_ALL = frozenset(Role)
_OPERATE = frozenset({Role.OPERATOR, Role.AUTHOR, Role.ADMIN})
_WRITE = frozenset({Role.AUTHOR, Role.ADMIN})

# What may be done, by whom. Routes name these; see tests for the matrix of routes and roles.
PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "read": _ALL,
    "operate": _OPERATE,
    "edit templates": _WRITE,
    "administer": frozenset({Role.ADMIN}),
}


def require(actor: Actor, permission: str) -> None:
    """Raise Forbidden unless the actor's role has the permission."""
    if actor.role not in PERMISSIONS[permission]:
        raise Forbidden(f"Your role ({actor.role}) does not allow this: {permission}.")


def require_automation(
    actor: Actor, template: Template, before: Template | None, org_domains: str = ""
) -> None:
    """Only who may add automation may add, remove or change an automation step, or have people
    told outside the organisation's domains (comma-separated; empty: no limit)."""
    if actor.may_add_automation:
        return
    domains = {domain.strip().lower() for domain in org_domains.split(",") if domain.strip()}
    known = _recipients_of(before) if before else set[str]()
    for recipient in _recipients_of(template) - known:
        if domains and "@" in recipient and recipient.rsplit("@", 1)[1].lower() not in domains:
            raise Forbidden(f"{recipient} is outside the organisation ({', '.join(domains)}).")
    if _automation_of(template) != (_automation_of(before) if before else {}):
        raise Forbidden("Only an author who may add automation may change automation steps.")


def _recipients_of(template: Template) -> set[str]:
    return {
        recipient
        for step in template.steps
        for policy in step.notification_policies
        for recipient in policy.recipients
    }


def _automation_of(template: Template) -> dict[str, object]:
    return {
        step.key: (step.action_type, step.action_config)
        for step in template.steps
        if step.action_type not in PEOPLE_TYPES
    }
