"""What notifications say as Runsheet comes: one template for each trigger, on every channel.

They are part of every database, not only of demo seeds: policies that name no template, and the
notice that every failure causes, fall back on them. So they are planted whenever a database is
brought to the newest migration (migrations/env.py). Whoever changes one keeps their words; one
that nobody has touched is brought up to date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import notification_templates
from app.domain.notification_context import sample_for
from app.domain.notification_defaults import OWN_KEYS, SYSTEM_ALERT
from app.models import NotificationTemplate
from app.schemas.notification_template import NotificationTemplateIn

ACTOR = "system"
NOTE = "As it comes with Runsheet."


@dataclass(frozen=True, slots=True)
class Words:
    """What one of them says, from which the content of each channel is made: in a line, in a few
    sentences, what happens next by itself, and that in few words."""

    name: str
    description: str
    line: str
    said: str
    next: str
    brief: str


_STEP, _INSTANCE = "{{ step.name }}", "{{ instance.title }}"
_ABOUT = f"{_STEP} · {_INSTANCE}"
_FLOW = "{{ instance.title }} ({{ instance.templateName }})"
_WHO = (
    "{% if step.assignee %} It waits for "
    '{{ step.assignee | remove: "role:" | remove: "group:" | remove: "user:" }}.'
    "{% endif %}"
)
_DUE = (
    '{% if step.dueAt %} Due {{ step.dueAt | date: "%d %b, %H:%M %Z", recipient.timeZone }}.'
    "{% endif %}"
)
_REASON = '{{ step.error | default: step.reason | default: "none was given" }}'
_ACTED = (
    "{% if step.mayHaveActed == true %}\nThe receiver may have acted all the same: look there "
    "before it is sent again.{% elsif step.mayHaveActed == false %}\nNothing reached the receiver."
    "{% endif %}"
)
_TRIES = (
    "{% if step.attempts == 1 %} after 1 try"
    "{% elsif step.attempts > 1 %} after {{ step.attempts }} tries{% endif %}"
)
_OF = "{% if step.maxAttempts %} of {{ step.maxAttempts }}{% endif %}"
_AGAIN = (
    "{% if step.nextAttemptAt %} at "
    '{{ step.nextAttemptAt | date: "%H:%M %Z", recipient.timeZone }}{% endif %}'
)
_BY_ITSELF = (
    '{% case step.actionType %}{% when "MANUAL_TASK", "APPROVAL", "FORM_INPUT" %}'
    "It waits until somebody completes it.{% else %}"
    "It runs by itself; there is nothing to do.{% endcase %}"
)


def _of_series(amid: str, otherwise: str) -> str:
    """What is said of a step whose occurrence failed while more are to come."""
    return f'{{% if step.state == "STARTED" %}}{amid}{{% else %}}{otherwise}{{% endif %}}'


_STAYS_OPEN = "It stays open until somebody completes or skips it; nothing happens by itself."
_NOTHING = "There is nothing to do."

WORDS: Mapping[str, Words] = {
    "step-ready": Words(
        "Step is ready",
        "A step can begin: what came before it is done.",
        f"Ready: {_ABOUT}",
        f"{_STEP} can begin.{_WHO}{_DUE}",
        _BY_ITSELF,
        f"{_BY_ITSELF}{_DUE}",
    ),
    "step-started": Words(
        "Step was started",
        "Somebody began a step, or the system did.",
        f"Started: {_ABOUT}",
        f"{_STEP} is under way.",
        f"What waits for it goes on when it is completed. {_NOTHING}",
        _NOTHING,
    ),
    "step-completed": Words(
        "Step is completed",
        "A step is done.",
        f"Done: {_ABOUT}",
        f"{_STEP} is completed{{% if step.attempts > 1 %}}, on try {{{{ step.attempts }}}}"
        "{% endif %}.",
        f"What waits for it goes on by itself. {_NOTHING}",
        _NOTHING,
    ),
    "step-failed": Words(
        "Step has failed",
        "A step failed for good. Operators are told so even if no policy says it.",
        f"FAILED: {_ABOUT}",
        f"{_STEP} failed{_TRIES}.\nReason: {_REASON}{_ACTED}",
        _of_series(
            f"The step recurs: it runs again by itself{_AGAIN}.",
            "Nothing more happens by itself: what waits for this step stands still until somebody "
            "retries or skips it.",
        ),
        f"{_REASON[:-3]} | truncate: 90 }}}}\n"
        + _of_series(
            f"It runs again by itself{_AGAIN}.", "Retry or skip it: nothing happens by itself."
        ),
    ),
    "step-skipped": Words(
        "Step was skipped",
        "A step was left out, by a condition or by somebody.",
        f"Skipped: {_ABOUT}",
        f"{_STEP} was skipped.{{% if step.reason %}}\nReason: {{{{ step.reason }}}}{{% endif %}}",
        f"The workflow goes on without it. {_NOTHING}",
        _NOTHING,
    ),
    "step-retry": Words(
        "Step will be tried again",
        "A try has failed, and another one is planned.",
        f"Will retry: {_ABOUT}",
        f"Try {{{{ step.attempts }}}}{_OF} of {_STEP} failed.\nReason: {_REASON}{_ACTED}",
        f"The next try comes by itself{_AGAIN}. There is nothing to do yet.",
        f"Try {{{{ step.attempts }}}}{_OF} failed; the next comes by itself{_AGAIN}.",
    ),
    "step-overdue": Words(
        "Step is overdue",
        "A step is not done by the time it was due.",
        f"Overdue: {_ABOUT}",
        f"{_STEP} is late.{_DUE}{_WHO}",
        _STAYS_OPEN,
        f"It is late.{_DUE}{_WHO}",
    ),
    "step-reminder": Words(
        "Reminder of a step",
        "A step that somebody was told of is still not done.",
        f"Reminder: {_ABOUT}",
        f"{_STEP} is still not done.{_WHO}{_DUE} This is reminder {{{{ round }}}}.",
        _STAYS_OPEN,
        f"It is still not done.{_DUE}{_WHO}",
    ),
    "step-escalation": Words(
        "Escalation of a step",
        "A step is not done, and now others are told.",
        f"Not done yet: {_ABOUT}",
        f"{_STEP} is still not done, though others were asked to do it.{_WHO}{_DUE}",
        _STAYS_OPEN,
        f"Others were asked to do it and have not.{_DUE}{_WHO}",
    ),
    "instance-started": Words(
        "Instance was started",
        "A workflow begins.",
        f"Started: {_INSTANCE}",
        f'{_FLOW} was started by {{{{ instance.startedBy | remove: "user:" }}}}.',
        "It goes on by itself and asks people where it needs them.",
        _NOTHING,
    ),
    "instance-attention": Words(
        "Instance needs attention",
        "A step of a workflow has failed.",
        f"ATTENTION: {_INSTANCE}",
        f"A step of {_FLOW} has failed for good.",
        "What waits for that step stands still until somebody retries or skips it; other branches "
        "go on.",
        "A step has failed. Retry or skip it: nothing happens by itself.",
    ),
    "instance-completed": Words(
        "Instance is completed",
        "A workflow has come to its end.",
        f"Completed: {_INSTANCE}",
        f"{_FLOW} is completed: every step is done.",
        _NOTHING,
        _NOTHING,
    ),
    "instance-cancelled": Words(
        "Instance was cancelled",
        "Somebody ended a workflow early.",
        f"Cancelled: {_INSTANCE}",
        f"{_FLOW} was cancelled. Steps that were open end here.",
        "Nothing more happens. What was sent before stays sent.",
        "Open steps end here. Nothing more happens.",
    ),
    "instance-overdue": Words(
        "Instance is overdue",
        "A workflow has not come to its end by the time it was due.",
        f"Overdue: {_INSTANCE}",
        f"{_FLOW} is late: it was due and is not done.",
        "It goes on as before; nothing else happens by itself.",
        "It was due and is not done.",
    ),
    SYSTEM_ALERT: Words(
        "Something is wrong with Runsheet",
        "No worker or scheduler is there, a process died, work is stuck or a channel fails. Admins "
        "are told so once, and once more when it is over.",
        "{% if alert.over %}Over{% else %}ALERT{% endif %}: {{ alert.title }}"
        '{% if alert.subject != "" %}, {{ alert.subject }}{% endif %}',
        "{{ alert.said }}{% if alert.over %}\nThat is over.{% endif %}",
        "{% if alert.over %}There is nothing to do.{% else %}{{ alert.cure }}\n"
        "More: {{ alert.runbook }}{% endif %}",
        "{% if alert.over %}It is over.{% else %}{{ alert.said | truncate: 120 }}{% endif %}",
    ),
}


def content_of(key: str) -> dict[str, Any]:
    """What it says on each channel."""
    words = WORDS[key]
    kind = "alert" if key == SYSTEM_ALERT else key.partition("-")[0]
    link = f"{{{{ {kind}.url }}}}"
    return {
        "EMAIL": {
            "subject": words.line,
            "text": f"{words.said}\n\n{words.next}\n\n{link}\n",
            "html": None,
        },
        # The dot is not in the alphabet of SMS: one of it would halve what a segment holds.
        "SMS": {"text": f"{words.line.replace('·', '-')}\n{words.brief}\n{link}"},
        "PUSH": {"title": words.line, "body": words.brief},
        "CHAT": {"text": f"{words.line}\n{words.said}\n{words.next}\n{link}"},
        "IN_APP": {"title": words.line, "body": f"{words.said}\n{words.next}"},
        "WEBHOOK": {"body": _BODIES[kind]},
    }


_INSTANCE_BODY = {"trigger": "{{ trigger }}", "round": "{{ round }}", "instance": "{{ instance }}"}
_BODIES: Mapping[str, dict[str, str]] = {
    "step": _INSTANCE_BODY | {"step": "{{ step }}"},
    "instance": _INSTANCE_BODY,
    "alert": {"trigger": "{{ trigger }}", "alert": "{{ alert }}"},
}


def ensure_seeded(session: Session) -> list[str]:
    """Plant what is missing and bring up to date what nobody has changed; the keys of those."""
    row = NotificationTemplate
    found = {each.key: each for each in session.scalars(select(row).where(row.key.in_(OWN_KEYS)))}
    return [key for key in WORDS if _plant(session, key, found.get(key))]


def _plant(session: Session, key: str, row: NotificationTemplate | None) -> bool:
    words = WORDS[key]
    wish = NotificationTemplateIn.read(
        {
            "key": key,
            "name": words.name,
            "description": words.description,
            "content": content_of(key),
        }
    )
    if row is None:
        notification_templates.create(session, wish, ACTOR)
    elif row.updated_by != ACTOR or row.draft == wish.content.stored():
        return False
    else:
        notification_templates.replace_draft(session, key, wish, ACTOR)
    sample = sample_for(key, "https://runsheet.example.com")
    notification_templates.publish(session, key, ACTOR, sample, NOTE)
    return True
