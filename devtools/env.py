"""The settings of bin/dev: what the environment does not give is made and kept in `var/dev.env`.

`app/config.py` reads that file beneath the environment, so that `flask --app app …` in another
terminal finds the same database, Redis and secrets. What came from the environment is never
written there: it may be a password that has no business on this disk.
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from devtools.ports import free_port, is_free

HEADER = """\
# Made by bin/dev, for this machine only. The environment goes before these lines.
# ENCRYPTION_KEYS opens the secrets in the database: do not lose it.
"""


@dataclass
class DevEnv:
    """The merged environment, and which of its values bin/dev made itself."""

    var: Path
    port: int
    environ: dict[str, str]
    made: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def receiver_port(self) -> int:
        return self.port + 1

    @property
    def mail_page_port(self) -> int:
        return self.port + 2

    @property
    def merged(self) -> dict[str, str]:
        return self.environ | self.made

    def needs(self, name: str) -> bool:
        """Whether bin/dev has to provide this itself."""
        return name in self.made

    def url(self, port: int, path: str = "") -> str:
        return f"http://127.0.0.1:{port}{path}"


def make_env(environ: Mapping[str, str], var: Path, port: int) -> DevEnv:
    """Complete the environment, and keep what was made."""
    given = {name: value for name, value in environ.items() if value}
    kept = read(var / "dev.env")
    env = DevEnv(var, port, given)
    # RUNSHEET_VAR and PORT reach the children too, but are no part of what is kept.
    env.environ |= {"RUNSHEET_VAR": str(var), "PORT": str(port)}
    for name, value in wanted(env, kept).items():
        if name not in given:
            env.made[name] = value
    # Kept lines stay even while the environment overrides them: losing ENCRYPTION_KEYS
    # would lose the secrets that were stored under it.
    write(var / "dev.env", kept | env.made)
    return env


def wanted(env: DevEnv, kept: Mapping[str, str]) -> dict[str, str]:
    receiver = env.receiver_port
    return {
        "SECRET_KEY": kept.get("SECRET_KEY") or secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": kept.get("ENCRYPTION_KEYS") or f"k1:{fernet_key()}",
        "DATABASE_URL": f"sqlite:///{env.var / 'runsheet.db'}",
        "REDIS_URL": redis_url(kept.get("REDIS_URL")),
        "BASE_URL": env.url(env.port),
        "OUTBOUND_ALLOW": f"127.0.0.1:{receiver}",
        "SMTP_URL": smtp_url(kept.get("SMTP_URL"), env.port + 3),
        "MAIL_FROM": kept.get("MAIL_FROM") or "Runsheet <runsheet@localhost>",
        "VAPID_PRIVATE_KEY": kept.get("VAPID_PRIVATE_KEY") or fernet_key(),
        "DEMO_RECEIVER_URL": env.url(receiver),
    }


def fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def redis_url(kept: str | None) -> str:
    """The same port and password as last time, unless somebody took the port."""
    old = urlsplit(kept or "")
    if kept and old.password and old.port and is_free(old.port):
        return kept
    return f"redis://:{secrets.token_urlsafe(24)}@127.0.0.1:{free_port()}/0"


def smtp_url(kept: str | None, preferred: int) -> str:
    port = urlsplit(kept or "").port or preferred
    return f"smtp://127.0.0.1:{port if is_free(port) else free_port()}"


def read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Whole or not at all, and readable by its owner only from the first byte."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".dev.env.")  # mode 0600
    with os.fdopen(handle, "w") as file:
        file.write(HEADER)
        file.writelines(f"{key}={value}\n" for key, value in values.items())
        file.flush()
        os.fsync(file.fileno())
    os.replace(name, path)
