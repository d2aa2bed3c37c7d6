"""A user's own tables: runs, and what is known of their models and datasets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from pydantic import ValidationError

from zoograph.data.errors import RawDataError
from zoograph.data.records.cards import Card, DatasetCard, ModelCard
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.records.zoo import RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS, Zoo

SOURCE = "own tables"
AnyCard = TypeVar("AnyCard", bound=Card)
_VALUE_NAMES = ("value", "accuracy")


def read_own_tables(runs: Path, models: Path | None = None, datasets: Path | None = None) -> Zoo:
    """Read a zoo from CSV files.

    ``runs`` needs the columns ``model``, ``dataset`` and ``accuracy`` (or ``value``); ``protocol`` (default
    ``head``), ``train_size`` and ``test_size`` are optional; a size below 1 is not known. Accuracies are
    fractions or percent, decided for the whole file: if one exceeds 1, all are percent. ``models`` and
    ``datasets`` need a column ``id`` and may have any field of a card; columns that no card knows are ignored,
    missing ones are not known, and a model or dataset without a row is known by its name alone. Labels are
    separated by ``;``.

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
            "model": _names(frame["model"], runs),
            "dataset": _names(frame["dataset"], runs),
            "protocol": _protocols(frame),
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
        frame = pd.read_csv(
            path, encoding="utf-8-sig", dtype={"model": str, "dataset": str, "id": str}, skip_blank_lines=False
        )
    except (OSError, ValueError) as error:
        raise RawDataError(f"The table '{path}' cannot be read ({error}). Give a CSV file with a header.") from error
    frame = frame.dropna(how="all")  # an empty line says nothing, but counts: the index knows the lines
    if frame.empty:
        raise RawDataError(f"The table '{path}' needs a row (got none).")
    return frame


def _accuracies(column: pd.Series[Any], path: Path) -> pd.Series[float]:
    values = pd.to_numeric(column, errors="coerce")
    bad = values.isna() | ~values.between(0, 100)
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise RawDataError(
            f"The accuracy at '{path}', line {_line(column, row)}, needs to be a fraction or percent "
            f"(got '{column.iloc[row]}')."
        )
    return values / 100 if (values > 1).any() else values


def _line(column: pd.Series[Any], row: int) -> int:
    return int(column.index[row]) + 2


def _names(column: pd.Series[Any], path: Path) -> pd.Series[str]:
    names = column.fillna("").astype(str).str.strip()
    if (names == "").any():
        row = int((names == "").to_numpy().argmax())
        raise RawDataError(f"The {column.name} at '{path}', line {_line(column, row)}, needs a name (got none).")
    return names


def _protocols(frame: pd.DataFrame) -> pd.Series[str]:
    if "protocol" not in frame.columns:
        return pd.Series(Protocol.HEAD.value, frame.index)
    return frame["protocol"].fillna(Protocol.HEAD.value).astype(str).str.strip()


def _numbers(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    if name not in frame.columns:
        return pd.Series(float("nan"), frame.index)
    numbers = pd.to_numeric(frame[name], errors="coerce")
    return numbers.where(numbers >= 1)


def _cards(schema: type[AnyCard], path: Path | None, names: pd.Series[str]) -> Mapping[str, AnyCard]:
    cards: dict[str, AnyCard] = {}
    if path is not None:
        frame = _read_csv(path)
        if "id" not in frame.columns:
            raise RawDataError(f"The table '{path}' needs a column 'id' (got {', '.join(frame.columns)}).")
        fields = [name for name in frame.columns if name in schema.model_fields and name != "source"]
        for index, row in zip(frame.index, frame[fields].to_dict("records"), strict=True):
            line = int(index) + 2
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
