"""A template that is changed while it is in use, for tests of its versions."""

from typing import Any

from app import transaction
from app.domain import templates
from app.schemas.template import Template
from tests.support.workflows import AUTHOR, LOOPBACK, publish, task, webhook

STEPS = [task("pack"), webhook("ship", "pack"), task("wrap", "pack")]
LATER = [
    task("pack", config={"instructions": "Pack it well, and weigh it."}),
    webhook("ship", "pack", "weigh", config={"url": "http://127.0.0.1:9/ship-now"}),
    task("weigh", "pack"),
]


def write(template_id: int, *steps: dict[str, Any], by: str = AUTHOR, **more: Any) -> int:
    """Replace the draft; returns its revision."""
    document = {"key": "order", "name": "Order", "steps": list(steps)} | more
    with transaction.writing() as session:
        draft = Template.read(document)
        row = templates.replace_draft(session, template_id, draft, by, allow=LOOPBACK)
        return row.draft_revision


def publish_again(template_id: int, note: str = "") -> None:
    with transaction.writing() as session:
        templates.publish(session, template_id, AUTHOR, note, allow=LOOPBACK)


def publish_twice() -> int:
    """A template with two versions, and a draft that is the second one; returns its id."""
    template_id = publish(*STEPS)
    write(template_id, *LATER)
    publish_again(template_id, "Weighed before it goes")
    return template_id
