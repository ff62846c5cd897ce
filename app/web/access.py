"""Who is at the page, and may they be there. Deny by default: a view of ours that names no
permission is for nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flask import Flask, current_app, request
from flask_login import current_user

from app import transaction
from app.domain import permissions
from app.domain.people import Actor, actor_of
from app.errors import Forbidden, Unauthorized
from app.extensions import login_manager
from app.models import User

View = TypeVar("View", bound=Callable[..., Any])
EVERYBODY = "everybody"  # the permission of pages that are open without signing in


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in: values, so that pages hold no rows."""

    id: int
    email: str
    name: str
    role: str
    epoch: int
    actor: Actor
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    @classmethod
    def of(cls, user: User) -> "Visitor":
        actor = actor_of(user)
        return cls(user.id, user.email, user.name, user.role, user.session_epoch, actor)

    def get_id(self) -> str:
        """What the session keeps: raising the epoch signs them out everywhere."""
        return f"{self.id}.{self.epoch}"

    def may(self, permission: str) -> bool:
        return permissions.allows(self.actor, permission)


def visitor() -> Visitor:
    """Whoever is signed in. Raises Unauthorized."""
    if not current_user.is_authenticated:
        raise Unauthorized("Sign in first.")
    return cast("Visitor", current_user._get_current_object())


@login_manager.user_loader
def find_visitor(session_id: str) -> Visitor | None:
    """The person a session belongs to, unless they were signed out or may not come any more."""
    user_id, _, epoch = session_id.partition(".")
    with transaction.reading() as session:
        user = session.get(User, int(user_id), populate_existing=True)
        if user is None or not user.active or str(user.session_epoch) != epoch:
            return None
        return Visitor.of(user)


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
