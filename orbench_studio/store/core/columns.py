"""Column types, and the naming of constraints, for the tables of a workspace."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ClauseElement, DateTime, Dialect, LargeBinary, MetaData, Table, Text, TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A datetime, stored in UTC; SQLite would lose the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store in UTC; reject a datetime without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Restore the time zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class LongText(TypeDecorator[str]):
    """Text of any length and any characters; PostgreSQL cannot store NUL: two other characters stand for it."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """SQLite stores texts unchanged."""
        return _without_nul if dialect.name == "postgresql" else None

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        """Restore NUL characters."""
        return _with_nul if dialect.name == "postgresql" else None


_ESCAPE, _NUL = "\ue000", "\ue001"  # characters that Unicode gives no meaning


def _without_nul(text: str | None) -> str | None:
    if text is None or ("\0" not in text and _ESCAPE not in text):
        return text
    return text.replace(_ESCAPE, _ESCAPE * 2).replace("\0", _ESCAPE + _NUL)


def _with_nul(text: str | None) -> str | None:
    if text is None or _ESCAPE not in text:
        return text
    return _ESCAPE.join(part.replace(_ESCAPE + _NUL, "\0") for part in text.split(_ESCAPE * 2))


def key() -> Any:
    return Field(default=None, primary_key=True)


def long_text(*, nullable: bool = False) -> Any:
    return Field(sa_type=cast(Any, LongText), nullable=nullable)


def identity_bytes(*, index: bool = False) -> Any:
    return Field(sa_type=LargeBinary, index=index)


def moment(*, nullable: bool = False) -> Any:
    return Field(sa_type=cast(Any, UtcDateTime), nullable=nullable)


def later(default: ClauseElement) -> Any:
    """A column that was added by a migration: it has a server default for the rows that existed."""
    return Field(sa_column_kwargs={"server_default": default})


def refers_to(target: str, *, nullable: bool = False, index: bool = False) -> Any:
    return Field(foreign_key=target, nullable=nullable, index=index)


def table(row: type[SQLModel]) -> Table:
    """The table behind a row class, for Core statements."""
    return SQLModel.metadata.tables[str(row.__tablename__)]
