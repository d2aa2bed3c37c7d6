"""Held-out cells, on which versions of a predictor are compared: chosen once, and never learned from."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.training.predictors.evidence import MINIMUM_RECORDS

SHARE = 0.1


def held_out_cells(graph: HeteroData) -> Tensor:
    """Return (E,) which measured cells are held out: a tenth, by a hash of the pair's names.

    A pair is held out in every graph and every process or in none, the newest like the oldest. A zoo that would
    be left with too few records to learn from holds out none.
    """
    store = graph[TRANSFERS_TO]
    models, datasets = graph[MODEL].ids, graph[DATASET].ids
    held = torch.tensor([is_held_out(models[m], datasets[d]) for m, d in store.edge_index.t().tolist()]).bool()
    return held if int((~held).sum()) >= MINIMUM_RECORDS else torch.zeros_like(held)


def is_held_out(model: str, dataset: str) -> bool:
    """Return whether a pair is held out.

    The hash is another one than that of the folds: every fold has its share of held-out cells.
    """
    digest = hashlib.blake2b(f"{model}\0{dataset}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < SHARE * 2**64
