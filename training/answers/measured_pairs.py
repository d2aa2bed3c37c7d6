"""What a store holds of each pair: mean values by model and dataset."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.measurements import Measured
from zoograph.data.store.soundness.run_weights import run_weights

if TYPE_CHECKING:
    from zoograph.data.records.zoo import Zoo


def measured_pairs(
    zoo: Zoo,
    protocol: Protocol,
    metric: Metric = Metric.TOP1,
    modality: str | None = None,
    datasets: Collection[str] | None = None,
) -> dict[tuple[str, str], Measured]:
    """Return what was measured by (model, dataset), mean over the runs that did not fail.

    How much each of them counts, :func:`zoograph.data.store.soundness.run_weights.run_weights` says.

    Args:
        zoo: cards and records.
        protocol: of the runs.
        metric: of the runs.
        modality: of the datasets; default: any.
        datasets: ids that are asked about; default: all.
    """
    chosen = zoo.learned(protocol, metric, modality)
    if datasets is not None:
        chosen &= zoo.runs["dataset"].isin(datasets)
    runs = zoo.runs.loc[chosen, ["model", "dataset", "value", "test_size"]].assign(number=zoo.num_runs[chosen])
    pairs = runs.groupby(["model", "dataset"])
    numbers = (runs[name].to_numpy(np.float64, na_value=np.nan) for name in ("test_size", "number"))
    weights = run_weights(pairs.ngroup().to_numpy().astype(np.int64), *numbers)
    sums = runs.assign(value=runs["value"] * weights, weight=weights).groupby(["model", "dataset"])
    columns = sums[["value", "weight", "number"]].sum().itertuples()
    return {(str(m), str(d)): Measured(float(total / weight), int(n)) for (m, d), total, weight, n in columns}
