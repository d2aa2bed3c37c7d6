"""What is believed of candidates before anything is measured on a dataset: as predicted, and as they did elsewhere."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import MEASURED_OTHERWISE
from zoograph.graphs.splits import is_edge
from zoograph.models.baselines.otherwise import MeanElsewhere
from zoograph.training.choosing.beliefs.belief import Belief

SHARE_ELSEWHERE = 0.75
"""Of the ranking that is believed, how much is by the mean on other datasets and not the predictor's own.

Chosen on all datasets of six collections, each held out whole; see docs/benchmarks/choose.md.
"""

_FEWEST = 3


def elsewhere(graph: HeteroData, models: Tensor, dataset: int) -> Tensor:
    """Return (k,) the means of models' standardised accuracies on other datasets; NaN where these are not to count.

    They do not where nothing was measured elsewhere, nor where an accuracy of the model on the dataset itself is known,
    under another protocol or as a score: what is peculiar to the dataset then stands in the prediction alone.

    Args:
        graph: of what is known.
        models: (k,) nodes.
        dataset: node, whose own records do not count.
    """
    pairs = torch.stack([models, torch.full_like(models, dataset)])
    signal, known = MeanElsewhere().fit(graph).standing(pairs)
    if MEASURED_OTHERWISE in graph.edge_types:
        known = known & ~is_edge(graph[MEASURED_OTHERWISE].edge_index, pairs)
    return torch.where(known, signal.double(), torch.nan)


def blended(belief: Belief, elsewhere: Tensor, share: float = SHARE_ELSEWHERE) -> Belief:
    """Return a belief whose ranking is moved towards that by the mean on other datasets.

    Where it is known how models did elsewhere, what they are expected to have above or below each other is a mean of
    what the belief says and of their standing elsewhere, in the belief's own spread. Others stay where they are, and so
    does the uncertainty.

    Args:
        belief: of k models, as the predictor has it.
        elsewhere: (k,) see :func:`elsewhere`.
        share: of the second, in [0, 1].
    """
    known = ~elsewhere.isnan()
    if int(known.sum()) < _FEWEST or float(elsewhere[known].std()) < 1e-9:
        return belief
    about = belief.mean[known] - belief.mean[known].mean()
    standing = (elsewhere[known] - elsewhere[known].mean()) / elsewhere[known].std() * about.std()
    mean = belief.mean.clone()
    mean[known] += share * (standing - about)
    return replace(belief, mean=mean)
