"""A Redis as providers give one: a user who may do little, behind TLS."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import redis

from tests.support.processes import ROOT
from tests.support.servers import private_redis
from tests.support.tls import Authority, tls_in_front

PAGE = ROOT / "docs" / "deployment.md"


def documented_user() -> list[str]:
    """The ACL line of the documentation, word by word: name, then rules."""
    found = re.search(r"^user (runsheet .+)$", PAGE.read_text(), re.MULTILINE)
    assert found, f"{PAGE} has no line `user runsheet …`"
    return found[1].split()


@dataclass
class GuardedRedis:
    """`admin` may do anything, without TLS; `url` is what Runsheet is given."""

    admin: redis.Redis
    url: str
    authority: Authority

    @property
    def trusted(self) -> str:
        """The URL for who has the authority's certificate."""
        return f"{self.url}?ssl_ca_certs={self.authority.path}"

    def refusals(self) -> list[str]:
        """What its users wanted and may not. That a client may not tell its version is no loss;
        Redis 6 takes it for all of CLIENT."""
        found = {str(entry["object"]) for entry in self.admin.acl_log()}
        return sorted(found - {"client", "client|setinfo"})


@contextmanager
def guarded_redis(folder: Path) -> Iterator[GuardedRedis]:
    """It runs for the length of a block."""
    authority = Authority(folder / "ca")
    with private_redis(folder / "redis") as url, redis.Redis.from_url(url) as admin:
        name, *rules = documented_user()
        admin.execute_command("ACL", "SETUSER", name, *rules)
        password = next(rule[1:] for rule in rules if rule.startswith(">"))
        with tls_in_front(urlsplit(url).port or 0, authority.server()) as port:
            yield GuardedRedis(admin, f"rediss://{name}:{password}@127.0.0.1:{port}/0", authority)
