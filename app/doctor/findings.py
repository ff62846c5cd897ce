"""What the doctor says of one thing: it is well, look at it, or it is broken; and what to do."""

from dataclasses import dataclass
from typing import Literal

from app.log_lines import scrubbed

Level = Literal["ok", "warning", "fault"]
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """`check`: what was looked at; `said`: what was found, in a sentence; `do`: what to do."""

    level: Level
    check: str
    said: str
    do: str = ""

    @property
    def line(self) -> str:
        cure = f" To do: {self.do}" if self.do else ""
        return f"{self.level:<8} {self.check:<12} {self.said}{cure}"

    @property
    def document(self) -> dict[str, str]:
        return {"check": self.check, "level": self.level, "said": self.said, "do": self.do}


def ok(check: str, said: str) -> Finding:
    return Finding("ok", check, said)


def warning(check: str, said: str, do: str) -> Finding:
    return Finding("warning", check, said, do)


def fault(check: str, said: str, do: str) -> Finding:
    return Finding("fault", check, said, do)


def reason(error: BaseException) -> str:
    """An error's first line, without what looks like a password."""
    told = scrubbed(str(getattr(error, "orig", None) or error)).strip().splitlines()
    return (told[0] if told else type(error).__name__)[:LONGEST].rstrip(".")
