"""/callbacks/{token}: what programs outside call when a step waits for them. No bearer: the token
is the secret."""

from flask import Blueprint, Response, current_app, request

from app import clock, transaction
from app.api import bodies
from app.api.endpoint import bare
from app.api.rendering import Reply
from app.config import Settings
from app.domain import callback_urls, callbacks, calls
from app.domain.keyring import Keyring
from app.schemas.callback import AnyCallIn, CallOut

blueprint = Blueprint("api_callbacks", __name__)


@blueprint.post("/callbacks/<token:token>")
@bare(
    "Complete or fail the step that waits for this call, once; 202: kept until it waits",
    permission=None,
    takes=AnyCallIn,
    gives=CallOut,
    also=(202,),
    errors=(401, 410, 503),
)
def call_back(token: str) -> Response:
    raw = bodies.raw_body(bodies.MEBIBYTE)
    with transaction.reading() as session:
        known = callbacks.find(session, token)
        callbacks.check_signature(
            session, known, _keyring(), dict(request.headers), raw, clock.now()
        )
    headers = list(request.headers.items())
    call = calls.read(request.method, headers, raw, callback_urls.url_of(token))
    with transaction.writing() as session:
        received = callbacks.receive(session, known, call)
    said = CallOut(state=received.state, at=received.at)
    return Reply(said.document(), 202 if received.kept else 200).response()


def _keyring() -> Keyring:
    settings: Settings = current_app.config["SETTINGS"]
    return Keyring.parse(settings.encryption_keys)
