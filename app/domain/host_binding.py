"""Where a secret may be sent. An entry is `example.com` (any port), `example.com:8443`, or either
with `*.` in front: every name below it, but not itself."""

import ipaddress
import re
from collections.abc import Iterable, Sequence

from app.domain.addresses import AllowList, Target, vet_url

_ENTRY = re.compile(r"(\*\.)?(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]+))?")


class _Everything(AllowList):
    """Lets `vet_url` read a URL without judging where it leads: that is done when it is sent."""

    def permits_host(self, host: str, port: int) -> bool:
        return True


_EVERYTHING = _Everything()


def read_host(text: str) -> str:
    """An entry as it is stored: lower case, IDNA, no trailing dot. Raises ValueError."""
    entry = text.strip()
    below = entry.startswith("*.")
    host, port = _host_and_port(entry.removeprefix("*."), text)
    if below and (_is_address(host) or "." not in host):
        raise ValueError(f"'{text}' covers too much or nothing: *. stands before a domain.")
    shown = f"[{host}]" if ":" in host else host
    return ("*." if below else "") + shown + (f":{port}" if port else "")


def permits(hosts: Iterable[str], host: str, port: int) -> bool:
    """Whether one of the entries covers this host, as `vet_url` names it, on this port."""
    return any(_covers(entry, host, port) for entry in hosts)


def target_of(url: str) -> Target:
    """The host and port that a URL leads to, read just as the outbound client reads it, so that no
    spelling leads elsewhere. Raises AddressRefused for what is no URL at all."""
    return vet_url(url, _EVERYTHING)


def in_words(hosts: Sequence[str]) -> str:
    """'a.example.com and *.example.org'."""
    return " and ".join(filter(None, [", ".join(hosts[:-1]), hosts[-1]]))


def _host_and_port(entry: str, text: str) -> tuple[str, int | None]:
    # A comma or a slash would make a list or a network of it.
    if entry and not re.search(r"[,/\s@]", entry):
        try:
            (found,) = AllowList.parse(entry).hosts
            return found
        except ValueError:
            pass
    raise ValueError(f"'{text}' is not a host. Write example.com, *.example.com or host:port.")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _covers(entry: str, host: str, port: int) -> bool:
    parts = _ENTRY.fullmatch(entry)
    if parts is None:
        return False
    below, name, wanted = parts[1], parts[2].strip("[]"), parts[3]
    fits = host.endswith(f".{name}") if below else host == name
    return fits and (wanted is None or int(wanted) == port)
