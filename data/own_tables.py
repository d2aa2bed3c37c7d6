"""A user's own tables: runs, and what is known of their models and datasets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pydantic import ValidationError

from zoograph.data.cards import Card, DatasetCard, ModelCard
from zoograph.data.errors import RawDataError
from zoograph.data.records import Metric, Protocol
from zoograph.data.snapshot import RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS, Zoo

SOURCE = "own tables"
AnyCard = TypeVar("AnyCard", bound=Card)
_VALUE_NAMES = ("value", "accuracy")


def read_own_tables(runs: Path, models: Path | None = None, datasets: Path | None = None) -> Zoo:
    """Read a zoo from CSV files.

    ``runs`` needs the columns ``model``, ``dataset`` and ``accuracy`` (or ``value``); ``protocol`` (default
    ``head``), ``train_size`` and ``test_size`` are optional. Accuracies are fractions or percent, decided for
    the whole file: if one exceeds 1, all are percent. ``models`` and ``datasets`` need a column ``id`` and may
    have any field of a card; columns that no card knows are ignored, missing ones are not known, and a
    model or dataset without a row is known by its name alone. Labels are separated by ``;``.

    Raises:
        RawDataError: naming the file, the line and what does not fit.
    """
    frame = _read_csv(runs)
    value = next((name for name in _VALUE_NAMES if name in frame.columns), None)
    missing = [name for name in ("model", "dataset") if name not in frame.columns]
    if value is None or missing:
        raise RawDataError(
            f"The runs '{runs}' need the columns 'model', 'dataset' and 'accuracy' (got {', '.join(frame.columns)})."
        )
    table = pd.DataFrame(
        {
            "model": frame["model"].astype(str).str.strip(),
            "dataset": frame["dataset"].astype(str).str.strip(),
            "protocol": frame.get("protocol", pd.Series(Protocol.HEAD.value, frame.index)),
            "metric": Metric.TOP1.value,
            "value": _accuracies(frame[value], runs),
            "train_size": _numbers(frame, "train_size"),
            "test_size": _numbers(frame, "test_size"),
            "source": SOURCE,
        }
    )[list(RUN_COLUMNS)]
    unknown = sorted(set(table["protocol"]) - {protocol.value for protocol in Protocol})
    if unknown:
        raise RawDataError(f"The runs '{runs}' need 'head' or 'finetune' as protocol (got '{unknown[0]}').")
    return Zoo(
        _cards(ModelCard, models, table["model"]),
        _cards(DatasetCard, datasets, table["dataset"]),
        table,
        pd.DataFrame(columns=list(SCORE_COLUMNS)).astype({"value": float}),
        pd.DataFrame(columns=list(RELATION_COLUMNS)).astype({"value": float}),
    )


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, encoding="utf-8-sig", dtype={"model": str, "dataset": str, "id": str})
    except (OSError, ValueError) as error:
        raise RawDataError(f"The table '{path}' cannot be read ({error}). Give a CSV file with a header.") from error
    if frame.empty:
        raise RawDataError(f"The table '{path}' needs a row (got none).")
    return frame


def _accuracies(column: pd.Series[Any], path: Path) -> pd.Series[float]:
    values = pd.to_numeric(column, errors="coerce")
    bad = values.isna() | ~values.between(0, 100)
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise RawDataError(
            f"The accuracy at '{path}', line {row + 2}, needs to be a fraction or percent (got '{column.iloc[row]}')."
        )
    return values / 100 if (values > 1).any() else values


def _numbers(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    if name not in frame.columns:
        return pd.Series(float("nan"), frame.index)
    return pd.to_numeric(frame[name], errors="coerce")


def _cards(schema: type[AnyCard], path: Path | None, names: pd.Series[str]) -> Mapping[str, AnyCard]:
    cards: dict[str, AnyCard] = {}
    if path is not None:
        frame = _read_csv(path)
        if "id" not in frame.columns:
            raise RawDataError(f"The table '{path}' needs a column 'id' (got {', '.join(frame.columns)}).")
        fields = [name for name in frame.columns if name in schema.model_fields and name != "source"]
        for line, row in enumerate(frame[fields].to_dict("records"), start=2):
            known = {str(key): _parse(key, value) for key, value in row.items() if not pd.isna(value)}
            try:
                card = schema(**known, source=SOURCE)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                raise RawDataError(
                    f"The value of '{'.'.join(map(str, first['loc']))}' at '{path}', line {line}, does not fit: "
                    f"{first['msg']} (got {first['input']!r})."
                ) from error
            cards[card.id] = card
    for name in dict.fromkeys(names):
        cards.setdefault(name, schema(id=name, source=SOURCE))
    return dict(sorted(cards.items()))


def _parse(name: object, value: Any) -> Any:
    if name in ("labels", "aliases"):
        return tuple(part.strip() for part in str(value).split(";") if part.strip())
    return int(value) if isinstance(value, float) and value.is_integer() else value
