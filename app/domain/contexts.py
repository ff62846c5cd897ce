"""What placeholders read, and the secrets configs name, for a batch of claimed jobs at once."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from app.domain import callback_urls, emails
from app.domain.claims import Claim
from app.domain.keyring import Keyring
from app.domain.placeholders import has_placeholder
from app.domain.secret_values import SecretValue, read_values, secrets_named
from app.models import (
    AutomationExecutionLog,
    WorkflowInstance,
    WorkflowInstanceStep,
    WorkflowTemplateStep,
)
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
    for claim_id, more in _of_mails(connection, claims).items():
        contexts[claim_id] = contexts.get(claim_id, {}) | more
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


def _of_mails(connection: Connection, claims: Sequence[Claim]) -> dict[int, dict[str, Any]]:
    """What email steps need to know of their past, by claim id."""
    mails = [claim for claim in claims if claim.action_type == "AUTOMATION_EMAIL"]
    if not mails:
        return {}
    again = {claim.execution_id: claim.id for claim in mails if claim.attempt > 1}
    published = _published(connection, [claim.step_id for claim in mails])
    more: dict[int, dict[str, Any]] = defaultdict(dict)
    if again:
        for claim_id, addresses in _taken_for(connection, again).items():
            more[claim_id][emails.TAKEN_FOR] = addresses
    for claim in mails:
        as_published = emails.same_recipients(claim.action_config, published.get(claim.step_id, {}))
        more[claim.id][emails.AS_PUBLISHED] = as_published
    return more


def _taken_for(connection: Connection, claims: dict[int | None, int]) -> dict[int, list[str]]:
    """Whom an earlier attempt of these executions was taken for: they get no second mail."""
    taken: dict[int, list[str]] = defaultdict(list)
    log = AutomationExecutionLog
    query = select(log.execution_id, log.response).where(
        log.execution_id.in_(claims), log.response.is_not(None)
    )
    for row in connection.execute(query):
        taken[claims[row.execution_id]] += row.response.get("accepted", ())
    return taken


def _published(connection: Connection, step_ids: list[int | None]) -> dict[int | None, Any]:
    """The configs of these steps as they stand in the versions that their instances run."""
    of, instance, step = WorkflowTemplateStep, WorkflowInstance, WorkflowInstanceStep
    query = (
        select(step.id, of.action_config)
        .join(instance, instance.id == step.instance_id)
        .join(of, (of.version_id == instance.version_id) & (of.key == step.key))
        .where(step.id.in_(step_ids))
    )
    return {row.id: row.action_config for row in connection.execute(query)}


def goes_as_published(connection: Connection, step_id: int, config: Mapping[str, Any]) -> bool:
    """Whether this email step goes to whom its version says."""
    return emails.same_recipients(config, _published(connection, [step_id]).get(step_id, {}))


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
    return {row.id: context_of(row.id, row.title, row.input, outputs[row.id]) for row in rows}


def context_of(
    instance_id: int | None, title: str, input: Any, outputs: Mapping[str, Any]
) -> dict[str, Any]:
    """What placeholders read. `outputs`: `{state, output}` by the key of each step that has one."""
    return {
        "input": input,
        "steps": {**outputs},
        "instance": {"id": instance_id, "title": title},
    }


def read_secrets(
    connection: Connection, claims: Sequence[Claim], keyring: Keyring
) -> dict[str, SecretValue]:
    """The secrets by name, as far as they exist."""
    named = {name for claim in claims for name in secrets_named(claim.action_config).values()}
    return read_values(connection, named, keyring)
