"""/sms-status: where the SMS provider tells what became of a message (Twilio's status callback)."""

import threading
from urllib.parse import parse_qsl

from flask import Blueprint, Response, current_app, request

from app import transaction
from app.api.bodies import raw_body
from app.api.endpoint import bare
from app.config import Settings
from app.domain import channels, deliveries, sms
from app.domain.sms import StatusReport
from app.errors import Malformed, NotFound, Unauthorized

blueprint = Blueprint("api_sms_status", __name__)
LARGEST = 64 * 1024
# Seconds between looks: the provider may be quicker than we are with writing down its answer.
_LOOKS = (0.3, 0.7, None)


@blueprint.post("/sms-status")
@bare(
    "What became of an SMS: for the provider, form-encoded and signed (X-Twilio-Signature)",
    permission=None,
    status=204,
    errors=(400, 401, 404),
)
def sms_status() -> Response:
    settings: Settings = current_app.config["SETTINGS"]
    raw = raw_body(LARGEST).decode("utf-8", "replace")
    form = parse_qsl(raw, keep_blank_values=True, max_num_fields=100)
    if not sms.is_signed(settings, request.headers.get("X-Twilio-Signature", ""), form):
        raise Unauthorized("The signature (X-Twilio-Signature) is missing or wrong.")
    report = sms.read_report(dict(form))
    if report is None:
        raise Malformed("MessageSid and MessageStatus are required.")
    if not _write_down(report, settings):
        raise NotFound("There is no delivery with this MessageSid.")
    return Response(status=204)


def _write_down(report: StatusReport, settings: Settings) -> bool:
    not_ready = channels.not_ready(settings)
    for pause in _LOOKS:
        with transaction.writing() as session:
            if deliveries.provider_says(
                session, report.provider_id, report.status, report.error, not_ready
            ):
                return True
        if pause is not None:
            _wait(pause)
    return False


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
