"""Column types and shorthands that all tables share."""

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, String, Text, TypeDecorator
from sqlalchemy.orm import mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """Aware times in UTC. SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives rising ids by itself only to a column declared INTEGER PRIMARY KEY.
Id = BigInteger().with_variant(Integer, "sqlite")
# JSON, not JSONB: it keeps the order in which authors wrote their keys.
Document = JSON(none_as_null=True)

PrimaryKey = Annotated[int, mapped_column(Id, primary_key=True, autoincrement=True)]
Key = Annotated[str, mapped_column(String(120))]
Word = Annotated[str, mapped_column(String(40))]
Line = Annotated[str, mapped_column(String(500))]
LongText = Annotated[str, mapped_column(Text)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Json = Annotated[Any, mapped_column(Document)]
