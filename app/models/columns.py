"""Column types and shorthands that all tables share."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """Aware times in UTC. SQLite keeps text and no zone, so the zone is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_Text())
        return super().load_dialect_impl(dialect)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value if value is None or value.tzinfo is UTC else value.astimezone(UTC)


class _Text(sqlite.DATETIME):
    """SQLAlchemy's own format, `2026-01-31 09:00:00.000000`, written and read by C instead of by
    a regular expression and a format string: workers convert tens of thousands a second."""

    def bind_processor(self, dialect: Dialect) -> Any:
        def process(value: datetime | None) -> str | None:
            if value is None:
                return None
            utc = value if value.tzinfo is UTC else value.astimezone(UTC)
            return utc.isoformat(" ", "microseconds")[:26]

        return process

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        def process(value: str | None) -> datetime | None:
            return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)

        return process


# SQLite gives rising ids by itself only to a column declared INTEGER PRIMARY KEY.
Id = BigInteger().with_variant(Integer, "sqlite")


class _Json(JSON):
    """JSON as it is written: to Python 1, 1.0 and true are equal, and so are objects whose keys
    stand in another order; what was changed from one to the other would not be saved."""

    cache_ok = True

    def compare_values(self, x: Any, y: Any) -> bool:
        if x is y:
            return True
        try:
            return json.dumps(x) == json.dumps(y)
        except TypeError:  # SQLAlchemy's word for a value that was never read
            return False


# JSON, not JSONB: it keeps the order in which authors wrote their keys.
Document = _Json(none_as_null=True)


def table_of(model: type[DeclarativeBase]) -> Table:
    """A model's table, for statements written in Core (its own annotation is too wide)."""
    return cast(Table, model.__table__)


PrimaryKey = Annotated[int, mapped_column(Id, primary_key=True, autoincrement=True)]
Key = Annotated[str, mapped_column(String(120))]
Word = Annotated[str, mapped_column(String(40))]
Line = Annotated[str, mapped_column(String(500))]
LongText = Annotated[str, mapped_column(Text)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Json = Annotated[Any, mapped_column(Document)]
