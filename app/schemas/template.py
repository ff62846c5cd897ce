"""A template as authors and programs write it (and read it back)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from app.schemas.actions import ACTION_TYPES
from app.schemas.base import Schema
from app.schemas.conditions import When
from app.schemas.moments import Duration, Moment
from app.schemas.policies import InstancePolicy, NotificationPolicy

MAX_STEPS = 500
KEY_PATTERN = r"^[a-z0-9]([a-z0-9_-]{0,98}[a-z0-9])?$"

Severity = Literal["error", "warning", "hint"]
MAX_NUMBER = 2**31 - 1  # what the columns of numbers and revisions hold

Revision = Annotated[
    int | None,
    Field(
        ge=0,
        le=MAX_NUMBER,
        strict=True,
        description="`draftRevision` as it was read; 412 if it is another one by now. As If-Match.",
    ),
]
Key = Annotated[
    str,
    Field(
        pattern=KEY_PATTERN,
        title="Key",
        description="Lower-case letters, digits, - and _.",
        examples=["reserve-stock"],
    ),
]
Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        title="Name",
        description="What people read.",
        examples=["Reserve stock"],
        json_schema_extra={"x-order": -1},
    ),
]


def _known(name: str) -> str:
    if name not in ACTION_TYPES:
        raise ValueError(f"{name!r} is not an action type. Use one of {', '.join(ACTION_TYPES)}.")
    return name


class TemplateStep(Schema):
    """One step. Only key, name and actionType are required."""

    key: Key
    name: Name
    description: str = Field(
        "",
        max_length=10_000,
        title="Description",
        description="For operators, in Markdown.",
        json_schema_extra={"x-widget": "markdown"},
    )
    action_type: Annotated[
        str,
        AfterValidator(_known),
        Field(
            title="Action",
            description="What kind of step it is.",
            json_schema_extra={"enum": [*ACTION_TYPES]},
        ),
    ]
    depends_on: list[str] = Field(
        default_factory=list,
        max_length=MAX_STEPS,
        title="After",
        description="The steps it waits for, by their keys.",
        examples=[["reserve"]],
        json_schema_extra={"default": [], "x-widget": "steps", "x-order": 1},
    )
    when: When | None = Field(
        None,
        title="Only if",
        description="Runs the step only if this holds: `all` or `any` of `[path, op, value]`.",
        json_schema_extra={"x-tab": "conditions"},
    )
    action_config: dict[str, Any] = Field(
        default_factory=dict,
        title="Config",
        description="See /api/schemas/actionConfig.json.",
        json_schema_extra={"default": {}},
    )
    notification_policies: list[NotificationPolicy] = Field(
        default_factory=list,
        max_length=50,
        title="Notifications",
        description="Who is told what, on which channel, and when.",
        json_schema_extra={"default": [], "x-widget": "policies", "x-tab": "notifications"},
    )
    assignee: str | None = Field(
        None,
        max_length=200,
        title="Assignee",
        description="Whose task it is: `user:…`, `role:…`, `group:…`.",
        examples=["role:operator"],
        json_schema_extra={"x-widget": "assignee"},
    )
    due_in: Duration | None = Field(
        None, title="Due in", description="When it is late, from when it is ready."
    )
    due_at: Moment | None = Field(
        None, title="Due at", description="When it is late; may be a placeholder."
    )

    @model_validator(mode="after")
    def _late_once(self) -> "TemplateStep":
        _one_of_both(self.due_in, self.due_at)
        return self


def _one_of_both(due_in: str | None, due_at: str | None) -> None:
    if due_in is not None and due_at is not None:
        raise ValueError("Give either dueIn or dueAt.")


class Template(Schema):
    """A whole template."""

    key: Key
    name: Name
    description: str = Field(
        "",
        max_length=10_000,
        title="Description",
        description="What it is for, in Markdown.",
        json_schema_extra={"x-widget": "markdown"},
    )
    input_schema: dict[str, Any] = Field(
        default_factory=lambda: {"type": "object", "properties": {}},
        title="Input",
        description="A JSON Schema (2020-12) of an instance's input; its root is an object.",
        examples=[{"type": "object", "properties": {"orderId": {"type": "string"}}}],
        json_schema_extra={
            "default": {"type": "object", "properties": {}},
            "x-widget": "fields",
            "x-tab": "input",
        },
    )
    notification_policies: list[InstancePolicy] = Field(
        default_factory=list,
        max_length=50,
        title="Notifications",
        description="Of the instance as a whole.",
        json_schema_extra={"default": [], "x-widget": "policies", "x-tab": "policies"},
    )
    due_in: Duration | None = Field(
        None, title="Due in", description="When the instance is late, from its start."
    )
    due_at: Moment | None = Field(
        None,
        title="Due at",
        description="When the instance is late; may be a placeholder that reads its input.",
    )
    steps: list[TemplateStep] = Field(
        default_factory=list,
        max_length=MAX_STEPS,
        title="Steps",
        description="What is done, in any order: what depends on what decides.",
        json_schema_extra={"default": []},
    )

    @field_validator("input_schema")
    @classmethod
    def _about_an_object(cls, schema: dict[str, Any]) -> dict[str, Any]:
        if schema.get("type", "object") != "object":
            raise ValueError("The input is an object: type must be 'object'.")
        return schema

    @model_validator(mode="after")
    def _late_once(self) -> "Template":
        _one_of_both(self.due_in, self.due_at)
        return self


class TemplateOut(Template):
    """A template as it is read: its draft, and where it stands."""

    id: int
    draft_revision: int
    newest_version: int | None
    archived: bool
    updated_at: datetime
    updated_by: str
    being_written: bool = Field(
        description="Somebody (`updatedBy`) is writing another draft in the console, which is not "
        "finished yet and stands not here."
    )


class TemplateSummary(Schema):
    """A template in a list."""

    id: int
    key: str
    name: str
    description: str
    draft_revision: int
    newest_version: int | None
    archived: bool
    updated_at: datetime
    updated_by: str


class FindingOut(Schema):
    """Something that is found of what is being written."""

    severity: Severity = Field(
        description="An `error` keeps it from being published, a `warning` asks, a `hint` says."
    )
    path: str = Field(description="The field, dotted: `steps.0.actionConfig.url`.")
    message: str
    code: str = Field(description="The rule that found it.", examples=["circle"])


class PublishIn(Schema):
    """Freezes the draft into the next version."""

    note: str = Field("", max_length=500)


class TemplatePublishIn(PublishIn):
    """Freezes the draft into the next version, if it is still the one that was read."""

    revision: Revision = None


class RestoreIn(Schema):
    """Makes a published version the draft again, if the draft is still the one that was read."""

    version: int = Field(ge=1, le=MAX_NUMBER, strict=True)
    revision: Revision = None


class VersionInstances(Schema):
    """How many instances go on, on a version."""

    running: int = 0
    attention: int = 0
    paused: int = 0


class VersionOut(Schema):
    """A published version."""

    number: int
    name: str
    description: str
    note: str
    published_at: datetime
    published_by: str
    steps: list[TemplateStep]
    input_schema: dict[str, Any]
    notification_policies: list[InstancePolicy]
    due_in: Duration | None
    due_at: Moment | None
    instances: VersionInstances


class ChangeOut(Schema):
    """One place that differs."""

    path: str = Field(
        description="In a list, an item that is gone has its number from before, every other its "
        "number from afterwards.",
        examples=["actionConfig.url"],
    )
    label: str = Field(description="The path in words.")
    kind: str = Field(description="added, removed, changed or reordered")
    before: Any
    after: Any


class DependencyOut(Schema):
    """A step that has begun or ceased to wait for another."""

    source: str = Field(description="The key of the step that is waited for.")
    kind: str = Field(description="added or removed")


class StepDiffOut(Schema):
    """What became of a step."""

    key: str
    name: str
    marks: list[str] = Field(
        description="added, removed, renamed (it has another key), changed, moved"
    )
    before: dict[str, Any] | None = Field(description="The whole step; null if it was not there.")
    after: dict[str, Any] | None = Field(description="The whole step; null if it is gone.")
    fields: list[ChangeOut]
    depends_on: list[DependencyOut]


class CompareOut(Schema):
    """What differs between two versions of a template, or a version and the draft."""

    before: str = Field(alias="from", examples=["7"])
    after: str = Field(alias="to", examples=["draft"])
    equal: bool
    summary: str = Field(examples=["Added Refund. Changed Charge card. Of the whole: name."])
    fields: list[ChangeOut] = Field(description="Of the template as a whole.")
    steps: list[StepDiffOut] = Field(description="Only those to which something happened.")
