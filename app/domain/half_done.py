"""Reading a template's document while it is being written: whatever shape its JSON has, what can
be understood of it is, and the rest is passed over. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, cast


@dataclass(frozen=True, slots=True)
class RawStep:
    """A step as far as it can be read. `at`: its place in the document's list."""

    at: int
    key: str
    name: str
    action_type: str
    config: Mapping[str, Any]
    depends_on: tuple[str, ...]
    when: Mapping[str, Any] | None
    document: Mapping[str, Any]

    @property
    def place(self) -> str:
        """The path at which it stands: `steps.3`."""
        return f"steps.{self.at}"


def steps_of(document: Any) -> list[RawStep]:
    """All steps that are objects, those without a key too, in their order."""
    steps = enumerate(items(mapping(document).get("steps")))
    return [_step(at, cast("dict[str, Any]", step)) for at, step in steps if isinstance(step, dict)]


def _step(at: int, step: dict[str, Any]) -> RawStep:
    key, when = text(step.get("key")), step.get("when")
    return RawStep(
        at=at,
        key=key,
        name=text(step.get("name")) or key,
        action_type=text(step.get("actionType")),
        config=mapping(step.get("actionConfig")),
        depends_on=tuple(one for one in items(step.get("dependsOn")) if isinstance(one, str)),
        when=cast("dict[str, Any]", when) if isinstance(when, dict) else None,
        document=step,
    )


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether this is an object of JSON."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether this is a list of JSON."""
    return isinstance(value, list)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value if it is text, else an empty one."""
    return value if isinstance(value, str) else ""
