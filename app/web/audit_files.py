"""The audit as files."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask, current_app

from app import transaction
from app.domain import audit
from app.domain.audit import Filter
from app.extensions import compact_json
from app.schemas.audit import AuditOut

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
AT_ONCE = 500
Document = dict[str, Any]
_COLUMNS = [field.alias or name for name, field in AuditOut.model_fields.items()]
# What a spreadsheet takes for a formula, which could ask the network or run a program.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(form: str, wanted: Filter) -> Iterator[str]:
    """All that matches, newest first, as `csv` or `json`. It is read while it is sent, when the
    request's own context has ended."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return {"csv": _csv_lines, "json": _json_lines}[form](_documents(app, wanted))


def _csv_lines(documents: Iterable[Document]) -> Iterator[str]:
    yield _line(_COLUMNS)
    for document in documents:
        yield _line(_cell(document[name]) for name in _COLUMNS)


def _json_lines(documents: Iterable[Document]) -> Iterator[str]:
    comma = "["
    for document in documents:
        yield f"{comma}\n{compact_json(document)}"
        comma = ","
    yield "\n]\n" if comma == "," else "[]\n"


def _documents(app: Flask, wanted: Filter) -> Iterator[Document]:
    before: int | None = None
    while True:
        with app.app_context(), transaction.reading() as session:
            page, before = audit.find_all(session, wanted, before=before, limit=AT_ONCE)
        yield from (entry.document() for entry in page)
        if before is None:
            return


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else compact_json(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
