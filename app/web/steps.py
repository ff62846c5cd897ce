"""One step of an instance, open beside the timeline, and what people do with it."""

import re
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import transaction
from app.domain import assignments, input_schemas, planned, queries, steps
from app.errors import Invalid, Malformed, NotFound
from app.schemas.base import loads
from app.schemas.instance import Reason, ReplayIn, RescheduleIn
from app.web import moves, places, schema_forms, view_models
from app.web.access import needs, visitor
from app.web.exchanges import json_page

blueprint = Blueprint("steps", __name__)
STEP = "/instances/<id:instance_id>/steps/<key:key>"
VERBS = {
    "start": steps.start,
    "complete": steps.complete,
    "fail": steps.fail,
    "retry": steps.retry,
    "skip": steps.skip,
    "replay": steps.replay,
    "run-now": planned.run_now,
    "reschedule": planned.reschedule,
    "skip-occurrence": planned.skip_occurrence,
    "stop-recurrence": planned.stop_recurrence,
}


@blueprint.get(STEP)
@needs("read")
def show(instance_id: int, key: str) -> str:
    with transaction.reading() as session:
        page = view_models.page(session, instance_id, places.here(key), visitor())
    return render_template("instances/show.html", **page)


@blueprint.get(f"{STEP}/json")
@needs("read")
def as_json(instance_id: int, key: str) -> Response:
    """The step as the API shows it, or one attempt of it (`?attempt=`, its place in the log)."""
    with transaction.reading() as session:
        document = queries.read_step(session, instance_id, key).document()
    place = request.args.get("attempt")
    if place is None:
        return json_page(document)
    attempts = dict(enumerate(document["automationLog"], start=1))
    if not re.fullmatch("[1-9][0-9]{0,8}", place) or int(place) not in attempts:
        raise NotFound("There is no such attempt.")
    return json_page(attempts[int(place)])


@blueprint.post(f"{STEP}/<any({','.join(repr(verb) for verb in VERBS)}):verb>")
@needs("work on own steps")
def move(instance_id: int, key: str, verb: str) -> Response:
    def carry_out(session: Session) -> None:
        assignments.require(session, visitor().actor, instance_id, key, verb)
        given: dict[str, Any] = {"reason": Reason.read({"reason": moves.typed("reason")}).reason}
        if verb == "complete":
            given["output"] = _output(session, instance_id, key)
        if verb == "replay" and (number := moves.typed("occurrence")):
            given["occurrence"] = ReplayIn.read({"occurrence": _whole(number)}).occurrence
        if verb == "reschedule":
            given["at"] = RescheduleIn.read({"at": _in_utc(moves.typed("at"))}).at
        VERBS[verb](session, instance_id, key, visitor().actor.name, **given)

    return moves.answer(moves.Move(instance_id, verb, key), carry_out)


def _whole(typed: str) -> int | str:
    return int(typed) if re.fullmatch("[0-9]{1,9}", typed) else typed


def _in_utc(typed: str) -> str:
    """What the browser's own field for times holds has no zone."""
    return f"{typed}Z" if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", typed) else typed


def _output(session: Session, instance_id: int, key: str) -> dict[str, Any]:
    """What somebody answered, in the step's own form or as JSON. Raises Invalid."""
    step = queries.read_step(session, instance_id, key)
    schema, form = schema_forms.answer_schema(step), schema_forms.answer_form(step)
    if schema is None or form is None:
        return _json_output(moves.typed("output"))
    answers = schema_forms.read(form, schema, schema_forms.OUTPUT)
    return input_schemas.read_input(schema, answers, at="output")


def _json_output(text: str) -> dict[str, Any]:
    try:
        value = loads(text) if text else {}
    except Malformed as fault:
        raise Invalid.at("output", fault.message.replace("The body", "This", 1)) from None
    if not isinstance(value, dict):
        raise Invalid.at("output", 'Write a JSON object, such as {"packages": 2}.')
    return value
