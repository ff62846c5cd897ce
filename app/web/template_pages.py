"""What stands around a template on its page."""

from typing import Any

from flask import request
from sqlalchemy.orm import Session

from app.domain import template_versions
from app.web import schedule_lists
from app.web.editor_views import is_there
from app.web.template_views import TemplateView
from app.web.version_lists import number_of


def around(session: Session, template: TemplateView) -> dict[str, Any]:
    """`schedules`: how many start it; `unpublished`: whether its draft says something else than
    its newest version; `older`: the version that is shown, if that is not the newest;
    `published`: the version that was published just now; `links`: label and URL of what else is
    done with it."""
    number, newest = template.version, template.newest
    published = number_of(request.args.get("published"))
    base = f"/templates/{template.id}"
    links = [("Dry run", f"{base}/dry-run"), ("Export", f"{base}/export")]
    return {
        "links": [link for link in links if is_there(link[1])],
        "schedules": schedule_lists.count(session, template.id),
        "unpublished": bool(template_versions.unpublished(session, [template.id])),
        "older": number if number != newest else None,
        "published": published if published == newest else None,
    }
