"""The secret URLs of WAIT_CALLBACK steps. A token is made from a nonce and SECRET_KEY whenever it
is asked for; what is stored of it is its SHA-256. After a change of SECRET_KEY the token that is
made no longer fits: the URL can't be shown any more, but calls to the old one still fit the hash.
"""

import base64
import hmac
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import Connection, insert, select

from app.domain.outcomes import Outcome
from app.domain.people import hashed
from app.domain.records import InstanceRecord, StepRecord
from app.models import Callback, WorkflowInstanceStep
from app.models.columns import table_of
from app.schemas.actions import WAIT_CALLBACK

PATH = "/api/workflows/callbacks/"
CONCEALED = "[callback URL]"  # what stands for one in logs and previews
PLACEHOLDER = "callbackUrl"  # {{ steps.KEY.callbackUrl }}

_TELLING = 8  # characters of a token that do not stand there by chance
_callbacks = table_of(Callback)
_columns = (_callbacks.c.nonce, _callbacks.c.token_hash)


@dataclass(frozen=True, slots=True)
class Maker:
    """What URLs are made with."""

    secret_key: str = field(repr=False)
    base_url: str

    def token(self, nonce: str, kind: str = "callback") -> str:
        text = f"{kind}:{nonce}".encode()
        digest = hmac.digest(self.secret_key.encode(), text, "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


_maker: Maker | None = None


def use(secret_key: str, base_url: str) -> None:
    """Let this process make URLs with these settings."""
    global _maker
    _maker = Maker(secret_key, base_url)


def maker() -> Maker:
    """What this process makes secret URLs with."""
    if _maker is None:
        raise RuntimeError("callback_urls.use() was not called: app.create_core does it.")
    return _maker


def insert_for(connection: Connection, added: Iterable[tuple[InstanceRecord, StepRecord]]) -> None:
    """Give each new step that will wait for a call its secret."""
    waiting = [(instance, step) for instance, step in added if step.action_type == WAIT_CALLBACK]
    if waiting:
        rows = [_new(instance.id or 0, step.id or 0) for instance, step in waiting]
        connection.execute(insert(_callbacks), rows)


def _new(instance_id: int, step_id: int) -> dict[str, Any]:
    nonce = secrets.token_hex(16)
    token_hash = hashed(maker().token(nonce))
    return {
        "instance_id": instance_id,
        "step_id": step_id,
        "nonce": nonce,
        "token_hash": token_hash,
    }


def of_steps(connection: Connection, step_ids: Collection[int]) -> dict[int, str]:
    """The URLs of these steps, as far as they have one that can be shown."""
    rows = connection.execute(
        select(_callbacks.c.step_id, *_columns).where(_callbacks.c.step_id.in_(step_ids))
    )
    urls = {row.step_id: _url(row.nonce, row.token_hash) for row in rows}
    return {step_id: url for step_id, url in urls.items() if url is not None}


def of_instances(
    connection: Connection, instance_ids: Collection[int]
) -> dict[int, dict[str, str]]:
    """As `of_steps`, for all steps of these instances: by instance id and step key."""
    step = table_of(WorkflowInstanceStep)
    rows = connection.execute(
        select(_callbacks.c.instance_id, step.c.key, *_columns)
        .join(step, step.c.id == _callbacks.c.step_id)
        .where(_callbacks.c.instance_id.in_(instance_ids))
    )
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if (url := _url(row.nonce, row.token_hash)) is not None:
            found[row.instance_id][row.key] = url
    return found


def with_urls(context: Mapping[str, Any], urls: Mapping[str, str]) -> dict[str, Any]:
    """The context of an instance, in which placeholders can read these URLs, given by step key."""
    steps = dict(context["steps"])
    for key, url in urls.items():
        steps[key] = steps.get(key, {}) | {PLACEHOLDER: url}
    return {**context, "steps": steps}


def _url(nonce: str, token_hash: str) -> str | None:
    token = maker().token(nonce)
    return url_of(token) if hmac.compare_digest(hashed(token), token_hash) else None


def url_of(token: str) -> str:
    """The URL that a token makes."""
    return f"{maker().base_url}{PATH}{token}"


def taken_out(outcome: Outcome, context: Mapping[str, Any]) -> Outcome:
    """The outcome of an attempt without the URLs that its placeholders could read: whoever reads
    a log or an output need not be allowed to call them."""
    steps: Mapping[str, Any] = context.get("steps") or {}
    urls = [step[PLACEHOLDER] for step in steps.values() if PLACEHOLDER in step]
    if not urls:
        return outcome
    kept = {name: getattr(outcome, name) for name in ("output", "error", "request", "response")}
    return replace(outcome, **conceal(kept, urls))


def conceal(document: Any, urls: Collection[str], mark: str = CONCEALED) -> Any:
    """The document with these URLs taken out of all its strings, also where they stand in another
    URL, where only the token is left, and where a long text was cut in the midst of it. `mark`:
    what stands there instead."""
    return _without(document, [_forms_of(url) for url in urls], mark) if urls else document


def _forms_of(url: str) -> tuple[str, ...]:
    return url, quote(url, safe=""), quote(url), url.rpartition("/")[2]


def _without(document: Any, urls: Collection[tuple[str, ...]], mark: str) -> Any:
    if isinstance(document, str):
        return _text_without(document, urls, mark)
    if isinstance(document, list):
        return [_without(item, urls, mark) for item in cast("list[Any]", document)]
    if isinstance(document, dict):
        items = cast("dict[str, Any]", document).items()
        return {_without(key, urls, mark): _without(value, urls, mark) for key, value in items}
    return document


def _text_without(text: str, urls: Collection[tuple[str, ...]], mark: str) -> str:
    for forms in urls:
        for form in forms:
            text = text.replace(form, mark)
        token = forms[-1]
        if (at := text.rfind(token[:_TELLING])) >= 0 and token.startswith(text[at:]):
            text = text[:at] + mark
    return text


def is_named_in(document: Any) -> bool:
    """Whether a config asks for any callback URL."""
    if isinstance(document, str):
        return PLACEHOLDER in document
    if isinstance(document, list):
        return any(map(is_named_in, cast("list[Any]", document)))
    if isinstance(document, dict):
        return any(map(is_named_in, cast("dict[str, Any]", document).values()))
    return False
