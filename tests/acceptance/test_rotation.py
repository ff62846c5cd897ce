"""docs/rotating-secrets.md, word by word: a new secret works beside the old one, then alone."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from flask import Flask

from app import create_core, transaction
from app.config import Settings
from app.domain import people
from app.domain.keyring import Keyring
from app.domain.secret_values import read_values
from app.extensions import db
from devtools import redis_server
from tests.conftest import Factory, environment, migrate
from tests.support.documents import block
from tests.support.guarded_redis import documented_user
from tests.support.looking import look
from tests.support.processes import ROOT
from tests.support.secrets import keep
from tests.support.servers import postgres_programs, private_redis
from tests.support.shells import run_block
from tests.support.signing_in import be_signed_in

PAGE = "docs/rotating-secrets.md"
OLD, NEW = "the-old-password", "the-new-password"


def run(*words: str, environ: Mapping[str, str], folder: Path = ROOT) -> str:
    """The commands of the page with these words and the variables that it names; what they say."""
    programs = [postgres_programs(), Path(redis_server.bundled() or "").parent]
    given = {"OLD_PASSWORD": OLD, "NEW_PASSWORD": NEW, **environ}
    return run_block(block(PAGE, *words), given, programs, folder)


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

        run("printf '>%s'", environ=here)
        with client(OLD) as before, client(NEW) as after, client(OLD) as too_late:
            assert before.ping() and after.ping()
            run("printf '<%s'", environ=here)
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
    admin = {"DATABASE_ADMIN_URL": server}
    run("CREATE DATABASE", environ=admin)
    first = with_role(server, "runsheet_a", OLD)
    migrate(first)
    assert count_tokens(first) == 1

    run("NEW_PASSWORD", "CREATE ROLE", environ=admin)
    second = with_role(server, "runsheet_b", NEW)
    assert (count_tokens(second), count_tokens(first)) == (2, 3)
    with psycopg.connect(second) as connection:
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(owners).fetchall() == [("runsheet",)]
        connection.execute("CREATE TABLE as_a_migration_does (id integer)")
        connection.execute("ALTER TABLE api_tokens ADD COLUMN as_a_migration_does integer")

    run("DROP ROLE", environ=admin)
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout as the page finds it, beside the file that it names."""
    for name in (".venv", "app"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "new-value.txt").write_text(f"{NEW}\n")
    return tmp_path


def readable(keys: str) -> tuple[str, str | None]:
    """The secret of the page and its value before, for who has these keys."""
    ring = Keyring.parse(keys)
    found = look(lambda session: read_values(session.connection(), ["STOCK_KEY"], ring))
    return found["STOCK_KEY"].value, found["STOCK_KEY"].previous


def test_keys_of_secrets_change_in_two_rounds_and_nobody_meets_what_they_can_not_read(
    app, environ, folder
):
    keep("STOCK_KEY", OLD)
    old, new = environ["ENCRYPTION_KEYS"], f"k2:{base64.b64encode(b'n' * 32).decode()}"
    first, second = f"{old},{new}", f"{new},{old}"  # steps 1 and 2 of the page
    both = environ | {"ENCRYPTION_KEYS": second}
    rotated = run("secrets rotate", environ=both, folder=folder)
    assert "STOCK_KEY has a new value" in rotated
    assert readable(first) == readable(second) == (NEW, OLD)

    said = run("reencrypt", environ=both, folder=folder)
    assert said.endswith("0 can't be read.\n")
    assert readable(new) == (NEW, OLD)
    assert readable(old)[0] == ""


def test_a_token_is_made_beside_the_old_one(app, environ, folder):
    token = run("tokens create", environ=environ, folder=folder).strip()
    found = look(lambda session: people.find_token(session, token))
    assert (found.name, found.role) == ("shop-2", "operator")
