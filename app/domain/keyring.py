"""Encryption at rest: AES-256-GCM with the keys of `ENCRYPTION_KEYS`, the newest first."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

_NONCE = 12  # bytes, random: a key may encrypt billions of values before two are likely to meet


class KeyIsGone(LookupError):
    """What was encrypted with this key can't be read: it is no longer in ENCRYPTION_KEYS."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key {key_id!r} it is encrypted with is not in ENCRYPTION_KEYS")
        self.key_id = key_id


class Damaged(ValueError):
    """The ciphertext was changed, moved to another name, or made with another key of this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key {key_id!r} does not open it: the key or the row was changed")
        self.key_id = key_id


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value as it is stored: base64 of nonce, ciphertext and tag, and which key opens it."""

    text: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys by id. The newest one encrypts; every one decrypts."""

    newest: str
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read `id:key,…`, the newest first; the settings have checked its form."""
        pairs = [pair.strip().partition(":") for pair in text.split(",")]
        return cls(pairs[0][0], {name: base64.urlsafe_b64decode(key) for name, _, key in pairs})

    def seal(self, value: str, name: str) -> Sealed:
        """Encrypt a value so that it opens only under this name."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + _cipher(self.keys[self.newest]).encrypt(
            nonce, value.encode(), _bound(name)
        )
        return Sealed(base64.b64encode(sealed).decode(), self.newest)

    def open(self, sealed: Sealed, name: str) -> str:
        """Decrypt. Raises KeyIsGone or Damaged."""
        from cryptography.exceptions import InvalidTag

        key = self.keys.get(sealed.key_id)
        if key is None:
            raise KeyIsGone(sealed.key_id)
        try:
            data = base64.b64decode(sealed.text, validate=True)
            return _cipher(key).decrypt(data[:_NONCE], data[_NONCE:], _bound(name)).decode()
        except (InvalidTag, ValueError):
            raise Damaged(sealed.key_id) from None


def _bound(name: str) -> bytes:
    return b"runsheet secret " + name.encode()


def _cipher(key: bytes):  # type: ignore[no-untyped-def]
    # Imported late: most worker processes never see a secret, and the library is not small.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
