"""Steps that wait for a call, and calling them."""

import json
from typing import Any

from app import transaction
from app.domain import callback_urls, callbacks, calls, secrets
from app.domain.callbacks import Received
from app.domain.keyring import Keyring
from app.schemas.secret import SecretIn
from tests.conftest import ENCRYPTION_KEYS
from tests.support.looking import look, step_of
from tests.support.workflows import claim, make_step, report_begun, report_ended
from workers.handlers import carry_out
from workers.handlers.base import Work
from workers.outbound import CancelToken


def callback(key: str, *depends_on: str, **config: Any) -> dict[str, Any]:
    """A WAIT_CALLBACK step with this config; `when` is the step's own."""
    more = {"when": config.pop("when")} if "when" in config else {}
    return make_step(key, "WAIT_CALLBACK", depends_on, config, more)


def url_of(instance_id: int, key: str) -> str | None:
    """The step's URL, as far as it can be shown."""
    step_id = step_of(instance_id, key).id
    urls = look(lambda session: callback_urls.of_steps(session.connection(), {step_id}))
    return urls.get(step_id)


def token_of(instance_id: int, key: str) -> str:
    url = url_of(instance_id, key)
    assert url is not None
    return url.rpartition("/")[2]


def call(token: str, body: Any) -> Received:
    """Call as a program does."""
    raw = json.dumps(body).encode()
    came = calls.read("POST", [], raw, callback_urls.url_of(token))
    known = look(lambda session: callbacks.find(session, token))
    with transaction.writing() as session:
        return callbacks.receive(session, known, came)


def nobody_calls() -> int:
    """Let a worker find what has timed out, as the real one does."""
    held = claim()
    for one in held:
        report_begun(one)
        report_ended(carry_out(Work(one, {}, CancelToken()), None), one)  # type: ignore[arg-type]
    return len(held)


def keep(name: str, value: str = "a key that both sides know") -> None:
    """Store a secret, as its page does."""
    with transaction.writing() as session:
        wish = SecretIn.read({"name": name, "value": value})
        secrets.create(session, Keyring.parse(ENCRYPTION_KEYS), wish, "user:admin@example.com")
