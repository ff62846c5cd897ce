"""The drills, a module each: what it is about in the first line, and `run(drill)`. One that needs
PostgreSQL says `POSTGRESQL = True`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from devtools.drills.drill import Drill

NAMES = sorted(module.name.replace("_", "-") for module in iter_modules(__path__))


class Scene(Protocol):
    """What each module is."""

    __doc__: str | None

    def run(self, drill: Drill) -> None:
        """Inject, see, cure, check. Raises DrillFailed."""
        ...


def load(name: str) -> Scene:
    return cast("Scene", import_module(f"{__name__}.{name.replace('-', '_')}"))


def needs_postgresql(name: str) -> bool:
    return bool(getattr(load(name), "POSTGRESQL", False))


def about(name: str) -> str:
    """Its first line."""
    return (load(name).__doc__ or "").strip().splitlines()[0]
