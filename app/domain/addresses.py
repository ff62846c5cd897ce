"""Which addresses Runsheet may send to: rules only, no lookups and no sockets.

Asked twice: when an author saves a URL, and again for every attempt, where each address that
the name resolves to is vetted as well.
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_URL_LENGTH = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}

# Databases, caches, queues, mail, telephony, remote desktops and cluster controls: services that
# act on whatever bytes reach them, and that no webhook receiver shares a port with.
_PORTS_REFUSED = """
    1433 1521 1719 1720 1723 2049 2181 2375 2376 2377 2379 2380 2525 3306 3389 3659 4045 4190 4369
    5060 5061 5432 5671 5672 5900 5984 6000 6379 6380 6443 6566 6660 6661 6662 6663 6664 6665 6666
    6667 6668 6669 6679 6697 7000 7001 8500 9042 9092 9200 9300 10080 10250 10255 11211 25672 27017
    27018 27019
"""
DANGEROUS_PORTS = frozenset(int(port) for port in _PORTS_REFUSED.split())

# `is_global` of the standard library lets NAT64, 6to4, multicast and 3fff::/20 through, and
# changes between Python releases, so the tables are our own.
# IPv4: the IANA special-purpose registry, whole; multicast; Azure's wire server.
_IPV4_SPECIAL = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12
    192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16
    192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
"""
_IPV4_REFUSED = tuple(ipaddress.IPv4Network(network) for network in _IPV4_SPECIAL.split())
# IPv6: what has been handed out as global unicast, less protocol assignments (Teredo, ORCHID,
# benchmarking), documentation and 6to4. Mapped and NAT64 addresses are outside 2000::/3.
_IPV6_GLOBAL = ipaddress.IPv6Network("2000::/3")
_IPV6_SPECIAL = "2001::/23 2001:db8::/32 2002::/16 3fff::/20"
_IPV6_REFUSED = tuple(ipaddress.IPv6Network(network) for network in _IPV6_SPECIAL.split())

# Names that lead nowhere in public (RFC 6761, 6762, 8375; ICANN's .internal), and what they name.
_PRIVATE_NAMES = (".localhost", ".localdomain", ".local", ".internal", ".home.arpa")

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL)
_PLAIN = re.compile(r"[!-\[\]-~]*")  # printable ASCII less space and backslash
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([^:]*))?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")


class AddressRefused(ValueError):
    """Runsheet does not send there; `reason` is a sentence for the author of the URL.

    The reason never holds what a name resolved to, so that it can't be used to map a network.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Target:
    """A vetted URL, in parts: `host` is lower-case ASCII without brackets, `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str
    authority: str  # the Host header: brackets around IPv6, the port only if not the default
    address: str | None  # the host when it is an IP literal, else None: it must be resolved


@dataclass(frozen=True, slots=True)
class AllowList:
    """Destinations an administrator permits though the rules refuse them (`OUTBOUND_ALLOW`)."""

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    networks: tuple[IPNetwork, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "AllowList":
        """Read comma-separated `host`, `host:port` or CIDR; ValueError names the wrong entry."""
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        networks = tuple(_parse_network(entry) for entry in entries if "/" in entry)
        return cls(frozenset(_parse_host(e) for e in entries if "/" not in e), networks)

    def permits_host(self, host: str, port: int) -> bool:
        """Say whether this host may be reached on this port, whatever it resolves to."""
        return (host, None) in self.hosts or (host, port) in self.hosts

    def permits_address(self, address: IPAddress) -> bool:
        """Say whether this address lies in a permitted network."""
        return any(address in network for network in self.networks)


NOTHING_ALLOWED = AllowList()


def vet_url(url: str, allow: AllowList = NOTHING_ALLOWED) -> Target:
    """Take apart a URL that Runsheet may send to, or raise AddressRefused with the reason.

    Names are not looked up here: `vet_ip` must be asked about each address they resolve to.
    A fragment is dropped; characters beyond ASCII in path and query are percent-encoded.
    """
    if len(url) > MAX_URL_LENGTH:
        raise AddressRefused(f"The URL is longer than {MAX_URL_LENGTH:,} characters.")
    if not _PLAIN.fullmatch(url):
        _refuse_odd_characters(url)
    parts = _URL.fullmatch(url)
    if parts is None:
        raise AddressRefused("The URL must start with http:// or https://.")
    scheme, authority, rest = parts.groups()
    host, port, address, host_header = _vet_authority(scheme.lower(), authority, allow)
    return Target(scheme.lower(), host, port, _path(rest), host_header, address)


def vet_ip(ip: str | IPAddress, allow: AllowList = NOTHING_ALLOWED) -> str:
    """Return the address in its canonical form if it is public or permitted.

    Raises AddressRefused otherwise, also for text that is no address and for zone ids.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise AddressRefused("The host did not lead to a usable address.") from None
    if not (_is_public(address) or (not _has_zone(address) and allow.permits_address(address))):
        raise AddressRefused("The host leads to an address that is not on the public internet.")
    return str(address)


def _refuse_odd_characters(url: str) -> None:
    for char in url:
        if char == "\\":
            raise AddressRefused("The URL contains a backslash; use / instead.")
        if char.isspace() or unicodedata.category(char)[0] in "ZC":
            raise AddressRefused("The URL contains a space or an invisible character.")


@lru_cache(maxsize=1024)
def _vet_authority(
    scheme: str, authority: str, allow: AllowList
) -> tuple[str, int, str | None, str]:
    """Give (host, port, address if the host is one, Host header).

    Cached, since the same few receivers are vetted again for each attempt.
    """
    if "@" in authority:
        raise AddressRefused("The URL contains a user name or password; use the step's auth.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None or not parts[1]:
        raise AddressRefused("The URL has no valid host.")
    address = _literal(parts[1])
    host = str(address) if address else _name(parts[1])
    port = _port(scheme, parts[2])
    if not allow.permits_host(host, port):
        _vet_port(port)
        _vet_host(host, address, allow)
    shown = f"[{host}]" if ":" in host else host
    header = shown if port == DEFAULT_PORTS[scheme] else f"{shown}:{port}"
    return host, port, str(address) if address else None, header


def _literal(host: str) -> IPAddress | None:
    """Read an IP literal in its one accepted form; None for a name."""
    if host.startswith("["):
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise AddressRefused("The URL has an IPv6 address that is not valid.") from None
        if _has_zone(address):
            raise AddressRefused("The URL has an IPv6 address with a zone, which is local.")
        return address
    # A last label that is a number makes every resolver read the whole as IPv4, in forms
    # (decimal, octal, hex, short) that differ between resolvers.
    if not _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2].lower()):
        return None
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        raise AddressRefused("Write an IPv4 address as four plain numbers, 192.0.2.1.") from None


def _name(host: str) -> str:
    """Normalise a host name: lower case, IDNA, no trailing dot."""
    name = host.removesuffix(".")
    # Before lower(), which turns the Kelvin sign into a plain k.
    name = (name if name.isascii() else _to_ascii(name)).lower()
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("The URL has a host name that is not valid.")
    if _NUMERIC.fullmatch(labels[-1]):
        raise AddressRefused("The URL has a host name that is not valid.")
    return name


def _to_ascii(name: str) -> str:
    """Encode a name as IDNA where IDNA 2003, 2008 and browsers agree on the result."""
    for char in name:
        # Digits and look-alikes that fold to ASCII turn one host into another, and ß, ς and
        # joiners lead to different hosts in the two IDNA standards.
        folded = unicodedata.normalize("NFKC", char).casefold()
        ambiguous = char in "ς。" or any(c.isascii() for c in folded)
        if not char.isascii() and (ambiguous or unicodedata.category(char)[0] in "NPSC"):
            raise AddressRefused(f"The host name contains '{char}'; write it in its xn-- form.")
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        raise AddressRefused("The URL has a host name that is not valid.") from None


def _port(scheme: str, text: str | None) -> int:
    if text is None:
        return DEFAULT_PORTS[scheme]
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise AddressRefused("The URL has a port that is not a number from 1 to 65535.")
    return int(text)


def _vet_port(port: int) -> None:
    if (port < 1024 and port not in (80, 443)) or port in DANGEROUS_PORTS:
        raise AddressRefused(f"Port {port} is not open to webhooks; use 80, 443 or a high port.")


def _vet_host(host: str, address: IPAddress | None, allow: AllowList) -> None:
    if address is not None:
        vet_ip(address, allow)
    # With permitted networks a private name may lead into one of them: its addresses will tell.
    elif not allow.networks and ("." not in host or host.endswith(_PRIVATE_NAMES)):
        raise AddressRefused(f"'{host}' is not a full host name on the public internet.")


def _path(rest: str) -> str:
    path = rest if rest.startswith("/") else f"/{rest}"
    if path.isascii():
        return path
    try:
        return "".join(c if c.isascii() else _percent(c) for c in path)
    except UnicodeEncodeError:
        raise AddressRefused("The URL contains a character that is not valid.") from None


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _IPV4_REFUSED)
    if _has_zone(address) or address not in _IPV6_GLOBAL:
        return False
    return not any(address in network for network in _IPV6_REFUSED)


def _has_zone(address: IPAddress) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None


def _parse_network(entry: str) -> IPNetwork:
    try:
        return ipaddress.ip_network(entry)
    except ValueError as error:
        raise ValueError(f"OUTBOUND_ALLOW: '{entry}' is not a network ({error})") from None


def _parse_host(entry: str) -> tuple[str, int | None]:
    try:
        if entry.count(":") > 1 and not entry.startswith("["):
            entry = f"[{entry}]"  # a bare IPv6 address
        parts = _AUTHORITY.fullmatch(entry)
        if parts is None or not parts[1]:
            raise ValueError("no host")
        address = _literal(parts[1])
        port = None if parts[2] is None else _port("http", parts[2])
        return str(address) if address else _name(parts[1]), port
    except ValueError as error:
        raise ValueError(f"OUTBOUND_ALLOW: '{entry}' is not host[:port] ({error})") from None
