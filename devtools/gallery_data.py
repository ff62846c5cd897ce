"""What the gallery shows: an order that needs attention, a list of instances, three templates."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = "0f6d2b1e-5b0c-4a55-9d61-6a2a2f1f7c11"
FAILED_WITH = "503 from pay.example.com"


class Thing(SimpleNamespace):
    """A view model: what is not given is missing, as a template may find it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def config(path: str) -> dict[str, Any]:
    return {
        "url": f"https://{path}",
        "method": "POST",
        "headers": {"X-Source": "runsheet"},
        "body": {"order": "{{ input.orderId }}", "amount": "{{ input.total }}"},
        "signingSecret": "PAY_KEY",
        "timeoutSeconds": 20,
        "retry": {"maxAttempts": 10, "schedule": "standard"},
    }


def attempt(number: int, minutes: float, **more: Any) -> Thing:
    began = ago(minutes=minutes)
    request = {
        "method": "POST",
        "url": "https://pay.example.com/charges",
        "headers": {
            "webhook-id": KEY,
            "webhook-timestamp": "1763805912",
            "authorization": "[redacted]",
            "content-type": "application/json",
        },
        "body": {"order": "A-1042", "amount": 129.9, "note": "Grüße & <danke>"},
    }
    response = {
        "status": 503,
        "headers": {"content-type": "application/json", "retry-after": "41"},
        "body": '{"error": "upstream unavailable"}',
    }
    values: dict[str, Any] = {
        "attempt": number,
        "execution_token": KEY,
        "queued_at": began - timedelta(milliseconds=12),
        "started_at": began,
        "ended_at": began + timedelta(milliseconds=843),
        "duration_ms": 843,
        "outcome": "retry" if number < 10 else "failed",
        "status_code": 503,
        "error": FAILED_WITH,
        "request": request,
        "response": response,
        "worker": "web-1:4711",
        "replay": False,
    }
    return Thing(**values | more)


def step(key: str, name: str, kind: str, after: str, states: str, **more: Any) -> Thing:
    state, _, action_state = states.partition("/")
    values: dict[str, Any] = {
        "key": key,
        "name": name,
        "action_type": kind,
        "depends_on": after.split(),
        "state": state,
        "action_state": action_state or "IDLE",
        "action_config": config(f"{key}.example.com/orders") if "WEBHOOK" in kind else {},
        "notification_policies": [],
        "attempts": 0,
        "automation_log": [],
        "notification_log": [],
        "allowed_actions": [],
    }
    return Thing(**values | more)


CHARGE = step(
    "charge",
    "Charge card",
    "AUTOMATION_WEBHOOK",
    "reserve fraud-check",
    "FAILED/FAILED",
    error=FAILED_WITH,
    attempts=10,
    max_attempts=10,
    target="pay.example.com",
    failure=Thing(
        acted="The receiver may have acted on tries 1 to 10.",
        next="A retry carries the same webhook-id, so a receiver that keeps to Standard Webhooks "
        "acts once.",
    ),
    execution_token=KEY,
    completed_at=ago(minutes=3),
    started_at=ago(hours=6),
    action_config=config("pay.example.com/charges"),
    allowed_actions=["retry", "replay", "skip"],
    automation_log=[attempt(n, 3 + (10 - n) * 31) for n in range(1, 11)],
    notification_policies=[
        {"channel": "EMAIL", "trigger": "ON_FAILED", "recipients": ["role:operator"]}
    ],
    notification_log=[
        Thing(
            id=1,
            channel="EMAIL",
            trigger="ON_FAILED",
            recipient="ops@example.com",
            state="SENT",
            sent_at=ago(minutes=3),
        ),
    ],
)

STEPS = [
    step(
        "reserve",
        "Reserve stock",
        "AUTOMATION_WEBHOOK",
        "",
        "COMPLETED/COMPLETED",
        duration_ms=412,
        attempts=1,
        max_attempts=10,
        completed_at=ago(hours=6),
        output={"reservation": "R-77812", "warehouse": "Leipzig"},
    ),
    step(
        "fraud-check",
        "Check for fraud",
        "AUTOMATION_WEBHOOK",
        "",
        "COMPLETED/COMPLETED",
        duration_ms=1931,
        attempts=2,
        max_attempts=10,
        completed_at=ago(hours=6),
        output={"score": 3},
    ),
    CHARGE,
    step(
        "gift-wrap",
        "Gift wrap",
        "MANUAL_TASK",
        "reserve",
        "SKIPPED",
        reason="input.gift was false",
    ),
    step(
        "refund",
        "Approve refund limit",
        "APPROVAL",
        "fraud-check",
        "READY",
        waits_for="Finance, due in 2 h",
        assignee="group:finance",
        allowed_actions=["start", "skip"],
    ),
    step("stock-sync", "Sync stock", "AUTOMATION_WEBHOOK", "reserve", "STARTED/RUNNING",
         attempts=1, max_attempts=10, started_at=ago(seconds=2)),
    step("invoice", "Send invoice", "AUTOMATION_EMAIL", "fraud-check", "STARTED/RETRY_WAIT",
         attempts=3, max_attempts=5, error="the mail server hung up",
         next_attempt_at=NOW + timedelta(minutes=4, seconds=12), allowed_actions=["run-now"]),
    step("pack", "Pack", "MANUAL_TASK", "charge gift-wrap", "PENDING", waits_for="Charge card"),
    step("ship", "Hand over to carrier", "AUTOMATION_WEBHOOK", "pack", "PENDING",
         waits_for="Pack"),
    step("survey", "Ask how it went, two days later", "AUTOMATION_EMAIL", "ship refund invoice",
         "PENDING", waits_for="Hand over to carrier and two more"),
]  # fmt: skip

INSTANCE = Thing(
    id=1042,
    title="Order A-1042",
    template_name="Order fulfilment",
    template_key="order-fulfilment",
    version=7,
    state="ATTENTION",
    started_at=ago(hours=6, minutes=2),
    started_by="api:shop",
    steps_done=3,
    steps_total=len(STEPS),
    event_seq=41,
    allowed_actions=["pause", "cancel"],
    input={"orderId": "A-1042", "total": 129.9, "gift": False, "email": "kim@example.com"},
)

HISTORY: list[tuple[float, str, str, str, str, dict[str, Any]]] = [
    (0.03, "step.started", "stock-sync", "", "", {"attempt": 1, "of": 10}),
    (1, "step.ready", "stock-sync", "", "", {}),
    (3, "instance.attention", "", "", "", {}),
    (3, "step.failed", "charge", "", "", {"error": FAILED_WITH, "attempt": 10, "of": 10}),
    (12, "attempt.fenced", "charge", "", "", {"attempt": 9}),
    (19, "attempt.unknown", "charge", "", "", {"attempt": 9}),
    (34, "step.retry_scheduled", "charge", "", "", {
        "error": FAILED_WITH, "attempt": 9, "of": 10, "nextAttemptAt": f"{ago(minutes=3):%FT%TZ}"}),
    (41, "instance.resumed", "", "mara@example.com", "Payment provider is back", {}),
    (55, "instance.paused", "", "mara@example.com", "Payment provider has an outage", {}),
    (61, "step.run_now", "charge", "mara@example.com", "", {}),
    (62, "step.retried", "charge", "mara@example.com", "They say it works again", {}),
    (80, "step.replayed", "reserve", "jo@example.com", "The warehouse lost its database", {}),
    (81, "attempt.replay_finished", "reserve", "", "", {"attempt": 1}),
    (120, "step.poisoned", "stock-sync", "", "", {"attempt": 3}),
    (299, "step.skipped", "gift-wrap", "", "input.gift was false", {}),
    (300, "step.ready", "refund", "", "", {}),
    (301, "step.completed", "fraud-check", "", "", {"durationMs": 1931}),
    (302, "attempt.started", "fraud-check", "", "", {"attempt": 2, "of": 10}),
    (303, "step.completed", "reserve", "", "", {"durationMs": 412}),
    (304, "step.started", "reserve", "", "", {"attempt": 1, "of": 10}),
    (305, "comment.added", "", "jo@example.com", "A kind without a partial", {}),
    (306, "step.cancelled", "survey", "", "", {}),
    (307, "instance.attention_cleared", "", "", "", {}),
    (362, "instance.started", "", "api:shop", "", {}),
]  # fmt: skip

NAMES = {step.key: step.name for step in STEPS}
EVENTS = [
    Thing(
        seq=41 - i,
        at=ago(minutes=minutes),
        kind=kind,
        step_key=key or None,
        step_name=NAMES.get(key),
        actor=actor or "system",
        reason=reason,
        data=data,
    )
    for i, (minutes, kind, key, actor, reason, data) in enumerate(HISTORY)
]

ROWS: list[tuple[str, str, str, int, int, float]] = [
    ("Order A-1042", "ATTENTION", "Charge card: 503 from pay.example.com, 10 of 10", 3, 10, 362),
    ("Order A-1043", "ATTENTION", "Pack was failed by jo: box damaged", 6, 10, 190),
    ("Order A-1044", "RUNNING", "Finance: Approve refund limit, due in 2 h", 4, 10, 120),
    ("Order A-1045", "RUNNING", "Charge card: try 3 of 10 in 04:12", 2, 10, 61),
    ("Onboarding of Ines Okafor", "RUNNING", "IT: Hand out laptop, due tomorrow", 5, 12, 60 * 26),
    ("Nightly reconciliation 2026-01-05", "PAUSED", "mara: the ledger is being moved", 1, 6, 480),
    ("Order A-1040 for a customer whose name is long enough to wrap on narrow screens",
     "COMPLETED", "", 10, 10, 60 * 30),
    ("Order A-1039", "CANCELLED", "the customer withdrew", 4, 10, 60 * 50),
]  # fmt: skip
INSTANCES = [
    Thing(
        id=1042 + i,
        title=title,
        state=state,
        waits_for=waits,
        steps_done=done,
        steps_total=total,
        template_name="Order fulfilment" if "Order" in title else "Employee onboarding",
        version=7,
        started_at=ago(minutes=minutes),
    )
    for i, (title, state, waits, done, total, minutes) in enumerate(ROWS)
]

TEMPLATES = [
    Thing(id=1, key="order-fulfilment", name="Order fulfilment", version=7, steps_total=10,
          instances_open=41, updated_at=ago(days=3), description="From reservation to survey."),
    Thing(id=2, key="employee-onboarding", name="Employee onboarding", version=3, steps_total=12,
          instances_open=6, updated_at=ago(days=40), description="Accounts, laptop, first day."),
    Thing(id=3, key="nightly-reconciliation", name="Nightly reconciliation", steps_total=6,
          instances_open=0, updated_at=ago(hours=1), description="Ledger against bank."),
]  # fmt: skip
