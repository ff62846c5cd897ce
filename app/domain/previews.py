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

from app.domain import emails, liquid, mail_answers, webhooks
from app.domain.addresses import NOTHING_ALLOWED, AddressRefused, AllowList, vet_url
from app.domain.liquid import NotRenderable
from app.domain.mail_message import NotAMail
from app.domain.paths import MissingPath, resolve
from app.domain.placeholders import paths_in
from app.domain.secret_values import SecretValue, secrets_named
from app.version import VERSION

NO_KEY_YET = "made when the step is ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a preview is made with: what placeholders read, and what the settings say.

    made_up   whether the input is: what it is no good for is no fault of the step
    token     the execution's, once there is one
    inside    of a mail: the only domains it may go to; empty: no limit
    taken     of a mail: who has it from an earlier attempt
    secrets   those that may be named, as far as they are to be judged; None: they are not
    """

    context: Mapping[str, Any]
    now: datetime
    made_up: bool = False
    token: str | None = None
    allow: AllowList = NOTHING_ALLOWED
    sender: str = ""
    base_url: str = ""
    inside: frozenset[str] = frozenset()
    taken: Collection[str] = ()
    secrets: Mapping[str, SecretValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`shown` has the form of an attempt's request; None if there can't be one.

    problem   why it would not be sent as it is, for the author
    error     what its attempt would fail with, as its log says it; None: nothing keeps it from
              being sent
    assumed   paths whose values are not known yet; in `shown` they stand as themselves
    """

    kind: str
    shown: dict[str, Any] | None = None
    problem: str | None = None
    error: str | None = None
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
    context, assumed = assume(given.context, *paths_read(action_type, config), unknown=unknown)
    made = PREVIEWS[action_type](config, replace(given, context=context))
    return replace(made, assumed=assumed)


def paths_read(action_type: str, config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """All paths that the step reads, and those of them that have to be mail addresses."""
    if action_type != "AUTOMATION_EMAIL":
        return paths_in(config), []
    addresses = paths_in([config.get(field) for field in emails.ADDRESSES])
    texts = (config.get(field) for field in ("subject", "text", "html"))
    found = [*addresses, *(path for text in texts if text for path in _read_by(text))]
    return list(dict.fromkeys(found)), addresses


def _read_by(text: str) -> list[str]:
    try:
        return [".".join(parts) for parts, _ in liquid.paths(text) if len(parts) > 1]
    except NotRenderable:
        return []  # it is said when the mail is made


def assume(
    context: Mapping[str, Any],
    paths: Collection[str],
    addresses: Collection[str] = (),
    *,
    unknown: Collection[str] | None,
) -> tuple[dict[str, Any], list[str]]:
    """The context with each value that can't be known yet standing as its path, and those paths.
    `addresses`: those that stand as a mail address."""
    filled: dict[str, Any] = deepcopy(dict(context))
    assumed: list[str] = []
    for path in paths:
        value = f"{path}@example.com" if path in addresses else path
        if _may_come(path, unknown) and _is_missing(filled, path):
            assumed += [path] if _plant(filled, path.split("."), value) else []
    return filled, assumed


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
        problem = f"{missing.path} is missing: the step would fail."
        return Preview(kind="webhook", problem=problem, error=webhooks.not_made(missing))
    except AddressRefused as refused:
        return Preview(kind="webhook", problem=refused.reason, error=refused.reason)
    shown = webhooks.logged_request(request)
    shown["headers"] = [*shown["headers"], *_of_secrets(config)]
    try:
        target = vet_url(request.url, given.allow)
        shown["headers"] = _with_ours(shown["headers"], target.authority, request)
        _judge_secrets(config, given, request.url)
    except AddressRefused as refused:
        return Preview(kind="webhook", shown=shown, problem=refused.reason, error=refused.reason)
    except webhooks.SecretUnusable as unusable:
        return Preview(kind="webhook", shown=shown, problem=str(unusable), error=str(unusable))
    return Preview(kind="webhook", shown=shown)


def _judge_secrets(config: Mapping[str, Any], given: Given, url: str) -> None:
    """Raises SecretUnusable, or AddressRefused."""
    if given.secrets is not None:
        for name in secrets_named(config).values():
            webhooks.usable(name, given.secrets, url)


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


def _email(config: Mapping[str, Any], given: Given) -> Preview:
    """The mail that `workers/handlers/email.py` would hand to the mail server."""
    try:
        mail = emails.build(
            config,
            given.context,
            token=given.token or "",
            sender=given.sender,
            base_url=given.base_url,
            at=given.now,
            inside=given.inside,
        )
    except MissingPath as missing:
        problem = f"{missing.path} is missing: the step would fail."
        return Preview(kind="email", problem=problem, error=emails.not_made(missing))
    except NotAMail as fault:
        problem = f"No mail could be made: {fault}."
        return Preview(kind="email", problem=problem, error=emails.not_made(fault))
    left = [address for address in mail.recipients if address not in given.taken]
    shown = mail_answers.logged_mail(mail.message, left, kept=liquid.MAX_RENDERED)
    shown |= {"refused": mail.refused} if mail.refused else {}
    shown |= {} if given.token else {"messageId": NO_KEY_YET}
    nobody = not mail.recipients and not given.made_up
    problem = mail_answers.nobody_left(mail.refused).error if nobody else None
    return Preview(kind="email", shown=shown, problem=problem, error=problem)


PREVIEWS: Mapping[str, Previewer] = {"AUTOMATION_WEBHOOK": _webhook, "AUTOMATION_EMAIL": _email}
