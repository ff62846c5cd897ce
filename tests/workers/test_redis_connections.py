"""Both ways in which Redis is spoken to, ours and RQ's, at a Redis behind TLS whose user may do
little."""

import pytest
import redis

from app.config import Settings
from app.redis_client import connect
from tests.conftest import environment
from tests.support.guarded_redis import guarded_redis
from tests.support.tls import Authority
from workers.connection import Connection

pytestmark = pytest.mark.xdist_group("guarded redis")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with guarded_redis(tmp_path_factory.mktemp("guarded")) as redis:
        yield redis


@pytest.fixture(params=["ours", "RQ's"])
def client(request, monkeypatch):
    """Makes a client of a URL."""
    made: list[redis.Redis] = []

    def make(url: str, verify: str = "true") -> redis.Redis:
        monkeypatch.setenv("REDIS_TLS_VERIFY", verify)
        given = {"REDIS_URL": url, "REDIS_TLS_VERIFY": verify, "DATABASE_URL": "sqlite://"}
        settings = Settings.load(environment(**given))
        made.append(
            connect(settings, timeout=10) if request.param == "ours" else Connection.from_url(url)
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_an_authority_of_ones_own_is_named_in_the_url(client, guarded):
    assert client(guarded.trusted).ping()


def test_a_certificate_that_nobody_vouches_for_is_refused(client, guarded, tmp_path):
    stranger = Authority(tmp_path, "Somebody else")
    for url in (guarded.url, f"{guarded.url}?ssl_ca_certs={stranger.path}"):
        with pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            client(url).ping()


def test_a_certificate_of_another_server_is_refused(client, guarded):
    with pytest.raises(redis.ConnectionError, match="Hostname mismatch"):
        client(guarded.trusted.replace("127.0.0.1", "localhost")).ping()


def test_without_verification_any_certificate_will_do(client, guarded):
    assert client(guarded.url, verify="false").ping()


def test_a_wrong_password_is_refused(client, guarded):
    with pytest.raises(redis.AuthenticationError):
        client(guarded.trusted.replace("a-long-password", "another")).ping()


@pytest.mark.parametrize(
    "command",
    [
        "GET others",
        "SET others 1",
        "PUBLISH others 1",
        "KEYS rq:*",
        "FLUSHALL",
        "CONFIG GET requirepass",
        "ACL LIST",
        "CLIENT KILL ID 1",
        "SHUTDOWN",
        "MONITOR",
        "EVAL return(redis.call('get','others')) 0",
    ],
)
def test_the_documented_user_may_do_nothing_else(client, guarded, command):
    with pytest.raises(redis.ResponseError, match=r"(?i)permission|can't access"):
        client(guarded.trusted).execute_command(*command.split())
