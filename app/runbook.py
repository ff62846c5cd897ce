"""The operator's runbook, docs/runbook.md: where the console leads whoever has trouble."""

from enum import StrEnum

PAGE = "/docs/runbook"


class Section(StrEnum):
    """The headings that pages and messages lead to, by their anchors."""

    WEBHOOK_FAILED = "a-webhook-failed"
    MAIL_FAILED = "a-mail-was-not-sent"
    NOBODY_CALLED = "nobody-called"
    FAILED = "a-step-has-failed"
    OUTCOME_UNKNOWN = "an-outcome-is-unknown"
    RECURRING = "a-step-that-recurs"
    POISONED = "a-step-is-poisoned"
    NOBODY_TOLD = "somebody-was-not-told"
    NOT_FIRED = "a-schedule-did-not-fire"
    CLOCK_OFF = "a-clock-is-off"
    REDIS_AWAY = "redis-is-away-or-has-forgotten-everything"
    DATABASE_AWAY = "the-database-is-away"
    NO_WORKER = "runsheetnoworker"
    NO_NOTIFIER = "runsheetnonotifier"
    NO_SCHEDULER = "runsheetnoscheduler"
    STEPS_POISONED = "runsheetstepspoisoned"
    QUEUE_PAUSED = "runsheetqueuepaused"
    QUEUE_BACKLOG = "runsheetqueuebacklog"
    DELIVERIES_FAILING = "runsheetdeliveriesfailing"
    WORKERS_LOST = "runsheetworkerslost"


def path(section: str) -> str:
    """Where a section is read, beneath the console's own address. Raises ValueError for one that
    is not listed above: so no link leads nowhere."""
    return f"{PAGE}#{Section(section)}"
