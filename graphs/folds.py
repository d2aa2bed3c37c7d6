"""Folds of every benchmark protocol: which measured accuracies are held out, and which of them are asked for.

A protocol returns masks; :func:`make_split` hides what they say, by :func:`zoograph.graphs.splits.hold_out`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.collections.domainnet_masks import read_masks
from zoograph.data.errors import FoldsError, UnknownName
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import Split, hold_out

NUM_GROUPS = 10
NUM_BLOCKS = 4
MINIMUM_MODELS, MINIMUM_DATASETS = 3, 2
_NEXT = "Add records, or choose other folds."

# The targets of TransferGraph (Li et al., 2024, "Model Selection with Model Zoo via Graph Learning").
TRANSFERGRAPH_TARGETS = (
    "stanfordcars",
    "svhn",
    "caltech101",
    "pets",
    "cifar100",
    "flowers",
    "smallnorb_label_elevation",
    "dtd",
)


@dataclass(frozen=True, eq=False)
class Fold:
    """One question of a protocol; every mask is (E,) bool over the graph's ``transfers_to`` edges.

    Attributes:
        name: what is left out, for people.
        held_out: cells that are taken out of the training graph.
        asked: cells that are predicted and judged, among ``held_out``.
        cold: cells of the cold-start group, the datasets with fewest records left, among ``asked``. Empty
            where a protocol sets no such group apart from its other cells.
        probes_known: whether what probes measured of the held-out cells stays, see
            :func:`zoograph.graphs.splits.without_pairs`.

    Raises:
        ValueError: if a mask has another shape, or a cell is asked that is not held out.
    """

    name: str
    held_out: Tensor
    asked: Tensor
    cold: Tensor
    probes_known: bool = False

    def __post_init__(self) -> None:
        if not self.held_out.shape == self.asked.shape == self.cold.shape:
            shapes = ", ".join(str(tuple(mask.shape)) for mask in (self.held_out, self.asked, self.cold))
            raise ValueError(f"The masks of fold '{self.name}' need one shape (got {shapes}).")
        if (self.asked & ~self.held_out).any() or (self.cold & ~self.asked).any():
            raise ValueError(f"Fold '{self.name}' needs 'cold' within 'asked' within 'held_out'.")

    @property
    def asked_cold(self) -> Tensor:
        """Which of the asked cells, (n,) bool in the order of :func:`make_split`, are cold."""
        return self.cold[self.asked]


FoldMaker = Callable[[HeteroData, int], list[Fold]]
FOLDS: dict[str, FoldMaker] = {}


def register_folds(name: str, maker: FoldMaker) -> None:
    """Make ``maker``, from a graph and a seed to folds, known as ``name``."""
    FOLDS[name] = maker


def get_folds(name: str) -> FoldMaker:
    """Return the protocol of that name.

    Raises:
        UnknownName: if there is none.
    """
    if name not in FOLDS:
        valid = f"Valid names: {', '.join(sorted(FOLDS))}."
        raise UnknownName("folds", name, get_close_matches(name, FOLDS), valid)
    return FOLDS[name]


def make_split(graph: HeteroData, fold: Fold) -> Split:
    """Return the question of a fold: ``held_out`` is gone from training, ``asked`` is what is asked.

    Pairs whose runs failed, if the graph has them, are gone from training as well, and asked where the fold says so.
    """
    failed = graph[TRANSFERS_TO].get("failed")
    gone = fold.held_out if failed is None else fold.held_out | failed
    train, pairs, target = hold_out(graph, gone, fold.probes_known)
    asked = fold.asked[gone]
    return Split(train, pairs[:, asked], target[asked])


def missing_edges(graph: HeteroData, seed: int) -> list[Fold]:
    """Return the one fold of the procedure behind the published masks, drawn anew.

    Datasets are permuted into ten groups of nearly equal size; a dataset of group i = 0, ..., 9 keeps
    90 %, 80 %, ..., 0 % of its measured models, rounded half up and chosen at random. Group 9 is cold.
    """
    datasets = _require(graph, num_datasets=NUM_GROUPS)
    generator = torch.Generator().manual_seed(seed)
    target = graph[TRANSFERS_TO].edge_index[1]
    group = torch.zeros(graph[DATASET].num_nodes, dtype=torch.long)
    group[datasets] = _blocks(len(datasets), NUM_GROUPS, generator)

    shuffled = torch.randperm(len(target), generator=generator)
    order = shuffled[target[shuffled].argsort(stable=True)]
    count = target.bincount(minlength=len(group))
    rank = torch.empty_like(target)
    rank[order] = torch.arange(len(target)) - (count.cumsum(0) - count)[target[order]]
    kept = (2 * count * (NUM_GROUPS - 1 - group) + NUM_GROUPS) // (2 * NUM_GROUPS)

    held_out = rank >= kept[target]
    return [Fold(f"seed {seed}", held_out, held_out, group[target] == NUM_GROUPS - 1)]


def published_masks(graph: HeteroData, seed: int) -> list[Fold]:
    """Return the ten folds of the masks that ship for DomainNet; ``seed`` is not used, they are drawn.

    Cold are the tenth of the datasets, 27, with the fewest records left. Records that the masks do not
    speak of are never held out.

    Raises:
        FoldsError: if the graph lacks one of the masks' cells.
    """
    masks = read_masks()
    row, column = (
        torch.tensor([names.index(name) if name in names else -1 for name in graph[kind].ids])[nodes]
        for kind, names, nodes in zip(
            (MODEL, DATASET), (masks.models, masks.datasets), graph[TRANSFERS_TO].edge_index, strict=True
        )
    )
    covered = (row >= 0) & (column >= 0)
    num_cells, num_covered = masks.observed[0].size, int(covered.sum())
    if num_covered != num_cells:
        raise FoldsError(
            f"The published masks need all {num_cells} records of the DomainNet collection "
            f"(got {num_covered}). Use 'missing_edges' for any other zoo."
        )
    folds = []
    for number, observed in enumerate(torch.from_numpy(masks.observed.copy())):
        coldest = torch.zeros(len(masks.datasets), dtype=torch.bool)
        coldest[observed.sum(0).argsort(stable=True)[: len(coldest) // NUM_GROUPS]] = True
        held_out = covered & ~observed[row, column]
        folds.append(Fold(f"mask {number}", held_out, held_out, held_out & coldest[column]))
    return folds


def leave_one_dataset_out(graph: HeteroData, seed: int, targets: Sequence[str] | None = None) -> list[Fold]:
    """Return a fold a dataset: all its records are held out; ``seed`` is not used.

    Args:
        graph: as built.
        seed: for the interface.
        targets: ids of the datasets to leave out, one after another; default: every measured one.

    Raises:
        UnknownName: if the graph has no such dataset.
        FoldsError: if a target has no record.
    """
    _require(graph)
    folds = _one_group_out(graph, DATASET, torch.arange(graph[DATASET].num_nodes))
    if targets is None:
        return folds
    by_name = {fold.name: fold for fold in folds}
    for target in targets:
        if target not in graph[DATASET].ids:
            raise UnknownName("dataset", target, get_close_matches(target, graph[DATASET].ids))
        if target not in by_name:
            raise FoldsError(
                f"The target '{target}' needs a measured accuracy to be held out (got none). Choose another one."
            )
    return [by_name[target] for target in targets]


def leave_one_family_out(graph: HeteroData, seed: int) -> list[Fold]:
    """Return a fold a family of datasets; one without a family stands alone; ``seed`` is not used."""
    _require(graph)
    return _one_group_out(graph, DATASET, graph[DATASET].group)


def leave_one_domain_out(graph: HeteroData, seed: int) -> list[Fold]:
    """Return a fold a known domain; datasets of unknown domain are never held out; ``seed`` is not used."""
    _require(graph)
    return _one_group_out(graph, DATASET, graph[DATASET].x_category - 1, graph.vocabulary[DATASET])


def leave_one_model_out(graph: HeteroData, seed: int) -> list[Fold]:
    """Return a fold a model; ``seed`` is not used.

    A fold asks one cell a dataset. To rank models, join the predictions of all folds, then evaluate.
    """
    _require(graph)
    return _one_group_out(graph, MODEL, torch.arange(graph[MODEL].num_nodes))


def leave_one_model_family_out(graph: HeteroData, seed: int) -> list[Fold]:
    """Return a fold a family of models; one without a family stands alone; ``seed`` is not used."""
    _require(graph)
    return _one_group_out(graph, MODEL, graph[MODEL].group)


def both_new(graph: HeteroData, seed: int, num_blocks: int = NUM_BLOCKS) -> list[Fold]:
    """Return the folds of new models on new datasets.

    Families of models and families of datasets are each parted into ``num_blocks`` blocks at random. For each
    block of either, all records of its models and all records of its datasets are held out, and the cells
    where the two cross are asked; over all folds every cell is asked once.

    Raises:
        FoldsError: if the zoo has one family of models or of datasets, or a fold leaves nothing to learn.
    """
    _require(graph)
    generator = torch.Generator().manual_seed(seed)
    blocks = []
    for kind, nodes in zip((MODEL, DATASET), graph[TRANSFERS_TO].edge_index, strict=True):
        present, group = torch.unique(graph[kind].group[nodes], return_inverse=True)
        if len(present) < 2:
            raise FoldsError(f"The folds need two families of {kind}s or more (got {len(present)}). {_NEXT}")
        blocks.append(_blocks(len(present), min(num_blocks, len(present)), generator)[group])
    folds = []
    for row in torch.unique(blocks[0]).tolist():
        for column in torch.unique(blocks[1]).tolist():
            new_model, new_dataset = blocks[0] == row, blocks[1] == column
            held_out, asked = new_model | new_dataset, new_model & new_dataset
            if held_out.all():
                raise FoldsError(f"The zoo is too sparse to leave out models and datasets at once. {_NEXT}")
            if asked.any():
                name = f"model block {row}, dataset block {column}"
                folds.append(Fold(name, held_out, asked, torch.zeros_like(asked)))
    return folds


def _require(graph: HeteroData, num_datasets: int = MINIMUM_DATASETS) -> Tensor:
    """Return the measured datasets, if they and the measured models are enough for a protocol."""
    models, datasets = (torch.as_tensor(torch.unique(nodes)) for nodes in graph[TRANSFERS_TO].edge_index)
    if len(models) < MINIMUM_MODELS or len(datasets) < num_datasets:
        raise FoldsError(
            f"The folds need {MINIMUM_MODELS} measured models and {num_datasets} measured datasets "
            f"or more (got {len(models)} and {len(datasets)}). {_NEXT}"
        )
    return datasets


def _one_group_out(graph: HeteroData, kind: str, group: Tensor, words: Sequence[str] | None = None) -> list[Fold]:
    """Return a fold a group of measured nodes; ``group`` (num nodes,) is negative where never held out."""
    nodes = graph[TRANSFERS_TO].edge_index[0 if kind == MODEL else 1]
    present = torch.unique(group[nodes])
    present = present[present >= 0].tolist()
    if len(present) < 2:
        raise FoldsError(f"The folds need two groups of {kind}s or more (got {len(present)}). {_NEXT}")
    never = torch.zeros(len(nodes), dtype=torch.bool)
    folds = []
    for code in present:
        held_out = group[nodes] == code
        name = words[code] if words is not None else _group_name(graph, kind, torch.unique(nodes[held_out]))
        folds.append(Fold(name, held_out, held_out, never))
    return folds


def _group_name(graph: HeteroData, kind: str, members: Tensor) -> str:
    first = str(graph[kind].ids[int(members[0])])
    return first if len(members) == 1 else f"{first} and {len(members) - 1} more"


def _blocks(count: int, num_blocks: int, generator: torch.Generator) -> Tensor:
    """Return (count,) random block numbers; blocks differ in size by one at most."""
    block = torch.empty(count, dtype=torch.long)
    block[torch.randperm(count, generator=generator)] = torch.arange(count) * num_blocks // count
    return block


register_folds("missing_edges", missing_edges)
register_folds("published_masks", published_masks)
register_folds("leave_one_dataset_out", leave_one_dataset_out)
register_folds("leave_one_family_out", leave_one_family_out)
register_folds("leave_one_domain_out", leave_one_domain_out)
register_folds("leave_one_model_out", leave_one_model_out)
register_folds("leave_one_model_family_out", leave_one_model_family_out)
register_folds("both_new", both_new)
