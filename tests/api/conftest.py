"""A client that speaks JSON with a token, and a small cast of tokens."""

import contextvars
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app import transaction
from app.api.endpoint import description_of
from app.api.openapi_answers import errors_of
from app.domain import people
from app.extensions import db
from tests.conftest import Factory

API = "/api/workflows"


class Caller:
    """A program with a token. `caller.post("/templates", {…})`; what is sent stands in `answer`."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self.app = app
        self.token = token

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.ask("POST", path, body, **more)

    def put(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.ask("PUT", path, body, **more)

    def delete(self, path: str, **more: Any) -> Any:
        return self.ask("DELETE", path, **more)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        content_type: str | None = "application/json",
        **more: Any,
    ) -> Any:
        """Send a request as a server would pass it on: in a context of its own, so that nothing
        a test has loaded before is found again."""
        path = path if path.startswith(("/api", "/healthz", "/readyz", "/metrics")) else API + path
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        client = self.app.test_client()
        answer = contextvars.Context().run(
            lambda: client.open(
                path,
                method=method,
                data=data,
                headers=sent | (headers or {}),
                content_type=content_type if data is not None else None,
                **more,
            )
        )
        require_listed(self.app, method, path, answer.status_code)
        return answer


def require_listed(app: Flask, method: str, path: str, status: int) -> None:
    """Fails the test if the OpenAPI document does not list this answer of the operation."""
    try:
        rule, _ = app.url_map.bind("localhost").match(
            path.partition("?")[0], method, return_rule=True
        )
    except (HTTPException, RequestRedirect):
        return  # no operation of ours
    about = description_of(app.view_functions[rule.endpoint])
    if about is not None:
        listed = {about.status, *about.also} | errors_of(rule, method, about)
        assert status in listed | {429, 500}, f"{method} {path}: {status} is not listed"


@pytest.fixture
def factory(with_doors: Factory) -> Factory:
    return with_doors


@pytest.fixture
def caller(app: Flask) -> Iterator[Callable[..., Caller]]:
    """Makes a caller with a fresh token of a role; None: without a token."""

    def make(role: str | None, *, may_add_automation: bool = False) -> Caller:
        if role is None:
            return Caller(app, None)
        with transaction.writing() as session:
            name = f"{role}-{may_add_automation}"
            token = people.create_token(session, name, role, may_add_automation=may_add_automation)
        return Caller(app, token)

    yield make
    db.session.rollback()


@pytest.fixture
def admin(caller: Callable[..., Caller]) -> Caller:
    return caller("admin")


@pytest.fixture
def running(admin: Caller) -> Caller:
    """An admin's caller; template 1 is published and instance 1 runs."""
    from tests.api.test_main_story import publish, start

    publish(admin)
    start(admin)
    return admin
