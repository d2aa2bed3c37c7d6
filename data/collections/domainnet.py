"""The DomainNet record: 10 ImageNet models, each with a new head, on 270 tasks drawn from six domains.

The source is three tables that name the same things differently:

* the accuracy matrix has a row per model and a column ``task{k}_{domain}_{shots}``,
* the task table has a row ``{row}_{domain}_{classes}``; the k-th row of one (domain, shots) is task ``k``,
* the model table lists the models in an order of its own, so everything is joined by name.

Three tasks in a row have the same number of classes. Their label lists are A, C and B, in this order:
A and C share no label, and B takes half of each.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from zoograph.data.collections.tables import make_row, read_rows
from zoograph.data.errors import RawDataError
from zoograph.data.networks.registry.architectures import FindArchitecture, get_architecture
from zoograph.data.networks.registry.torchvision_cards import DOMAINNET_WEIGHTS, model_card_from_torchvision
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run

SOURCE = "domainnet-10x270"
IMAGENET = DatasetCard(
    id="imagenet",
    aliases=("imagenet-1k", "imagenet1k"),
    num_classes=1000,
    num_samples=1_281_167,
    source="ilsvrc2012",
)

_MATRIX = "record_domainnet_10_270.csv"
_MODELS = "source_model_meta_data.csv"
_TASKS = "target_dataset_meta_data.csv"
_PARAMETERS = "# of parameters"
_SPLITS = ("a", "c", "b")  # in the order of the task table

# Models that timm knows under another name.
_TIMM_NAMES = {"mobilenet_v2": "mobilenetv2_100"}


class _Task(NamedTuple):
    line: int
    number: int  # k of the matrix column
    cells: dict[str, str]

    @property
    def column(self) -> str:
        return f"task{self.number}_{self.cells['domain']}_{self.cells['num_pre_class']}"

    @property
    def labels(self) -> tuple[str, ...]:
        written = self.cells["Labels"].replace("_", " ").replace("-", " ")
        return tuple(label.strip() for label in written.split(",") if label.strip())


def read_domainnet(folder: Path, find_architecture: FindArchitecture = get_architecture) -> Collection:
    """Read the DomainNet record.

    Args:
        folder: holds the three raw tables.
        find_architecture: tells the figures of a timm architecture.

    Raises:
        RawDataError: if a table is missing, or the tables do not fit together.
    """
    models = _read_models(folder / _MODELS, find_architecture)
    datasets, columns = _read_tasks(folder / _TASKS)
    runs = _read_runs(folder / _MATRIX, {card.id for card in models}, columns)
    return Collection(models=models, datasets=(IMAGENET, *datasets), runs=runs).validate()


def matrix_order(folder: Path, collection: Collection) -> tuple[list[str], list[str]]:
    """Return the ids of the accuracy matrix's rows and columns, in file order."""
    columns = {alias: card.id for card in collection.datasets for alias in card.aliases}
    rows = list(read_rows(folder / _MATRIX, ("",)))
    datasets = [columns[name] for name in rows[0][1] if name]
    return [DOMAINNET_WEIGHTS[cells[""].strip()] for _, cells in rows], datasets


def _read_models(path: Path, find_architecture: FindArchitecture) -> tuple[ModelCard, ...]:
    columns = ("model name", _PARAMETERS)
    rows = list(read_rows(path, columns))
    # The figures of two rows stand on each other's line in the published table (resnet101 and wide_resnet50_2), and all
    # moved together: each is a valid row of the other network. What the weights are is torchvision's to say.
    known = {cells[_PARAMETERS].strip() for _, cells in rows}
    cards = []
    for line, cells in rows:
        name = cells["model name"].strip()
        network = find_architecture(_TIMM_NAMES.get(name, name))
        parameters = network.parameters_with_head(IMAGENET.num_classes or 0)
        if str(parameters) not in known:
            raise RawDataError(
                f"The model '{name}' at '{path}', line {line}, needs a row with the {parameters} parameters "
                f"of '{network.name}' (got {cells[_PARAMETERS]}). Correct the table."
            )
        cards.append(_make_model(name))
    return tuple(cards)


def _make_model(name: str) -> ModelCard:
    """Return the card of torchvision's weights: the published accuracies are theirs."""
    card = model_card_from_torchvision(DOMAINNET_WEIGHTS[name])
    assert card is not None
    return card.model_copy(update={"source": SOURCE})


def _read_tasks(path: Path) -> tuple[tuple[DatasetCard, ...], dict[str, str]]:
    """Return the cards, and the id of each matrix column."""
    columns = ("dataset name", "num_pre_class", "domain", "categories", "Labels", "Sample_Size")
    numbers: dict[tuple[str, str], int] = defaultdict(int)
    groups: dict[tuple[str, str, str], list[_Task]] = defaultdict(list)
    for line, cells in read_rows(path, columns):
        sample = (cells["domain"], cells["num_pre_class"])
        numbers[sample] += 1
        task = _Task(line, numbers[sample], cells)
        if str(len(task.labels)) != cells["categories"]:
            raise RawDataError(
                f"The task '{cells['dataset name']}' at '{path}', line {line}, needs "
                f"{cells['categories']} labels (got {len(task.labels)}). Correct the row."
            )
        groups[*sample, cells["categories"]].append(task)

    cards, ids = [], {}
    for tasks in groups.values():
        _check_splits(tasks, path)
        for split, task in zip(_SPLITS, tasks, strict=True):
            card = _make_dataset(task, split, path)
            cards.append(card)
            ids[task.column] = card.id
    return tuple(cards), ids


def _check_splits(tasks: list[_Task], path: Path) -> None:
    place = f"at '{path}', line {tasks[0].line}"
    if len(tasks) != len(_SPLITS):
        raise RawDataError(
            f"The task '{tasks[0].cells['dataset name']}' {place}, needs label lists A, C and B "
            f"(got {len(tasks)} rows of its kind). Fetch the table again."
        )
    first, disjoint, mixed = (set(task.labels) for task in tasks)
    half = len(first) // 2
    if first & disjoint or len(first & mixed) != half or len(disjoint & mixed) != half:
        raise RawDataError(
            f"The three label lists {place}, need the order A, C, B, where B shares half of its labels with "
            f"each of the others (got {len(first & mixed)} and {len(disjoint & mixed)} shared labels of "
            f"{len(mixed)}). Restore the order of the rows."
        )


def _make_dataset(task: _Task, split: str, path: Path) -> DatasetCard:
    cells = task.cells
    family = f"{cells['domain']}_{cells['categories']}"
    fields = {
        "id": f"{family}_{split}_{cells['num_pre_class']}",
        "aliases": (task.column, cells["dataset name"]),
        "family": family,
        "domain": cells["domain"],
        "labels": task.labels,
        "num_classes": cells["categories"],
        "num_samples": cells["Sample_Size"],  # irregular: some classes have fewer images than asked for
        "samples_per_class": cells["num_pre_class"],
        "source": SOURCE,
    }
    return make_row(DatasetCard, fields, path, task.line)


def _read_runs(path: Path, models: set[str], columns: dict[str, str]) -> tuple[Run, ...]:
    """Read the matrix; it must have exactly the models and the tasks that the other tables describe."""
    rows = [(line, _weights(cells.pop("").strip()), cells) for line, cells in read_rows(path, ("", *columns))]
    names = [name for _, name, _ in rows]
    for name in sorted(models ^ set(names)) or [name for name in names if names.count(name) > 1]:
        raise RawDataError(
            f"The model '{name}' needs one row in '{_MODELS}' and one in '{path}' "
            f"(got {int(name in models)} and {names.count(name)}). Fetch both tables again."
        )
    runs = []
    for line, model, cells in rows:
        for column, value in cells.items():
            if column not in columns:
                raise RawDataError(f"The column '{column}' of '{path}' needs a row in '{_TASKS}' (got none).")
            fields = {
                "model": model,
                "dataset": columns[column],
                "protocol": Protocol.HEAD,
                "value": value,
                "source": SOURCE,
            }
            runs.append(make_row(Run, fields, path, line))
    return tuple(runs)


def _weights(name: str) -> str:
    """Return the id of the weights of a row; a model that nobody knows keeps its name, and is missed later."""
    return DOMAINNET_WEIGHTS.get(name, name)
