"""What the pages of deliveries show."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flask import url_for
from pydantic.alias_generators import to_camel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import deliveries
from app.domain.channels import CHANNELS
from app.domain.deliveries import Filter
from app.domain.replays import MOST_REPLAYED
from app.models import NotificationDelivery, User, WorkflowInstance
from app.models.vocabulary import DeliveryState
from app.schemas.instance import DeliveryOut
from app.web.old_names import with_old_names

ROWS = 50
_STATES = {"": "All", "FAILED": "Failed", "QUEUED": "On their way", "SENT": "Sent"}
_STATES |= {"SKIPPED": "Skipped"}


class DeliveryRow(DeliveryOut):
    """A line of the list."""

    title: str | None
    user_id: int | None
    person: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL of the list says, under the names that the API has for it. Empty: everything."""

    channel: str = ""
    state: str = ""
    template: str = ""
    recipient: str = ""
    error: str = ""
    instance_id: str = ""
    user_id: str = ""
    cursor: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Filters":
        given = with_old_names(given, instance="instanceId", user="userId")
        said = {
            name: given.get(to_camel(name), "").replace("\x00", "").strip()[:320]
            for name in cls.__dataclass_fields__
        }
        for name in ("instance_id", "user_id", "cursor"):
            whole = said[name].isascii() and said[name].isdigit() and len(said[name]) <= 18
            said[name] = said[name] if whole else ""
        said["channel"] = said["channel"] if said["channel"] in CHANNELS else ""
        said["state"] = said["state"] if said["state"] in list(DeliveryState) else ""
        return cls(**said)

    @property
    def any(self) -> bool:
        """Whether it is a part of all there are. On a person's page all are theirs."""
        return any(name != "userId" for name in self.kept)

    @property
    def kept(self) -> dict[str, str]:
        """What is asked for, by name."""
        return {to_camel(k): v for k, v in asdict(self).items() if v and k != "cursor"}

    def url(self, **other: Any) -> str:
        """The same list with some of it changed; what was sent to a person is on their page."""
        values: dict[str, Any] = {k: v for k, v in (self.kept | other).items() if v}
        if user := values.pop("userId", None):
            return url_for("people.show", user_id=user, **values)
        return url_for("deliveries.index", **values)

    @property
    def cleared(self) -> str:
        """The list with nothing asked for."""
        return self.url(**dict.fromkeys(self.kept.keys() - {"userId"}))

    def wanted(self) -> Filter:
        return Filter(
            channel=self.channel or None,
            state=self.state or None,
            template=self.template or None,
            recipient=self.recipient or None,
            error=self.error or None,
            instance_id=int(self.instance_id) if self.instance_id else None,
            user_id=int(self.user_id) if self.user_id else None,
        )


def list_page(session: Session, filters: Filters) -> dict[str, Any]:
    """What deliveries/_list.html expects."""
    wanted = filters.wanted()
    before = int(filters.cursor) if filters.cursor else None
    found, further = deliveries.find_all(session, wanted, before=before, limit=ROWS)
    return {
        "filters": filters,
        "deliveries": _rows(session, found),
        "next_url": filters.url(cursor=further) if further else None,
        "matching": deliveries.count(session, wanted) if filters.any else 0,
        "most": MOST_REPLAYED,
        "states": [*_STATES.items()],
        "channels": [(name, facts.label) for name, facts in CHANNELS.items()],
    }


def one_page(session: Session, delivery_id: int) -> dict[str, Any]:
    """What deliveries/show.html expects. Raises NotFound."""
    found = deliveries.find(session, delivery_id)
    row = NotificationDelivery
    later = select(row.id, row.replay_of, row.fallback_of).where(
        (row.replay_of == delivery_id) | (row.fallback_of == delivery_id)
    )
    return {
        "delivery": _rows(session, [found])[0],
        "later": session.execute(later.order_by(row.id)).all(),
    }


def _rows(session: Session, found: list[DeliveryOut]) -> list[DeliveryRow]:
    ids = [one.id for one in found]
    row = NotificationDelivery
    query = (
        select(row.user_id, WorkflowInstance.title, User.name.label("person"), row.id)
        .outerjoin(WorkflowInstance, WorkflowInstance.id == row.instance_id)
        .outerjoin(User, User.id == row.user_id)
        .where(row.id.in_(ids))
    )
    more = {one["id"]: one for one in session.execute(query).mappings()} if ids else {}
    return [DeliveryRow.model_construct(**{**dict(one), **more[one.id]}) for one in found]
