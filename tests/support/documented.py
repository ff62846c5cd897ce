"""The commands of the documentation, so that tests run what people are told to run."""

import re
import textwrap

from tests.support.processes import ROOT

FENCE = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def commands(page: str, *words: str) -> str:
    """The one block of shell commands on a page, such as `docs/backup.md`, that has these words."""
    blocks = [textwrap.dedent(found[2]) for found in FENCE.finditer((ROOT / page).read_text())]
    (block,) = [block for block in blocks if all(word in block for word in words)]
    return block
