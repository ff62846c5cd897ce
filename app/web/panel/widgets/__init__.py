"""What draws and reads a field: one module each, by the name that a schema gives as `x-widget` or
that its type calls for. Adding one: a module here with `build` and `read` (registry.Widget), its
line below, and its partial `templates/panel/kinds/_<kind>.html`."""

from app.web.panel.registry import WIDGETS
from app.web.panel.widgets import (
    area,
    checkbox,
    choice,
    json_text,
    listing,
    mapping,
    markdown,
    number,
    objects,
    optional,
    scalar,
    secret,
    steps,
    text,
    union,
)

WIDGETS.update(
    {
        "area": area,
        "checkbox": checkbox,
        "choice": choice,
        "json": json_text,
        "list": listing,
        "map": mapping,
        "markdown": markdown,
        "number": number,
        "object": objects,
        "optional": optional,
        "scalar": scalar,
        "secret": secret,
        "steps": steps,
        "text": text,
        "union": union,
    }
)
