"""Phone numbers as providers take them: E.164."""

import re

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS = re.compile(r"[\s().\u00a0-]")


def read_phone(text: str) -> str:
    """`+49 (151) 1234-5678` as `+4915112345678`. Raises ValueError with what is wrong."""
    number = _SEPARATORS.sub("", text)
    if _E164.fullmatch(number):
        return number
    if re.fullmatch(r"0[0-9]+", number):
        raise ValueError("Begin with + and the country's code, such as +49 151 12345678.")
    raise ValueError(f"{text.strip()[:40]!r} is not a phone number such as +49 151 12345678.")


def masked(number: str) -> str:
    """`+4915112345678` as `+49…678`: enough to tell two apart, too little to ring."""
    return f"{number[:3]}…{number[-3:]}"
