"""docs/rotating-secrets.md: a new secret works beside the old one, then the old one does not."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from flask import Flask

from app import create_core, transaction
from app.config import Settings
from app.domain import people
from app.extensions import db
from devtools import redis_server
from tests.conftest import Factory, environment, migrate
from tests.support.documented import commands
from tests.support.guarded_redis import documented_user
from tests.support.servers import postgres_programs, private_redis
from tests.support.signing_in import be_signed_in

PAGE = "docs/rotating-secrets.md"
OLD, NEW = "the-old-password", "the-new-password"


def run(block: str, **more: str) -> None:
    """Commands of the page, with the variables that it names."""
    programs = [postgres_programs(), Path(redis_server.bundled() or "").parent]
    path = os.pathsep.join([*map(str, programs), os.environ["PATH"]])
    given = {"PATH": path, "OLD_PASSWORD": OLD, "NEW_PASSWORD": NEW}
    done = subprocess.run(
        ["sh", "-ec", block],
        env=os.environ | given | more,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"


def test_redis_takes_both_passwords_until_the_old_one_is_taken_away(tmp_path):
    with private_redis(tmp_path / "redis") as admin_url, redis.Redis.from_url(admin_url) as admin:
        name, *rules = documented_user()
        rules = [f">{OLD}" if rule.startswith(">") else rule for rule in rules]
        admin.execute_command("ACL", "SETUSER", name, *rules)

        at = urlsplit(admin_url)
        here = {"REDIS_HOST": str(at.hostname), "REDIS_PORT": str(at.port)}
        here["REDISCLI_AUTH"] = str(at.password)

        def client(password: str) -> redis.Redis:
            return redis.Redis.from_url(f"redis://{name}:{password}@127.0.0.1:{at.port}/0")

        run(commands(PAGE, "printf '>%s'"), **here)
        with client(OLD) as before, client(NEW) as after, client(OLD) as too_late:
            assert before.ping() and after.ping()
            run(commands(PAGE, "printf '<%s'"), **here)
            assert before.ping(), "who is connected stays so until the restart"
            assert after.ping()
            with pytest.raises(redis.AuthenticationError):
                too_late.ping()


@pytest.fixture
def asks_for_passwords(postgres_url: str) -> Iterator[str]:
    """A server where the roles of the page need theirs."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        (name,) = admin.execute("SHOW hba_file").fetchone() or ("",)
        rules = Path(name).read_text()
        Path(name).write_text(f"local runsheet runsheet_a,runsheet_b scram-sha-256\n{rules}")
        admin.execute("SELECT pg_reload_conf()")
        yield postgres_url
        Path(name).write_text(rules)
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("DROP DATABASE IF EXISTS runsheet WITH (FORCE)")
        for role in ("runsheet_a", "runsheet_b", "runsheet"):
            admin.execute(f"DROP ROLE IF EXISTS {role}")


def with_role(server: str, role: str, password: str) -> str:
    """The database of the page for one of its roles."""
    return f"postgres://{role}:{password}@/runsheet?{urlsplit(server).query}"


def count_tokens(url: str) -> int:
    """Add a token, and how many there are then."""
    app = create_core(Settings.load(environment(DATABASE_URL=url)))
    with app.app_context():
        with transaction.writing() as session:
            people.create_token(session, f"by {urlsplit(url).username}", "viewer")
        found = len(people_tokens())
        db.session.remove()
        db.engine.dispose()
    return found


def people_tokens() -> list[str]:
    with transaction.reading() as session:
        return list(session.connection().exec_driver_sql("SELECT name FROM api_tokens").scalars())


def test_two_roles_of_postgresql_take_turns(asks_for_passwords):
    server = asks_for_passwords
    run(commands(PAGE, "CREATE DATABASE"), DATABASE_ADMIN_URL=server)
    first = with_role(server, "runsheet_a", OLD)
    migrate(first)
    assert count_tokens(first) == 1

    run(commands(PAGE, "NEW_PASSWORD", "CREATE ROLE"), DATABASE_ADMIN_URL=server)
    second = with_role(server, "runsheet_b", NEW)
    assert (count_tokens(second), count_tokens(first)) == (2, 3)
    with psycopg.connect(second) as connection:
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(owners).fetchall() == [("runsheet",)]
        connection.execute("CREATE TABLE as_a_migration_does (id integer)")
        connection.execute("ALTER TABLE api_tokens ADD COLUMN as_a_migration_does integer")

    run(commands(PAGE, "DROP ROLE"), DATABASE_ADMIN_URL=server)
    for refused in (first, with_role(server, "runsheet_b", OLD)):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(refused)
    assert count_tokens(second) == 4


def test_a_new_secret_key_signs_everybody_out_and_leaves_tokens_alone(
    settings, with_doors: Factory
):
    old = with_doors(settings)
    new = with_doors(
        Settings.load(environment(DATABASE_URL=settings.database_url, SECRET_KEY=NEW * 3))
    )
    with old.app_context(), transaction.writing() as session:
        user = people.create_user(session, "operator@example.com", "Operator", "operator", "p" * 12)
        token = people.create_token(session, "shop", "viewer")
        number = user.id
    browser = old.test_client()
    with old.app_context():
        be_signed_in(browser, number)
    assert browser.get("/").status_code == 200

    name = old.config["SESSION_COOKIE_NAME"]
    cookie = browser.get_cookie(name)
    assert cookie is not None
    for app, status in ((old, 200), (new, 302)):
        other = app.test_client()
        other.set_cookie(name, cookie.value)
        assert other.get("/").status_code == status
    headers = {"Authorization": f"Bearer {token}"}
    assert new.test_client().get("/api/workflows/instances", headers=headers).status_code == 200
    for app in (old, new):
        dispose(app)


def dispose(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
