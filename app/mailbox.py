"""One mail address as people write it: `billing@example.com` or `Billing <billing@example.com>`."""

import re
from dataclasses import dataclass

LONGEST_ADDRESS = 254
_LONGEST_NAME = 200
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_USER = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# Control characters, line and paragraph separators, marks that turn text around, halves of pairs.
_UNWRITABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address that SMTP takes as it is, and the name it goes with."""

    address: str
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> "Mailbox":
        """Read one address. Raises ValueError with what is wrong, to be shown to whoever wrote
        it. Never reads two addresses, or one inside a name."""
        name, address = split(text)
        if re.search(r"[<>@]", name):
            raise ValueError(f"{one_line(text)[:100]!r} is more than one mail address.")
        return cls.of(address, name)

    @classmethod
    def of(cls, address: str, name: str = "") -> "Mailbox":
        """The same of a name and an address apart."""
        user, at, domain = address.strip().rpartition("@")
        ascii_domain = _ascii(domain)
        if not (at and _USER.fullmatch(user) and _DOMAIN.fullmatch(ascii_domain)):
            raise ValueError(f"{one_line(address)[:100]!r} is not a mail address.")
        if len(user) > 64 or len(user) + len(ascii_domain) >= LONGEST_ADDRESS:
            raise ValueError(f"The mail address {address[:40]!r}… is too long.")
        return cls(f"{user}@{ascii_domain}", one_line(name)[:_LONGEST_NAME].strip())

    @property
    def domain(self) -> str:
        """What stands after the @, in lower case."""
        return self.address.rpartition("@")[2].lower()


def mail_domains(text: str) -> frozenset[str]:
    """The domains of `ORG_DOMAINS`, a list with commas."""
    return frozenset(domain.strip().lower() for domain in text.split(",") if domain.strip())


def split(text: str) -> tuple[str, str]:
    """Name and address as they are written, unchecked."""
    text = text.strip()
    if not text.endswith(">") or "<" not in text:
        return "", text
    name, _, address = text[:-1].rpartition("<")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name, address.strip()


def one_line(text: str) -> str:
    """The text without anything that could end a line of a header, or hide what it says."""
    return re.sub(r"\s+", " ", _UNWRITABLE.sub(" ", text))


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
