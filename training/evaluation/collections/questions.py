"""What is left out of a collection: a dataset, a domain, a model, a family, both, all of it, or all but a few records.

A dataset or model that is left out is new: all its runs go, those of other collections and protocols too. A collection
that is left out takes its own runs along; the others keep theirs. What is asked is the collection's alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from zoograph.data.errors import FoldsError
from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, SCORED_ON, TRANSFERS_TO
from zoograph.graphs.splits import is_edge
from zoograph.training.evaluation.collections.catalogue import CollectionGraph
from zoograph.training.evaluation.collections.choosing import Asked, Limits, chosen, first_by_hash, order_by_hash
from zoograph.training.evaluation.collections.groups import blocks_of, groups_of
from zoograph.training.evaluation.collections.hiding import Question, leave_out, number_of_evidence, whole_collection
from zoograph.training.evaluation.metrics import MIN_CELLS

RECORDS_KNOWN = (1, 3, 10)
NUM_QUARTERS = 4

Maker = Callable[[CollectionGraph, Limits], Asked]
PROTOCOLS: dict[str, Maker] = {}


def register_protocol(name: str, maker: Maker) -> None:
    """Make ``maker`` known as ``name``."""
    PROTOCOLS[name] = maker


def dataset_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out a dataset with its family, one question a family."""
    groups = groups_of(part, DATASET, part.graph[DATASET].group, 2, "families of datasets")
    return _one_out(part, DATASET, groups, limits.datasets)


def pairs_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out pairs of models and datasets that are both known otherwise, a quarter at a time, by their names."""
    graph = part.graph
    models, datasets = graph[TRANSFERS_TO].edge_index
    own = torch.nonzero(part.own).flatten()
    ids = [graph[kind].ids for kind in (MODEL, DATASET)]
    names = [f"{ids[0][m]}\0{ids[1][d]}" for m, d in zip(models[own].tolist(), datasets[own].tolist(), strict=True)]
    questions = []
    for number, places in enumerate(order_by_hash(names, "pairs").chunk(NUM_QUARTERS)):
        out = torch.zeros_like(part.own)
        out[own[places]] = True
        hidden = torch.zeros(number_of_evidence(graph), dtype=torch.bool)
        if len(hidden):
            store = graph[MEASURED_OTHERWISE]
            hidden = is_edge(torch.stack([models, datasets])[:, out], store.edge_index)
            hidden &= store.protocol < len(Protocol)  # scores are no measurements
        questions.append(Question(f"quarter {number + 1}", out, out, torch.zeros_like(out), hidden=hidden))
    return chosen(questions, limits.datasets)


def domain_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out all datasets of a domain."""
    groups = groups_of(part, DATASET, part.graph[DATASET].x_category - 1, 2, "known domains of datasets")
    return _one_out(part, DATASET, groups, limits.datasets)


def model_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out one model."""
    groups = groups_of(part, MODEL, torch.arange(part.graph[MODEL].num_nodes), 3, "models")
    return _one_out(part, MODEL, groups, limits.models)


def model_family_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out all models of a family."""
    groups = groups_of(part, MODEL, part.graph[MODEL].group, 2, "families of models")
    if all(int(nodes.sum()) == 1 for nodes in groups.values()):
        raise FoldsError("No family has two models: a family out is a model out.")
    return _one_out(part, MODEL, groups, limits.models)


def both_new(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out blocks of model families and of dataset families at once, and ask where they cross."""
    models = groups_of(part, MODEL, part.graph[MODEL].group, 2, "families of models")
    datasets = groups_of(part, DATASET, part.graph[DATASET].group, 2, "families of datasets")
    rows, columns = blocks_of(part, MODEL, models), blocks_of(part, DATASET, datasets)
    made = []
    for row, some_models in enumerate(rows):
        for column, some_datasets in enumerate(columns):
            question = leave_out(part, f"model block {row}, dataset block {column}", some_models, some_datasets)
            if question.asked.any():
                made.append(question)
    return chosen(made, limits.datasets)


def collection_out(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out all that the collection measured."""
    if not bool((~part.measured).any()):
        raise FoldsError("No other collection has runs of this kind to learn from.")
    return Asked([whole_collection(part)], 1)


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
    taken = first_by_hash(names, limits.datasets)
    questions = []
    for dataset in (ids.index(name) for name in names if name in taken):
        out = part.graph[DATASET].group == part.graph[DATASET].group[dataset]
        cells = torch.nonzero(part.own & (store.edge_index[1] == dataset)).flatten()
        models = [part.graph[MODEL].ids[model] for model in store.edge_index[0, cells].tolist()]
        given = cells[order_by_hash(models, ids[dataset])]
        keep = torch.zeros_like(part.own)
        keep[given[:known]] = True
        question = leave_out(part, f"{ids[dataset]}, {known} known", None, out, keep)
        questions.append(replace(question, asked=question.asked & (store.edge_index[1] == dataset)))
    return Asked(questions, len(candidates))


def probe_known(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out a dataset with its family, but for what cheaper protocols measured of the pairs that are asked."""
    store = part.graph[TRANSFERS_TO]
    cheap = _cheaper(part)
    probed = part.own & is_edge(cheap, store.edge_index)
    if not probed.any():
        raise FoldsError("No pair was measured under a cheaper protocol; scores count as none.")
    groups = groups_of(part, DATASET, part.graph[DATASET].group, 1, "families of datasets", probed)
    asked = _one_out(part, DATASET, groups, limits.datasets)
    evidence = part.graph[MEASURED_OTHERWISE]
    questions = []
    for question in asked.questions:
        known = (evidence.protocol < _asked_protocol(part)) & is_edge(
            store.edge_index[:, question.asked & probed], evidence.edge_index
        )
        cells = question.asked & probed
        questions.append(replace(question, asked=cells, hidden=question.hidden & ~known))
    return asked._replace(questions=questions)


def one_probe_known(part: CollectionGraph, limits: Limits) -> Asked:
    """Leave out a dataset with its family and its scores, but for the probes that were computed of one of its models.

    The other scores of that model say nothing alone, because they are standardised within the dataset: they go too.
    """
    store, evidence = part.graph[TRANSFERS_TO], part.graph[MEASURED_OTHERWISE]
    if not number_of_evidence(part.graph) or not bool((evidence.protocol >= len(Protocol)).any()):
        raise FoldsError("No score of the collection is a probe: 'logistic' and 'knn' are.")
    asked = dataset_out(part, limits)
    questions = []
    for question in asked.questions:
        models = torch.unique(store.edge_index[0, question.asked]).tolist()
        (probed,) = order_by_hash([part.graph[MODEL].ids[model] for model in models], question.name)[:1].tolist()
        datasets = store.edge_index[1, question.asked]
        probes = (evidence.protocol >= len(Protocol)) & torch.isin(evidence.edge_index[1], datasets)
        others = question.asked & (store.edge_index[0] != models[probed])
        hidden = question.hidden | (probes & (evidence.edge_index[0] != models[probed]))
        unscored = torch.isin(part.graph[SCORED_ON].edge_index[1], datasets)
        name = f"{question.name}, {part.graph[MODEL].ids[models[probed]]} probed"
        questions.append(replace(question, name=name, asked=others, hidden=hidden, unscored=unscored))
    return asked._replace(questions=questions)


def _one_out(part: CollectionGraph, kind: str, groups: dict[str, Tensor], most: int | None) -> Asked:
    taken = first_by_hash(list(groups), most)
    sides = {name: (nodes, None) if kind == MODEL else (None, nodes) for name, nodes in groups.items() if name in taken}
    return Asked([leave_out(part, name, *side) for name, side in sides.items()], len(groups))


def _cheaper(part: CollectionGraph) -> Tensor:
    """Return (2, n) pairs that a cheaper protocol measured."""
    if not number_of_evidence(part.graph):
        return torch.zeros(2, 0, dtype=torch.long)
    store = part.graph[MEASURED_OTHERWISE]
    return store.edge_index[:, store.protocol < _asked_protocol(part)]


def _asked_protocol(part: CollectionGraph) -> int:
    return list(Protocol).index(part.part.protocol)


register_protocol("dataset_out", dataset_out)
register_protocol("domain_out", domain_out)
register_protocol("model_out", model_out)
register_protocol("model_family_out", model_family_out)
register_protocol("both_new", both_new)
register_protocol("collection_out", collection_out)
for _known in RECORDS_KNOWN:
    register_protocol(f"few_records_{_known}", partial(few_records, known=_known))
register_protocol("probe_known", probe_known)
register_protocol("one_probe_known", one_probe_known)
register_protocol("pairs_out", pairs_out)
