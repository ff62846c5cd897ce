"""Prometheus's own checker reads the alert rules, their tests, the queries of the Grafana dashboard
and what /metrics says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from app import create_app
from app.config import Settings
from devtools import promtool
from devtools.checks import NOT_HERE
from devtools.env import make_env
from devtools.flask_command import OURS, flask

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
PROMETHEUS, GRAFANA = DEPLOY / "prometheus", DEPLOY / "grafana" / "runsheet.json"


def main() -> int:
    tool = promtool.find()
    if tool is None:
        print("No promtool here; tests/api/test_observing.py still checks names and form.")
        return NOT_HERE
    with tempfile.TemporaryDirectory() as folder:
        results = [
            _run(tool, "check", "rules", str(PROMETHEUS / "alerts.yml")),
            _run(tool, "test", "rules", str(PROMETHEUS / "alerts.test.yml")),
            _run(tool, "check", "config", "--syntax-only", str(PROMETHEUS / "prometheus.yml")),
            _run(tool, "check", "rules", str(_queries_as_rules(Path(folder)))),
            _run(tool, "check", "metrics", given=_metrics(Path(folder))),
        ]
    return 0 if all(results) else 1


def _run(tool: str, *arguments: str, given: str | None = None) -> bool:
    done = subprocess.run([tool, *arguments], input=given, text=True, check=False)
    print(f"promtool {' '.join(arguments[:2])}: {'ok' if done.returncode == 0 else 'FAILED'}")
    return done.returncode == 0


def queries() -> Iterator[str]:
    """Every query of the Grafana dashboard."""
    for panel in json.loads(GRAFANA.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def _queries_as_rules(folder: Path) -> Path:
    rules = [
        {"record": f"panel:{at}", "expr": query.replace("$__rate_interval", "5m")}
        for at, query in enumerate(queries())
    ]
    path = folder / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    return path


def _metrics(folder: Path) -> str:
    """What a new console answers."""
    url = f"sqlite:///{folder / 'metrics.db'}"
    flask("db", "upgrade", var=folder, database_url=url).check_returncode()
    environ = {name: value for name, value in os.environ.items() if name not in OURS}
    made = make_env(environ | {"DATABASE_URL": url}, folder, port=8000)
    answer = create_app(Settings.load(made.merged)).test_client().get("/metrics")
    return answer.get_data(as_text=True)


if __name__ == "__main__":
    sys.exit(main())
