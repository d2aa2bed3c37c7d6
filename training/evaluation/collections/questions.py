"""What is left out of a collection: a dataset, a domain, a model, a family, both, all of it, or all but a few records.

A dataset or model that is left out is new: all its runs go, those of other collections and protocols too. A collection
that is left out takes its own runs along; the others keep theirs. What is asked is the collection's alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from zoograph.data.errors import FoldsError
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import is_edge
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.hiding import Question, number_of_evidence
from zoograph.training.evaluation.metrics import MIN_CELLS

MOST_DATASETS, MOST_MODELS = 8, 6
RECORDS_KNOWN = (1, 3, 10)
NUM_BLOCKS = 4


class Limits(NamedTuple):
    """How many of its questions a protocol asks at most, chosen by a hash of their names; None for all.

    Attributes:
        datasets: questions that leave out datasets or domains.
        models: questions that leave out models.
    """

    datasets: int | None = MOST_DATASETS
    models: int | None = MOST_MODELS


LIMITS = Limits()


class Asked(NamedTuple):
    """The questions of one protocol.

    Attributes:
        questions: chosen ones.
        in_all: how many there are.
    """

    questions: list[Question]
    in_all: int


Maker = Callable[[CollectionGraph, Limits], Asked]
PROTOCOLS: dict[str, Maker] = {}


def register_protocol(name: str, maker: Maker) -> None:
    """Make ``maker`` known as ``name``."""
    PROTOCOLS[name] = maker


def dataset_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out a dataset with its family, one question a family."""
    groups = _groups(part, DATASET, part.graph[DATASET].group, 2, "families of datasets")
    return _one_out(part, DATASET, groups, limits.datasets)


def domain_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out all datasets of a domain."""
    groups = _groups(part, DATASET, part.graph[DATASET].x_category - 1, 2, "known domains of datasets")
    return _one_out(part, DATASET, groups, limits.datasets)


def model_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out one model."""
    groups = _groups(part, MODEL, torch.arange(part.graph[MODEL].num_nodes), 3, "models")
    return _one_out(part, MODEL, groups, limits.models)


def model_family_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out all models of a family."""
    groups = _groups(part, MODEL, part.graph[MODEL].group, 2, "families of models")
    if all(int(nodes.sum()) == 1 for nodes in groups.values()):
        raise FoldsError("No family has two models: a family out is a model out.")
    return _one_out(part, MODEL, groups, limits.models)


def both_new(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out blocks of model families and of dataset families at once, and ask where they cross."""
    models = _groups(part, MODEL, part.graph[MODEL].group, 2, "families of models")
    datasets = _groups(part, DATASET, part.graph[DATASET].group, 2, "families of datasets")
    rows, columns = _blocks(part, MODEL, models), _blocks(part, DATASET, datasets)
    made = []
    for row, some_models in enumerate(rows):
        for column, some_datasets in enumerate(columns):
            question = _leave_out(
                part, f"model block {row}, dataset block {column}", some_models, some_datasets, crossing=True
            )
            if question.asked.any():
                made.append(question)
    return _chosen(made, limits.datasets)


def collection_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out all that the collection measured."""
    if not bool((~part.measured).any()):
        raise FoldsError("No other collection has runs of this kind to learn from.")
    return Asked([whole_collection(part)], 1)


def whole_collection(part: CollectionGraph) -> Question:
    """Return the question that leaves nothing of what the collection measured, under any protocol."""
    return Question(part.name, part.measured, part.own, _none(part.own), hidden=part.evidence)


def few_records(part: CollectionGraph, limits: Limits, known: int) -> Asked:
    """Leave out a dataset with its family, but for ``known`` of its records, drawn by their names."""
    store, ids = part.graph[TRANSFERS_TO], part.graph[DATASET].ids
    number = torch.bincount(store.edge_index[1, part.own], minlength=len(ids))
    candidates = torch.nonzero(number >= known + MIN_CELLS).flatten().tolist()
    if not candidates:
        raise FoldsError(
            f"No dataset has {known + MIN_CELLS} models: {known} to be known and {MIN_CELLS} to be ranked."
        )
    names = [ids[dataset] for dataset in candidates]
    taken = _subset(names, limits.datasets)
    questions = []
    for dataset in (ids.index(name) for name in names if name in taken):
        out = part.graph[DATASET].group == part.graph[DATASET].group[dataset]
        cells = torch.nonzero(part.own & (store.edge_index[1] == dataset)).flatten()
        given = cells[_order([part.graph[MODEL].ids[m] for m in store.edge_index[0, cells].tolist()], ids[dataset])]
        keep = _none(part.own)
        keep[given[:known]] = True
        question = _leave_out(part, f"{ids[dataset]}, {known} known", None, out, keep)
        asked = question.asked & (store.edge_index[1] == dataset)
        questions.append(Question(question.name, question.held_out, asked, _none(asked), hidden=question.hidden))
    return Asked(questions, len(candidates))


def probe_known(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out a dataset with its family, but for what cheaper protocols measured of the pairs that are asked."""
    store = part.graph[TRANSFERS_TO]
    cheap = _cheaper(part)
    probed = part.own & is_edge(cheap, store.edge_index)
    if not probed.any():
        raise FoldsError("No pair was measured under a cheaper protocol; scores count as none.")
    groups = _groups(part, DATASET, part.graph[DATASET].group, 1, "families of datasets", probed)
    asked = _one_out(part, DATASET, groups, limits.datasets)
    evidence = part.graph[MEASURED_OTHERWISE]
    questions = []
    for question in asked.questions:
        known = (evidence.protocol < _asked_protocol(part)) & is_edge(
            store.edge_index[:, question.asked & probed], evidence.edge_index
        )
        cells = question.asked & probed
        questions.append(
            Question(question.name, question.held_out, cells, _none(cells), hidden=question.hidden & ~known)
        )
    return asked._replace(questions=questions)


def _leave_out(
    part: CollectionGraph,
    name: str,
    models: Tensor | None,
    datasets: Tensor | None,
    keep: Tensor | None = None,
    *,
    crossing: bool = False,
) -> Question:
    """Return the question of new models or new datasets, (num nodes,) bool each; ``keep`` (E,) stays known.

    Of what other protocols measured of a new node nothing is left but what was measured of a pair that is kept.
    """
    graph = part.graph
    edges = graph[TRANSFERS_TO].edge_index
    sides = [None if new is None else new[end] for new, end in zip((models, datasets), edges, strict=True)]
    held_out = torch.stack([side for side in sides if side is not None]).any(0)
    asked = torch.stack([side for side in sides if side is not None]).all(0) if crossing else held_out
    if keep is not None:
        held_out, asked = held_out & ~keep, asked & ~keep
    hidden = torch.zeros(number_of_evidence(graph), dtype=torch.bool)
    if len(hidden):
        pairs = graph[MEASURED_OTHERWISE].edge_index
        for new, end in zip((models, datasets), pairs, strict=True):
            hidden |= new[end] if new is not None else False
        if keep is not None:
            hidden &= ~is_edge(edges[:, keep], pairs)
    asked = asked & part.own
    return Question(name, held_out, asked, _none(asked), hidden=hidden)


def _one_out(part: CollectionGraph, kind: str, groups: dict[str, Tensor], most: int | None) -> Asked:
    taken = _subset(list(groups), most)
    sides = {name: (nodes, None) if kind == MODEL else (None, nodes) for name, nodes in groups.items() if name in taken}
    return Asked([_leave_out(part, name, *side) for name, side in sides.items()], len(groups))


def _groups(
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


def _blocks(part: CollectionGraph, kind: str, groups: dict[str, Tensor]) -> list[Tensor]:
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


def _chosen(questions: list[Question], most: int | None) -> Asked:
    taken = _subset([question.name for question in questions], most)
    return Asked([question for question in questions if question.name in taken], len(questions))


def _subset(names: list[str], most: int | None) -> set[str]:
    """Return ``most`` of the names, those whose hash comes first: the same in every process."""
    return {names[place] for place in _order(names, "")[:most].tolist()}


def _order(names: list[str], salt: str) -> Tensor:
    keys = [(zlib.crc32(f"{salt}\0{name}".encode()), name) for name in names]
    return torch.tensor(sorted(range(len(names)), key=lambda place: keys[place]), dtype=torch.long)


def _cheaper(part: CollectionGraph) -> Tensor:
    """Return (2, n) pairs that a cheaper protocol measured."""
    if not number_of_evidence(part.graph):
        return torch.zeros(2, 0, dtype=torch.long)
    store = part.graph[MEASURED_OTHERWISE]
    return store.edge_index[:, store.protocol < _asked_protocol(part)]


def _asked_protocol(part: CollectionGraph) -> int:
    return list(type(part.part.protocol)).index(part.part.protocol)


def _none(cells: Tensor) -> Tensor:
    return torch.zeros_like(cells)


register_protocol("dataset_out", dataset_out)
register_protocol("domain_out", domain_out)
register_protocol("model_out", model_out)
register_protocol("model_family_out", model_family_out)
register_protocol("both_new", both_new)
register_protocol("collection_out", collection_out)
for _known in RECORDS_KNOWN:
    register_protocol(f"few_records_{_known}", partial(few_records, known=_known))
register_protocol("probe_known", probe_known)
