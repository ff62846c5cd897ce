"""`flask --app app doctor`, which answers even where the settings let nothing else start."""

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable

import click
from flask import Flask, current_app

from app.config import ConfigError, Settings
from app.doctor.findings import Finding, fault
from app.domain.addresses import AllowList

_FAULT = "SETTINGS_FAULT"


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines.")
def doctor(as_json: bool) -> None:
    """Look at everything Runsheet needs, and say what to do about what is wrong. Ends with status
    1 if there is a fault."""
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it introduces itself
    found = list(_found())
    counts = Counter(finding.level for finding in found)
    if as_json:
        document = {"ok": not counts["fault"], "checks": [one.document for one in found]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for finding in found:
            click.secho(finding.line, fg={"warning": "yellow", "fault": "red"}.get(finding.level))
        click.echo(f"{counts['fault']} faults, {counts['warning']} warnings, {counts['ok']} well.")
    if counts["fault"]:
        raise SystemExit(1)


def _found() -> Iterable[Finding]:
    if said := current_app.config.get(_FAULT):
        yield fault("settings", said, "mend it; docs/deployment.md lists all settings.")
        return
    from app import doctor

    yield from doctor.examine(current_app._get_current_object())  # type: ignore[attr-defined]


def without_settings() -> Flask | None:
    """Where the doctor is asked for and the settings can't be read: an application that can only
    say so. None in all other cases."""
    if os.environ.get("FLASK_RUN_FROM_CLI") != "true" or "doctor" not in sys.argv:
        return None
    try:
        AllowList.parse(Settings.load().outbound_allow)
    except (ConfigError, ValueError) as error:
        app = Flask(__name__)
        app.config[_FAULT] = str(error)
        app.cli.add_command(doctor)
        return app
    return None
