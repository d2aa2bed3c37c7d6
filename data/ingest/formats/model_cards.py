"""Model cards: results of a ``model-index``, or of the folder ``.eval_results``, as tables to ingest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from zoograph.data.errors import RawDataError, UnknownName
from zoograph.data.files.yaml_text import read_yaml
from zoograph.data.ingest.columns import to_text
from zoograph.data.ingest.formats.splits import is_training_name
from zoograph.data.ingest.tables import Reject, Row, RowTable, Table
from zoograph.data.ingest.values.numbers import read_number
from zoograph.data.records.naming.spellings import read_metric
from zoograph.data.records.records import ACCURACIES, Metric, Protocol

_HEADER = re.compile(r"\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_EVAL_RESULTS = (".yaml", ".yml")
# What tools that write cards by themselves call any folder of images or files.
_GENERIC_DATASETS = frozenset(
    {"", "imagefolder", "image_folder", "image-folder", "custom", "generator", "parquet", "csv", "json", "webdataset"}
)
# Words of a metric's name by which it is no accuracy, whatever its type says.
_OTHER_FIGURE = re.compile(
    r"(?<![a-z])(?:err|errors?|loss|f-?1|f-?beta|precision|recall|au-?c|au-?roc|kappa|mcc|iou|map|ece)(?![a-z])", re.I
)
_CLASSIFIES = re.compile(r"(?!token)[a-z -]*classification", re.IGNORECASE)
_ZERO_SHOT = re.compile(r"zero[ -]?shot", re.IGNORECASE)
# Relations to a base model whose weights are no more what was trained on the dataset alone.
_OTHER_WEIGHTS = frozenset({"quantized", "merge"})


def read_model_card(path: Path, model: str = "") -> Table:
    """Return the results in a model card, or in a file of the folder ``.eval_results``, one a row, each in its unit.

    A result belongs to the model of its entry in the ``model-index``. Where there is one entry alone, it belongs to
    the base model of the card, if that is one, which was fine-tuned.

    Args:
        path: a ``README.md``, or YAML beside one.
        model: of a card that names none.

    Raises:
        RawDataError: if there is no such file, it cannot be read, it holds no result of a classification, or nothing
            says their model.
    """
    if not path.is_file():
        raise RawDataError(f"The model card '{path}' is no file. Give the README.md of a model.")
    if path.suffix.lower() in _EVAL_RESULTS:
        rows = list(_read_eval_results(path, model))
    else:
        card = _Card(path, model)
        rows = [row for place, entry in enumerate(card.entries, start=1) for row in _read_entry(card, place, entry)]
    if not rows:
        raise RawDataError(f"The model card '{path}' holds no results. Add a model-index, or give another file.")
    if all(isinstance(row, str) for row in rows):
        more = f", and {len(rows) - 1:,} more" if len(rows) > 1 else ""
        raise RawDataError(f"The model card '{path}' holds no result that can be stored ({rows[0]}{more}).")
    numbered = [
        Row(line, row) if isinstance(row, dict) else Reject(line, row) for line, row in enumerate(rows, start=1)
    ]
    return RowTable(path.name, numbered, row_units=True)


class _Card:
    """What a card says of its model.

    Attributes:
        entries: of its ``model-index``.
    """

    def __init__(self, path: Path, model: str = "") -> None:
        self._path, self._said = path, model
        text = _read_text(path)
        header = _HEADER.match(text)
        data = _parse(path, header[1], text[: header.start(1)].count("\n")) if header else {}
        if not isinstance(data, dict):
            raise _unreadable(path, "its header is no list of fields")
        index = data.get("model-index") or []
        self.entries: list[dict[str, Any]] = [index] if isinstance(index, dict) else index
        if not isinstance(self.entries, list) or not all(isinstance(entry, dict) for entry in self.entries):
            raise _unreadable(path, "its 'model-index' is no list of models with results")
        base = data.get("base_model")
        base = base[0] if isinstance(base, list) and len(base) == 1 else base
        is_other = str(data.get("base_model_relation", "")).lower() in _OTHER_WEIGHTS
        self._base = base if isinstance(base, str) and not is_other else ""

    def describe(self, entry: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what is known of the model of an entry; of the card's only model without one."""
        only = self.entries[0] if entry is None and len(self.entries) == 1 else {}
        name = to_text((entry or only).get("name"))
        about = {"source": f"model card {name}" if name else "model card"}
        if self._base and len(self.entries) < 2:
            return {**about, "model": self._base, "protocol": Protocol.FINETUNE.value}
        if not (name or self._said):
            which = "its model-index has several" if len(self.entries) > 1 else "its model-index has no 'name'"
            raise RawDataError(
                f"The model card '{self._path}' does not say its model: {which}, and no 'base_model' is all of them. "
                "Add a name, or say it with --model."
            )
        return {**about, "model": name or self._said}


def _read_entry(card: _Card, place: int, entry: Mapping[str, Any]) -> Iterator[dict[str, Any] | str]:
    results = entry.get("results") or []
    if not isinstance(results, list):
        yield f"the results of entry {place} of the model-index are no list"
        return
    about = card.describe(entry) if results else {}
    for result in results:
        if not isinstance(result, dict):
            yield f"a result of entry {place} of the model-index is no list of fields"
            continue
        metrics = result.get("metrics") or []
        for metric in metrics if isinstance(metrics, list) else [metrics]:
            if not isinstance(metric, dict):
                yield f"'{metric}' is no metric with a type and a value"
                continue
            try:
                read = _read_result(result, metric)
                yield read if isinstance(read, str) else {**about, **read}
            except UnknownName as error:
                yield str(error)


def _read_result(result: Mapping[str, Any], metric: Mapping[str, Any]) -> dict[str, Any] | str:
    """Return the cells of a result; or why it is none."""
    found = read_metric(_find_metric(metric))
    task = result.get("task")
    kind_of_task = to_text(task.get("type")) if isinstance(task, dict) else ""
    if found in ACCURACIES and kind_of_task and not _CLASSIFIES.fullmatch(kind_of_task):
        return f"the accuracy is of '{kind_of_task}', which is no classification of images or texts"
    if _says_percent_of_fraction(metric):
        return f"the value {to_text(metric['value'])} is called '{to_text(metric['name'])}': it may be either"
    dataset = result.get("dataset")
    dataset = dataset if isinstance(dataset, dict) else {"name": dataset}
    kind, name = to_text(dataset.get("type")), to_text(dataset.get("name"))
    split = to_text(dataset.get("split"))
    if is_training_name(to_text(metric.get("name"))) or is_training_name(to_text(metric.get("type"))):
        split = "train"
    return {
        "dataset": (name or kind) if kind.lower() in _GENERIC_DATASETS else kind,
        "value": metric.get("value"),
        "metric": found.value,
        "split": split or None,
        "config": dataset.get("config"),
        **({"protocol": Protocol.ZERO_SHOT.value} if _ZERO_SHOT.match(kind_of_task) else {}),
    }


def _says_percent_of_fraction(metric: Mapping[str, Any]) -> bool:
    number = read_number(to_text(metric.get("value")))
    return number is not None and 0 < number < 1 and "%" in to_text(metric.get("name"))


def _find_metric(metric: Mapping[str, Any]) -> str:
    """Return what a metric is called, by the more telling one of its type and its name, and by its arguments."""
    kind, name = to_text(metric.get("type")), to_text(metric.get("name"))
    for arguments in (metric.get("args"), metric.get("config")):
        if isinstance(arguments, dict):
            k = arguments.get("k", arguments.get("top_k", 1))
            if k != 1:
                return f"top{k}"
    try:
        is_plain = not kind or read_metric(kind) is Metric.TOP1
        return read_metric(name).value if is_plain and name else kind
    except UnknownName:
        return name if _OTHER_FIGURE.search(name) else kind or name


def _read_eval_results(path: Path, model: str) -> Iterator[dict[str, Any] | str]:
    readme = path.parent.parent / "README.md"
    about = _Card(readme, model).describe() if readme.is_file() else {"model": model} if model else {}
    found = _parse(path, _read_text(path))
    for entry in found if isinstance(found, list) else [] if found is None else [found]:
        dataset = entry.get("dataset") if isinstance(entry, dict) else None
        if not isinstance(dataset, dict):
            raise _unreadable(path, "each result needs a 'dataset' with an 'id', and a 'value'")
        yield {
            **about,
            "dataset": dataset.get("id"),
            "value": entry.get("value"),
            "task": dataset.get("task_id"),
            "split": dataset.get("split"),
            "measured_at": entry.get("date"),
        }


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "it is no UTF-8 text") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parse(path: Path, text: str, lines_before: int = 0) -> Any:
    try:
        return read_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f": {error}" if mark is None else f" at line {mark.line + 1 + lines_before}"
        raise _unreadable(path, f"its YAML has a fault{where}") from error


def _unreadable(path: Path, reason: str) -> RawDataError:
    return RawDataError(f"The model card '{path}' cannot be read: {reason}. Correct it.")
