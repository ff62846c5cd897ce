"""Findings as Markdown, each printed as soon as it is known, with the machine's load beside it."""

import os

FAULTS = ("lost", "doubled", "changed", "missing", "twice", "too late", "too early")


class Table:
    """Rows of cells. What stands under one of FAULTS should be 0 and is counted if it is not."""

    faults = 0

    def __init__(self, title: str, *columns: str) -> None:
        self._columns = columns
        print(f"\n### {title}\n\n| {' | '.join(columns)} | load |", flush=True)
        print(f"| {' | '.join('---' for _ in columns)} | --- |", flush=True)

    def row(self, *cells: object) -> None:
        assert len(cells) == len(self._columns)
        load = f"{os.getloadavg()[0]:.1f}"
        print(f"| {' | '.join(str(cell) for cell in cells)} | {load} |", flush=True)
        for name, cell in zip(self._columns, cells, strict=True):
            Table.faults += name in FAULTS and cell != 0
