"""What a store holds of each pair: mean values by model and dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.measurements import Measured

if TYPE_CHECKING:
    from zoograph.data.records.zoo import Zoo


def measured_pairs(
    zoo: Zoo, protocol: Protocol, metric: Metric = Metric.TOP1, modality: str | None = None
) -> dict[tuple[str, str], Measured]:
    """Return what was measured by (model, dataset), mean over the runs that did not fail."""
    runs = zoo.runs[zoo.learned(protocol, metric, modality)]
    pairs = runs.groupby(["model", "dataset"])["value"].agg(["mean", "size"])
    return {(str(m), str(d)): Measured(float(mean), int(n)) for (m, d), mean, n in pairs.itertuples()}
