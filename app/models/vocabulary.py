"""The words that are stored: states, outcomes, triggers, channels, roles. See docs/life-cycle."""

from enum import StrEnum

AUTOMATION_QUEUE = "workflow-automation"
NOTIFICATION_QUEUE = "workflow-notifications"
QUEUES = (AUTOMATION_QUEUE, NOTIFICATION_QUEUE)


class State(StrEnum):
    """Where a step is in its life."""

    PENDING = "PENDING"
    READY = "READY"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class ActionState(StrEnum):
    """What the system is doing about a step."""

    IDLE = "IDLE"
    SCHEDULED = "SCHEDULED"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    RETRY_WAIT = "RETRY_WAIT"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    POISONED = "POISONED"


class InstanceState(StrEnum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    ATTENTION = "ATTENTION"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class AttemptOutcome(StrEnum):
    """How one attempt ended."""

    SUCCEEDED = "succeeded"
    RETRY = "retry"
    FAILED = "failed"
    UNKNOWN = "unknown"  # nobody can say whether the receiver acted
    FENCED = "fenced"  # its result came after the step had been taken away
    ABANDONED = "abandoned"  # an operator moved on while it ran


class JobKind(StrEnum):
    STEP = "step"
    REPLAY = "replay"
    NOTICE = "notice"
    DELIVERY = "delivery"


class Trigger(StrEnum):
    ON_READY = "ON_READY"
    ON_STARTED = "ON_STARTED"
    ON_COMPLETED = "ON_COMPLETED"
    ON_FAILED = "ON_FAILED"
    ON_SKIPPED = "ON_SKIPPED"
    ON_RETRY = "ON_RETRY"
    ON_OVERDUE = "ON_OVERDUE"


class InstanceTrigger(StrEnum):
    """When policies of the instance as a whole tell people."""

    ON_STARTED = "ON_STARTED"
    ON_ATTENTION = "ON_ATTENTION"
    ON_COMPLETED = "ON_COMPLETED"
    ON_CANCELLED = "ON_CANCELLED"
    ON_OVERDUE = "ON_OVERDUE"


# What follows from a policy rather than from a change of state.
REMINDER = "REMINDER"
ESCALATION = "ESCALATION"
TEST = "TEST"
ALERT = "ALERT"  # something is wrong with Runsheet itself
ACCOUNT = "ACCOUNT"  # an invitation, or a link that sets a password


class Channel(StrEnum):
    EMAIL = "EMAIL"
    SMS = "SMS"
    PUSH = "PUSH"
    CHAT = "CHAT"
    IN_APP = "IN_APP"
    WEBHOOK = "WEBHOOK"


class DeliveryState(StrEnum):
    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    AUTHOR = "author"
    ADMIN = "admin"


class LinkPurpose(StrEnum):
    """What a one-time link lets somebody do."""

    SIGN_IN = "sign-in"
    INVITATION = "invitation"
    PASSWORD = "password"  # noqa: S105 - a word, not one


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Overlap(StrEnum):
    """What a schedule does when its time comes while what it started before is still open."""

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE = "queue"
    CANCEL_OLD = "cancel-old"


class CatchUp(StrEnum):
    """What a schedule does about times at which nobody kept the clock."""

    SKIP = "skip"
    ONE = "one"
    ALL = "all"


class FireKind(StrEnum):
    DUE = "due"
    CATCH_UP = "catch-up"
    RUN_NOW = "run-now"


class FireOutcome(StrEnum):
    """What became of one time of a schedule."""

    STARTED = "started"
    SKIPPED = "skipped"
    QUEUED = "queued"
    FAILED = "failed"
