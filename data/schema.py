"""The store's tables, portable between SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

SCHEMA_VERSION = 1

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("id", String, primary_key=True),
    Column("card", JSON, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", String, primary_key=True),
    Column("card", JSON, nullable=False),
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
    Column("train_size", Integer),
    Column("test_size", Integer),
    Column("seed", Integer),
    Column("hyperparameters", JSON, nullable=False),
    Column("measured_at", DateTime(timezone=True)),
    Column("source", String, nullable=False),
    Column("batch", String, nullable=False),
    Index("runs_by_pair", "dataset", "model", "protocol", "metric"),
)

scores = Table(
    "scores",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("model", ForeignKey("models.id"), nullable=False),
    Column("dataset", ForeignKey("datasets.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("source", String, nullable=False),
    Column("batch", String, nullable=False),
    Index("scores_by_pair", "dataset", "model"),
)

relations = Table(
    "relations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("dataset", ForeignKey("datasets.id"), nullable=False),
    Column("other", ForeignKey("datasets.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("source", String, nullable=False),
    Column("batch", String, nullable=False),
)
