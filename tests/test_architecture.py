"""The rules of the house. Each says what to do instead."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path

import pytest

from app.config import Settings
from app.domain.lifecycle import MOVES
from app.models.vocabulary import State
from app.schemas.actions import ACTION_TYPES, PEOPLE_TYPES
from app.schemas.base import Schema
from workers.handlers import HANDLERS

ROOT = Path(__file__).parent.parent
# Who may open connections, by the libraries for it. Whatever opens its own escapes the address
# guard, the deadlines and the limits of workers/outbound.py, so each exception is a named file.
OUTBOUND = "workers/outbound*.py"
MAIL = "workers/mail*.py"
DOORS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        "requests urllib3 httpx aiohttp httplib2 pycurl http.client http.server urllib.request "
        "websocket websockets ftplib telnetlib xmlrpc imaplib poplib nntplib paramiko pywebpush "
        "asyncio twilio boto3 botocore grpc smtplib socketserver _socket _ssl logging.handlers "
        "multiprocessing subprocess pty urllib.robotparser".split(),  # curl is one program away
        (),
    ),
    # app/live.py opens none: it looks whether its own client has hung up; process.py asks for the
    # machine's name; the doctor hears the greeting of the mail server that the settings name.
    "socket": (OUTBOUND, MAIL, "app/live.py", "workers/process.py", "app/doctor/channels.py"),
    "ssl": (OUTBOUND, MAIL),
    "apprise": ("workers/channels/chat.py",),
}


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """The Python files of these folders, as paths from the root, and what they say."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(), str(path))


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """All names a module imports, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The dotted names of all that is called: `db.session.commit`; `…` for what has no name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func)


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "…"


def assigned(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The names of all attributes that are written to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Call) and dotted(node.func) == "setattr":
            name = node.args[1] if len(node.args) > 1 else None
            yield node.lineno, str(name.value) if isinstance(name, ast.Constant) else "…"


def is_one_of(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def none_of(found: Iterable[str], instead: str) -> None:
    places = list(found)
    assert not places, f"{instead}\n  " + "\n  ".join(places)


def test_a_state_is_written_only_where_the_moves_are():
    none_of(
        (
            f"{path}:{line}"
            for path, tree in modules("app", "workers")
            for line, name in assigned(tree)
            if name in ("state", "action_state") and path != "app/domain/lifecycle.py"
        ),
        "Call lifecycle.apply with a move of its table; add the move if there is none.",
    )


def test_commits_happen_only_at_the_edge():
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app", "workers")
            for line, name in calls(tree)
            if name.split(".")[-1] == "commit" and path != "app/transaction.py"
        ),
        "Wrap the work in `with transaction.writing()`: returning commits, raising rolls back.",
    )


def test_only_bells_put_messages_into_queues():
    # The scheduler is the clock behind the bells: it moves a bell that is due into its queue.
    allowed = ("app/bells.py", "workers/scheduler.py")
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app", "workers", "devtools")
            for line, name in calls(tree)
            if re.fullmatch(r"enqueue(_\w+)?", name.split(".")[-1]) and path not in allowed
        ),
        "Write a job row (domain/producer.py) and call bells.ask; a message is only a bell.",
    )


def test_only_the_outbound_client_speaks_http():
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app", "workers")
            for line, name in imports(tree)
            for package, doors in DOORS.items()
            if is_one_of(name, [package]) and not any(fnmatch(path, door) for door in doors)
        ),
        "Send through workers/outbound.py: it vets addresses, keeps deadlines and limits answers. "
        "In app/, owe a job and let a worker do it.",
    )


def test_no_program_is_run_that_could_speak_http():
    programs = re.compile(r"os\.(system|popen|exec\w*|spawn\w*|posix_spawn\w*|fork\w*)$")
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app", "workers")
            for line, name in calls(tree)
            if programs.search(name)
        ),
        "Do it in Python; what is sent goes through workers/outbound.py.",
    )


def test_nothing_is_imported_by_a_name_that_is_made_up_on_the_way():
    # Else the rule above could be passed by; chat.py imports one plugin of a list of its own.
    allowed = ("workers/channels/chat.py",)
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app", "workers")
            for line, name in calls(tree)
            if (name.endswith("import_module") or name in ("__import__", "exec", "eval"))
            and path not in allowed
        ),
        "Import it by name, so that the rules of this file see it.",
    )


@pytest.mark.parametrize(
    ("path", "line", "caught"),
    [
        ("app/domain/x.py", "import requests", True),
        ("app/domain/x.py", "from urllib import request", True),
        ("app/domain/x.py", "from urllib.parse import quote", False),
        ("app/domain/x.py", "from http import client", True),
        ("app/domain/x.py", "from http import HTTPStatus", False),
        ("app/web/x.py", "def f():\n    import socket as s", True),
        ("workers/handlers/x.py", "import urllib3.util", True),
        ("workers/outbound_x.py", "import socket", False),
        ("workers/outbound.py", "import requests", True),
        ("workers/mailer.py", "import ssl", False),
        ("workers/mailer.py", "import smtplib", True),
        ("workers/handlers/x.py", "import _socket", True),
        ("workers/handlers/x.py", "from subprocess import run", True),
        ("app/domain/x.py", "from logging import handlers", True),
        ("workers/handlers/email.py", "import smtplib", True),
        ("workers/channels/chat.py", "from apprise import Apprise", False),
        ("workers/channels/sms.py", "from apprise import Apprise", True),
    ],
)
def test_the_rule_about_connections_finds_them(path: str, line: str, caught: bool):
    found = [name for _, name in imports(ast.parse(line))]
    broken = any(
        is_one_of(name, [package]) and not any(fnmatch(path, door) for door in doors)
        for name in found
        for package, doors in DOORS.items()
    )
    assert broken == caught


def test_only_the_clock_reads_the_time():
    readings = re.compile(
        r"(.*\.)?(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))"
    )
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app", "workers")
            for line, name in calls(tree)
            if readings.fullmatch(name) and path != "app/clock.py"
        ),
        "Ask clock.now() (the database's time, which tests move) or clock.monotonic().",
    )


def test_nobody_imports_the_bare_functions_that_read_the_time():
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app", "workers")
            for line, name in imports(tree)
            if name in ("time.time", "time.time_ns") and path != "app/clock.py"
        ),
        "Ask clock.now() or clock.monotonic().",
    )


def test_the_application_never_imports_the_workers():
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app")
            for line, name in imports(tree)
            if is_one_of(name, ["workers"])
        ),
        "Ask for work by name: write a job row and ring; shared rules belong in app/domain.",
    )


def test_jinja_never_sees_what_authors_wrote():
    none_of(
        (
            f"{path}:{line} {name}"
            for path, tree in modules("app", "workers")
            for line, name in calls(tree)
            if name.split(".")[-1] == "render_template_string" or "jinja_env.from_string" in name
        ),
        "Fill placeholders (domain/placeholders.py), or Liquid with its limits for bodies.",
    )


@pytest.mark.parametrize("name", ACTION_TYPES)
def test_an_action_type_has_a_schema_and_a_test(name):
    kind = ACTION_TYPES[name]
    assert issubclass(kind.config, Schema) and kind.config.__doc__, f"Describe {name} in schemas/."
    assert (
        any(
            name in path.read_text()
            for path in (ROOT / "tests").rglob("test_*.py")
            if path != Path(__file__)
        )
        or name in (ROOT / "tests/support/workflows.py").read_text()
    ), f"Write a test of {name}."


def test_each_action_type_of_the_system_has_a_handler_and_no_other():
    wanted = set(ACTION_TYPES) - PEOPLE_TYPES
    assert set(HANDLERS) == wanted, "Add or remove a module in workers/handlers and its line."
    for handler in HANDLERS.values():
        module = handler.__module__
        assert module.startswith("workers.handlers."), f"Move {module} into workers/handlers/."


def test_every_state_can_be_reached():
    reached = {State.PENDING}
    while more := {m.target for m in MOVES.values() if m.sources & reached} - reached:
        reached |= more
    assert reached == set(State), "Give the state a move that leads to it, or drop it."


def test_every_state_that_is_not_an_end_has_an_exit():
    ends = {State.COMPLETED, State.SKIPPED, State.CANCELLED}
    exits = {source for m in MOVES.values() for source in m.sources if m.target != source}
    assert exits == set(State) - ends, "A step must never be stuck, and what is over stays so."


def test_every_setting_is_documented():
    page = ROOT / "docs" / "deployment.md"
    assert page.exists(), "Write docs/deployment.md: all settings with their meaning."
    names = [field.metadata["name"] for field in fields(Settings)]
    text = page.read_text()
    none_of(
        (name for name in names if not re.search(rf"`{name}`", text)),
        "Add these settings to docs/deployment.md.",
    )


# What browsers take for script or style inside a page; the CSP refuses all of it.
INLINE = {
    "<style": re.compile(r"<style\b", re.I),
    "style=": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "on…=": re.compile(r"<[^>]*\s(hx-)?on[a-z:-]*\s*=", re.I),
    "<script> without src": re.compile(r"<script\b(?![^>]*\bsrc\s*=)", re.I),
    "javascript:": re.compile(r"[\"']\s*(javascript|js):", re.I),
}


def test_every_style_sheet_is_part_of_the_pages():
    named = set(re.findall(r'"([a-z_]+)"', (ROOT / "app/templates/_styles.html").read_text()))
    there = {path.stem for path in (ROOT / "app/static/css").glob("*.css")}
    assert there <= named, "name it in templates/_styles.html"


def test_pages_have_no_inline_script_or_style():
    none_of(
        (
            f"{path.relative_to(ROOT)}: {name}"
            for path in sorted((ROOT / "app" / "templates").rglob("*.html"))
            for name, pattern in INLINE.items()
            if pattern.search(_without_comments(path.read_text()))
        ),
        "Use a class, an SVG attribute, or an island in static/js: the CSP refuses inline code.",
    )


def _without_comments(text: str) -> str:
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.S)
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "x", text, flags=re.S)


@pytest.mark.parametrize(
    "text",
    [
        "<style>a{}</style>",
        '<p class="x" style="color:red">',
        '<button\n onclick="go()">',
        "<a HX-ON:click='x'>",
        "<script>go()</script>",
        '<a href="javascript:go()">',
    ],
)
def test_the_rule_about_inline_code_finds_it(text):
    assert any(pattern.search(text) for pattern in INLINE.values())


@pytest.mark.parametrize(
    "text",
    [
        '<script src="/static/x.js" defer></script>',
        '<link rel="stylesheet" href="/static/x.css">',
        "<p>The button's style= and onclick= are words here</p>",
        '<input name="once" value="on=1">',
    ],
)
def test_the_rule_about_inline_code_leaves_the_rest_alone(text):
    assert not any(pattern.search(text) for pattern in INLINE.values())
