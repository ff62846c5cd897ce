"""Links to lists that were kept before the console and the API called their filters alike."""

from collections.abc import Mapping


def with_old_names(given: Mapping[str, str], **names: str) -> dict[str, str]:
    """A query string's first values. What stands under an old name is read under its new one,
    unless that is there too: `template="templateKey"`."""
    found = {names.get(name, name): text for name, text in given.items() if name in names}
    return found | {name: text for name, text in given.items() if name not in names}
