"""Settings that can be read and are still not wise."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from app.config import Settings
from app.doctor.findings import Finding, ok, warning
from app.domain.addresses import AllowList
from app.domain.keyring import Keyring

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_FEWEST_CHARACTERS = 10  # different ones, in a key of 32 and more that was made at random
_FEWEST_BYTES = 12
_METADATA = ipaddress.ip_address("169.254.169.254")  # where clouds hand out credentials
_WIDEST = {4: 16, 6: 48}  # a wider network than one site needs


def check(settings: Settings) -> Iterator[Finding]:
    """What of the settings is weak or does not fit together."""
    found = [*_keys(settings), *_addresses(settings), *_outbound(settings)]
    yield from found or [ok("settings", "All can be read, and nothing about them is odd.")]


def _keys(settings: Settings) -> Iterator[Finding]:
    if len(set(settings.secret_key)) < _FEWEST_CHARACTERS:
        yield warning(
            "settings",
            "SECRET_KEY is long and yet easy to guess.",
            "make one at random (docs/deployment.md); everybody signs in anew.",
        )
    for name, key in Keyring.parse(settings.encryption_keys).keys.items():
        if len(set(key)) < _FEWEST_BYTES:
            yield warning(
                "settings",
                f"The key {name} of ENCRYPTION_KEYS is not random.",
                "put a random one before it and say flask secrets reencrypt.",
            )


def _addresses(settings: Settings) -> Iterator[Finding]:
    base = urlsplit(settings.base_url)
    is_here = base.hostname in LOOPBACK
    if base.scheme == "http" and not is_here:
        yield warning(
            "settings",
            "BASE_URL begins with http://, so passwords and cookies travel in the clear.",
            "serve the console under https:// and say so in BASE_URL.",
        )
    if base.scheme == "https" and not settings.trusted_proxies:
        yield warning(
            "settings",
            "BASE_URL begins with https://, so a proxy stands before the web process, and "
            "TRUSTED_PROXIES is 0: all sign-ins seem to come from one address.",
            "set TRUSTED_PROXIES to how many there are.",
        )
    redis = urlsplit(settings.redis_url)
    if redis.scheme == "rediss" and not settings.redis_tls_verify:
        yield warning(
            "settings",
            "The certificate of Redis is not verified (REDIS_TLS_VERIFY=false).",
            "verify it, unless its provider has none that can be verified.",
        )
    if redis.scheme == "redis" and redis.hostname not in LOOPBACK:
        yield warning(
            "settings",
            "REDIS_URL begins with redis://: what goes to another machine is not encrypted.",
            "use rediss://, unless the network between them is private.",
        )
    if redis.scheme != "unix" and not redis.password:
        yield warning(
            "settings", "Redis asks for no password.", "give it one, and keep it off the network."
        )


def _outbound(settings: Settings) -> Iterator[Finding]:
    for network in AllowList.parse(settings.outbound_allow).networks:
        wide = network.prefixlen < _WIDEST[network.version]
        if wide or _METADATA in network:
            why = "is very wide" if wide else "has the metadata service of clouds in it"
            yield warning(
                "settings",
                f"OUTBOUND_ALLOW permits {network}, which {why}.",
                "name the hosts that webhooks are really sent to.",
            )
