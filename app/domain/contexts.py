"""What placeholders read, for a batch of claimed jobs at once."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from app.domain import callback_urls, emails
from app.domain.claims import Claim
from app.domain.placeholders import has_placeholder
from app.models import AutomationExecutionLog, WorkflowInstance, WorkflowInstanceStep
from app.models.vocabulary import JobKind


def read_contexts(connection: Connection, claims: Sequence[Claim]) -> dict[int, dict[str, Any]]:
    """Contexts by claim id, of the steps whose config asks for anything."""
    asking = {
        claim.id: claim
        for claim in claims
        if claim.kind in (JobKind.STEP, JobKind.REPLAY) and has_placeholder(claim.action_config)
    }
    contexts = dict[int, dict[str, Any]]()
    if asking:
        found = contexts_of(connection, {claim.instance_id or 0 for claim in asking.values()})
        contexts = {claim_id: found[claim.instance_id or 0] for claim_id, claim in asking.items()}
        contexts |= _with_urls(connection, asking, contexts)
    for claim_id, addresses in _taken_for(connection, claims).items():
        contexts[claim_id] = contexts.get(claim_id, {}) | {emails.TAKEN_FOR: addresses}
    return contexts


def _with_urls(
    connection: Connection, asking: Mapping[int, Claim], contexts: Mapping[int, dict[str, Any]]
) -> dict[int, dict[str, Any]]:
    """The contexts of those who hand callback URLs on: nobody else is told them."""
    handing_on = {
        claim_id: claim.instance_id or 0
        for claim_id, claim in asking.items()
        if callback_urls.is_named_in(claim.action_config)
    }
    if not handing_on:
        return {}
    urls = callback_urls.of_instances(connection, set(handing_on.values()))
    return {
        claim_id: callback_urls.with_urls(contexts[claim_id], urls.get(instance_id, {}))
        for claim_id, instance_id in handing_on.items()
    }


def _taken_for(connection: Connection, claims: Sequence[Claim]) -> dict[int, list[str]]:
    """By claim id, whom an earlier attempt of a mail was taken for: they get no second one."""
    again = {
        claim.execution_id: claim.id
        for claim in claims
        if claim.action_type == "AUTOMATION_EMAIL" and claim.attempt > 1 and claim.execution_id
    }
    taken: dict[int, list[str]] = defaultdict(list)
    if again:
        log = AutomationExecutionLog
        query = select(log.execution_id, log.response).where(
            log.execution_id.in_(again), log.response.is_not(None)
        )
        for row in connection.execute(query):
            taken[again[row.execution_id]] += row.response.get("accepted", ())
    return taken


def contexts_of(connection: Connection, instance_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """What placeholders read in these instances, by instance id."""
    instance, step = WorkflowInstance, WorkflowInstanceStep
    outputs: dict[int, dict[str, Any]] = defaultdict(dict)
    done = select(step.instance_id, step.key, step.state, step.output).where(
        step.instance_id.in_(instance_ids), step.output.is_not(None)
    )
    for row in connection.execute(done):
        outputs[row.instance_id][row.key] = {"state": row.state, "output": row.output}
    rows = connection.execute(
        select(instance.id, instance.title, instance.input).where(instance.id.in_(instance_ids))
    )
    return {
        row.id: {
            "input": row.input,
            "steps": outputs[row.id],
            "instance": {"id": row.id, "title": row.title},
        }
        for row in rows
    }
