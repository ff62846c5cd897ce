"""Where a job goes, as far as it can be known before it is sent: the word that a worker's bulkhead
counts by. A hint, never a permission: the outbound client vets each URL by itself."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from app.domain.addresses import AddressRefused, AllowList, vet_url
from app.domain.claims import Claim
from app.domain.paths import MissingPath
from app.domain.placeholders import fill_url

SMTP = "smtp"  # the one mail server all mails go through
_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class _Anything(AllowList):
    """Reads URLs as the guard does, and refuses none for where it leads."""

    def permits_host(self, host: str, port: int) -> bool:
        return True


_ANYTHING = _Anything()


def destination_of(
    action_type: str, config: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> str | None:
    """`host:port` of a webhook, `smtp` for a mail. None for what goes nowhere, and for a webhook
    whose host stands in a placeholder, unless `context` fills it in."""
    if action_type == "AUTOMATION_EMAIL":
        return SMTP
    if action_type != "AUTOMATION_WEBHOOK":
        return None
    match = _AUTHORITY.match(str(config.get("url") or ""))
    if match and "{{" not in match[0]:
        return _host_and_port(match[0])
    return _filled(config, context) if context else None


def located(claim: Claim, contexts: Mapping[int, Mapping[str, Any]]) -> Claim:
    """The claim with the destination that it has once its placeholders are filled in."""
    context = contexts.get(claim.id)
    found = destination_of(claim.action_type, claim.action_config, context)
    return claim if found in (None, claim.destination) else replace(claim, destination=found)


def _filled(config: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    try:
        match = _AUTHORITY.match(fill_url(config["url"], context))
    except MissingPath:
        return None  # it fails without being sent
    return _host_and_port(match[0]) if match else None


@lru_cache(maxsize=1024)
def _host_and_port(authority: str) -> str | None:
    try:
        target = vet_url(authority, _ANYTHING)
    except AddressRefused:
        return None  # it is refused without being sent
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{host}:{target.port}"
