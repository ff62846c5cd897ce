"""Tasks: the steps that wait for people."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session

from app import transaction
from app.domain import tasks
from app.schemas.task import TaskOut
from app.web import words
from app.web.access import Visitor, needs, visitor

blueprint = Blueprint("tasks", __name__)
MOST = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL of the list says, under the names that the API has for it."""

    whose: str = "mine"
    overdue: bool = False

    @classmethod
    def read(cls) -> "Filters":
        given = request.args  # `due`: as links from before said it
        overdue = given.get("overdue") == "true" or given.get("due") == "overdue"
        return cls("all" if given.get("whose") == "all" else "mine", overdue)


class Task(TaskOut):
    """A line of the list."""

    who: str


@blueprint.get("/tasks")
@needs("read")
def index() -> str:
    filters = Filters.read()
    with transaction.reading() as session:
        who = visitor().actor if filters.whose == "mine" else None
        found, _ = tasks.list_tasks(session, who, overdue=filters.overdue, limit=MOST)
        total = count(session, None)
    lines = [Task.model_construct(**dict(one), who=words.who(one.assignee)) for one in found]
    page = {"tasks": lines, "overdue": filters.overdue, "total": total, "most": MOST}
    return render_template("tasks/index.html", chips=_chips(filters), **page)


def _chips(filters: Filters) -> list[tuple[str, str, bool]]:
    """The ways to narrow the list: words, where they lead, whether that is here."""
    whose, overdue, here = filters.whose, filters.overdue, url_for("tasks.index")
    return [
        ("For you", here, whose == "mine" and not overdue),
        ("Overdue", url_for("tasks.index", overdue="true"), overdue),
        ("Everybody's", url_for("tasks.index", whose="all"), whose == "all" and not overdue),
    ]


def count(session: Session, who: Visitor | None, *, overdue: bool = False) -> int:
    """How many wait for somebody (None: for anybody)."""
    return tasks.count(session, who.actor if who else None, overdue=overdue)
