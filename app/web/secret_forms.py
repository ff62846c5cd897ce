"""The forms of secrets. What is typed as a value is the one thing that no page gives back."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from flask import request
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from app import clock
from app.domain import secrets
from app.domain.signatures import random_signing_secret
from app.errors import FieldError, Invalid, RunsheetError
from app.schemas.base import gather
from app.schemas.secret import RotateIn, SecretIn
from app.web import schema_forms
from app.web.schema_forms import Required

_PLACES = {"previousValidUntil": "until"}
_HOSTS = "One per line: a.example.com, a.example.com:8443 or *.example.com. Empty: anywhere."
_VALUE = "One line, as the receiver gave it to you. It is encrypted and never shown again."
_OFF = {"autocomplete": "off", "spellcheck": "false"}
KEEP = {"0": "not at all", "1": "for an hour", "24": "for a day", "168": "for a week"}
_KEEP = [SelectChoice(hours, words) for hours, words in KEEP.items()]


def _value() -> PasswordField:
    return PasswordField("Value", [Required()], description=_VALUE, render_kw=_OFF)


def _hosts() -> TextAreaField:
    return TextAreaField("May be sent to", description=_HOSTS, render_kw=_OFF | {"rows": 2})


class NewSecret(FlaskForm):
    """The rules are SecretIn's."""

    name = StringField(
        "Name",
        [Required()],
        description="By which templates name it: letters, digits, _ . and -",
        render_kw=_OFF | {"placeholder": "STOCK_TOKEN"},
    )
    value = _value()
    hosts = _hosts()


class NewValue(FlaskForm):
    """The rules are RotateIn's."""

    value = _value()
    keep = SelectField(
        "The old value stays valid",
        [Required()],
        choices=_KEEP,
        default="24",
        validate_choice=False,
    )
    until = StringField(
        "Or until this time, UTC",
        description="For signatures. Requests carry two until then, one with each value.",
        render_kw={"type": "datetime-local"},
    )


class Places(FlaskForm):
    """The rules are SecretChange's."""

    hosts = _hosts()


def typed_value(form: NewSecret | NewValue) -> tuple[str, bool]:
    """The value, and whether it was made here because the form was sent with that button."""
    if request.form.get("make"):
        return random_signing_secret(), True
    return form.value.data or "", False


def new_secret(form: NewSecret, value: str) -> SecretIn:
    """Raises Invalid."""
    name = (form["name"].data or "").strip()
    wish = {"name": name, "value": value, "hosts": hosts(form)}
    # All faults at once: the value has to be typed again each time.
    gather(
        lambda: SecretIn.read(wish),
        lambda: secrets.check_value(value),
        lambda: secrets.read_hosts(hosts(form)),
    )
    return SecretIn.read(wish)


def new_value(form: NewValue, value: str) -> RotateIn:
    """Raises Invalid."""
    gather(lambda: RotateIn.read({"value": value}), lambda: _until(form))
    return RotateIn.read({"value": value, "previousValidUntil": _until(form)})


def hosts(form: NewSecret | Places) -> list[str]:
    lines = (form.hosts.data or "").replace(",", "\n").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _until(form: NewValue) -> datetime:
    text = (form.until.data or "").strip()
    if not text:
        keep = form.keep.data if form.keep.data in KEEP else "24"
        return clock.now() + timedelta(hours=int(keep))
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise Invalid.at("until", "Write a time such as 2026-01-31T09:00.") from None


def give_back(form: FlaskForm, error: RunsheetError) -> list[str]:
    """Put each fault at its field; what belongs to none is returned. A conflict is the name's."""
    faults: Iterable[FieldError] = error.errors or [FieldError("name", error.message)]
    tops = [(fault.path.split(".")[0], fault.message) for fault in faults]
    return schema_forms.give_back(
        form, [FieldError(_PLACES.get(top, top), message) for top, message in tops]
    )
