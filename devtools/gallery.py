"""The look of the console without the console: layout, components and mock-up pages as files.

    python -m devtools.gallery OUT             write the pages, then serve them on port 8099
    python -m devtools.gallery OUT --shots     and take screenshots, light and dark, wide and phone

Only Jinja and made-up data; url_for is a stub. Served with the console's strict CSP.
"""

import sys
import threading
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, PasswordField, StringField, TextAreaField
from wtforms.validators import InputRequired

from app import runbook
from app.web.graph import layout
from devtools import gallery_data as data

ROOT = Path(__file__).parent.parent
PORT = 8099
SIZES = {"wide": (1440, 900), "phone": (390, 844)}
CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
PAIRS = """PENDING/IDLE READY/IDLE READY/QUEUED READY/SCHEDULED STARTED/IDLE STARTED/RUNNING
STARTED/RETRY_WAIT STARTED/WAITING COMPLETED/COMPLETED FAILED/FAILED FAILED/POISONED SKIPPED/IDLE
CANCELLED/IDLE RUNNING/ PAUSED/ ATTENTION/""".split()


class SignIn(Form):
    email = StringField("Email", [InputRequired()])
    password = PasswordField("Password", [InputRequired()])


class Sample(Form):
    order = StringField("Order id", [InputRequired()], description="As the shop prints it.")
    total = StringField("Total", [InputRequired("Say how much.")])
    note = TextAreaField("Note")
    gift = BooleanField("It is a gift")


def url_for(endpoint: str, **values: Any) -> str:
    if endpoint == "static":
        return f"/static/{values['filename']}"
    page = {"steps.show": "instance", "instances.show": "running", "instances.index": "instances"}
    place = page.get(endpoint, endpoint.split(".")[0])
    query = urlencode({name: value for name, value in values.items() if value is not None})
    return f"/{place}.html?{query}"


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """File name: template and what is particular to it."""
    quiet = data.Thing(**vars(data.INSTANCE) | {"state": "RUNNING"})
    going = [step for step in data.STEPS if step.state != "FAILED"]
    return {
        "instance": ("instance.html", {"step": data.CHARGE, "view": "timeline"}),
        "running": ("instance.html", {"step": None, "instance": quiet, "steps": going}),
        "graph": ("instance.html", {"step": None, "view": "graph"}),
        "data": ("instance.html", {"step": data.CHARGE, "view": "data"}),
        "manual": ("instance.html", {"step": data.STEPS[4], "view": "timeline"}),
        "instances": ("instances.html", {}),
        "templates": ("templates.html", {}),
        "components": ("components.html", {}),
        "auth": ("sign_in.html", {"current_user": SimpleNamespace(is_authenticated=False)}),
    }


@cache
def environment() -> Environment:
    folders = [ROOT / "app/templates", Path(__file__).parent / "gallery_pages"]
    env = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    env.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
    env.globals |= context()
    return env


def context() -> dict[str, Any]:
    wrong = Sample(MultiDict({"order": "A-1042"}))
    wrong.validate()
    plain = [data.Thing(**vars(step) | {"state": None}) for step in data.STEPS]
    banner = [
        SimpleNamespace(
            mark="attention",
            text="No worker is listening on workflow-automation.",
            section="runsheetnoworker",
        ),
        SimpleNamespace(
            mark="paused", text="No scheduler is running.", section="runsheetnoscheduler"
        ),
    ]
    return {
        "url_for": url_for,
        "runbook": runbook.path,
        "csrf_token": lambda: "token",
        "get_flashed_messages": lambda **_: [("info", "Order A-1042 was started.")],
        "request": SimpleNamespace(blueprint="instances", args={}),
        "current_user": SimpleNamespace(
            is_authenticated=True,
            name="mara@example.com",
            role="operator",
            theme="system",
            may=lambda permission: permission in ("read", "operate"),
        ),
        "nav_counts": {"tasks.index": 3},
        "unread": 2,
        "banner": banner,
        "product_version": "0.1.0",
        "instance": data.INSTANCE,
        "steps": data.STEPS,
        "events": data.EVENTS,
        "older": None,
        "view": "timeline",
        "graph": layout([(s.key, s.name, s.depends_on) for s in data.STEPS]),
        "instances": data.INSTANCES,
        "templates": data.TEMPLATES,
        "plain_steps": plain,
        "pairs": [pair.split("/") for pair in PAIRS],
        "now": data.NOW,
        "form": wrong,
        "sign_in": SignIn(),
        "properties_open": False,
    }


def write(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    env = environment()
    for name, (template, values) in pages().items():
        (out / f"{name}.html").write_text(env.get_template(template).render(values))
    static = out / "static"
    if not static.exists():
        static.symlink_to(ROOT / "app/static")


class Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the screenshots would drown it."""


def serve(out: Path, port: int = PORT) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(out)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def shoot(out: Path, names: list[str]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        for (size, (width, height)), theme in product(SIZES.items(), ("light", "dark")):
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
            )
            page.on("console", lambda message: print(message.type, message.text))
            page.on("pageerror", lambda error: print("error", error))
            for name in names or pages():
                page.goto(f"http://127.0.0.1:{PORT}/{name}.html")
                page.wait_for_timeout(200)
                page.screenshot(path=out / f"{name}-{size}-{theme}.png")
            page.close()
        browser.close()


def main() -> None:
    out = Path(sys.argv[1]).resolve()
    write(out)
    server = serve(out)
    if "--shots" in sys.argv:
        shoot(out, sys.argv[sys.argv.index("--shots") + 1 :])
        server.shutdown()
        return
    print(f"http://127.0.0.1:{PORT}/instance.html")
    threading.Event().wait()


if __name__ == "__main__":
    main()
