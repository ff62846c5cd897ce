"""A step's panel as a browser has it: drawn by the real partials, and sent as forms are sent."""

from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from typing import Any

from flask import current_app, render_template
from werkzeug.datastructures import MultiDict

from app.web.panel import Tab, step_form

Form = MultiDict[str, str]


class _Browser(HTMLParser):
    """Collects what a browser would send: every control that is named, not disabled, and set."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.form: Form = MultiDict()
        self.ids: list[str] = []
        self.text_fields: list[str] = []  # the names of those to type into
        self._area: str | None = None
        self._text = ""
        self._select: str | None = None
        self._first: str | None = None
        self._picked: str | None = None
        self._closed: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if "id" in given:
            self.ids.append(given["id"] or "")
        if tag == "fieldset":
            self._closed.append("disabled" in given)
        if any(self._closed):
            return
        if given.get("form") == "nowhere":
            return
        ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
        if tag == "input" and ticked:
            self.form.add(name, given.get("value") or "")
        if tag == "textarea" or (tag == "input" and given.get("type", "text") == "text"):
            self.text_fields.append(name)
        if tag == "textarea":
            self._area, self._text = name, ""
        if tag == "select":
            self._select, self._first, self._picked = name, None, None
        if tag == "option":
            value = given.get("value") or ""
            self._first = value if self._first is None else self._first
            self._picked = value if "selected" in given else self._picked

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "fieldset":
            self._closed.pop()
        if tag == "textarea" and self._area is not None:
            # A parser drops the line break after the tag; browsers send CRLF.
            self.form.add(self._area, self._text.removeprefix("\n").replace("\n", "\r\n"))
            self._area = None
        if tag == "select" and self._select is not None:
            self.form.add(self._select, (self._picked or self._first) or "")
            self._select = None


def drawn(tabs: Iterable[Tab]) -> str:
    """The HTML of these tabs."""
    with current_app.test_request_context():
        return "".join(render_template("panel/_tab.html", tab=tab) for tab in tabs)


def browsed(html: str) -> _Browser:
    browser = _Browser()
    browser.feed(html)
    return browser


def sent(step: Mapping[str, Any], **more: Any) -> Form:
    """The form of a step, sent as it was drawn."""
    return browsed(drawn(step_form(step, **more))).form
