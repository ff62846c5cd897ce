"""The form of a dry run: its input, and what happens to each step. Fields are named as faults name
their places (DryRunIn), so each fault goes to its field."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from app.domain.dry_run_outcomes import SUCCESS, choices
from app.domain.dry_run_sources import Source
from app.domain.samples import sample
from app.errors import FieldError, Invalid, Malformed
from app.schemas.actions import PEOPLE_TYPES, WAIT_CALLBACK
from app.schemas.base import loads, zulu
from app.schemas.durations import parse_moment
from app.web import schema_forms

OUTCOME, OUTPUT, TAKES = "outcomes.", "outputs.", "takes."
_WORDS = {
    "success": "succeeds",
    "failure": "fails for good",
    "exhausted": "fails at every try",
    "rejected": "is rejected",
    "timeout": "nobody calls",
    "skipped": "an operator skips it",
    "open": "nobody does it",
}
_OF_PEOPLE = {"success": "is done", "failure": "is marked as failed"}
_BY_TYPE: Mapping[str, Mapping[str, str]] = {
    "APPROVAL": _OF_PEOPLE | {"success": "is approved"},
    "FORM_INPUT": _OF_PEOPLE | {"success": "is filled in"},
    "WAIT_TIMER": {"success": "its time comes"},
    WAIT_CALLBACK: {"success": "is called", "failure": "the call says it failed"},
}
_OFF = {"autocomplete": "off", "spellcheck": "false"}


def form_of(source: Source, versions: Iterable[int], given: "MultiDict[str, str]") -> FlaskForm:
    """Filled with what was sent; what was not is made up, or happens as it should."""
    fields = _fields_of_all(versions) | schema_forms.input_fields(source.document["inputSchema"])
    for at, step in enumerate(source.document["steps"]):
        fields |= _fields_of_step(step, at)
    kind = type("DryRunForm", (FlaskForm,), fields)
    form = kind(formdata=given) if given else kind(formdata=None)
    if not given.get("shown"):
        fill(form, source, sample(source.document["inputSchema"]), over=given)
    form["shown"].data = "1"
    return form


def fill(
    form: FlaskForm, source: Source, values: dict[str, Any], over: Mapping[str, str] | None = None
) -> None:
    """Put an input into its fields; those that are in `over` stay."""
    written = schema_forms.written(source.document["inputSchema"], values)
    for field in form:
        if field.name.startswith(schema_forms.INPUT) and field.name not in (over or {}):
            field.process_data(written.get(field.name))


def _fields_of_all(versions: Iterable[int]) -> dict[str, Any]:
    known = [SelectChoice("", "the draft")]
    known += [SelectChoice(str(number), f"version {number}") for number in versions]
    return {
        "shown": HiddenField(),
        "version": SelectField(
            "What is walked", choices=known, id="version", validate_choice=False
        ),
        "startAt": StringField(
            "Starts at, UTC",
            id="start-at",
            description="Empty: now.",
            render_kw=_OFF | {"type": "datetime-local", "step": "1"},
        ),
        "instanceId": StringField(
            "Input of instance",
            id="instance-id",
            description="Its number; Copy puts its input into the fields.",
            render_kw=_OFF | {"inputmode": "numeric"},
        ),
    }


def _fields_of_step(step: Mapping[str, Any], at: int) -> dict[str, Any]:
    key, name, kind = step["key"], step["name"], step["actionType"]
    words = {
        **_WORDS,
        **(_OF_PEOPLE if kind in PEOPLE_TYPES else {}),
        **_BY_TYPE.get(kind, {}),
    }
    return {
        OUTCOME + key: SelectField(
            f"What happens to {name}",
            choices=[SelectChoice(each, words[each]) for each in choices(kind)],
            default=SUCCESS,
            id=f"outcome-{at}",
            validate_choice=False,
        ),
        OUTPUT + key: TextAreaField(
            f"Output of {name}",
            id=f"output-{at}",
            render_kw=_OFF | {"rows": 2, "placeholder": "{ … } as JSON; empty: made up"},
        ),
        TAKES + key: StringField(
            f"How long {name} takes", id=f"takes-{at}", render_kw=_OFF | {"placeholder": "PT2H"}
        ),
    }


def wish_of(form: FlaskForm, source: Source) -> dict[str, Any]:
    """What the form asks for, as DryRunIn reads it. Raises Invalid."""
    faults: list[FieldError] = []
    wish: dict[str, Any] = {"outcomes": {}, "outputs": {}, "takes": {}}
    for field in form:
        text = (field.data or "").strip() if isinstance(field.data, str) else ""
        root, dot, key = field.name.partition(".")
        if dot and root in wish and text:
            try:
                wish[root][key] = _object(text) if root == "outputs" else text
            except ValueError as error:
                faults.append(FieldError(field.name, str(error)))
    try:
        wish["input"] = schema_forms.read(form, source.document["inputSchema"], schema_forms.INPUT)
    except Invalid as invalid:
        faults += invalid.errors
    if faults:
        raise Invalid(faults)
    return wish | _moment(form["startAt"]) | ({"version": source.number} if source.number else {})


def _object(text: str) -> dict[str, Any]:
    try:
        value = loads(text)
    except Malformed as fault:
        raise ValueError(fault.message.replace("The body", "This", 1)) from None
    if not isinstance(value, dict):
        raise ValueError("Write a JSON object: { … }.")
    return value


def _moment(field: Field) -> dict[str, str]:
    text = (field.data or "").strip()
    if not text:
        return {}
    try:
        return {"startAt": zulu(parse_moment(text))}
    except ValueError as error:
        raise Invalid.at("startAt", str(error)) from None


def steps_of(form: FlaskForm, source: Source) -> list[dict[str, Any]]:
    """The steps with their fields."""
    return [
        {
            "name": step["name"],
            "action_type": step["actionType"],
            "outcome": form[OUTCOME + step["key"]],
            "output": form[OUTPUT + step["key"]],
            "takes": form[TAKES + step["key"]],
            "at": at,
        }
        for at, step in enumerate(source.document["steps"])
    ]


def asked(form: FlaskForm) -> dict[str, str]:
    """What the form says that goes without saying otherwise, for a URL that says it again."""
    said: dict[str, str] = {}
    for field in form:
        value = field.data
        usual = field.name == "csrf_token" or (field.name.startswith(OUTCOME) and value == SUCCESS)
        if value and not usual:
            said[field.name] = "y" if value is True else str(value)
    return said
