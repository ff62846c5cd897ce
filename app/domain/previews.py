"""What a step would send, exactly as it would be sent, without sending it: a registry by action
type. Secrets stand as their names. Pure.

Adding a kind: a function `(config, given) -> Preview` in PREVIEWS, and a partial
`templates/previews/_<kind>.html` that shows it.
"""

from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from app.domain import webhooks
from app.domain.addresses import NOTHING_ALLOWED, AddressRefused, AllowList, vet_url
from app.domain.paths import MissingPath, resolve
from app.domain.placeholders import paths_in
from app.version import VERSION

NO_KEY_YET = "made when the step is ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a preview is made with: what placeholders read, and what the settings say."""

    context: Mapping[str, Any]
    now: datetime
    token: str | None = None  # the execution's, once there is one
    allow: AllowList = NOTHING_ALLOWED
    sender: str = ""
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`shown` has the form of an attempt's request; None if there can't be one.

    problem   why it would not be sent as it is, for the author
    assumed   paths whose values are not known yet; in `shown` they stand as themselves
    """

    kind: str
    shown: dict[str, Any] | None = None
    problem: str | None = None
    assumed: list[str] = field(default_factory=list[str])


Previewer = Callable[[Mapping[str, Any], Given], Preview]


def preview(
    action_type: str,
    config: Mapping[str, Any],
    given: Given,
    unknown: Collection[str] | None = None,
) -> Preview | None:
    """Show what a step would send; None if its kind sends nothing.

    `unknown`: keys of the steps whose outputs are not known yet; None: nothing is known but what
    the context says, as in a template."""
    if action_type not in PREVIEWS:
        return None
    context, assumed = assume(given.context, paths_in(config), unknown)
    made = PREVIEWS[action_type](config, replace(given, context=context))
    return replace(made, assumed=assumed)


def assume(
    context: Mapping[str, Any], paths: Collection[str], unknown: Collection[str] | None
) -> tuple[dict[str, Any], list[str]]:
    """The context with each value that can't be known yet standing as its path, and those paths."""
    filled: dict[str, Any] = deepcopy(dict(context))
    assumed = [path for path in paths if _may_come(path, unknown) and _is_missing(filled, path)]
    return filled, [path for path in assumed if _plant(filled, path.split("."), path)]


def _may_come(path: str, unknown: Collection[str] | None) -> bool:
    root, _, rest = path.partition(".")
    return unknown is None or (root == "steps" and rest.split(".")[0] in unknown)


def _is_missing(context: Mapping[str, Any], path: str) -> bool:
    try:
        resolve(context, path)
    except MissingPath:
        return True
    return False


def _plant(context: dict[str, Any], parts: list[str], value: str) -> bool:
    place: Any = context
    for part in parts[:-1]:
        place = cast("dict[str, Any]", place).setdefault(part, {})
        if not isinstance(place, dict):
            return False
    cast("dict[str, Any]", place).setdefault(parts[-1], value)
    return True


def _webhook(config: Mapping[str, Any], given: Given) -> Preview:
    """The request that `workers/handlers/webhook.py` would hand to the outbound client."""
    bare = dict(config) | {"signingSecret": None, "auth": None}
    try:
        request = webhooks.build(bare, given.context, given.token or NO_KEY_YET, given.now)
    except MissingPath as missing:
        return Preview(kind="webhook", problem=f"{missing.path} is missing: the step would fail.")
    except AddressRefused as refused:
        return Preview(kind="webhook", problem=refused.reason)
    shown = webhooks.logged_request(request)
    shown["headers"] = [*shown["headers"], *_of_secrets(config)]
    try:
        target = vet_url(request.url, given.allow)
    except AddressRefused as refused:
        return Preview(kind="webhook", shown=shown, problem=refused.reason)
    shown["headers"] = _with_ours(shown["headers"], target.authority, request)
    return Preview(kind="webhook", shown=shown)


def _of_secrets(config: Mapping[str, Any]) -> list[list[str]]:
    headers: list[list[str]] = []
    if name := config.get("signingSecret"):
        headers.append(["webhook-signature", f"v1,[signed with {name}]"])
    auth = cast("dict[str, Any]", config.get("auth") or {})
    if auth:
        headers.append([*webhooks.shown_auth(auth)])
    return headers


def _with_ours(
    headers: list[list[str]], authority: str, request: webhooks.WebhookRequest
) -> list[list[str]]:
    """With the headers that the outbound client writes itself."""
    named = {name.lower() for name, _ in headers}
    first = [["Host", authority], ["Accept-Encoding", "identity"]]
    last = [] if "user-agent" in named else [["User-Agent", f"Runsheet/{VERSION}"]]
    if request.body is not None or request.method in ("POST", "PUT", "PATCH"):
        last.append(["Content-Length", str(len(request.body or b""))])
    kept = [pair for pair in headers if pair[0].lower() != "accept-encoding"]
    return [*first, *kept, *last]


PREVIEWS: Mapping[str, Previewer] = {"AUTOMATION_WEBHOOK": _webhook}
