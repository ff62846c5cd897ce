"""The dashboard: what needs somebody now, how it goes, how each template and destination does."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session

from app import transaction
from app.domain import by_name, queries
from app.domain.by_name import SORTS
from app.domain.pulse import PERIODS, Period
from app.extensions import htmx
from app.models import WorkflowInstance
from app.models.vocabulary import InstanceState
from app.web import charts, glances, instance_lists, urgent
from app.web.access import Visitor, needs, visitor

blueprint = Blueprint("dashboard", __name__)
LATEST = 10
EVERY = 10  # seconds after which a page that is looked at is shown anew
DEFAULT_SORT = "runs"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the URL says: which period, and how the two lists are sorted."""

    last: str = "hour"
    templates: str = DEFAULT_SORT
    destinations: str = DEFAULT_SORT

    @classmethod
    def read(cls) -> "Shown":
        last = request.args.get("last", "")
        sorts = (request.args.get(name, "") for name in ("templates", "destinations"))
        known = (sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT for sort in sorts)
        return cls(last if last in PERIODS else "hour", *known)

    @property
    def period(self) -> Period:
        return PERIODS[self.last]

    def url(self, anchor: str | None = None, **other: str) -> str:
        """The same page with some of it changed."""
        values = {name: getattr(self, name) for name in ("last", "templates", "destinations")}
        usual = {"last": "hour", "templates": DEFAULT_SORT, "destinations": DEFAULT_SORT}
        told = {name: value for name, value in (values | other).items() if value != usual[name]}
        return url_for("dashboard.show", **told, _anchor=anchor)

    def sorts(self, which: str) -> list[tuple[str, str, str, str]]:
        """Of one list: each way to sort it, its words, where it leads, and `aria-sort`."""
        now = getattr(self, which)
        return [
            (sort, words, self.url(which, **{which: _turned(sort, now)}), _direction(sort, now))
            for sort, words in SORTS.items()
        ]


def _turned(sort: str, now: str) -> str:
    return f"-{sort}" if now == sort else sort


def _direction(sort: str, now: str) -> str:
    if now.removeprefix("-") != sort:
        return "none"
    rises = (sort in ("name", "success")) != now.startswith("-")
    return "ascending" if rises else "descending"


@blueprint.get("/")
@needs("read")
def show() -> str:
    shown = Shown.read()
    with transaction.reading() as session:
        page = _page(session, visitor(), shown)
    part = "dashboard/_live.html" if htmx.wants_partial else "dashboard/show.html"
    return render_template(part, shown=shown, periods=PERIODS, every=EVERY, **page)


def _page(session: Session, who: Visitor, shown: Shown) -> dict[str, Any]:
    latest, _ = queries.list_instances(session, limit=LATEST)
    glance = glances.here().at(session, shown.period)
    return {
        # What is wrong as a whole (domain/incidents.py) belongs above these numbers.
        "needs": urgent.needs_somebody(session, who),
        "running": urgent.count_instances(session, WorkflowInstance.state == InstanceState.RUNNING),
        "pulse": glance.pulse,
        "charts": charts.charts(glance.pulse) if glance.pulse.has_counts else [],
        "templates": by_name.sorted_by(glance.templates, shown.templates),
        "destinations": by_name.sorted_by(glance.destinations, shown.destinations),
        "instances": instance_lists.rows(session, latest),
    }
