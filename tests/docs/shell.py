"""Runs the shell examples of a page, one after the other in one shell, as a reader does."""

import json
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.documents import Example, examples

MARK = "::example {}::"
# What a reader types when an example asks, such as for a new password and the same once more.
TYPED = "a password for examples\n" * 8
WITHIN = 400  # a page of commands takes seconds; on a crowded machine, minutes
# Streams go on for ten minutes; who reads the document ends them with Ctrl-C.
CURL = """
curl() {
  case "$*" in
    */stream*) command curl --max-time 2 "$@" || [ $? -eq 28 ] ;;
    *) command curl "$@" ;;
  esac
}
"""


class Shell:
    """A shell beside a running `bin/dev`. `ports`: those of the documents, and those here;
    `given`: variables of pages that leave it to another page to make a token."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        ports: Mapping[int, int],
        given: Mapping[str, str],
    ) -> None:
        self.folder, self.environ, self.ports, self.given = folder, environ, ports, given

    def run(self, examples: Sequence[tuple[Example, str]]) -> dict[Example, str]:
        """Run the text that is left of each example; what each printed. Raises where one fails."""
        alone = any("TOKEN=" in text for _, text in examples)
        begin = ["set -euo pipefail", CURL, *([] if alone else [helpers()])]
        script = "\n".join([*begin, *map(self._marked, enumerate(examples))])
        ran = subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env={**self.environ, **({} if alone else self.given)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            said, _ = ran.communicate(TYPED, timeout=WITHIN)
        except subprocess.TimeoutExpired:
            ran.send_signal(signal.SIGKILL)
            said, _ = ran.communicate()
            raise AssertionError(f"not done within {WITHIN} s:\n{said[-3000:]}") from None
        assert ran.returncode == 0, f"exit status {ran.returncode}:\n{said[-3000:]}"
        parts = re.split(r"^::example \d+::\n", said, flags=re.M)[1:]
        return {example: part for (example, _), part in zip(examples, parts, strict=True)}

    def _marked(self, numbered: tuple[int, tuple[Example, str]]) -> str:
        number, (_, text) = numbered
        for documented, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{port}")
        return f"echo\necho '{MARK.format(number)}'\n{text}"


def helpers() -> str:
    """What docs/api.md defines once, and other pages use."""
    lines = [line for example in examples() for line in example.text.splitlines()]
    return next(line for line in lines if line.startswith("call() {"))


def answers(said: str) -> list[Any]:
    """The JSON among what an example printed."""
    return [json.loads(line) for line in said.splitlines() if line.startswith(("{", "["))]
