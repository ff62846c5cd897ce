"""The documents, in the console. Open to everybody: they are the same for all and hold nothing
that is anybody's, and who can't sign in, or whose database is away, needs them most."""

from flask import Blueprint, Flask, abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.web import errors
from app.web.access import EVERYBODY, needs
from app.web.doc_pages import INDEX, Library, Page
from app.web.doc_search import look_for

blueprint = Blueprint("docs", __name__, url_prefix="/docs")
library = Library()
RENAMED = {"operations": "runbook", "README": INDEX, "adr/README": "adr"}
Places = list[tuple[str, list[Page]]]
PICTURES = {".png": "image/png", ".svg": "image/svg+xml"}


@blueprint.before_request
def _read_them_without_a_database() -> None:
    errors.go_on_without_a_database()


@blueprint.get("")
@needs(EVERYBODY)
def index() -> ResponseReturnValue:
    if "q" in request.args:
        return search(request.args["q"].strip()[:200])
    return shown(INDEX)


@blueprint.get("/<path:name>")
@needs(EVERYBODY)
def show(name: str) -> ResponseReturnValue:
    plain = name.removesuffix(".md")
    now = RENAMED.get(plain, plain)
    if now != name:
        return redirect(docs_url(now), 301)
    return shown(name)


@blueprint.get("/files/<path:path>")
@needs(EVERYBODY)
def file(path: str) -> Response:
    """A picture, or a file of the checkout that a document links to, as it is."""
    found = library.linked_file(path)
    if found is None:
        abort(404)
    kind = PICTURES.get(found.suffix, "text/plain; charset=utf-8")
    return send_file(found, mimetype=kind, conditional=True)


def shown(name: str) -> ResponseReturnValue:
    page = library.find(name)
    if page is None:
        abort(404)
    listed = places()
    before, after = beside(page, listed)
    given = {"page": page, "before": before, "after": after, "text": ""}
    return render_template("docs/show.html", places=listed, **given)


def search(text: str) -> str:
    hits = look_for(text, library.pages())
    return render_template("docs/search.html", places=places(), hits=hits, text=text, page=None)


def places() -> Places:
    """What the list at the side names."""
    groups = library.groups()
    return [
        (each.title, [p for name in each.names if (p := library.find(name))]) for each in groups
    ]


def beside(page: Page, listed: Places) -> tuple[Page | None, Page | None]:
    """The documents before and after it, in the order of the index."""
    order = [each for _, pages in listed for each in pages]
    if page not in order:
        return None, None
    at = order.index(page)
    return (order[at - 1] if at else None), (order[at + 1] if at + 1 < len(order) else None)


def docs_url(name: str, anchor: str | None = None) -> str:
    """Where a section of a document is: `docs_url("runbook", "nothing-moves")`."""
    if name == INDEX:
        return url_for("docs.index", _anchor=anchor)
    return url_for("docs.show", name=name, _anchor=anchor)


def register(app: Flask) -> None:
    app.add_template_global(docs_url)
