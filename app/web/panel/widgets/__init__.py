"""What draws and reads a field: one module each, by the name that a schema gives as `x-widget` or
that its type calls for. Adding one: a module here with `build` and `read` (registry.Widget), its
line below, and its partial `templates/panel/kinds/_<kind>.html`."""

from app.web.panel.registry import WIDGETS
from app.web.panel.widgets import (
    area,
    assignee,
    checkbox,
    choice,
    condition,
    duration,
    fields,
    json_text,
    listing,
    mapping,
    markdown,
    notification_template,
    number,
    objects,
    optional,
    policies,
    recipients,
    recurrence,
    retry,
    scalar,
    secret,
    steps,
    text,
    union,
)

WIDGETS.update(
    {
        "area": area,
        "assignee": assignee,
        "checkbox": checkbox,
        "choice": choice,
        "condition": condition,
        "duration": duration,
        "fields": fields,
        "json": json_text,
        "list": listing,
        "map": mapping,
        "markdown": markdown,
        "notification-template": notification_template,
        "number": number,
        "object": objects,
        "optional": optional,
        "policies": policies,
        "recipients": recipients,
        "recurrence": recurrence,
        "retry": retry,
        "scalar": scalar,
        "secret": secret,
        "steps": steps,
        "text": text,
        "union": union,
    }
)
