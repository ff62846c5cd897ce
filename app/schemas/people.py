"""People, groups and tokens as admins manage them."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from app.models.vocabulary import Role
from app.schemas.base import Schema
from app.schemas.template import KEY_PATTERN

MOST_MEMBERS = 1000


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
NameIfAny = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
MayAdd = Annotated[
    bool,
    Field(strict=True, description="May an author add automation? Admins always may."),
]
GroupKey = Annotated[
    str,
    Field(
        pattern=KEY_PATTERN,
        max_length=80,
        description="By which templates name it: `group:finance`.",
        examples=["finance"],
    ),
]


class UserIn(Schema):
    """Somebody to invite."""

    email: Email
    name: NameIfAny = Field("", description="What they are called until they say so themselves.")
    role: Role
    may_add_automation: MayAdd = False
    reason: Why = ""


class UserChange(Schema):
    """What an admin changes about somebody; what is left out stays as it is."""

    name: Name | None = None
    role: Role | None = None
    may_add_automation: MayAdd | None = None
    reason: Why = ""


class Because(Schema):
    """Why it is done, for the audit."""

    reason: Why = ""


class UserOut(Schema):
    """A person. `invited`: they have set no password yet."""

    id: int
    email: str
    name: str
    role: Role
    may_add_automation: bool
    active: bool
    invited: bool
    groups: list[str] = Field(description="Keys of the groups they are in.")
    created_at: datetime
    last_sign_in_at: datetime | None


class LinkOut(Schema):
    """A one-time link by which somebody sets their password."""

    url: str | None = Field(
        description="Given once: null when the answer is repeated for its Idempotency-Key."
    )
    purpose: str = Field(description="`invitation`, or `password` for who has one already.")
    expires_at: datetime
    mailed: bool = Field(description="Whether it is on its way to them by mail too.")


class InvitedOut(UserOut):
    """A person who was just invited, with the link for them."""

    link: LinkOut


class WelcomeIn(Schema):
    """What somebody says who follows their link."""

    name: NameIfAny = ""


class GroupIn(Schema):
    """A new group."""

    key: GroupKey
    name: Name
    members: list[Email] = Field(
        default_factory=list, max_length=MOST_MEMBERS, description="Their mail addresses."
    )
    reason: Why = ""


class GroupChange(Schema):
    """What changes about a group; what is left out stays as it is."""

    name: Name | None = None
    members: list[Email] | None = Field(
        None, max_length=MOST_MEMBERS, description="All of them, by their mail addresses."
    )
    reason: Why = ""


class MemberIn(Schema):
    """Somebody to put into a group."""

    email: Email


class MemberOut(Schema):
    id: int
    email: str
    name: str
    active: bool


class GroupOut(Schema):
    """A group with its members, by name."""

    id: int
    key: str
    name: str
    members: list[MemberOut]
    created_at: datetime


class TokenIn(Schema):
    """A new token for a program."""

    name: Name
    role: Role
    may_add_automation: MayAdd = False
    expires_at: AwareDatetime | None = Field(None, description="Default: never.")


class TokenOut(Schema):
    """A token without what stands for it. `hint`: its last four characters."""

    id: int
    name: str
    role: Role
    may_add_automation: bool
    hint: str
    valid: bool = Field(description="Neither revoked nor expired.")
    created_at: datetime
    created_by: str | None
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None


class TokenMadeOut(TokenOut):
    """A token that was just made."""

    token: str | None = Field(
        description="Given once: null when the answer is repeated for its Idempotency-Key."
    )
