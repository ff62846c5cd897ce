"""Who is at the page, and may they be there. Deny by default: a view of ours that names no
permission is for nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from flask import Flask, current_app, request
from flask_login import current_user

from app import logs, presence, transaction
from app.domain import permissions, sessions
from app.domain.people import Actor, actor_of
from app.errors import Forbidden, Unauthorized
from app.extensions import login_manager
from app.models import BrowserSession, User

View = TypeVar("View", bound=Callable[..., Any])
EVERYBODY = "everybody"  # the permission of pages that are open without signing in


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in: values, so that pages hold no rows."""

    id: int
    email: str
    name: str
    role: str
    actor: Actor
    theme: str
    time_zone: str | None
    session_id: int
    carried: str = field(repr=False)  # by their cookie
    is_due: bool  # to be written down as seen
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    @classmethod
    def of(cls, user: User, row: BrowserSession, carried: str) -> "Visitor":
        """`row`: the session that they came with; `carried`: what their cookie says of it."""
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            role=user.role,
            actor=actor_of(user),
            theme=user.theme,
            time_zone=user.time_zone,
            session_id=row.id,
            carried=carried,
            is_due=sessions.is_due(row),
        )

    def get_id(self) -> str:
        """What the cookie keeps: revoking the row it names ends it at once."""
        return self.carried

    def may(self, permission: str) -> bool:
        return permissions.allows(self.actor, permission)


def visitor() -> Visitor:
    """Whoever is signed in. Raises Unauthorized."""
    if not current_user.is_authenticated:
        raise Unauthorized("Sign in first.")
    return cast("Visitor", current_user._get_current_object())


@login_manager.user_loader
def find_visitor(carried: str) -> Visitor | None:
    """The person a cookie belongs to, unless they were signed out or may not come any more."""
    with transaction.reading() as session:
        found = sessions.find(session, carried)
    if found is None:
        return None
    logs.remember(userId=found[1].id)
    return Visitor.of(found[1], found[0], carried)


def needs(permission: str) -> Callable[[View], View]:
    """Say what permission a view needs (a name in `permissions.PERMISSIONS`, or EVERYBODY)."""

    def decorate(view: View) -> View:
        vars(view)["permission"] = permission
        return view

    return decorate


def permission_of(endpoint: str) -> str | None:
    return vars(current_app.view_functions[endpoint]).get("permission")


def register(app: Flask) -> None:
    login_manager.session_protection = None  # type: ignore[assignment]  # it would sign people out who change networks

    @app.before_request
    def _may_they() -> None:
        if request.endpoint is None or request.endpoint == "static":
            return
        if request.blueprint is not None and request.blueprint.startswith("api_"):
            return  # the JSON door asks for tokens
        permission = permission_of(request.endpoint)
        if permission is None:
            raise Forbidden("This page names no permission, so nobody may see it.")
        if permission != EVERYBODY:
            permissions.require(visitor().actor, permission)
            _write_down_that_they_are_there(visitor())


def _write_down_that_they_are_there(who: Visitor) -> None:
    if who.is_due:
        presence.note(lambda session: sessions.see(session, who.session_id))
