"""Dry runs as both doors ask for them: what is looked up, walked, and told."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.config import Settings
from app.domain import dry_run, dry_run_sources, input_schemas, queries, retry_words
from app.domain.addresses import AllowList
from app.domain.callback_urls import CONCEALED
from app.domain.channels import not_ready
from app.domain.dry_run import Around, Walk
from app.domain.dry_run_outcomes import Plan
from app.domain.dry_run_sources import Source
from app.domain.dry_run_tellings import Telling
from app.domain.previews import Given
from app.domain.records import DONE, StepRecord
from app.domain.samples import sample
from app.domain.secret_values import SecretValue
from app.errors import FieldError, Invalid, NotFound
from app.models import Secret
from app.models.vocabulary import ActionState, State
from app.schemas.actions import WAIT_CALLBACK
from app.schemas.dry_run import DryAttemptOut, DryRunIn, DryRunOut, DryStepOut, DryTellingOut
from app.schemas.instance import AttemptOut, EventOut
from app.schemas.problem import Fault
from app.schemas.retry import Retry

_Offset = Callable[[datetime], float]


def read(session: Session, template_id: int, version: int | None, settings: Settings) -> Source:
    """What is to be walked: a version of a template, or its draft. Raises NotFound."""
    allow = AllowList.parse(settings.outbound_allow)
    has_mail = bool(settings.smtp_url)
    return dry_run_sources.read(session, template_id, version, allow, has_mail=has_mail)


def run(
    session: Session, source: Source, wish: DryRunIn, settings: Settings, actor: str
) -> DryRunOut:
    """Walk it as if `actor` started it. Reads the session, writes nothing. Raises Invalid where
    the wish does not fit the template."""
    at = wish.start_at or clock.now().replace(microsecond=0)
    given, made_up = _input(session, source, wish)
    values = input_schemas.read_input(source.document["inputSchema"], given, "input")
    plan = Plan.of(wish, source.document["steps"])
    around = _around(session, settings, at)
    found = dry_run.walk(source.version, values, plan, around, actor=actor, at=at)
    return _told(source, found, plan, at, made_up=made_up)


def _input(session: Session, source: Source, wish: DryRunIn) -> tuple[dict[str, Any], bool]:
    """The input, and whether it is made up."""
    if wish.input is not None:
        return wish.input, False
    if wish.instance_id is None:
        return sample(source.document["inputSchema"]), True
    return input_of(session, source, wish.instance_id), False


def input_of(session: Session, source: Source, instance_id: int) -> dict[str, Any]:
    """What an instance of the same template was started with. Raises Invalid."""
    try:
        found = queries.read_instance(session, instance_id)
    except NotFound as missing:
        raise Invalid.at("instanceId", missing.message) from None
    if found.template_id != source.template_id:
        words = f"Instance {found.id} is one of {found.template_name}."
        raise Invalid.at("instanceId", words)
    return found.input


def _around(session: Session, settings: Settings, at: datetime) -> Around:
    secrets = {
        row.name: SecretValue(row.name, "", hosts=tuple(row.hosts or ()))
        for row in session.execute(select(Secret.name, Secret.hosts))
    }
    given = Given(
        context={},
        now=at,
        allow=AllowList.parse(settings.outbound_allow),
        sender=settings.mail_from,
        base_url=settings.base_url,
        secrets=secrets,
    )
    return Around(people=session, given=given, not_ready=not_ready(settings))


def _told(source: Source, walk: Walk, plan: Plan, at: datetime, *, made_up: bool) -> DryRunOut:
    instance = walk.instance
    offset: _Offset = lambda moment: (moment - at).total_seconds()  # noqa: E731
    ended = instance.ended_at
    names = {step["key"]: step["name"] for step in source.document["steps"]}
    tellings = [_telling(one, offset) for one in walk.tellings.found if one.step_key is None]
    steps = [_step(step, walk, plan, offset, names) for step in instance.steps.values()]
    return DryRunOut(
        template_id=source.template_id,
        version=source.number,
        name=source.version.row.name,
        title=instance.title,
        state=instance.state,
        start_at=at,
        end_at=ended,
        duration_seconds=offset(ended) if ended else None,
        input=instance.input or {},
        input_made_up=made_up,
        problems=[_fault(one) for one in (*source.problems, *walk.problems)],
        path=walk.path,
        steps=_in_order(source, steps),
        notifications=tellings,
        events=[EventOut(**event) for event in walk.events],
    )


def _fault(error: FieldError) -> Fault:
    return Fault(path=error.path, message=error.message)


def _in_order(source: Source, steps: Iterable[DryStepOut]) -> list[DryStepOut]:
    """Those that were walked, and after them those that could not be."""
    return [*steps, *(_left_out(key, *why) for key, why in source.left_out.items())]


def _step(
    step: StepRecord, walk: Walk, plan: Plan, offset: _Offset, names: Mapping[str, str]
) -> DryStepOut:
    log = walk.jobs.log.get(step.key, [])
    at = step.ready_at or step.completed_at
    first = log[0].request if log else None
    is_mail = step.action_type == "AUTOMATION_EMAIL"
    return DryStepOut(
        key=step.key,
        name=step.name,
        action_type=step.action_type,
        depends_on=list(walk.instance.graph.nodes[step.key].depends_on),
        state=step.state,
        action_state=step.action_state,
        reason=step.reason or _why_it_waits(step, walk, names),
        error=step.error,
        assignee=step.assignee,
        at=at,
        offset_seconds=offset(at) if at else None,
        started_at=step.started_at,
        completed_at=step.completed_at,
        due_at=step.due_at,
        output=step.output,
        made_up=bool(step.output) and not plan.is_given(step.key),
        callback_url=CONCEALED if step.action_type == WAIT_CALLBACK else None,
        request=None if is_mail else first,
        message=first if is_mail else None,
        attempts=[_attempt(log, place, offset) for place in range(len(log))],
        retry=_retry(step),
        notes=walk.notes.get(step.key, []),
        notifications=[
            _telling(one, offset) for one in walk.tellings.found if one.step_key == step.key
        ],
    )


def _why_it_waits(step: StepRecord, walk: Walk, names: Mapping[str, str]) -> str | None:
    if step.state != State.PENDING:
        return None
    before = walk.instance.graph.nodes[step.key].depends_on
    open_ones = [key for key in before if walk.instance.steps[key].state not in DONE]
    return f"It waits for {' and '.join(names.get(key, key) for key in open_ones)}."


def _retry(step: StepRecord) -> str | None:
    config = step.action_config or {}
    return retry_words.describe(Retry.read(config["retry"])) if config.get("retry") else None


def _attempt(log: list[AttemptOut], place: int, offset: _Offset) -> DryAttemptOut:
    one = log[place]
    later = log[place + 1] if place + 1 < len(log) else None
    return DryAttemptOut(
        at=one.started_at,
        offset_seconds=offset(one.started_at),
        attempt=one.attempt,
        occurrence=one.occurrence,
        request=one.request,
        outcome=one.outcome or "",
        error=one.error,
        response=one.response,
        next_attempt_at=later.started_at if later else None,
    )


def _telling(one: Telling, offset: _Offset) -> DryTellingOut:
    names = DryTellingOut.model_fields.keys() - {"offset_seconds"}
    values = {name: getattr(one, name) for name in names}
    return DryTellingOut(**values, offset_seconds=offset(one.at))


def _left_out(key: str, document: Mapping[str, Any], why: str) -> DryStepOut:
    return DryStepOut(
        key=key,
        name=str(document.get("name") or key),
        action_type=str(document.get("actionType") or ""),
        depends_on=dry_run_sources.depends_on(document),
        state=State.PENDING,
        action_state=ActionState.IDLE,
        reason=why,
        error=None,
        assignee=None,
        at=None,
        offset_seconds=None,
        started_at=None,
        completed_at=None,
        due_at=None,
        output=None,
        made_up=False,
        callback_url=None,
        request=None,
        message=None,
        attempts=[],
        retry=None,
        notes=[],
        notifications=[],
    )
