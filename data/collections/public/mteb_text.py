"""MTEB: text encoders on twelve English classification tasks, by logistic regression on a few texts a class.

The massive text embedding benchmark: Muennighoff et al., "MTEB: Massive Text Embedding Benchmark", EACL 2023.
"""

from __future__ import annotations

from pathlib import Path
from statistics import stdev
from typing import Any

from zoograph.data.collections.public.embedding_models import embedding_model_card
from zoograph.data.collections.public_datasets import find_public_dataset
from zoograph.data.collections.tables import make_row, read_rows
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Run

SOURCE = "mteb"
SPLIT = "test"

_RUNS, _MODELS, _DATASETS = "runs.csv", "models.csv", "datasets.csv"
# Values that a model's own card states, without the experiments behind them.
SELF_REPORTED = "external"


def read_mteb_text(folder: Path) -> Collection:
    """Read the runs and the cards of the encoders.

    A value is the mean over ten draws of the training texts where the experiments are stated; their standard deviation
    is kept beside it as ``spread``. A value that a model's own card states is marked ``self_reported``.

    Args:
        folder: holds the three files.

    Raises:
        RawDataError: if a file is missing or a row does not fit.
        UnknownName: if nobody knows a dataset.
    """
    rows = read_rows(folder / _DATASETS, ("task", "split", "num_samples"))
    sizes = {cells["task"]: int(cells["num_samples"]) for _, cells in rows if cells["split"] == SPLIT}
    path, runs = folder / _RUNS, []
    for line, cells in read_rows(path, ("model", "revision", "task", "accuracy", "n_experiments")):
        repeats = [float(value) for value in cells["experiment_accuracies"].split("|") if value]
        about: dict[str, Any] = {"spread": round(stdev(repeats), 5)} if len(repeats) > 1 else {}
        about["revision"] = cells["revision"]
        if cells["revision"] == SELF_REPORTED:
            about["self_reported"] = True
        fields: dict[str, Any] = {
            "model": cells["model"],
            "dataset": find_public_dataset(cells["task"]),
            "protocol": Protocol.PROBE,
            "value": round(float(cells["accuracy"]), 6),
            "test_size": sizes.get(cells["task"]),
            "repeats": cells["n_experiments"] if cells["n_experiments"] != "0" else None,
            "hyperparameters": about,
            "source": SOURCE,
        }
        runs.append(make_row(Run, fields, path, line))
    path = folder / _MODELS
    cards = [
        embedding_model_card(cells, SOURCE, path, line, modality="text")
        for line, cells in read_rows(path, ("model", "n_parameters", "max_tokens", "open_weights", "adapted_from"))
    ]
    return Collection(models=tuple(cards), runs=tuple(runs))
