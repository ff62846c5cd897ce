"""Redis: does it answer, and may we do there what processes do."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from app import clock
from app.config import Settings
from app.doctor.findings import Finding, fault, ok, reason, warning
from app.domain.processes import OFF
from app.redis_client import connect

SECONDS = 3.0
OLDEST = 6
# What the user of REDIS_URL must be permitted; docs/deployment.md has the same line.
RULES = (
    "resetchannels &rq:* ~rq:* ~bell:* ~rate:* +@read +@write +@transaction +@pubsub "
    "+@connection +eval +evalsha -@dangerous +info +time +client|setname +client|list"
)


def check(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, and then the rest."""
    try:
        with connect(settings, timeout=SECONDS) as client:
            client.ping()
            yield from _server(client)
            yield from _permissions(client)
            yield _clock(client)
    except AuthenticationError as error:
        yield fault(
            "redis", f"It refuses the user or password: {reason(error)}.", "mend REDIS_URL."
        )
    except (RedisError, OSError) as error:
        yield fault(
            "redis",
            f"It does not answer: {reason(error)}.",
            "start it, or mend REDIS_URL. Work goes on meanwhile, up to a second slower.",
        )


def _server(client: "Redis") -> Iterator[Finding]:
    try:
        info: Any = client.info()
    except NoPermissionError:
        yield warning("redis", "It answers, but may not be asked what it is.", "permit INFO.")
        return
    version = str(info.get("redis_version", "0"))
    if int(version.split(".")[0]) < OLDEST:
        yield fault("redis", f"Redis {version} is too old.", f"use {OLDEST} or newer.")
    else:
        yield ok("redis", f"Redis {version} answers.")
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield warning(
            "redis",
            f"Its maxmemory-policy is {policy}: it forgets messages when it is full.",
            "set maxmemory-policy noeviction.",
        )


def _permissions(client: "Redis") -> Iterator[Finding]:
    """Do, on keys of our own, what bells, RQ, the scheduler and the rate limit do."""
    refused = list[str]()
    for name, command in _commands(client).items():
        try:
            command()
        except NoPermissionError:
            refused.append(name)
    if refused:
        yield fault(
            "redis",
            f"Its ACL refuses {', '.join(refused)}.",
            f"give its user these rules: {RULES}",
        )
    else:
        yield ok("redis", "Its ACL permits what is needed.")


def _commands(client: "Redis") -> dict[str, Callable[[], Any]]:
    key = f"rq:doctor:{uuid4().hex}"
    texts, items, scores, fields, members = (f"{key}:{kind}" for kind in "tlzhs")
    keys = (texts, items, scores, fields, members)
    return {
        "SET": lambda: client.set(texts, 1, nx=True, ex=60),
        "SET on bell:*": lambda: client.set(f"bell:{key}", 1, nx=True, ex=60),
        "EXPIRE": lambda: client.expire(texts, 60),
        "INCR on rate:*": lambda: client.incr(f"rate:{key}"),
        "EXPIRE on rate:*": lambda: client.expire(f"rate:{key}", 60),
        "TTL": lambda: client.ttl(texts),
        "EXISTS": lambda: client.exists(texts),
        "RPUSH": lambda: client.rpush(items, "x"),
        "BLMOVE": lambda: client.blmove(items, items, 1, "RIGHT", "LEFT"),
        "LREM": lambda: client.lrem(items, 1, "x"),
        "LLEN": lambda: client.llen(items),
        "ZADD": lambda: client.zadd(scores, {"x": 1}),
        "ZRANGEBYSCORE": lambda: client.zrangebyscore(scores, "-inf", 2),
        "ZREM": lambda: client.zrem(scores, "x"),
        "HSET": lambda: client.hset(fields, "x", "1"),
        "HGETALL": lambda: client.hgetall(fields),
        "SADD": lambda: client.sadd(members, "x"),
        "SREM": lambda: client.srem(members, "x"),
        "EVAL": lambda: client.eval("return 1", 1, texts),
        "MULTI": lambda: _together(client, texts),
        "PUBLISH": lambda: client.publish("rq:doctor", "x"),
        "CLIENT SETNAME": lambda: client.client_setname("runsheet-doctor"),
        "DEL": lambda: client.delete(*keys),
        "DEL on bell:*": lambda: client.delete(f"bell:{key}"),
        "DEL on rate:*": lambda: client.delete(f"rate:{key}"),
    }


def _together(client: "Redis", key: str) -> Any:
    with client.pipeline() as pipeline:
        pipeline.exists(key)
        return pipeline.execute()


def _clock(client: "Redis") -> Finding:
    try:
        seconds, micro = client.time()  # type: ignore[reportGeneralTypeIssues]
    except NoPermissionError:
        return warning("clock", "Redis may not be asked for its time.", "permit TIME.")
    off = seconds + micro / 1_000_000 - clock.now().timestamp()
    if abs(off) > OFF:
        return warning(
            "clock",
            f"Redis's clock differs by {off:+.0f} s from the database's.",
            "set whichever is wrong (NTP); bells for later may ring at the wrong time.",
        )
    return ok("clock", f"Redis and the database differ by {abs(off):.1f} s.")
