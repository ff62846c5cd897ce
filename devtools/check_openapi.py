"""`docs/openapi.json` is what `flask --app app openapi` prints."""

from __future__ import annotations

import json
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path

from devtools.flask_command import flask

ROOT = Path(__file__).resolve().parent.parent
COMMITTED = ROOT / "docs" / "openapi.json"
NOT_HERE = 75


def main() -> int:
    with tempfile.TemporaryDirectory() as var:
        made = flask("openapi", var=Path(var))
    if "No such command" in made.stderr and not COMMITTED.exists():
        print("flask openapi does not exist yet")
        return NOT_HERE
    if made.returncode:
        print(made.stderr)
        return 1
    committed = COMMITTED.read_text() if COMMITTED.exists() else "{}"
    difference = list(unified_diff(lines(committed), lines(made.stdout), "committed", "made", n=2))
    if difference:
        print("\n".join(difference[:60]))
        print("Refresh it: .venv/bin/flask --app app openapi > docs/openapi.json")
        return 1
    print("docs/openapi.json is up to date")
    return 0


def lines(text: str) -> list[str]:
    """By content: indentation and the last newline do not matter, the order of keys does."""
    return json.dumps(json.loads(text), indent=1).splitlines()


if __name__ == "__main__":
    sys.exit(main())
