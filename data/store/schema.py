"""The store's tables, portable between SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator

from zoograph.data.records.fields import in_utc

SCHEMA_VERSION = 5

# What the first version had: a database with less is somebody else's.
FIRST_TABLES = frozenset({"meta", "models", "datasets", "names", "runs", "scores", "relations"})

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """A point in time: kept in UTC, because SQLite forgets zones; one without a zone is taken as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn it to UTC."""
        return None if value is None else in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give it back in UTC."""
        return None if value is None else in_utc(value)


# SQLite's integers are wide anyway, PostgreSQL's have 32 bits.
_Wide = BigInteger().with_variant(Integer(), "sqlite")


def _provenance() -> tuple[Column[str], Column[str], Column[datetime]]:
    """Return new columns for where a record came from, with which batch, and when."""
    return (
        Column("source", String, nullable=False),
        Column("batch", String, nullable=False),
        Column("stored_at", Moment),
    )


# Alembic's own table: which revision the tables are at.
alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), primary_key=True),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

# What came in together. A batch from before version 2 has no time.
batches = Table(
    "batches",
    metadata,
    Column("id", String, primary_key=True),
    Column("created_at", Moment),
    Column("origin", String, nullable=False),
    Column("records", Integer, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("id", String, primary_key=True),
    Column("card", JSON, nullable=False),
    Column("batch", String),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", String, primary_key=True),
    Column("card", JSON, nullable=False),
    Column("batch", String),
)

# Every way to call a thing: an alias of a model or a dataset, or a family and its members.
names = Table(
    "names",
    metadata,
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("target", String, primary_key=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("model", ForeignKey("models.id"), nullable=False),
    Column("dataset", ForeignKey("datasets.id"), nullable=False),
    Column("protocol", String, nullable=False),
    Column("metric", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("train_size", _Wide),
    Column("test_size", _Wide),
    Column("seed", _Wide),
    Column("hyperparameters", JSON, nullable=False),
    Column("measured_at", Moment),
    *_provenance(),
    Column("shots", Integer),
    Column("input_size", Integer),
    Column("repeats", Integer),
    Column("failure", String),
    Index("runs_by_pair", "dataset", "model", "protocol", "metric"),
    Index("runs_by_model", "model"),
    Index("runs_by_batch", "batch"),
)

scores = Table(
    "scores",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("model", ForeignKey("models.id"), nullable=False),
    Column("dataset", ForeignKey("datasets.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    *_provenance(),
    Index("scores_by_pair", "dataset", "model"),
    Index("scores_by_batch", "batch"),
)

relations = Table(
    "relations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("dataset", ForeignKey("datasets.id"), nullable=False),
    Column("other", ForeignKey("datasets.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    *_provenance(),
    Index("relations_by_batch", "batch"),
)

influences = Table(
    "influences",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("label", String, nullable=False),
    Column("corpus", ForeignKey("datasets.id"), nullable=False),
    Column("dataset", ForeignKey("datasets.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("standard_error", Float),
    Column("num_models", Integer),
    *_provenance(),
    Index("influences_by_batch", "batch"),
)
