"""The nouns of the JSON door: each has a blueprint. Some stand at the root, for those who look
whether the process is well, and for readers of the documents."""

from app.api import (
    audit,
    callbacks,
    deliveries,
    docs,
    dry_runs,
    events,
    groups,
    health,
    instances,
    metrics,
    notification_templates,
    queues,
    schedules,
    secrets,
    sms_status,
    steps,
    template_versions,
    templates,
    tokens,
    users,
)

NOUNS = (
    templates,
    template_versions,
    dry_runs,
    instances,
    steps,
    callbacks,
    deliveries,
    notification_templates,
    sms_status,
    secrets,
    schedules,
    queues,
    events,
    users,
    groups,
    tokens,
    audit,
)
AT_THE_ROOT = (health, metrics, docs)
