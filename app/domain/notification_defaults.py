"""Which template says it when a policy names none."""

from collections.abc import Mapping

from app.models.vocabulary import ESCALATION, REMINDER, InstanceTrigger, Trigger


def _own(kind: str, *triggers: str) -> dict[str, str]:
    return {each: f"{kind}-{each.removeprefix('ON_').lower()}" for each in triggers}


STEP_TEMPLATES: Mapping[str, str] = _own("step", *Trigger, REMINDER, ESCALATION)
INSTANCE_TEMPLATES: Mapping[str, str] = _own("instance", *InstanceTrigger)
SYSTEM_ALERT = "system-alert"  # something is wrong with Runsheet itself: see incidents.py
# They come with Runsheet and stay: some notification falls back on each.
OWN_KEYS = frozenset({*STEP_TEMPLATES.values(), *INSTANCE_TEMPLATES.values(), SYSTEM_ALERT})


def default_for(trigger: str, *, instance: bool = False) -> str:
    """The key of the template for a trigger of a step, or of an instance as a whole. Raises
    KeyError."""
    return (INSTANCE_TEMPLATES if instance else STEP_TEMPLATES)[trigger]
