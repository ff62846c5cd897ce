"""What stands around every page: counts in the navigation, who is not there, the version."""

from typing import Any

from flask import Blueprint, Flask, g, render_template
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import transaction, watch
from app.domain import inbox
from app.extensions import htmx
from app.version import VERSION
from app.web import absences, tasks
from app.web.access import Visitor, needs, visitor

blueprint = Blueprint("frame", __name__)


@blueprint.get("/banner")
@needs("read")
def banner() -> str:
    """Who is not there now, for pages that stay open (static/js/banner.js)."""
    redis_away_since = watch.here().look_at_redis()
    with transaction.reading() as session:
        lines = absences.lines(session, redis_away_since)
    return render_template("_banner.html", banner=lines)


def register(app: Flask) -> None:
    watch.register(app)

    @app.context_processor
    def _frame() -> dict[str, Any]:
        nothing = {"nav_counts": {}, "unread": 0, "banner": [], "product_version": VERSION}
        if htmx.wants_partial:
            return nothing
        if g.get("database_is_away"):  # the page says so itself
            return nothing | {"banner": absences.of_redis(watch.here().look_at_redis())}
        if not current_user.is_authenticated:
            return nothing
        redis_away_since = watch.here().look_at_redis()
        try:
            with transaction.reading() as session:
                around = _around(session, visitor())
                lines = absences.lines(session, redis_away_since)
        except SQLAlchemyError:  # a page about what is wrong must not fail for the same reason
            return nothing
        watch.here().database_answered()
        return nothing | around | {"banner": lines}


def _around(session: Session, who: Visitor) -> dict[str, Any]:
    counts = {"tasks.index": tasks.count(session, who)}
    return {"nav_counts": counts, "unread": inbox.unread(session, who.id)}
