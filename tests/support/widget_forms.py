"""One field of the panel, drawn by its partial and read back as a browser sends it."""

from typing import Any

from flask import current_app, render_template

from app.schemas.template import Template, TemplateStep
from app.web.panel import Around, Page
from app.web.panel.building import build
from app.web.panel.fields import ABSENT, Field, root_of
from app.web.panel.nodes import Node
from app.web.panel.reading import read
from app.web.panel.typed import Typed, arrange
from tests.support.panel_forms import Form, browsed


def field(model: type[TemplateStep | Template], key: str) -> Field:
    """A field of a step or a template."""
    return dict(root_of(model).properties())[key]


class Editing:
    """Somebody who changes one field: each `sent` is a form, and what it left."""

    def __init__(self, of: Field, value: Any = ABSENT, around: Around | None = None) -> None:
        self.of = of
        self.value = value
        self.around = around or Around()
        self.unread: dict[str, str] = {}
        self._drawn: Form | None = None

    @property
    def node(self) -> Node:
        return build(self.of, self.value, Page(unread=self.unread, around=self.around))

    @property
    def html(self) -> str:
        with current_app.test_request_context():
            return render_template("panel/_node.html", node=self.node, around=self.around)

    @property
    def form(self) -> Form:
        return browsed(self.html).form

    def forgetful(self) -> "Editing":
        """With the form as it is now, and nothing known of what stood there before."""
        form, self.value = self.form, ABSENT
        self._drawn = form
        return self

    def send(self, do: str = "", **texts: Any) -> Any:
        """Type into controls (`parts__0__op` is below the field's own name, `_` is the field) and
        send the form."""
        form = self._drawn or self.form
        for part, text in texts.items():
            name = self.of.name if part == "_" else f"{self.of.name}.{part.replace('__', '.')}"
            form.poplist(name)
            form.setlist(name, text if isinstance(text, list) else [] if text is None else [text])
        form["do"] = do.replace("@", self.of.name)
        typed = Typed(form, self.unread)
        before = arrange(typed, {} if self.value is ABSENT else {self.of.name: self.value})
        self.value = read(self.of, before.get(self.of.name, ABSENT), typed)
        self.unread = typed.unread
        return self.value
