"""Statements for many rows, compiled once.

SQLAlchemy works a statement's parameters out anew for each row, which costs more than the
database takes for it. Workers write thousands of rows a second with the same few statements, so
these are compiled once per dialect and given to the driver with their parameters in place.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

Rows = Sequence[Mapping[str, Any]]
Convert = Callable[[Any], Any]


class Prepared:
    """An INSERT or UPDATE for rows that all have the keys `names`. An INSERT must name every
    column that has no default in the database: Python-side defaults do not apply here."""

    def __init__(self, statement: Any, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, Callable[[Connection, Rows], int]] = {}

    def __call__(self, connection: Connection, rows: Rows) -> int:
        """Execute it for all rows; returns how many rows of the database it changed."""
        if not rows:
            return 0
        dialect = connection.dialect.name
        run = self._compiled.get(dialect)
        if run is None:
            run = self._compiled[dialect] = self._compile(connection)
        return run(connection, rows)

    def _compile(self, connection: Connection) -> Callable[[Connection, Rows], int]:
        compiled = self._statement.compile(dialect=connection.dialect, column_keys=[*self._names])
        text: str = compiled.string
        converters: Mapping[str, Convert] = compiled._bind_processors
        fixed: dict[str, Any] = {
            name: _converted(converters.get(name), value)
            for name, value in compiled.construct_params(dict.fromkeys(self._names)).items()
            if name not in self._names
        }
        given = [(name, converters.get(name)) for name in self._names]
        order: list[str] = compiled.positiontup or []

        def by_position(connection: Connection, rows: Rows) -> int:
            values = [_in_order(fixed | _row(given, row), order) for row in rows]
            return connection.exec_driver_sql(text, values).rowcount

        def by_name(connection: Connection, rows: Rows) -> int:
            values = [fixed | _row(given, row) for row in rows]
            return connection.exec_driver_sql(text, values).rowcount

        return by_position if order else by_name


def _in_order(values: Mapping[str, Any], order: list[str]) -> tuple[Any, ...]:
    return tuple([values[name] for name in order])


def _converted(convert: Convert | None, value: Any) -> Any:
    return value if convert is None else convert(value)


def _row(given: list[tuple[str, Convert | None]], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] if convert is None else convert(row[name]) for name, convert in given}
