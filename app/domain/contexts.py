"""What placeholders read, for a batch of claimed jobs at once."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, select

from app.domain.claims import Claim
from app.domain.placeholders import has_placeholder
from app.models import WorkflowInstance, WorkflowInstanceStep
from app.models.vocabulary import JobKind


def read_contexts(connection: Connection, claims: Sequence[Claim]) -> dict[int, dict[str, Any]]:
    """Contexts by claim id, of the steps whose config asks for anything."""
    asking = {
        claim.id: claim.instance_id or 0
        for claim in claims
        if claim.kind in (JobKind.STEP, JobKind.REPLAY) and has_placeholder(claim.action_config)
    }
    if not asking:
        return {}
    found = contexts_of(connection, set(asking.values()))
    return {claim_id: found[instance_id] for claim_id, instance_id in asking.items()}


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
