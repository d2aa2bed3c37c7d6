"""What a store holds of each pair: mean values by model and dataset."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.measurements import Measured

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
    runs = zoo.runs.loc[chosen, ["model", "dataset", "value"]].assign(number=zoo.num_runs[chosen])
    pairs = runs.assign(value=runs["value"] * runs["number"]).groupby(["model", "dataset"]).sum()
    return {(str(m), str(d)): Measured(float(total / n), int(n)) for (m, d), total, n in pairs.itertuples()}
