"""Planted answers: whatever the held-out accuracies are, nothing that a method can see may change."""

from __future__ import annotations

import copy
import dataclasses
import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from zoograph.data.collections.domainnet_masks import read_masks
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import FOLDS, get_folds, make_split
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO, reverse
from zoograph.graphs.splits import hold_out, is_edge, reveal
from zoograph.models.baselines.linear import LinearRegression
from zoograph.training.networks.episodes import Episodes
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig

TINY = TrainingConfig(num_steps=3, num_records=60)
METHODS = {"linear": LinearRegression, "graph": lambda: EvidencePredictor(TINY)}
PLANTS = {"root two": (-777.0, math.sqrt(2)), "pi": (4321.0, math.pi)}


@cache
def zoo_for(protocol):
    """Return a zoo that most pairs of were measured under two protocols more, with the very same values."""
    zoo = _zoo_of_heads(protocol)
    more = [zoo.runs.iloc[start::2].assign(protocol=word) for start, word in enumerate(("finetune", "probe"))]
    return zoo.with_runs(pd.concat([zoo.runs, *more]))


def _zoo_of_heads(protocol):
    if protocol != "published_masks":
        return make_synthetic_zoo(8, 20, density=0.9, scored=0.5, num_relations=20, num_influences=30).zoo
    masks, synthetic = read_masks(), make_synthetic_zoo(10, 270, scored=0.1).zoo
    names = {
        **dict(zip(synthetic.models, masks.models, strict=True)),
        **dict(zip(synthetic.datasets, masks.datasets, strict=False)),
    }
    runs, scores = (
        frame.assign(model=frame["model"].map(names), dataset=frame["dataset"].map(names))
        for frame in (synthetic.runs, synthetic.scores)
    )
    models = [card.model_copy(update={"id": names[name]}) for name, card in synthetic.models.items()]
    datasets = [card.model_copy(update={"id": names.get(name, name)}) for name, card in synthetic.datasets.items()]
    return Zoo(
        {card.id: card for card in models},
        {card.id: card for card in datasets},
        runs,
        scores,
        synthetic.relations,
    )


def build(zoo):
    return build_graph(zoo, HashEmbedder(4))


def plant(zoo, graph, held_out, name):
    """Return the graph of a zoo whose held-out runs were changed before it was built, and the new values."""
    start, step = PLANTS[name]
    models, datasets = graph[TRANSFERS_TO].edge_index[:, held_out].tolist()
    values = {
        (graph[MODEL].ids[m], graph[DATASET].ids[d]): start + step * i
        for i, (m, d) in enumerate(zip(models, datasets, strict=True))
    }
    keys = zip(zoo.runs["model"], zoo.runs["dataset"], zoo.runs["value"], strict=True)
    runs = zoo.runs.assign(value=[values.get((m, d), value) for m, d, value in keys])
    planted = build(zoo.with_runs(runs))
    assert torch.equal(planted[TRANSFERS_TO].edge_index, graph[TRANSFERS_TO].edge_index)
    return planted, torch.tensor(list(values.values()), dtype=torch.float32)


def walk(value, path=""):
    """Yield every tensor, array and number inside ``value``, with where it is."""
    if isinstance(value, torch.Tensor):
        yield path, value
    elif isinstance(value, np.ndarray | int | float):
        yield path, torch.as_tensor(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from walk(part, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from walk(part, f"{path}/{i}")
    else:
        assert value is None or isinstance(value, str), f"{path} is of a type that this test cannot see into"


def places_of(planted, graph):
    """Return where in a graph a planted value lies, whatever the attribute is called."""
    return sorted(path for path, tensor in walk(graph.to_dict()) if torch.isin(tensor.float(), planted).any())


def same(one, other):
    """Return whether two tensors are bit for bit the same; not known is the same as not known."""
    return one.shape == other.shape and torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)


BOTH_WAYS = (TRANSFERS_TO, reverse(TRANSFERS_TO))
IN_FULL_VIEW = sorted(f"/{kind}/edge_label" for kind in (*BOTH_WAYS, MEASURED_OTHERWISE))


@cache
def first_fold(protocol):
    """Return the zoo, the graph and the first fold of a protocol."""
    zoo = zoo_for(protocol)
    graph = build(zoo)
    return zoo, graph, get_folds(protocol)(graph, 0)[0]


@cache
def planted_splits(protocol):
    """Return the split of each plant, and the planted values."""
    zoo, graph, fold = first_fold(protocol)
    plants = (plant(zoo, graph, fold.held_out, name) for name in PLANTS)
    return [(make_split(planted, fold), values) for planted, values in plants]


@pytest.mark.parametrize("protocol", sorted(FOLDS))
def test_no_tensor_of_a_training_graph_holds_a_held_out_accuracy(protocol):
    zoo, graph, fold = first_fold(protocol)
    for name in PLANTS:
        planted, values = plant(zoo, graph, fold.held_out, name)
        split = make_split(planted, fold)
        assert places_of(values, split.train) == []
        assert torch.isin(split.target, values).all()
        # The control: with nothing held out, this test sees the answers, in both directions.
        everything = hold_out(planted, torch.zeros_like(fold.held_out)).train
        assert places_of(values, everything) == IN_FULL_VIEW


@pytest.mark.parametrize("protocol", sorted(FOLDS))
def test_nothing_in_a_training_graph_depends_on_a_held_out_accuracy(protocol):
    (one, _), (other, _) = planted_splits(protocol)
    parts, others = dict(walk(one.train.to_dict())), dict(walk(other.train.to_dict()))
    assert parts.keys() == others.keys()
    assert [path for path, part in parts.items() if not same(part, others[path])] == []
    assert torch.equal(one.pairs, other.pairs)
    assert not torch.equal(one.target, other.target)


SIDE_OUT = {"leave_one_dataset_out": 1, "leave_one_model_out": 0}


def planted_elsewhere(zoo, name, side, value):
    """Return the graph of a zoo whose model or dataset was asked without training wherever it had not been measured."""
    others = (zoo.datasets, zoo.models)[side]
    pairs = {(name, other) if side == 0 else (other, name) for other in others}
    free = pairs - set(zip(zoo.runs["model"], zoo.runs["dataset"], strict=True))
    more = pd.DataFrame(sorted(free), columns=["model", "dataset"])
    more = more.assign(protocol="zero_shot", metric="top1", value=value, source="planted")
    return build(zoo.with_runs(pd.concat([zoo.runs, more.reindex(columns=zoo.runs.columns).astype(zoo.runs.dtypes)])))


@pytest.mark.parametrize("protocol", sorted(SIDE_OUT))
def test_what_was_measured_otherwise_of_a_new_node_is_not_in_a_training_graph(protocol):
    """Its value is planted on other pairs than the held-out ones, of the very dataset or model that is left out."""
    zoo, graph, _ = first_fold(protocol)
    side = SIDE_OUT[protocol]
    fold = min(get_folds(protocol)(graph, 0), key=lambda fold: int(fold.held_out.sum()))  # most is left to plant
    place = f"/{MEASURED_OTHERWISE}/edge_label"
    clean = dict(walk(make_split(graph, fold).train.to_dict()))
    planted = planted_elsewhere(zoo, fold.name, side, math.pi)
    assert places_of(torch.tensor([math.pi]), planted) == [place]
    parts = dict(walk(make_split(planted, fold).train.to_dict()))
    assert parts.keys() == clean.keys()
    assert [path for path, part in parts.items() if not same(part, clean[path])] == []
    # The control: of a node of which something is left, what else was measured of it is evidence.
    left = torch.arange(len(fold.held_out)) == int(fold.held_out.nonzero()[0])
    fewer = dataclasses.replace(fold, held_out=fold.held_out & ~left, asked=fold.asked & ~left)
    assert places_of(torch.tensor([math.pi]), make_split(planted, fewer).train) == [place]


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("protocol", sorted(FOLDS))
def test_predictions_do_not_depend_on_held_out_accuracies(protocol, method):
    one, other = (METHODS[method]().fit(split.train).predict(split.pairs) for split, _ in planted_splits(protocol))
    for part, same in zip(one, other, strict=True):
        assert torch.equal(part, same)
        assert torch.isfinite(part).all()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_control_predictions_do_depend_on_accuracies_that_are_left_in(method):
    _, graph, fold = first_fold("missing_edges")
    answers = []
    for low in (0.1, 0.9):
        leaking = copy.copy(graph)
        for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
            leaking[kind].edge_label = torch.where(fold.held_out, low, graph[kind].edge_label)
        split = hold_out(leaking, torch.zeros_like(fold.held_out))
        pairs = graph[TRANSFERS_TO].edge_index[:, fold.asked]
        answers.append(METHODS[method]().fit(split.train).predict(pairs).mean)
    assert not torch.equal(*answers)


def test_a_graph_that_is_read_shows_no_supervised_accuracy():
    zoo, graph, fold = first_fold("missing_edges")
    planted, values = plant(zoo, graph, fold.held_out, "pi")
    read = reveal(planted, ~fold.held_out)
    assert places_of(values, read) == []
    for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
        assert "edge_label" not in read[kind]
        assert read[kind].num_edges == int((~fold.held_out).sum())
    supervised = planted[TRANSFERS_TO].edge_index[:, fold.held_out]
    assert not is_edge(read[TRANSFERS_TO].edge_index, supervised).any()
    assert not is_edge(read[reverse(TRANSFERS_TO)].edge_index.flip(0), supervised).any()
    # The control: what is revealed is found, as an input and in both directions.
    everything = reveal(planted, torch.ones_like(fold.held_out))
    assert places_of(values, everything) == sorted(f"/{kind}/edge_attr" for kind in BOTH_WAYS)


def test_an_episode_does_not_show_what_it_asks():
    graph = copy.copy(first_fold("missing_edges")[1])
    distinct = 4321.0 + math.pi * torch.arange(graph[TRANSFERS_TO].num_edges)
    for kind in (TRANSFERS_TO, reverse(TRANSFERS_TO)):
        graph[kind].edge_label = distinct
    for episode in Episodes(graph, num_steps=10, seed=0):
        assert torch.isin(episode.target, distinct).all()
        assert places_of(episode.target, episode.graph) == []
        assert not is_edge(episode.graph[TRANSFERS_TO].edge_index, episode.pairs).any()
        assert not is_edge(episode.graph[reverse(TRANSFERS_TO)].edge_index.flip(0), episode.pairs).any()


def test_splitting_leaves_the_graph_as_it_was():
    _, graph, fold = first_fold("both_new")
    before = {path: tensor.clone() for path, tensor in walk(graph.to_dict())}
    make_split(graph, fold)
    reveal(graph, ~fold.held_out)
    after = dict(walk(graph.to_dict()))
    assert before.keys() == after.keys()
    assert all(same(tensor, after[path]) for path, tensor in before.items())
