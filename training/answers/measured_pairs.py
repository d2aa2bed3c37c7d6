"""What a store holds of each pair: mean accuracies by model and dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.store import Measured

if TYPE_CHECKING:
    from zoograph.data.records.zoo import Zoo


def measured_pairs(zoo: Zoo, protocol: Protocol) -> dict[tuple[str, str], Measured]:
    """Return what was measured by (model, dataset), top-1 accuracy, mean over runs."""
    runs = zoo.runs[(zoo.runs["protocol"] == protocol) & (zoo.runs["metric"] == Metric.TOP1)]
    pairs = runs.groupby(["model", "dataset"])["value"].agg(["mean", "size"])
    return {(str(m), str(d)): Measured(float(mean), int(n)) for (m, d), mean, n in pairs.itertuples()}
