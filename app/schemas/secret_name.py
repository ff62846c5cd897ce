"""A secret as a field: by its name, never by its value."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def _secret_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("A secret's name has letters, digits, _ . - and begins with a letter.")
    return text


SecretName = Annotated[
    str,
    AfterValidator(_secret_name),
    Field(examples=["STOCK_KEY"], json_schema_extra={"x-widget": "secret"}),
]
