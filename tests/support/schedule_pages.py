"""The form of a schedule as a browser sends it, and what its page says at a field."""

import re
from html import unescape

from app import transaction
from app.models import Schedule

SCHEMA = {
    "type": "object",
    "required": ["account"],
    "properties": {
        "account": {"type": "string", "title": "Account number"},
        "total": {"type": "number", "default": 129.9},
        "gift": {"type": "boolean", "default": True},
    },
}
OTHER = {
    "type": "object",
    "properties": {
        "account": {"type": "string"},
        "express": {"type": "boolean", "default": True, "title": "By express"},
    },
}


def typed(template: int, **other) -> dict[str, str]:
    """What a browser sends of a form that is filled in."""
    return {
        "name": "Nightly",
        "templateId": str(template),
        "shown": f"{template}.",
        "input.account": "EUR-1",
        "input.total": "129.9",
        "kind": "cron",
        "cron": "0 9 * * 1-5",
        "everySeconds": "15",
        "unit": "60",
        "timezone": "Europe/Berlin",
        "overlap": "skip",
        "catchUp": "one",
        "jitterSeconds": "0",
    } | {name.replace("__", "."): value for name, value in other.items()}


def schedule_of(schedule_id: int) -> Schedule:
    with transaction.reading() as session:
        row = session.get_one(Schedule, schedule_id)
        session.expunge(row)  # read as it is now, and not again
        return row


def fault_at(page, field: str) -> str:
    """The fault that stands in the slot of a field."""
    slot = page.text.split(f'id="{field}-fault"')[1].split("</div>")[0]
    return unescape(re.sub("<[^>]*>", "", slot.split(">", 1)[1])).strip()
