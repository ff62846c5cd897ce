"""The forms of people, groups and tokens. The rules are those of `schemas/people.py`."""

from datetime import UTC, datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # pyright: ignore[reportAttributeAccessIssue]

from app.errors import Invalid
from app.models.vocabulary import Role
from app.web.schema_forms import Required

_OFF = {"autocomplete": "off", "spellcheck": "false"}
_ROLES = [
    SelectChoice(Role.VIEWER, "viewer: reads, and does their own tasks"),
    SelectChoice(Role.OPERATOR, "operator: starts, completes, retries, skips"),
    SelectChoice(Role.AUTHOR, "author: also edits templates and schedules"),
    SelectChoice(Role.ADMIN, "admin: also manages people, groups and tokens"),
]
_LONG = "10 characters at least. A sentence is easier to remember than a riddle."


def _role() -> SelectField:
    return SelectField(
        "Role", [Required()], choices=_ROLES, default=Role.OPERATOR, validate_choice=False
    )


def _may() -> BooleanField:
    return BooleanField(
        "May add automation",
        description="Authors who may write steps that the system carries out, and keep secrets. "
        "Admins always may.",
    )


def _reason() -> StringField:
    return StringField("Reason", description="Stands in the audit.", render_kw={"maxlength": 500})


def _new_password(label: str) -> PasswordField:
    return PasswordField(
        label, [Required()], description=_LONG, render_kw={"autocomplete": "new-password"}
    )


def _again() -> PasswordField:
    return PasswordField("The same again", [Required()], render_kw={"autocomplete": "new-password"})


class Invite(FlaskForm):
    email = StringField("Email", [Required()], render_kw=_OFF | {"type": "email"})
    name = StringField("Name", description="They can change it when they come.", render_kw=_OFF)
    role = _role()
    may = _may()
    reason = _reason()


class ChangePerson(FlaskForm):
    role = _role()
    may = _may()
    reason = _reason()


class NewGroup(FlaskForm):
    name = StringField("Name", [Required()], render_kw=_OFF | {"placeholder": "Finance"})
    key = StringField(
        "Key",
        [Required()],
        description="Templates name it: group:finance. It stays as it is.",
        render_kw=_OFF | {"placeholder": "finance"},
    )


class RenameGroup(FlaskForm):
    name = StringField("Name", [Required()], render_kw=_OFF)


class NewMember(FlaskForm):
    email = StringField(
        "Email",
        [Required()],
        description="Of somebody who is in the list of people.",
        render_kw=_OFF | {"list": "people"},
    )


class NewToken(FlaskForm):
    name = StringField(
        "Name",
        [Required()],
        description="Who will use it. It stands in histories: api:shop.",
        render_kw=_OFF | {"placeholder": "shop"},
    )
    role = _role()
    may = _may()
    until = StringField(
        "Ends at, UTC",
        description="Then it is refused. Empty: never.",
        render_kw={"type": "datetime-local"},
    )


class Welcome(FlaskForm):
    name = StringField(
        "Your name", [Required()], render_kw={"autocomplete": "name", "maxlength": 120}
    )
    password = _new_password("Password")
    again = _again()


class ChangePassword(FlaskForm):
    old = PasswordField(
        "Present password", [Required()], render_kw={"autocomplete": "current-password"}
    )
    password = _new_password("New password")
    again = _again()


def chosen_password(form: Any) -> str:
    """What was typed twice. Raises Invalid at `again` where it was not the same."""
    password: str = form.password.data or ""
    if password != (form.again.data or ""):
        raise Invalid.at("again", "This is not the same.")
    return password


def moment(form: NewToken) -> datetime | None:
    """When a token ends. Raises Invalid at `until`."""
    text = (form.until.data or "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise Invalid.at("until", "Write a time such as 2027-01-31T09:00.") from None
