"""Forms made from a JSON Schema: what starts an instance, and what a person answers in a step.
They render, keep what was typed and carry CSRF; what is right and wrong the schema says
(domain.input_schemas)."""

import json
import re
from collections.abc import Iterable
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from app.errors import FieldError, Invalid, Malformed
from app.extensions import compact_json
from app.schemas.base import loads
from app.schemas.instance import StepOut

INPUT, OUTPUT, SAMPLE = (
    "input.",
    "output.",
    "sample.",
)  # how the fields of a form begin, as the paths of faults do
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}([.][0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")
LONG_TEXT = "textarea"  # our format of a text of several lines; validators pass it over
_TYPES = {"email": "email", "date": "date", "uri": "url"}


class Required:
    """Marks a field as required and leaves the judgement to the schema."""

    field_flags = {"required": True}

    def __call__(self, _form: object, _field: object) -> None:
        """Nothing is judged here."""


APPROVAL = {
    "required": ["outcome"],
    "properties": {
        "outcome": {"title": "Decision", "enum": ["approved", "rejected"]},
        "comment": {"title": "Comment", "type": "string"},
    },
}


def sample_form(schema: dict[str, Any], id: str) -> FlaskForm:
    """A form to look at: nothing that is typed into it goes anywhere."""
    nowhere = {"form": "nowhere"}
    fields = _fields(schema, SAMPLE, id)
    for field in fields.values():
        field.kwargs["render_kw"] = {**field.kwargs.get("render_kw", {}), **nowhere}
    return _form(fields, bound=False)


def input_fields(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of an input, for a form that has others too."""
    return _fields(schema, INPUT, "input")


def take_new_fields(form: FlaskForm) -> None:
    """What was not on the page, or stood empty for another schema, begins with its default."""
    for field in form:
        given = request.form.get(field.name)
        empty = given is None if isinstance(field, BooleanField) else not given
        if empty and field.name.startswith(INPUT):
            field.process_data(field.default)


def other_inputs(form: FlaskForm) -> dict[str, str]:
    """What was typed for another schema than the one that is chosen now."""
    names = [name for name in request.form if name.startswith(INPUT)]
    return {name: request.form[name] for name in names if name not in form}


def written(schema: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """An input as it stands in its fields."""
    return {
        INPUT + name: _written(values[name], _kind(rule))
        for name, rule in properties(schema)
        if values.get(name) is not None
    }


def answer_schema(step: StepOut) -> dict[str, Any] | None:
    """What a person answers when they complete a step; None: any JSON object."""
    if step.action_type == "APPROVAL":
        return APPROVAL
    return step.action_config["schema"] if step.action_type == "FORM_INPUT" else None


def answer_form(step: StepOut) -> FlaskForm | None:
    """What completes a step that asks for something particular."""
    schema = answer_schema(step)
    if schema is None:
        return None
    # Another action's form has none of these fields; that does not mean they are empty.
    bound = any(name.startswith(OUTPUT) for name in request.form)
    return _form(_fields(schema, OUTPUT, f"answer-{step.key}"), bound=bound)


def _form(fields: dict[str, Any], *, bound: bool) -> FlaskForm:
    """Filled with what was sent, else with the schema's defaults."""
    kind = type("SchemaForm", (FlaskForm,), fields)
    return kind() if bound else kind(formdata=None)


def _fields(schema: dict[str, Any], prefix: str, id: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, (name, rule) in enumerate(properties(schema)):
        required = name in schema.get("required", ()) and "default" not in rule
        found[prefix + name] = _field(name, rule, f"{id}-{at}", required=required)
    return found


def properties(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The fields that a schema names. A rule may also be true or false; that says nothing here."""
    found = schema.get("properties") or {}
    return [(name, rule if isinstance(rule, dict) else {}) for name, rule in found.items()]


def _kind(rule: dict[str, Any]) -> str:
    if "enum" in rule:
        return "enum"
    kinds = rule.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    kind = next((kind for kind in kinds if kind != "null"), None)
    return kind if kind in ("string", "number", "integer", "boolean") else "json"


def _field(name: str, rule: dict[str, Any], id: str, *, required: bool) -> Any:
    kind = _kind(rule)
    examples = rule.get("examples") or []
    given: dict[str, Any] = {
        "label": str(rule.get("title") or name),
        "description": _help(rule, kind),
        "default": _written(rule["default"], kind) if "default" in rule else None,
        "id": id,
        "validators": [Required()] if required and kind != "boolean" else [],
    }
    placeholder = {"placeholder": str(examples[0])} if examples and kind != "json" else {}
    if kind == "boolean":
        return BooleanField(**given)
    if kind == "enum":
        # Nobody decides by not looking: without a default there is an empty choice.
        empty = [] if "default" in rule else [SelectChoice("", "")]
        choices = [SelectChoice(compact_json(value), _shown(value)) for value in rule["enum"]]
        return SelectField(**given, choices=empty + choices, validate_choice=False)
    if kind == "json":
        return TextAreaField(**given, render_kw={"rows": 3, "spellcheck": "false"})
    if kind == "string" and rule.get("format") == LONG_TEXT:
        return TextAreaField(**given, render_kw={"rows": 4} | placeholder)
    if kind == "string":
        return StringField(**given, render_kw={"type": _type(rule)} | placeholder)
    mode = "numeric" if kind == "integer" else "decimal"
    return StringField(**given, render_kw={"inputmode": mode} | placeholder)


def _type(rule: dict[str, Any]) -> str:
    return _TYPES.get(str(rule.get("format")), "text")


def _help(rule: dict[str, Any], kind: str) -> str:
    about = str(rule.get("description") or "")
    what = {"json": "As JSON.", "integer": "A whole number.", "number": "A number."}.get(kind, "")
    return about or what


def _written(value: Any, kind: str) -> Any:
    """A default as it stands in a field."""
    if kind == "boolean":
        return bool(value)
    if kind == "enum":
        return compact_json(value)
    if kind == "json":
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else compact_json(value)


def read(form: FlaskForm, schema: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The values as they were typed; an empty field is one that was not given. Raises Invalid
    where a text is not what it should be."""
    faults: list[FieldError] = []
    found: dict[str, Any] = {}
    for name, rule in properties(schema):
        text = form[prefix + name].data
        if text is None or text == "":
            continue
        try:
            found[name] = typed_value(text, _kind(rule))
        except ValueError as error:
            faults.append(FieldError(prefix + name, str(error)))
        except Malformed as error:
            faults.append(FieldError(prefix + name, error.message.replace("The body", "This", 1)))
    if faults:
        raise Invalid(faults)
    return found


def typed_value(text: Any, kind: str) -> Any:
    """A text as a value: string, number, integer, boolean, enum or json. Raises ValueError or
    Malformed where it is none."""
    if kind in ("json", "enum"):
        return loads(text)
    if kind == "integer":
        return int(_like(_WHOLE, text, "Write a whole number, such as 12."))
    if kind == "number":
        number = _like(_NUMBER, text, "Write a number with a point, such as 129.9.")
        return int(number) if _WHOLE.fullmatch(number) else float(number)
    if kind == "string":
        return _text(text.replace("\r\n", "\n"))
    return text


def _like(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    if not pattern.fullmatch(text.strip()):
        raise ValueError(otherwise)
    return text.strip()


def _text(text: str) -> str:
    if "\x00" in text:
        raise ValueError("Text must not contain NUL characters.")
    return text


def give_back(form: FlaskForm, errors: Iterable[FieldError]) -> list[str]:
    """Put each fault at its field; what belongs to none is returned."""
    others: list[str] = []
    for error in errors:
        field, inner = _place(form, error.path)
        if field is None:
            others.append(error.message)
        else:
            field.errors = [*field.errors, f"{inner}: {error.message}" if inner else error.message]
    return others


def _place(form: FlaskForm, path: str) -> tuple[Field | None, str]:
    """The field that a dotted path leads to, and what of the path lies within it. Names may have
    dots themselves, so the longest that fits is meant."""
    names = [name for name in form._fields if path == name or path.startswith(f"{name}.")]
    if not names:
        return None, ""
    name = max(names, key=len)
    return form._fields[name], path[len(name) + 1 :]
