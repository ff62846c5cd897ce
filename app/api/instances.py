"""/instances: starting, listing, reading, and what is done with a whole one."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, url_for

from app.api.bodies import MEBIBYTE
from app.api.endpoint import Ask, endpoint
from app.api.parameters import InstancesPage
from app.api.rendering import Reply, created, ok, page
from app.domain import instances, permissions, queries
from app.schemas.instance import (
    BulkIn,
    BulkOut,
    InstanceIn,
    InstanceOut,
    InstanceSummary,
    Reason,
)

blueprint = Blueprint("api_instances", __name__)
INSTANCE = "/instances/<id:instance_id>"


@blueprint.get("/instances")
@endpoint(
    "List instances, newest first",
    permission="read",
    gives=InstanceSummary,
    many=True,
    query=InstancesPage,
)
def list_instances(ask: Ask[None]) -> Reply:
    wanted: InstancesPage = ask.query
    return page(
        *queries.list_instances(
            ask.session,
            state=wanted.state,
            template_key=wanted.template_key,
            text=wanted.q,
            overdue=wanted.overdue,
            before=wanted.cursor,
            limit=wanted.limit,
        )
    )


@blueprint.post("/instances")
@endpoint(
    "Start an instance on the newest version of a template",
    permission="operate",
    takes=InstanceIn,
    gives=InstanceOut,
    status=201,
    errors=(404,),
)
def start_instance(ask: Ask[InstanceIn]) -> Reply:
    instance_id = instances.start(ask.session, ask.body, ask.actor.name)
    location = url_for("api_instances.read_instance", instance_id=instance_id)
    reply = created(None, location)
    reply.later = lambda session: queries.read_instance(
        session, instance_id, with_urls=True
    ).document()
    return reply


@blueprint.post("/instances/bulk")
@endpoint(
    "Start up to 1,000 instances, all or none",
    permission="operate",
    takes=BulkIn,
    gives=BulkOut,
    status=201,
    limit=8 * MEBIBYTE,
    errors=(404,),
)
def start_instances(ask: Ask[BulkIn]) -> Reply:
    ids = instances.start_many(ask.session, ask.body.items, ask.actor.name)
    return Reply({"items": [{"id": instance_id} for instance_id in ids]}, 201)


@blueprint.get(INSTANCE)
@endpoint("Read an instance with its steps and their logs", permission="read", gives=InstanceOut)
def read_instance(ask: Ask[None], instance_id: int) -> Reply:
    may_call = permissions.allows(ask.actor, "operate")
    return ok(queries.read_instance(ask.session, instance_id, with_urls=may_call))


@blueprint.post(f"{INSTANCE}/cancel")
@endpoint(
    "End an instance: what is open becomes CANCELLED",
    permission="operate",
    takes=Reason,
    gives=InstanceOut,
)
def cancel_instance(ask: Ask[Reason], instance_id: int) -> Reply:
    return act(instances.cancel, ask, instance_id)


@blueprint.post(f"{INSTANCE}/pause")
@endpoint(
    "Let nothing new start until it is resumed",
    permission="operate",
    takes=Reason,
    gives=InstanceOut,
)
def pause_instance(ask: Ask[Reason], instance_id: int) -> Reply:
    return act(instances.pause, ask, instance_id)


@blueprint.post(f"{INSTANCE}/resume")
@endpoint(
    "Go on; what fell due meanwhile is due now",
    permission="operate",
    takes=Reason,
    gives=InstanceOut,
)
def resume_instance(ask: Ask[Reason], instance_id: int) -> Reply:
    return act(instances.resume, ask, instance_id)


def act(verb: Callable[..., Any], ask: Ask[Reason], instance_id: int) -> Reply:
    """Carry out a verb and answer with the instance as it is then."""
    verb(ask.session, instance_id, ask.actor.name, ask.body.reason)
    return ok(queries.read_instance(ask.session, instance_id, with_urls=True))
