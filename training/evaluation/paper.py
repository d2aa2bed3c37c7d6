"""Average Pearson correlation as the paper of the DomainNet record prints it."""

from __future__ import annotations

import torch
from scipy import stats
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import Split
from zoograph.models.method import Prediction
from zoograph.training.evaluation.metrics import cells_by_dataset, correlation, mean_defined, to_numbers


def paper_average(prediction: Prediction, graph: HeteroData, split: Split) -> float | None:
    """Return the average that the SCG4Trf paper reports, for comparison with its table only.

    Per dataset, Pearson correlation over *all* its models, with measured values standing in for the
    predictions of known cells; mean over datasets, those left out where it is undefined. It flatters: on a
    dataset that keeps 90 % of its records nine of ten "predictions" are the answers themselves. And it
    punishes a wrong level, however well it ranks, because predictions are mixed with measurements.

    Args:
        prediction: of ``split.pairs``.
        graph: that was split; all its records count.
        split: of a fold whose held-out cells are all asked.

    Raises:
        ValueError: if cells were held out that are not asked: they would be neither known nor predicted.
    """
    known = split.train[TRANSFERS_TO]
    if known.num_edges + split.pairs.shape[1] != graph[TRANSFERS_TO].num_edges:
        raise ValueError(
            f"The paper's average needs every record known or predicted (got {known.num_edges} and "
            f"{split.pairs.shape[1]} of {graph[TRANSFERS_TO].num_edges})."
        )
    filled = to_numbers(torch.cat([prediction.mean, known.edge_label]))
    measured = to_numbers(torch.cat([split.target, known.edge_label]))
    datasets = torch.cat([split.pairs[1], known.edge_index[1]]).numpy()
    return mean_defined(
        [correlation(stats.pearsonr, filled[c], measured[c]) for _, c in cells_by_dataset(datasets, min_cells=2)]
    )
