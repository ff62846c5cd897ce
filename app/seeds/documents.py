"""The demo templates: `templates/*.yaml`, with `{RECEIVER}` for the demo receiver's address."""

from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import templates
from app.domain.addresses import AllowList
from app.models import WorkflowTemplate
from app.schemas.template import Template
from app.schemas.yaml_text import loads_yaml
from app.seeds import belongings

FOLDER = Path(__file__).parent / "templates"
ACTOR = "seeds"


def read_all(receiver: str) -> list[Template]:
    """All demo templates, in the order of their keys."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml"))]
    return [
        Template.read(loads_yaml(text.replace("{RECEIVER}", receiver).encode())) for text in texts
    ]


def publish_all(session: Session, receiver: str) -> list[str]:
    """Create and publish what is missing, with what it names; the keys of what changed. The demo
    receiver may stand anywhere here; whether it may be reached is asked again when something is
    sent to it."""
    belongings.come(session, receiver)
    allow = AllowList.parse(urlsplit(receiver).netloc)
    return [template.key for template in read_all(receiver) if _publish(session, template, allow)]


def _publish(session: Session, template: Template, allow: AllowList) -> bool:
    row = session.scalar(select(WorkflowTemplate).where(WorkflowTemplate.key == template.key))
    if row is None:
        row = templates.create(session, template, ACTOR, allow=allow)
        note = "As it comes with Runsheet."
    elif row.updated_by != ACTOR or row.draft == templates.checked_document(template, allow):
        return False
    else:
        # Nobody has touched it, and the receiver has moved to another port (or Runsheet brings
        # a better one): what starts from now on should find it.
        templates.replace_draft(session, row.id, template, ACTOR, allow=allow)
        note = "Brought up to date by `flask seed`."
    templates.publish(session, row.id, ACTOR, note, allow=allow)
    return True
