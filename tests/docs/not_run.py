"""What in the documents is not run or checked by the tests beside this, and why, or where else.

A key is a page and a command as it stands there (without the comment behind it; its beginning is
enough), `*` for all of a page, or another example's first line. Whatever is neither run nor named
here fails, and so does an entry that nothing matches any more.
"""

PROGRAMS = "tests/acceptance/test_bin_dev.py runs it"
ITSELF = "it is what runs this"
BOOTSTRAP = "devtools/bootstrap.py does the same; tests/devtools/test_bootstrap.py runs that"
NO_SYSTEMD = "no systemd in tests; tests/test_containers.py compares it with the unit"
NO_DOCKER = "tests have no Docker; tests/test_containers.py reads the files"

NOT_RUN: dict[tuple[str, str], str] = {
    ("CONTRIBUTING.md", "bin/dev"): PROGRAMS,
    ("CONTRIBUTING.md", "bin/test"): ITSELF,
    ("CONTRIBUTING.md", "RUNSHEET_PICTURES="): ITSELF,
    ("CONTRIBUTING.md", ".venv/bin/python -m devtools.life_cycle_picture"): (
        "tests/docs/test_generated.py compares what it draws"
    ),
    ("docs/getting-started.md", "bin/dev"): "tests/docs/conftest.py has started it",
    (
        "CONTRIBUTING.md",
        ".venv/bin/python -m devtools.gallery",
    ): "serves until it is ended; for the eye",
    (
        "CONTRIBUTING.md",
        ".venv/bin/python -m devtools.guide_pictures",
    ): "makes pictures; for the eye",
    ("README.md", "bin/dev"): PROGRAMS,
    ("README.md", "bin/test"): ITSELF,
    ("UPGRADING.md", ".venv/bin/pip install"): BOOTSTRAP,
    ("UPGRADING.md", ".venv/bin/flask --app app db downgrade"): (
        "it would take the running console's database away; devtools/check_migrations.py goes back"
    ),
    ("docs/runbook/drills.md", "bin/drill"): "tests/acceptance/test_drills.py",
    ("docs/runbook/running.md", ".venv/bin/rq worker"): (
        "never ends; tests/acceptance/test_workers.py starts both kinds"
    ),
    ("CONTRIBUTING.md", "bin/drill"): "tests/acceptance/test_drills.py",
    ("docs/backup.md", "*"): "tests/acceptance/test_backup.py runs them as they stand there",
    (
        "docs/rotating-secrets.md",
        "*",
    ): "tests/acceptance/test_rotation.py runs each, as it stands there",
    (
        "docs/deployment.md",
        "cd deploy/compose",
    ): "what comes later on the page runs in the checkout",
    (
        "docs/deployment.md",
        "cp runsheet.env.example",
    ): "for the commands below it, which need Docker",
    ("docs/deployment.md", "docker compose"): NO_DOCKER,
    ("docs/deployment.md", "systemctl"): NO_SYSTEMD,
    ("docs/deployment.md", "systemd-run"): NO_SYSTEMD,
    ("docs/deployment.md", '{"time"'): "a line of a log; tests/test_log_lines.py",
    ("docs/deployment.md", "python3 -m venv .venv"): BOOTSTRAP,
    ("docs/deployment.md", ".venv/bin/flask --app app users create"): (
        "bin/dev has that person already; tests/acceptance/test_deploy.py runs it"
    ),
    ("docs/deployment.md", ".venv/bin/pip install"): BOOTSTRAP,
    ("docs/reliability.md", "WHOLE=1 bin/test"): "half an hour; bin/test runs a part of each",
    ("docs/reliability.md", "bin/bench"): "half an hour; tests/acceptance runs a part of each",
}
