"""The Hugging Face Trainer's files: ``all_results.json`` and its like, and ``trainer_state.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_HISTORY = "log_history"
_BEST = "best_metric"
# Accuracy on test images comes before that on validation images, which trainings are steered by.
_ACCURACIES = ("test_accuracy", "predict_accuracy", "eval_accuracy")
_TEST_SIZES = ("test_samples", "predict_samples", "eval_samples")


def read_results(document: Any) -> list[dict[str, Any]]:
    """Return the rows of a JSON document; none if it holds no rows.

    A list is its own rows. A history of the Trainer has one row for each evaluation; a file of results is one row.
    Figures beside the accuracy, such as losses and running times, are measurements and no settings: they are left out.

    Args:
        document: as it was parsed.
    """
    if isinstance(document, list):
        return document if document and all(isinstance(row, dict) for row in document) else []
    if not isinstance(document, dict):
        return []
    if isinstance(document.get(_HISTORY), list):
        entries = [row for row in document[_HISTORY] if isinstance(row, dict)]
        found = [_plain_row(row) for row in entries if any(name in row for name in _ACCURACIES)]
        return found or [_plain_row(row) for row in entries]
    return [_plain_row(document)] if any(_is_plain(value) for value in document.values()) else []


def keeps_best(document: Any) -> bool:
    """Whether the Trainer itself chose the checkpoint of the best accuracy: that is its result."""
    if not isinstance(document, dict) or not isinstance(document.get(_HISTORY), list):
        return False
    return document.get(_BEST) is not None and document[_BEST] in _accuracies(document[_HISTORY])


def is_benchmark_result(document: Any) -> bool:
    """Whether a document is one that MTEB writes."""
    return isinstance(document, dict) and isinstance(document.get("scores"), dict) and "mteb_version" in document


def _accuracies(history: Sequence[Any]) -> Iterator[Any]:
    for row in history:
        if isinstance(row, dict):
            yield from (row[name] for name in _ACCURACIES if name in row)


def _plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    value = next((name for name in _ACCURACIES if name in row), None)
    if value is None:
        return {name: cell for name, cell in row.items() if _is_plain(cell)}
    known = {name: row[name] for name in ("model", "dataset", "epoch", "step", "seed", "train_samples") if name in row}
    size = next((row[name] for name in _TEST_SIZES if name in row), None)
    train_size = known.pop("train_samples", None)
    return {**known, value: row[value], "train_size": train_size, "test_size": size}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
