"""/queues and /workers: how the work stands, and letting a queue rest."""

from flask import Blueprint

from app.api.endpoint import Ask, endpoint
from app.api.rendering import Reply, ok, page
from app.domain import queues
from app.schemas.instance import Reason
from app.schemas.queue import QueueOut, WorkerOut

blueprint = Blueprint("api_queues", __name__)
QUEUE = "/queues/<string:name>"


@blueprint.get("/queues")
@endpoint("List the queues and how each stands", permission="read", gives=QueueOut, many=True)
def list_queues(ask: Ask[None]) -> Reply:
    return page(queues.read_all(ask.session), None)


@blueprint.post(f"{QUEUE}/pause")
@endpoint(
    "Let a queue rest: nothing more is taken from it until it is resumed",
    permission="operate",
    takes=Reason,
    gives=QueueOut,
)
def pause_queue(ask: Ask[Reason], name: str) -> Reply:
    queues.pause(ask.session, name, ask.actor.name, ask.body.reason or None)
    return ok(queues.read(ask.session, name))


@blueprint.post(f"{QUEUE}/resume")
@endpoint("Go on with a queue", permission="operate", takes=Reason, gives=QueueOut)
def resume_queue(ask: Ask[Reason], name: str) -> Reply:
    queues.resume(ask.session, name, ask.actor.name, ask.body.reason or None)
    return ok(queues.read(ask.session, name))


@blueprint.get("/workers")
@endpoint(
    "List workers and schedulers heard of within a day, and what they do",
    permission="read",
    gives=WorkerOut,
    many=True,
)
def list_workers(ask: Ask[None]) -> Reply:
    return page(queues.workers(ask.session), None)
