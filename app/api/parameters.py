"""What may stand in a query string. Unknown names are ignored; wrong values are 422."""

from typing import Annotated, Any, Literal, TypeVar

from flask import request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from app.errors import Invalid, NotPublished
from app.models.vocabulary import Channel, DeliveryState, InstanceState, Role
from app.schemas.base import check_text, field_errors
from app.schemas.moments import Instant

# Sequence numbers are 32 bits wide on PostgreSQL, ids 64.
MAX_SEQ = 2**31 - 1
MAX_ID = 10**18 - 1
Query = TypeVar("Query", bound="Parameters")


class Parameters(BaseModel):
    """The query string of a route."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    @classmethod
    def read(cls: type[Query]) -> Query:
        """Read the present request's. An empty value counts as not given, as forms send it."""
        given = {name: value for name, value in request.args.items() if value != ""}
        check_text(given)
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise Invalid(field_errors(error)) from None


def _digits(value: Any) -> Any:
    # int() would also take "+1", "1_0" and digits of other scripts.
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("This is not a whole number.")
    return value


Whole = Annotated[int, BeforeValidator(_digits)]
Id = Annotated[Whole, Field(ge=1, le=MAX_ID)]
Seq = Annotated[Whole, Field(ge=0, le=MAX_SEQ)]


class Page(Parameters):
    """Which part of a list."""

    limit: Whole = Field(50, ge=1, le=200, description="How many at most.")
    cursor: Id | None = Field(None, description="`nextCursor` of the page before.")


class TemplatesPage(Page):
    q: str | None = Field(None, max_length=200, description="In key or name.")
    archived: bool = Field(False, description="Archived templates instead of the others.")


class TasksPage(Page):
    whose: Literal["mine", "all"] = Field(
        "mine", description="Those of the token's role and of nobody in particular; or all."
    )
    overdue: bool = Field(False, description="Only what is late.")


class Replacing(Parameters):
    discard_writing: bool = Field(
        False,
        description="Replaces even what somebody is writing in the console and has not finished; "
        "otherwise that is answered with 412.",
    )


class VersionsPage(Page):
    cursor: Seq | None = Field(None, description="`nextCursor` of the page before.")


_WHICH = r"^(draft|newest|[1-9][0-9]{0,8})$"


class Comparison(Parameters):
    before: str = Field("newest", alias="from", pattern=_WHICH, description="A version's number.")
    after: str = Field("draft", alias="to", pattern=_WHICH, description="A number, or draft.")

    @staticmethod
    def number(which: str, newest: int | None) -> int | None:
        """The number of a version, None for the draft. Raises NotPublished."""
        if which == "newest" and newest is None:
            raise NotPublished
        return None if which == "draft" else newest if which == "newest" else int(which)


class InstancesPage(Page):
    state: InstanceState | None = None
    template_key: str | None = Field(None, max_length=120)
    q: str | None = Field(None, max_length=500, description="In the title; or an id.")
    overdue: bool = Field(False, description="Only what is open and late.")


class NamedPage(Page):
    q: str | None = Field(None, max_length=200, description="In key or name.")


class UsersPage(Page):
    q: str | None = Field(None, max_length=200, description="In name or mail address.")
    role: Role | None = None
    state: Literal["active", "invited", "inactive"] | None = None


class TokensPage(Page):
    q: str | None = Field(None, max_length=200, description="In the name; or the last four.")
    state: Literal["valid", "ended"] | None = None


class SchedulesPage(Page):
    q: str | None = Field(None, max_length=200, description="In the name.")
    template_key: str | None = Field(None, max_length=120)
    paused: bool | None = None


class DeliveriesFilter(Parameters):
    channel: Channel | None = None
    state: DeliveryState | None = None
    template: str | None = Field(None, max_length=120, description="Key of its template.")
    recipient: str | None = Field(None, max_length=320, description="In recipient or address.")
    error: str | None = Field(None, max_length=500, description="In the reason.")
    instance_id: Id | None = None
    user_id: Id | None = Field(None, description="To this person.")


class DeliveriesPage(Page, DeliveriesFilter):
    pass


class AuditPage(Page):
    actor: str | None = Field(None, max_length=320, description="In the name of who did it.")
    action: str | None = Field(
        None, max_length=120, description="`secret.rotated`, or `secret` for all of that kind."
    )
    subject: str | None = Field(None, max_length=120, description="The kind of thing.")
    subject_id: str | None = Field(None, max_length=500)
    since: Instant | None = Field(None, description="From this time on.")
    until: Instant | None = Field(None, description="Before this time.")
    q: str | None = Field(None, max_length=200, description="In anything that an entry says.")


class EventsPage(Page):
    after: Seq = Field(0, description="The number of the last event known.")
    cursor: Seq | None = Field(
        None, description="`nextCursor` of the page before; the same as `after`."
    )


class After(Parameters):
    after: Seq = Field(
        0, description="The number of the last event known; `Last-Event-ID` outranks it."
    )


class ExportFormat(Parameters):
    format: str = Field(
        "json", pattern="^(json|yaml)$", json_schema_extra={"enum": ["json", "yaml"]}
    )
