from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import pytest
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.zoo import RELATION_COLUMNS, RUN_COLUMNS, SCORE_COLUMNS, Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.graphs.builder import build_graph

GraphOf = Callable[..., HeteroData]


def _graph_of(
    values: Mapping[tuple[str, str], float],
    models: Mapping[str, dict[str, object]] | None = None,
    datasets: Mapping[str, dict[str, object]] | None = None,
    scores: Sequence[tuple[str, str, str, float]] = (),
    sizes: Mapping[str, int] | None = None,
) -> HeteroData:
    """Build the graph of hand-written accuracies; cards know only what is given, nodes are sorted by name."""
    model_fields = {**{m: {} for m, _ in values}, **(models or {})}
    dataset_fields = {**{d: {} for _, d in values}, **(datasets or {})}
    runs = [(m, d, "head", "top1", value, None, (sizes or {}).get(d), "toy") for (m, d), value in values.items()]
    return build_graph(
        Zoo(
            {m: ModelCard(id=m, source="toy", **model_fields[m]) for m in sorted(model_fields)},
            {d: DatasetCard(id=d, source="toy", **dataset_fields[d]) for d in sorted(dataset_fields)},
            pd.DataFrame(runs, columns=list(RUN_COLUMNS[:8])).reindex(columns=list(RUN_COLUMNS)),
            pd.DataFrame([(*row, "toy") for row in scores], columns=list(SCORE_COLUMNS)),
            pd.DataFrame([], columns=list(RELATION_COLUMNS)),
        ),
        HashEmbedder(8),
    )


@pytest.fixture
def graph_of() -> GraphOf:
    return _graph_of
