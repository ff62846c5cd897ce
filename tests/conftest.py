"""What all tests stand on: a fresh, migrated database for each, on SQLite and PostgreSQL, and an
application on it."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask_migrate import upgrade
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import create_engine, text

from app import bells, clock, create_app, create_core
from app.config import Settings
from app.domain import people
from app.extensions import Base, db
from tests.support import memory, servers
from tests.support.quick_routes import compile_once

SECRET = "a secret key for tests that is long enough"
ENCRYPTION_KEYS = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

# How long an example takes says more about the machine than about us.
hypothesis_settings.register_profile(
    "steady", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("steady")
# Each test leaves an application behind, and looking through all that lives for such takes longer
# than many tests do. So it is done less often.
gc.set_threshold(50_000, 20, 100)
# Where pytest keeps its folders. Databases that wait for no disk take half the time.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory.FOLDER)


def environment(**more: str) -> dict[str, str]:
    """What the environment must say at least."""
    return {
        "SECRET_KEY": SECRET,
        "ENCRYPTION_KEYS": ENCRYPTION_KEYS,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "OUTBOUND_ALLOW": "127.0.0.1,localhost",
        "RUNSHEET_VAR": "/nonexistent",
        **more,
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the tests of real processes, which mostly wait, among those that mostly compute: so
    several run side by side, and the processors are neither idle at first nor crowded later."""
    waiting = [item for item in items if "acceptance" in item.path.parts]
    others = [item for item in items if "acceptance" not in item.path.parts]
    between = max(len(others) * 4 // 5 // max(len(waiting), 1), 1)
    spread: list[pytest.Item] = []
    for at, item in enumerate(waiting):
        spread += [item, *others[at * between : (at + 1) * between]]
    items[:] = spread + others[len(waiting) * between :]


def migrate(url: str) -> None:
    """Bring a database to the newest migration."""
    app = create_app(Settings.load(environment(DATABASE_URL=url)))
    with app.app_context():
        upgrade()
        db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    # Not under pytest's own folder: each run of pytest closes that to all other users, and as
    # root PostgreSQL runs as another one. A second run would take the first one's data away.
    with (
        # What takes it away may be before us.
        tempfile.TemporaryDirectory(
            prefix="runsheet-postgres-", dir=memory.FOLDER, ignore_cleanup_errors=True
        ) as folder,
        servers.taken_away_with_us(Path(folder)),
        servers.postgres(Path(folder) / "data") as url,
    ):
        migrate(url)
        keep_planted(url)
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.private_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty, migrated database. SQLite unless the test is marked with `both_databases`."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_url")
    empty(url)
    return url


PLANTED = ("notification_templates", "notification_template_versions")


def keep_planted(url: str) -> None:
    """Keep a copy of the rows that come with the newest migration."""
    copy = "CREATE TABLE planted.{0} AS TABLE {0}".format
    execute(url, "CREATE SCHEMA planted", *map(copy, PLANTED))


# Truncating costs for each table, and most tests write to a few.
TRUNCATE_USED = """
DO $$
DECLARE name text; used boolean; those text[];
BEGIN
  FOREACH name IN ARRAY ARRAY[{names}] LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO used;
    IF used THEN those = those || quote_ident(name); END IF;
  END LOOP;
  EXECUTE 'TRUNCATE ' || array_to_string(those, ', ') || ' CASCADE';
  PERFORM setval(sequencename::regclass, 1, false) FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


def empty(url: str) -> None:
    """Delete all rows but those that come with the newest migration; count ids from one again."""
    names = ", ".join(f"'{table}'" for table in Base.metadata.tables)
    put_back = "INSERT INTO {0} SELECT * FROM planted.{0}".format
    count_on = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), max(id)) FROM {0}".format
    execute(
        url,
        "SET LOCAL session_replication_role = replica",  # the audit's triggers keep its rows
        TRUNCATE_USED.format(names=names),
        *map(put_back, PLANTED),
        *map(count_on, PLANTED),
    )


def execute(url: str, *statements: str) -> None:
    engine = create_engine(Settings.load(environment(DATABASE_URL=url)).database_url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings.load(environment(DATABASE_URL=database_url))


hasher_of_production = people._hasher


@pytest.fixture(scope="session", autouse=True)
def hash_quickly() -> Iterator[None]:
    """Real argon2, with as little work as it allows. Processes of their own do all of it."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "_hasher", lambda: quick)
        yield


Factory = Callable[[Settings], Flask]


@pytest.fixture
def factory() -> Factory:
    """How the application is made: without its doors, whose routes take longer to set up than most
    tests take. Who knocks at one asks for `with_doors`."""
    return create_core


@pytest.fixture(scope="session")
def with_doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    """Makes the whole application. Its pages and routes are compiled once, not for each test."""
    compiled = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("pages")))

    def make(settings: Settings) -> Flask:
        app = create_app(settings)
        app.jinja_env.bytecode_cache = compiled
        return app

    with pytest.MonkeyPatch.context() as patch:
        compile_once(patch)
        yield make


@pytest.fixture
def app(settings: Settings, factory: Factory) -> Iterator[Flask]:
    """The application on an empty database; nobody rings. Its context is pushed."""
    app = factory(settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    bells.use(bells.NoBell())
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    clock.travel(timedelta(0))
