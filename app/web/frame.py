"""What stands around every page: counts in the navigation, the banner, the version."""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock, transaction
from app.domain import inbox, processes
from app.extensions import htmx
from app.models import AutomationJob, WorkerProcess
from app.models.vocabulary import AUTOMATION_QUEUE
from app.version import VERSION
from app.web import tasks
from app.web.access import Visitor, visitor
from app.web.words import length


@dataclass(frozen=True, slots=True)
class Banner:
    """Something about the whole system that is true now; `link` and `href`: what to do."""

    text: str
    href: str | None = None
    link: str = ""


def register(app: Flask) -> None:
    @app.context_processor
    def _frame() -> dict[str, Any]:
        nothing = {"nav_counts": {}, "unread": 0, "banner": None, "version": VERSION}
        if htmx.wants_partial or not current_user.is_authenticated:
            return nothing
        try:
            with transaction.reading() as session:
                return nothing | _around(session, visitor())
        except SQLAlchemyError:  # a page about what is wrong must not fail for the same reason
            return nothing


def _around(session: Session, who: Visitor) -> dict[str, Any]:
    counts = {"tasks.index": tasks.count(session, who)} if who.may("operate") else {}
    unread = inbox.unread(session, who.id)
    return {"nav_counts": counts, "unread": unread, "banner": banner(session)}


def banner(session: Session) -> Banner | None:
    """Whether automation stands still because nobody carries it out."""
    if any(row.queue == AUTOMATION_QUEUE for row in processes.alive(session)):
        return None
    job, worker = AutomationJob, WorkerProcess
    owed = job.queue == AUTOMATION_QUEUE, job.run_at <= clock.now(), ~job.held
    waiting = session.scalar(select(func.count()).select_from(job).where(*owed)) or 0
    seen = session.scalar(select(func.max(worker.seen_at)).where(worker.queue == AUTOMATION_QUEUE))
    since = f" for {length(clock.now() - seen)}" if seen else ""
    wait = {0: "no step waits for it yet", 1: "1 step waits"}.get(waiting, f"{waiting} steps wait")
    text = f"No worker has answered on {AUTOMATION_QUEUE}{since}; {wait}."
    return Banner(f"{text} Start a worker process, or look into its log to see why it ended.")
