"""The form that starts an instance: which version, a title, and the input that the version asks
for. Another version keeps what was typed, also what only the one before asked for."""

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from app import transaction
from app.errors import Invalid, NotFound, NotPublished
from app.schemas.instance import InstanceIn
from app.web import schema_forms, version_lists
from app.web.template_views import TemplateView, read_template


@dataclass(frozen=True, slots=True)
class Start:
    """A form for one version of a template."""

    template: TemplateView
    form: FlaskForm

    @property
    def page(self) -> dict[str, Any]:
        """What instances/start.html expects beside the faults."""
        others = schema_forms.other_inputs(self.form)
        return {"template": self.template, "form": self.form, "others": others}

    @property
    def is_shown(self) -> bool:
        """Whether the fields that were on the page are those of the version that is chosen."""
        return request.form.get("shown", "") in ("", str(self.template.version))

    def wish(self) -> InstanceIn:
        """What was typed. Raises Invalid."""
        if not self.is_shown:
            version = self.template.version
            message = f"Version {version} was chosen, and its fields stand here now. Look at them."
            raise Invalid.at("", message)
        given = schema_forms.read(self.form, self.template.input_schema, schema_forms.INPUT)
        title = (self.form["title"].data or "").strip()
        which = {"templateId": self.template.id, "version": self.template.version}
        return InstanceIn.read(which | {"title": title, "input": given})


def find(template_id: int, number: str | None) -> Start:
    """The form of a version (no number: the newest), with what was sent. Raises NotFound, also for
    an archived template, and NotPublished."""
    with transaction.reading() as session:
        template = read_template(session, template_id, version_lists.wanted(number))
        numbers = version_lists.numbers(session, template_id)
    if template.archived:
        raise NotFound("This template is archived: no new instances start from it.")
    if template.version is None:
        raise NotPublished
    return Start(template, _form(template, numbers))


def _form(template: TemplateView, numbers: list[int]) -> FlaskForm:
    names = [
        f"version {n}, the newest" if n == template.newest else f"version {n}" for n in numbers
    ]
    choices = [SelectChoice(str(n), name) for n, name in zip(numbers, names, strict=True)]
    fields = {
        "version": SelectField("Version", choices=choices, id="version", validate_choice=False),
        "title": StringField("Title", description="What it is called in lists."),
        "shown": HiddenField(),
    } | schema_forms.input_fields(template.input_schema)
    form = type("StartForm", (FlaskForm,), fields)()
    if request.form and form["shown"].data not in ("", None, str(template.version)):
        schema_forms.take_new_fields(form)
    for name in ("version", "shown"):
        form[name].data = str(template.version)
    return form
