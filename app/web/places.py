"""Where somebody is on an instance's pages: which step is open, which view, how far back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException

VIEWS = ("timeline", "graph", "data")


@dataclass(frozen=True, slots=True)
class Place:
    """`oldest` is the number of the oldest event shown, if somebody paged back."""

    key: str | None = None
    view: str = VIEWS[0]
    oldest: int | None = None

    def url(self, instance_id: int, oldest: int | None = None) -> str:
        view = self.view if self.view != VIEWS[0] else None
        more = {"view": view, "from": oldest or self.oldest}
        if self.key is None:
            return url_for("instances.show", instance_id=instance_id, **more)
        return url_for("steps.show", instance_id=instance_id, key=self.key, **more)


def here(key: str | None = None) -> Place:
    """What the present URL says."""
    return _read(request.args, key)


def sender(instance_id: int) -> Place:
    """The page from which a form was sent; its top if that was another."""
    url = request.headers.get("HX-Current-URL") or request.referrer or ""
    try:
        parts = urlsplit(url)
        routes = current_app.url_map.bind("")
        # What was refused without script stands at the form's own address.
        method = "GET" if routes.test(parts.path, "GET") else "POST"
        endpoint, values = routes.match(parts.path, method)
    except (ValueError, HTTPException):
        return Place()
    known = endpoint.partition(".")[0] in ("instances", "steps")
    if not known or values.get("instance_id") != instance_id:
        return Place()
    query = {name: found[-1] for name, found in parse_qs(parts.query).items()}
    return _read(query, values.get("key"))


def _read(query: Mapping[str, str], key: str | None) -> Place:
    view, oldest = query.get("view", ""), query.get("from", "")
    place = Place(key, view if view in VIEWS else VIEWS[0])
    if oldest.isascii() and oldest.isdigit() and len(oldest) <= 9:
        return replace(place, oldest=max(int(oldest), 1))
    return place
