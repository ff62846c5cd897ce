"""What in the documents is not run or checked by the tests beside this, and why, or where else.

A key is a page and a command as it stands there (without the comment behind it; its beginning is
enough), `*` for all of a page, or another example's first line. Whatever is neither run nor named
here fails, and so does an entry that nothing matches any more.
"""

PROGRAMS = "tests/acceptance/test_bin_dev.py runs it"
ITSELF = "it is what runs this"
NO_DOCKER = "tests have no Docker; tests/test_containers.py reads the files"

NOT_RUN: dict[tuple[str, str], str] = {
    ("CONTRIBUTING.md", "bin/dev"): PROGRAMS,
    ("CONTRIBUTING.md", "bin/test"): ITSELF,
    ("CONTRIBUTING.md", "RUNSHEET_PICTURES="): ITSELF,
    ("CONTRIBUTING.md", ".venv/bin/python -m devtools.life_cycle_picture"): (
        "tests/docs/test_generated.py compares what it draws"
    ),
    ("docs/getting-started.md", "bin/dev"): "tests/docs/conftest.py has started it",
    ("CONTRIBUTING.md", ".venv/bin/python -m devtools.gallery"): "opens a browser; for the eye",
    (
        "CONTRIBUTING.md",
        ".venv/bin/python -m devtools.guide_pictures",
    ): "makes pictures; for the eye",
    ("README.md", "bin/dev"): PROGRAMS,
    ("README.md", "bin/test"): ITSELF,
    ("UPGRADING.md", ".venv/bin/pip install"): "devtools/bootstrap.py does the same",
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
    ): "tests/acceptance/test_rotation.py does, as they stand there",
    ("docs/deployment.md", "cd deploy/compose"): NO_DOCKER,
    ("docs/deployment.md", "cp runsheet.env.example"): NO_DOCKER,
    ("docs/deployment.md", "docker compose"): NO_DOCKER,
    (
        "docs/deployment.md",
        "systemctl",
    ): "no systemd in tests; tests/test_containers.py reads the unit",
    ("docs/deployment.md", '{"time"'): "a line of a log; tests/test_log_lines.py",
    ("docs/deployment.md", "python3 -m venv .venv"): "devtools/bootstrap.py does the same",
    ("docs/deployment.md", "flask --app app users create"): "bin/dev has that person already",
    ("docs/deployment.md", ".venv/bin/pip install"): "devtools/bootstrap.py does the same",
    ("docs/reliability.md", "WHOLE=1 bin/test"): "half an hour; bin/test runs a part of each",
    ("docs/reliability.md", "bin/bench"): "half an hour; tests/acceptance runs a part of each",
}
