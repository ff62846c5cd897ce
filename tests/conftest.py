"""What all tests stand on: a fresh, migrated database for each, on SQLite and PostgreSQL, and an
application on it."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from app import bells, clock, create_app
from app.config import Settings
from app.extensions import Base, db
from tests.support import servers

SECRET = "a secret key for tests that is long enough"
ENCRYPTION_KEYS = "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


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
        tempfile.TemporaryDirectory(prefix="runsheet-postgres-") as folder,
        servers.postgres(Path(folder) / "data") as url,
    ):
        migrate(url)
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


def empty(url: str) -> None:
    """Delete all rows and count ids from one again."""
    tables = ", ".join(Base.metadata.tables)
    engine = create_engine(Settings.load(environment(DATABASE_URL=url)).database_url)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    engine.dispose()


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings.load(environment(DATABASE_URL=database_url))


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application on an empty database; nobody rings. Its context is pushed."""
    app = create_app(settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    bells.use(bells.NoBell())
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    clock.travel(timedelta(0))
