"""What may stand in a URL. Anything else is no route of ours: 404, never a failed conversion."""

from flask import Flask
from werkzeug.routing import BaseConverter


class IdConverter(BaseConverter):
    """A row's id: 1 to 18 ASCII digits, which fit the 64 bits of the column."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)


class KeyConverter(BaseConverter):
    """The key of a step, as templates may write it."""

    regex = "[a-z0-9][a-z0-9_-]{0,99}"


class TokenConverter(BaseConverter):
    """A secret in a URL: letters, digits, - and _."""

    regex = "[A-Za-z0-9_-]{1,200}"


class SecretConverter(BaseConverter):
    """The name of a secret, as templates may write it."""

    regex = "[A-Za-z][A-Za-z0-9_.-]{0,63}"


def register(app: Flask) -> None:
    app.url_map.converters |= {
        "id": IdConverter,
        "key": KeyConverter,
        "token": TokenConverter,
        "secret": SecretConverter,
    }
