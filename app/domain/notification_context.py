"""What notification templates can read: its shape, made-up values for previews, and the values of
a real instance."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict, cast, get_args, get_type_hints, is_typeddict

from app import clock
from app.domain import effects, incident_kinds
from app.domain.notification_defaults import INSTANCE_TEMPLATES, STEP_TEMPLATES, SYSTEM_ALERT
from app.models.vocabulary import ALERT, ESCALATION, REMINDER
from app.schemas.base import zulu
from app.schemas.instance import InstanceOut, StepOut


class StepFacts(TypedDict):
    """The step that it is about. `mayHaveActed`: whether the receiver of a failed step may have
    acted all the same; null if that is not known. Times are ISO 8601 in UTC."""

    key: str
    name: str
    actionType: str
    state: str
    error: str | None
    reason: str | None
    url: str
    attempts: int
    maxAttempts: int | None
    nextAttemptAt: str | None
    dueAt: str | None
    assignee: str | None
    mayHaveActed: bool | None


class InstanceFacts(TypedDict):
    id: int
    title: str
    state: str
    url: str
    templateName: str
    startedBy: str


class RecipientFacts(TypedDict):
    """`timeZone`: theirs, UTC if they have set none."""

    name: str
    timeZone: str


class ProductFacts(TypedDict):
    name: str
    url: str


class AlertFacts(TypedDict):
    """What is wrong with Runsheet itself. `name`: as the runbook and Prometheus call it; `over`:
    whether it is so no more."""

    name: str
    title: str
    subject: str
    said: str
    cure: str
    since: str
    over: bool
    url: str
    runbook: str


class Context(TypedDict):
    """`step` is null in notifications about an instance as a whole, `alert` in all but those that
    tell admins what is wrong with Runsheet itself. `round` counts reminders and
    escalations from 1; it is 0 in all others. `steps` has what steps gave, by key."""

    trigger: str
    round: int
    recipient: RecipientFacts
    product: ProductFacts
    instance: InstanceFacts
    step: StepFacts | None
    alert: AlertFacts | None
    input: dict[str, Any]
    steps: dict[str, Any]


OPEN_ROOTS = frozenset({"input", "steps"})  # what stands in them differs by workflow
PRODUCT = "Runsheet"


def known_paths(kind: Any = Context, prefix: str = "") -> list[str]:
    """All paths that there are, in the order of the shape: `step.name`, `input`."""
    found: list[str] = []
    for name, hint in get_type_hints(kind).items():
        inner = next((one for one in (hint, *get_args(hint)) if is_typeddict(one)), None)
        found += known_paths(inner, f"{prefix}{name}.") if inner else [prefix + name]
    return found


_LINES = [{"sku": "MUG-1", "quantity": 2}, {"sku": "TEE-M", "quantity": 1}]
_INPUT = {"orderId": "A-1042", "email": "customer@example.com", "total": 129.9, "lines": _LINES}
_STEPS = {"reserve": {"state": "COMPLETED", "output": {"reference": "R-77"}}}
_ERROR = "503 Service Unavailable from pay.example.com"
_STEP = {"key": "charge", "name": "Charge card", "actionType": "AUTOMATION_WEBHOOK"}
_TASK = {"key": "pack", "name": "Pack the order", "actionType": "MANUAL_TASK"}
_TRIED = {"error": _ERROR, "mayHaveActed": True, "attempts": 10, "maxAttempts": 10}
# What differs from a step that nothing has happened to.
_BY_TRIGGER: Mapping[str, dict[str, Any]] = {
    "ON_READY": _TASK | {"state": "READY", "assignee": "role:operator"},
    "ON_STARTED": _STEP | {"state": "STARTED", "attempts": 1},
    "ON_COMPLETED": _STEP | {"state": "COMPLETED", "attempts": 2},
    "ON_FAILED": _STEP | _TRIED | {"state": "FAILED"},
    "ON_SKIPPED": _STEP | {"state": "SKIPPED", "reason": "The amount was 0."},
    "ON_RETRY": _STEP | _TRIED | {"state": "STARTED", "attempts": 3},
    "ON_OVERDUE": _TASK | {"state": "READY", "assignee": "role:operator"},
    REMINDER: _TASK | {"state": "READY", "assignee": "role:operator"},
    ESCALATION: _TASK | {"state": "READY", "assignee": "role:operator"},
}
_STATES = {
    "ON_STARTED": "RUNNING",
    "ON_ATTENTION": "ATTENTION",
    "ON_COMPLETED": "COMPLETED",
    "ON_CANCELLED": "CANCELLED",
    "ON_OVERDUE": "RUNNING",
}


def sample(
    trigger: str = "ON_FAILED",
    *,
    instance: bool = False,
    recipient: str = "Operator",
    base_url: str = "https://runsheet.example.com",
) -> Context:
    """A likely occasion of this trigger, of a step or of an instance as a whole."""
    url = f"{base_url}/instances/1042"
    state = _STATES.get(trigger, "RUNNING") if instance else "RUNNING"
    return Context(
        trigger=trigger,
        round=1 if trigger in (REMINDER, ESCALATION) else 0,
        recipient={"name": recipient, "timeZone": "UTC"},
        product={"name": PRODUCT, "url": base_url},
        instance={
            "id": 1042,
            "title": "Order A-1042",
            "state": "ATTENTION" if trigger == "ON_FAILED" else state,
            "url": url,
            "templateName": "Order fulfilment",
            "startedBy": "api:shop",
        },
        step=None if instance else _sample_step(trigger, url),
        alert=None,
        input=dict(_INPUT),
        steps=dict(_STEPS),
    )


def _sample_step(trigger: str, url: str) -> StepFacts:
    given = _BY_TRIGGER.get(trigger, _BY_TRIGGER["ON_FAILED"])
    late = trigger in ("ON_OVERDUE", REMINDER, ESCALATION)
    due = clock.now() + timedelta(minutes=-90 if late else 240)
    bare = StepFacts(
        key="",
        name="",
        actionType="",
        state="",
        error=None,
        reason=None,
        url=f"{url}/steps/{given['key']}",
        attempts=0,
        maxAttempts=None,
        nextAttemptAt=None,
        dueAt=_minute(due) if "assignee" in given else None,
        assignee=None,
        mayHaveActed=None,
    )
    again = {"nextAttemptAt": _minute(clock.now() + timedelta(minutes=5))}
    return cast("StepFacts", bare | given | (again if trigger == "ON_RETRY" else {}))


def _minute(at: datetime) -> str:
    return zulu(at.replace(second=0, microsecond=0))


def sample_for(key: str, base_url: str) -> Context:
    """The occasion that a template of Runsheet's own is made for; for others, a failure."""
    if key == SYSTEM_ALERT:
        return _sample_alert(base_url)
    for templates, instance in ((STEP_TEMPLATES, False), (INSTANCE_TEMPLATES, True)):
        for trigger, template in templates.items():
            if template == key:
                return sample(trigger, instance=instance, base_url=base_url)
    return sample(base_url=base_url)


def _sample_alert(base_url: str) -> Context:
    kind = incident_kinds.NO_WORKER
    alert = AlertFacts(
        name=kind,
        title=incident_kinds.KINDS[kind].title,
        subject="workflow-automation",
        said="No worker has been heard on workflow-automation since 10:02 UTC. 41 jobs are due.",
        cure=incident_kinds.KINDS[kind].cure,
        since=_minute(clock.now() - timedelta(minutes=5)),
        over=False,
        url=f"{base_url}/queues",
        runbook=incident_kinds.runbook(kind, base_url),
    )
    found = sample(ALERT, instance=True, base_url=base_url)
    return cast("Context", found | {"alert": alert})


def of_instance(
    found: InstanceOut,
    step: StepOut | None,
    *,
    trigger: str,
    base_url: str,
    recipient: str = "Operator",
    time_zone: str = "UTC",
    round: int = 0,
) -> Context:
    """What a template would read now of this instance, and of this step if there is one."""
    url = f"{base_url}/instances/{found.id}"
    outputs = {
        one.key: {"state": one.state, "output": one.output}
        for one in found.steps
        if one.output is not None
    }
    return Context(
        trigger=trigger,
        round=round,
        recipient={"name": recipient, "timeZone": time_zone},
        product={"name": PRODUCT, "url": base_url},
        instance={
            "id": found.id,
            "title": found.title,
            "state": found.state,
            "url": url,
            "templateName": found.template_name,
            "startedBy": found.started_by,
        },
        step=_step_facts(step, url) if step else None,
        alert=None,
        input=found.input,
        steps=outputs,
    )


def _step_facts(step: StepOut, url: str) -> StepFacts:
    return StepFacts(
        key=step.key,
        name=step.name,
        actionType=step.action_type,
        state=step.state,
        error=step.error,
        reason=step.reason,
        url=f"{url}/steps/{step.key}",
        attempts=step.attempts,
        maxAttempts=step.max_attempts,
        nextAttemptAt=zulu(step.next_attempt_at) if step.next_attempt_at else None,
        dueAt=zulu(step.due_at) if step.due_at else None,
        assignee=step.assignee,
        mayHaveActed=effects.may_have_acted(step),
    )
