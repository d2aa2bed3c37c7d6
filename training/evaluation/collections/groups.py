"""Groups of a collection's models or datasets that are left out together, and blocks of such groups."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.data.errors import FoldsError
from zoograph.graphs.schema import MODEL, TRANSFERS_TO
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.metrics import MIN_CELLS

NUM_BLOCKS = 4


def groups_of(
    part: CollectionGraph, kind: str, code: Tensor, least: int, what: str, cells: Tensor | None = None
) -> dict[str, Tensor]:
    """Return (num nodes,) bool of each group that the collection has cells of, by name.

    Raises:
        FoldsError: if there are fewer than ``least``.
    """
    nodes = part.graph[TRANSFERS_TO].edge_index[0 if kind == MODEL else 1, part.own if cells is None else cells]
    present = torch.unique(code[nodes])
    present = present[present >= 0].tolist()
    if len(present) < least:
        raise FoldsError(f"The folds need {least} {what} or more (got {len(present)}).")
    ids, own = part.graph[kind].ids, torch.unique(nodes)
    result = {}
    for number in present:
        members = own[code[own] == number].tolist()
        name = ids[members[0]] if len(members) == 1 else f"{ids[members[0]]} and {len(members) - 1} more"
        result[name] = code == number
    return result


def blocks_of(part: CollectionGraph, kind: str, groups: dict[str, Tensor]) -> list[Tensor]:
    """Part groups into blocks of about the same number of nodes, large enough to be ranked where there are enough."""
    edges = part.graph[TRANSFERS_TO].edge_index[0 if kind == MODEL else 1, part.own]
    present = torch.bincount(edges, minlength=part.graph[kind].num_nodes) > 0
    enough = int(present.sum()) // (MIN_CELLS if kind == MODEL else 1)
    count = min(NUM_BLOCKS, len(groups), max(2, enough))
    blocks = [torch.zeros(part.graph[kind].num_nodes, dtype=torch.bool) for _ in range(count)]
    sizes = {name: int((nodes & present).sum()) for name, nodes in groups.items()}
    for name in sorted(groups, key=lambda name: (-sizes[name], name)):
        smallest = min(range(count), key=lambda block: int((blocks[block] & present).sum()))
        blocks[smallest] = blocks[smallest] | groups[name]
    return blocks
