"""/tasks: the steps that wait for people."""

from flask import Blueprint

from app.api.endpoint import Ask, endpoint
from app.api.parameters import TasksPage
from app.api.rendering import Reply, page
from app.domain import tasks
from app.schemas.task import TaskOut

blueprint = Blueprint("api_tasks", __name__)


@blueprint.get("/tasks")
@endpoint(
    "List the steps that wait for people, what is due first on top",
    permission="read",
    gives=TaskOut,
    many=True,
    query=TasksPage,
)
def list_tasks(ask: Ask[None]) -> Reply:
    wanted: TasksPage = ask.query
    who = ask.actor if wanted.whose == "mine" else None
    found = tasks.list_tasks(
        ask.session, who, overdue=wanted.overdue, beyond=wanted.cursor, limit=wanted.limit
    )
    return page(*found)
