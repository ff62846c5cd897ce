"""A ledger that is never written. The life of an instance is carried out on it by the functions
that carry out real ones; it has no database, so nothing of it can be kept, rung for or sent."""

from typing import Any, cast

from sqlalchemy.orm import Session

from app.domain.ledger import Ledger
from app.domain.records import InstanceRecord

NO_ID = 0  # what stands for the id that an instance gets when it starts


class NoDatabase:
    """Stands where a ledger has its session. Bells that are asked for are forgotten; to ask it for
    anything else is a bug."""

    def __init__(self) -> None:
        self.info: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"A dry run has no database, and was asked for its {name}.")


class DryLedger(Ledger):
    """What one moment of a dry run changes."""

    def context(self, instance: InstanceRecord, *, outputs: bool) -> dict[str, Any]:
        found = super().context(instance, outputs=outputs)
        return found | {"instance": found["instance"] | {"id": NO_ID}}


def no_database() -> Session:
    return cast("Session", NoDatabase())
