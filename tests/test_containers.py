"""Dockerfile, compose file and systemd unit run the Procfile's own lines, with all that is needed
and no secret of their own."""

import json
import re
import shlex
import subprocess

import pytest
import yaml

from app.config import ConfigError, Settings, read_env_file
from devtools import procfile
from tests.conftest import ENCRYPTION_KEYS, SECRET
from tests.support.documents import block
from tests.support.dynos import deployed
from tests.support.processes import ROOT

FOLDER = ROOT / "deploy" / "compose"
LINES = procfile.read(ROOT / "Procfile")
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
EXAMPLE = read_env_file(FOLDER / "runsheet.env.example")
FILLED_IN = {
    "SECRET_KEY": SECRET,
    "ENCRYPTION_KEYS": ENCRYPTION_KEYS,
    "POSTGRES_PASSWORD": "a1",
    "REDIS_PASSWORD": "b2",
}


def given(name: str, env_file: dict[str, str]) -> dict[str, str]:
    """The environment of a service: the file, and above it what the service says."""
    service = SERVICES[name]

    def fill(text: str) -> str:
        return re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: env_file.get(found[1], ""), text)

    above = {key: fill(value) for key, value in service["environment"].items()}
    return (env_file if "env_file" in service else {}) | above


@pytest.mark.parametrize("name", LINES)
def test_a_service_runs_the_line_of_the_procfile(name):
    assert shlex.split(SERVICES[name]["command"]) == shlex.split(LINES[name])


def test_the_image_runs_web_by_itself_and_hears_signals():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    (command,) = [line.removeprefix("CMD ") for line in lines if line.startswith("CMD ")]
    assert json.loads(command) == shlex.split(LINES["web"])


@pytest.mark.parametrize("name", LINES)
def test_a_service_is_given_all_settings_that_are_required(name):
    settings = Settings.load(given(name, EXAMPLE | FILLED_IN))
    assert settings.database_url == "postgresql+psycopg://runsheet:a1@postgres/runsheet"
    assert settings.redis_url == "redis://:b2@redis:6379/0"
    assert str(settings.port) in SERVICES["web"]["ports"][0].split(":")


@pytest.mark.parametrize("name", FILLED_IN)
def test_there_is_no_secret_until_somebody_makes_one(name):
    assert EXAMPLE[name] == ""
    text = (FOLDER / "compose.yaml").read_text()
    assert f"${{{name}:?" in text and f"${{{name}}}" not in text
    if name in ("SECRET_KEY", "ENCRYPTION_KEYS"):
        with pytest.raises(ConfigError, match=f"{name} is not set"):
            Settings.load(given("web", EXAMPLE | FILLED_IN | {name: ""}))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_bounds_a_health_check_and_time_to_end(name):
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    if name in LINES:
        assert service["stop_grace_period"] == "30s"  # as long as a process may take
        assert "lifelines:/run/runsheet" in service["volumes"]
    if name == "redis":  # the database's own image steps down from root by itself
        assert service["user"] == "redis"
    if name != "postgres":
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    # The image has one for web.
    assert name == "web" or "healthcheck" in service


def test_only_web_is_reached_from_outside_and_only_from_this_machine():
    published = {name: it["ports"] for name, it in SERVICES.items() if "ports" in it}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_the_image_holds_what_is_named_and_runs_as_nobody_in_particular():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert [line for line in ignored if line and line[0] not in "#!"] == [
        "*",
        "**/__pycache__",
        "**/*.env",
    ]
    names = {path.name for path in deployed()}
    assert {"app", "workers", "migrations", "gunicorn.conf.py", "requirements.lock"} <= names
    assert {"deploy", "Dockerfile"} <= names, "the documentation, which /docs shows, names them"
    users = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users == ["10001:10001"]


def test_the_systemd_unit_runs_a_line_as_it_stands_in_the_procfile(tmp_path):
    unit = (ROOT / "deploy" / "systemd" / "runsheet@.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
    (tmp_path / "Procfile").write_text("other: false\nweb: printf '%s|' \"app:make()\" two\n")
    done = subprocess.run(
        shlex.split(command.replace("%i", "web").replace("$$", "$")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == "app:make()|two|"
    assert "TimeoutStopSec=30" in unit


def test_single_commands_beside_systemd_run_as_the_unit_does():
    unit = (ROOT / "deploy" / "systemd" / "runsheet@.service").read_text()
    words = shlex.split(block("docs/deployment.md", "systemd-run").partition("systemctl")[0])
    said = dict(
        re.findall(r"^(User|WorkingDirectory|EnvironmentFile|Environment)=(.+)$", unit, re.M)
    )
    assert f"--uid={said['User']}" in words
    for name in ("WorkingDirectory", "EnvironmentFile"):
        assert f"{name}={said[name]}" in words
    # systemd-run looks for programs where root does, so the command says where it is.
    (flask,) = [word for word in words if word.endswith("/flask")]
    assert said["Environment"].startswith(f"PATH={flask.removesuffix('/flask')}:")
