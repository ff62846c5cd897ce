"""What must hold of a template before it is saved, and before it can run."""

from collections.abc import Iterable
from typing import Any

from app import clock
from app.domain import callback_urls, email_checks, occurrences
from app.domain.addresses import AddressRefused, AllowList
from app.domain.graph import sorted_by_dependency
from app.domain.input_schemas import check_schema
from app.domain.placeholders import paths_in
from app.domain.policy_checks import policy_faults
from app.domain.urls import vet_template
from app.errors import FieldError, Invalid
from app.schemas.actions import WAIT_CALLBACK, Email, FormInput, Webhook
from app.schemas.base import Schema, gather
from app.schemas.durations import parse_moment
from app.schemas.recurrence import Recurrence
from app.schemas.template import Template


def check_shape(template: Template) -> None:
    """Dependencies lead to steps and never in a circle; the input schema is one; policies name
    people that their channels can reach."""
    gather(
        lambda: _check_dependencies(template),
        lambda: check_schema(template.input_schema, "inputSchema"),
        lambda: raise_if(policy_faults(template)),
        lambda: raise_if(_callback_faults(template)),
        lambda: raise_if(_due_faults(template)),
    )


def _due_faults(template: Template) -> Iterable[FieldError]:
    """An instance's own time is read as it starts, when there is nothing but its input."""
    for path in paths_in(template.due_at or ""):
        if not path.startswith("input."):
            message = f"{path}: there is nothing but the input when an instance starts."
            yield FieldError("dueAt", message)


def check_config(config: Schema, at: str, allow: AllowList) -> None:
    """What a config's own shape can't say. `allow`: destinations that are permitted though the
    rules refuse them."""
    if isinstance(config, FormInput):
        check_schema(config.form_schema, f"{at}.schema")
    if isinstance(config, Webhook):
        _check_url(config.url, f"{at}.url", allow)
    if isinstance(config, Email):
        email_checks.check(config, at)


def _check_url(url: str, at: str, allow: AllowList) -> None:
    # Vetted again, with its values and with every address of its name, whenever it is sent.
    try:
        vet_template(url, allow)
    except AddressRefused as refused:
        raise Invalid.at(at, refused.reason) from None


def check_can_run(template: Template) -> None:
    """What a draft may still lack but a version may not."""
    if not template.steps:
        raise Invalid.at("steps", "A template needs at least one step to be published.")
    gather(
        *(
            lambda at=at, wish=wish: _check_recurrence(wish, f"steps.{at}.actionConfig.recurrence")
            for at, step in enumerate(template.steps)
            if (wish := step.action_config.get("recurrence"))
        )
    )


def _check_recurrence(wish: dict[str, Any], at: str) -> None:
    recurrence = Recurrence.read(wish, at)
    occurrences.check(recurrence, at, least_seconds=1)
    if recurrence.until is None or "{{" in f"{recurrence.until}{recurrence.start}":
        return
    first = occurrences.next_occurrence(recurrence, clock.now())
    if first is None or first > parse_moment(recurrence.until):
        raise Invalid.at(f"{at}.until", "It ends before its first occurrence.")


def _check_dependencies(template: Template) -> None:
    keys = {step.key for step in template.steps}
    faults = [
        FieldError(f"steps.{at}.dependsOn.{n}", f"There is no step with the key {other!r}.")
        for at, step in enumerate(template.steps)
        for n, other in enumerate(step.depends_on)
        if other not in keys
    ]
    faults += [
        FieldError(f"steps.{at}.dependsOn", "A step is named twice.")
        for at, step in enumerate(template.steps)
        if len(set(step.depends_on)) != len(step.depends_on)
    ]
    raise_if(faults)
    raise_if(_cycle_faults(template))


def _cycle_faults(template: Template) -> list[FieldError]:
    ordered = set(sorted_by_dependency({step.key: step.depends_on for step in template.steps}))
    return [
        FieldError(f"steps.{at}.dependsOn", "This step waits for itself, directly or in a circle.")
        for at, step in enumerate(template.steps)
        if step.key not in ordered
    ]


def _callback_faults(template: Template) -> Iterable[FieldError]:
    """Steps that hand on the callback URL of a step that has none."""
    waiting = {step.key for step in template.steps if step.action_type == WAIT_CALLBACK}
    for at, step in enumerate(template.steps):
        for path in paths_in(step.action_config):
            root, key, name = (*path.split(".", 2), "", "")[:3]
            if root == "steps" and name == callback_urls.PLACEHOLDER and key not in waiting:
                message = f"{path}: there is no WAIT_CALLBACK step with the key {key!r}."
                yield FieldError(f"steps.{at}.actionConfig", message)


def raise_if(faults: Iterable[FieldError]) -> None:
    """Raise Invalid if there are any."""
    if found := list(faults):
        raise Invalid(found)
