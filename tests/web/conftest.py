"""People in front of the console: each with a browser of their own that keeps cookies and sends
forms as a browser or htmx would."""

import contextvars
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock, transaction
from app.models import User
from tests.conftest import Factory
from tests.support.signing_in import be_signed_in
from tests.support.workflows import begin, publish, task, webhook

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Person:
    """Somebody with a browser. `htmx=True`: as htmx asks for a part of a page."""

    def __init__(self, app: Flask, role: str | None) -> None:
        self.client: FlaskClient = app.test_client()
        self.role = role
        self.email = f"{role}@example.com"

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.ask("POST", path, data=data or {}, **more)

    def ask(self, method: str, path: str, *, htmx: bool = False, **more: Any) -> Any:
        """In a context of its own, as a server would: nothing loaded before is found again."""
        headers = dict(more.pop("headers", {})) | (PARTIAL if htmx else {})
        call = lambda: self.client.open(path, method=method, headers=headers, **more)  # noqa: E731
        return contextvars.Context().run(call)


def said(page: Any) -> str:
    """The words of a page, without its markup."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page.get_data(as_text=True), flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", text))).strip()


@pytest.fixture
def factory(with_doors: Factory) -> Factory:
    return with_doors


@pytest.fixture
def visit(app: Flask) -> Callable[..., Person]:
    """Somebody of a role who has signed in; None: a stranger."""

    def come(role: str | None, *, may_add_automation: bool = False) -> Person:
        person = Person(app, role)
        if role is None:
            return person
        with transaction.writing() as session:
            user = User(
                email=person.email,
                name=role.title(),
                role=role,
                may_add_automation=may_add_automation,
                created_at=clock.now(),
            )
            session.add(user)
            session.flush()
            user_id = user.id
        be_signed_in(person.client, user_id)
        return person

    return come


@pytest.fixture
def operator(visit: Callable[[str | None], Person]) -> Person:
    return visit("operator")


@pytest.fixture
def viewer(visit: Callable[[str | None], Person]) -> Person:
    return visit("viewer")


@pytest.fixture
def order(app: Flask) -> int:
    return place_order()


def place_order() -> int:
    """An instance whose first step waits for somebody and whose second then runs by itself."""
    publish(
        task("pack"),
        webhook("ship", "pack", config={"retry": {"maxAttempts": 2, "schedule": [60]}}),
        name="Order fulfilment",
    )
    return begin()
