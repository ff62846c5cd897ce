"""What a generated form is made of. A node knows what it shows and where it stands, not how it
looks: `templates/panel/kinds/_<kind>.html` draws it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Choice(NamedTuple):
    """One of those that can be picked. `missing`: it was picked, but there is no such thing."""

    value: str
    label: str
    missing: bool = False


@dataclass(slots=True, kw_only=True)
class Node:
    """A field, or a group of fields (`children`).

    kind      names the partial
    name      of the form field: its dotted path from the step, `actionConfig.headers.0.name`
    path      where faults look for it; differs from the name in maps: `actionConfig.headers.X-A`
    value     what stands in it, as text; of a checkbox True or False
    options   what only this kind knows
    """

    kind: str
    name: str
    path: str
    label: str = ""
    help: str = ""
    value: Any = ""
    children: list["Node"] = field(default_factory=list["Node"])
    choices: list[Choice] = field(default_factory=list[Choice])
    errors: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    required: bool = False
    placeholder: str = ""
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def id(self) -> str:
        """Of the control, the same at each drawing, so that morphing keeps the focus."""
        return field_id(self.name) + ("-inner" if self.options.get("inner") else "")

    @property
    def is_optional(self) -> bool:
        """Whether that is worth saying: not of a choice of a few, nor of a row."""
        always = self.choices and self.choices[0].value
        return not (self.required or always or self.options.get("bare"))

    @property
    def described_by(self) -> str:
        """The ids of what explains the control."""
        parts = (("help", self.help), ("notes", self.errors or self.warnings))
        return " ".join(f"{self.id}-{part}" for part, there in parts if there)

    def walk(self) -> Iterator["Node"]:
        """Itself and all within it."""
        yield self
        for child in self.children:
            yield from child.walk()


def field_id(name: str) -> str:
    """The id of the control with this name."""
    return "field-" + name.replace(".", "-")
