"""What columns are made of, and the names of constraints: for the tables of a workspace."""

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
    """A moment, stored in UTC; SQLite would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone, store the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def key() -> Any:
    return Field(default=None, primary_key=True)


def long_text(*, nullable: bool = False) -> Any:
    return Field(sa_type=Text, nullable=nullable)


def identity_bytes(*, index: bool = False) -> Any:
    return Field(sa_type=LargeBinary, index=index)


def moment(*, nullable: bool = False) -> Any:
    return Field(sa_type=cast(Any, UtcDateTime), nullable=nullable)


def later(default: ClauseElement) -> Any:
    """A column that came after the first revision: rows that were there needed a value, new ones always give it."""
    return Field(sa_column_kwargs={"server_default": default})


def refers_to(target: str, *, nullable: bool = False, index: bool = False) -> Any:
    return Field(foreign_key=target, nullable=nullable, index=index)


def table(row: type[SQLModel]) -> Table:
    """The table behind a row class, for Core statements."""
    return SQLModel.metadata.tables[str(row.__tablename__)]
