"""Whether secrets that are named exist, and may go where they are sent."""

from collections.abc import Iterator
from typing import Any

from app.domain import host_binding, secret_uses, urls
from app.domain.addresses import AddressRefused
from app.domain.checks.base import Finding, Subject, texts_in
from app.domain.half_done import mapping, text
from app.domain.placeholders import PLACEHOLDER
from app.domain.secret_values import secrets_named


def exist(subject: Subject) -> Iterator[Finding]:
    """A secret that does not exist can't be sent."""
    for path, name in secret_uses.named_in(subject.document).items():
        if name not in subject.around.secrets:
            yield Finding("error", path, f"There is no secret named {name}.", "no-secret")


def go_where_they_may(subject: Subject) -> Iterator[Finding]:
    """A secret that is bound to hosts is sent to one of them, or nothing is sent at all. It may
    be bound to another at any time, so this is no more than a warning."""
    for place, name, url in _sent(subject):
        hosts = list(subject.around.secrets.get(name, ()))
        if hosts and (elsewhere := _elsewhere(url, hosts)):
            message = (
                f"The secret {name} may be sent to {host_binding.in_words(hosts)} only, not to "
                f"{elsewhere}: nothing would be sent."
            )
            yield Finding("warning", place, message, "secret-elsewhere")


def _sent(subject: Subject) -> Iterator[tuple[str, str, str]]:
    """Each place that names a secret, the secret, and the URL that it is sent to."""
    for step in subject.steps:
        if step.action_type == "AUTOMATION_WEBHOOK":
            for path, name in secrets_named(step.config).items():
                yield f"{step.place}.actionConfig.{path}", name, text(step.config.get("url"))
    for policy in subject.policies:
        if name := text(policy.raw.get("signingSecret")):
            for url in _urls(policy.raw):
                yield f"{policy.place}.signingSecret", name, url


def _urls(policy: Any) -> Iterator[str]:
    if policy.get("channel") == "WEBHOOK":
        yield from (said for _, said in texts_in(policy.get("recipients"), "") if "://" in said)
    fallback = mapping(policy.get("fallback"))
    if fallback.get("channel") == "WEBHOOK":
        yield from (said for _, said in texts_in(fallback.get("recipients"), "") if "://" in said)


def _elsewhere(url: str, hosts: list[str]) -> str | None:
    """Where it would go though it may not. A host with placeholders is looked at when they are
    filled in."""
    if not urls.leads_to_one_host(url):
        return None
    try:
        target = host_binding.target_of(PLACEHOLDER.sub("x", url))
    except AddressRefused:
        return None  # an error of its own
    permitted = host_binding.permits(hosts, target.host, target.port)
    return None if permitted else target.authority
