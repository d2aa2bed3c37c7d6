"""The TransferGraph image zoo: 185 models from the Hugging Face hub, fine-tuned on 13 datasets.

Traps of the source, and what is done about them:

* a corpus that a model was trained on before is a name, or a list of labels that somebody collected with
  the HuggingPics notebook; each list is a dataset of its own, named after its labels,
* four datasets are corpora and targets at once, and ``imagenet`` is a corpus elsewhere too: one card each,
* two rows of the score table were cut off while they were written; they carry no score and are left out,
* most models are personal uploads of fine-tuned copies, see :mod:`zoograph.data.collections.transfergraph_lineage`,
* ``memory_consumption`` is the same number for all models, from 0.04 to 393 million parameters. It measures
  none of them, so it is left out.
"""

from __future__ import annotations

import ast
import math
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from pathlib import Path

from zoograph.data.collections.tables import make_row, read_rows
from zoograph.data.collections.transfergraph_lineage import link_uploads
from zoograph.data.errors import RawDataError
from zoograph.data.networks.registry.architectures import FindArchitecture, get_architecture, prove_architecture
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection, merge
from zoograph.data.records.records import Protocol, Relation, Run, Score

SOURCE = "transfergraph"

_MODELS = "model_config_dataset.csv"
_TARGETS = "target_dataset_features.csv"
_RUNS = "records.csv"
_SCORES = "transferability_score_records.csv"
_DISTANCES = "domain_similarity.csv"

_SCORE_NAMES = {
    "TransferabilityMethod.LOG_ME": "logme",
    "TransferabilityMethod.REG_H_SCORE": "regularized_h_score",
}

# One model lacks its type; its architecture tells it.
_FAMILIES = {"ViTForImageClassification": "vit"}

# Size of the training split of a target that the table of targets lacks: 101 classes of 750 images.
_PUBLISHED_SIZES = {"food101": 75_750}

# The table of targets gives Oxford Flowers 10 classes, which is its number of training images per class. Its
# regularised H-scores reach 94, and an H-score stays below the number of classes.
_CLASSES = {"flowers": 102}

# Three targets were split once more before the slices of the record were cut, which the source does not
# say. With these shares, and no others, all their accuracies are whole numbers of images.
_SHARES = {"caltech101": Decimal("0.9"), "eurosat": Decimal("0.6"), "pets": Decimal("0.8")}

# Targets that are two questions about the same images.
_TARGET_FAMILIES = {"smallnorb_label_azimuth": "smallnorb", "smallnorb_label_elevation": "smallnorb"}

_DIGITS = 6  # significant digits of scores and distances; the source prints float noise behind them


def read_transfergraph(folder: Path, find_architecture: FindArchitecture = get_architecture) -> Collection:
    """Read the TransferGraph image zoo.

    The relation ``domain_distance`` is a distance between feature means: 0 for a dataset and itself, and
    larger for datasets that are less alike. The scores ``logme`` and ``regularized_h_score`` are higher for
    better expected transfer.

    Args:
        folder: holds the five raw tables.
        find_architecture: tells the figures of a timm architecture.

    Raises:
        RawDataError: if a table is missing, or the tables do not fit together.
    """
    models, corpora = _read_models(folder / _MODELS, find_architecture)
    targets = _read_targets(folder / _TARGETS)
    sizes = {**_PUBLISHED_SIZES, **{card.id: card.num_samples for card in targets}}
    runs = _read_runs(folder / _RUNS, sizes)
    others = sorted({run.dataset for run in runs} - {card.id for card in targets})
    targets += tuple(DatasetCard(id=name, num_samples=sizes.get(name), source=SOURCE) for name in others)
    cards = merge((Collection(models=models, datasets=corpora), Collection(datasets=targets)))
    return Collection(
        models=cards.models,
        datasets=cards.datasets,
        runs=runs,
        scores=_read_scores(folder / _SCORES),
        relations=_read_distances(folder / _DISTANCES),
    ).validate()


def _read_models(
    path: Path, find_architecture: FindArchitecture
) -> tuple[tuple[ModelCard, ...], tuple[DatasetCard, ...]]:
    columns = (
        *("model", "input_shape", "output_shape", "architectures", "dataset", "#labels", "labels"),
        *("accuracy", "model_type", "number_of_parameters"),
    )
    models, classes = [], {}
    corpora: dict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for line, cells in read_rows(path, columns):
        place = f"at '{path}', line {line}"
        corpus, _ = _parse_corpus(cells["labels"], place)
        corpora[corpus].append((line, cells))
        architecture = cells["architectures"].strip("[']")
        family = cells["model_type"] or _FAMILIES.get(architecture)
        fields = {
            "id": cells["model"],
            "aliases": (cells["model"].rpartition("/")[2],) if "/" in cells["model"] else (),
            "family": family,
            "parameters": _whole(cells["number_of_parameters"], place),
            "input_size": _whole(cells["input_shape"], place),
            "num_features": _whole(cells["output_shape"], place),
            "pretrained_on": corpus,
            "source_accuracy": cells["accuracy"] or None,
            "source": SOURCE,
        }
        card = make_row(ModelCard, fields, path, line)
        classes[card.id] = _whole(cells["#labels"], place) or 0
        network = prove_architecture(card, classes[card.id], find_architecture)
        models.append(card.model_copy(update={"timm_name": network.name}) if network else card)
    datasets = tuple(_make_corpus(name, rows, path) for name, rows in corpora.items())
    return link_uploads(tuple(models), classes), datasets


def _make_corpus(name: str, rows: list[tuple[int, dict[str, str]]], path: Path) -> DatasetCard:
    line, cells = rows[0]
    place = f"at '{path}', line {line}"
    _, labels = _parse_corpus(cells["labels"], place)
    if any(_parse_corpus(other["labels"], place)[1] != labels for _, other in rows):
        raise RawDataError(f"The label list {place}, needs a name of its own (got '{name}' for two lists).")
    classes = {_whole(other["#labels"], place) for _, other in rows}
    aliases = dict.fromkeys(other["dataset"] for _, other in rows if not labels and other["dataset"] != name)
    fields = {
        "id": name,
        "aliases": tuple(aliases),
        "family": name.partition("/")[0] if labels else None,
        "labels": labels,
        "num_classes": classes.pop() if len(classes) == 1 else None,  # the models disagree on one corpus
        "source": SOURCE,
    }
    return make_row(DatasetCard, fields, path, line)


def _parse_corpus(text: str, place: str) -> tuple[str, tuple[str, ...]]:
    """Return the id and the labels of a corpus, given by its name or as a list of labels."""
    if not text.startswith("["):
        return text, ()
    try:
        labels = tuple(str(label).replace("_", " ") for label in ast.literal_eval(text))
    except (ValueError, SyntaxError) as error:
        raise RawDataError(f"The labels {place}, need to be a list (got {text!r}). Correct the cell.") from error
    return "hfpics/" + "-".join(label.lower().replace(" ", "-") for label in labels), labels


def _read_targets(path: Path) -> tuple[DatasetCard, ...]:
    cards = []
    for line, cells in read_rows(path, ("finetune_dataset", "size", "number_of_classes")):
        name = cells["finetune_dataset"]
        fields = {
            "id": name,
            "family": _TARGET_FAMILIES.get(name),
            "num_classes": _CLASSES.get(name, cells["number_of_classes"]),
            "num_samples": cells["size"],
            "source": SOURCE,
        }
        cards.append(make_row(DatasetCard, fields, path, line))
    return tuple(cards)


def _read_runs(path: Path, sizes: dict[str, int | None]) -> tuple[Run, ...]:
    columns = (
        *("model", "finetuned_dataset", "epochs", "batch_size", "lr", "train_slice", "test_slice"),
        *("eval_accuracy", "input_shape"),
    )
    runs = []
    for line, cells in read_rows(path, columns):
        place = f"at '{path}', line {line}"
        name = cells["finetuned_dataset"]
        size = sizes.get(name)
        images = None if size is None else int(size * _SHARES.get(name, 1))
        hyperparameters = {
            "epochs": _whole(cells["epochs"], place),
            "batch_size": _whole(cells["batch_size"], place),
            "learning_rate": float(_number(cells["lr"], place)),
            "input_size": _whole(cells["input_shape"], place),
        }
        fields = {
            "model": cells["model"],
            "dataset": name,
            "protocol": Protocol.FINETUNE,
            "value": round(float(_number(cells["eval_accuracy"], place)), 6),
            "train_size": _count_slice(cells["train_slice"], images, place),
            "test_size": _count_slice(cells["test_slice"], images, place),
            "hyperparameters": {key: value for key, value in hyperparameters.items() if value is not None},
            "source": SOURCE,
        }
        runs.append(make_row(Run, fields, path, line))
    return tuple(runs)


def _count_slice(text: str, images: int | None, place: str) -> int | None:
    """Count the images in a slice such as ``0.7:1`` of all images."""
    start, _, stop = text.partition(":")
    first, last = _number(start or "0", place), _number(stop or "1", place)
    return None if images is None else math.floor(last * images) - math.floor(first * images)


def _read_scores(path: Path) -> tuple[Score, ...]:
    scores = []
    for line, cells in read_rows(path, ("metric", "model", "target_dataset", "score"), short_rows=True):
        if not cells["score"]:
            continue
        if cells["metric"] not in _SCORE_NAMES:
            raise RawDataError(
                f"The metric at '{path}', line {line}, needs to be one of {', '.join(_SCORE_NAMES)} "
                f"(got '{cells['metric']}'). Correct or remove the row."
            )
        fields = {
            "model": cells["model"],
            "dataset": cells["target_dataset"],
            "name": _SCORE_NAMES[cells["metric"]],
            "value": _shorten(cells["score"], f"at '{path}', line {line}"),
            "source": SOURCE,
        }
        scores.append(make_row(Score, fields, path, line))
    return tuple(scores)


def _read_distances(path: Path) -> tuple[Relation, ...]:
    rows = [(line, cells.pop(""), cells) for line, cells in read_rows(path, ("",))]
    matrix = {name: cells for _, name, cells in rows}
    relations = []
    for position, (line, name, cells) in enumerate(rows):
        place = f"at '{path}', line {line}"
        for other in list(matrix)[position:]:
            there, back = cells.get(other, ""), matrix[other].get(name, "")
            value = _shorten(there, place)
            if value != _shorten(back, place) or (other == name and value != 0):
                raise RawDataError(
                    f"The distances {place}, need to be symmetric, and 0 on the diagonal "
                    f"(got {there} and {back} between '{name}' and '{other}'). Fetch the table again."
                )
            if other != name:
                fields = {
                    "dataset": _parse_corpus(name, place)[0],
                    "other": _parse_corpus(other, place)[0],
                    "name": "domain_distance",
                    "value": value,
                    "source": SOURCE,
                }
                relations.append(make_row(Relation, fields, path, line))
    return tuple(relations)


def _number(text: str, place: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise RawDataError(f"The cell {place}, needs a number (got {text!r}). Correct or remove the row.") from error


def _shorten(text: str, place: str) -> float:
    return float(f"{_number(text, place):.{_DIGITS}g}")


def _whole(text: str, place: str) -> int | None:
    """Read a count that may be written as ``224.0``; an empty cell is not known."""
    if not text:
        return None
    number = _number(text, place)
    if number != number.to_integral_value():
        raise RawDataError(f"The cell {place}, needs a whole number (got {text!r}). Correct or remove the row.")
    return int(number)
