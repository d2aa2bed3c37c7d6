"""A result that stands on a model's card is never read by who predicts it: answers planted there are not found."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.pretraining import ImagenetAccuracy
from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import leave_one_dataset_out, make_split
from zoograph.graphs.results import IMAGENET_VARIANTS, asks_for_results, hidden_numbers, without_results
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, MODEL_NUMBERS

EMBED = HashEmbedder(4)
ANSWER, OWN_ANSWER = 0.8128, 0.9064
PLANTED = torch.tensor([ANSWER, OWN_ANSWER])


def make_zoo(*runs: tuple[str, str, str]) -> Zoo:
    """Return the toy zoo with ImageNet in it, answers on the card of 'small', and more (model, dataset, protocol)."""
    zoo = make_toy_zoo()
    results = {"imagenet_top1": ANSWER, "source_accuracy": OWN_ANSWER}
    accuracies = ImagenetAccuracy(imagenet=ANSWER, real=ANSWER, v2=ANSWER, a=ANSWER, r=ANSWER, sketch=ANSWER)
    models = {**zoo.models, "small": zoo.models["small"].model_copy(update={**results, "imagenet": accuracies})}
    names = ("imagenet", "imagenet-real")
    zoo = replace(zoo, models=models).with_cards(datasets=[DatasetCard(id=name, source="toy") for name in names])
    more = [dict(zip(("model", "dataset", "protocol"), run, strict=True)) for run in runs]
    rows = pd.DataFrame([{**row, "metric": "top1", "value": 0.5, "source": "toy"} for row in more])
    return zoo.with_runs(pd.concat([zoo.runs, rows.reindex(columns=zoo.runs.columns)]) if more else zoo.runs)


def planted_numbers(graph: HeteroData) -> list[str]:
    """Return the names of the numbers of models in which a planted answer stands."""
    found = torch.isin(graph[MODEL].x_number, PLANTED).any(0)
    return [name for name, hit in zip(MODEL_NUMBERS, found.tolist(), strict=True) if hit]


def planted_facts(graph: HeteroData) -> bool:
    """Return whether the planted answer stands among the accuracies on ImageNet that evidence is weighed by."""
    return bool(torch.isin(graph[MODEL].imagenet, PLANTED).any())


def test_what_a_card_says_of_other_tasks_is_read() -> None:
    assert planted_numbers(build_graph(make_zoo(), EMBED)) == ["imagenet_top1", "source_accuracy"]


@pytest.mark.parametrize("protocol", [Protocol.NATIVE, None])
def test_no_graph_of_a_models_own_head_reads_its_accuracy_on_imagenet(protocol: Protocol | None) -> None:
    graph = build_graph(make_zoo(("small", "s1", "native")), EMBED, protocol)
    assert "imagenet_top1" not in planted_numbers(graph)
    assert not planted_facts(graph)
    column = MODEL_NUMBERS.index("imagenet_top1")
    assert not graph[MODEL].x_number_mask[:, column].any()


@pytest.mark.parametrize("variant", ["imagenet", "imagenet-real"])
def test_nor_does_one_in_which_the_model_was_measured_on_a_variant(variant: str) -> None:
    graph = build_graph(make_zoo(("small", variant, "head")), EMBED)
    assert planted_numbers(graph) == ["source_accuracy"]
    assert not planted_facts(graph)
    # The others' accuracies are still read.
    assert graph[MODEL].x_number_mask[:, MODEL_NUMBERS.index("imagenet_top1")].tolist() == [False, True, False]


def test_nor_its_accuracy_on_its_own_corpus_where_it_was_measured_there() -> None:
    assert planted_numbers(build_graph(make_zoo(("small", "corpus", "head")), EMBED)) == ["imagenet_top1"]


def test_which_numbers_are_hidden() -> None:
    card = ModelCard(id="m", source="t", pretrained_on="imagenet")
    nowhere: frozenset[str] = frozenset()
    assert hidden_numbers(card, Protocol.HEAD, frozenset({"pets"})) == nowhere
    assert hidden_numbers(card, Protocol.NATIVE, nowhere) == {"imagenet_top1", "source_accuracy"}
    assert hidden_numbers(card, Protocol.PROBE, frozenset({"imagenetv2"})) == {"imagenet_top1", "source_accuracy"}
    elsewhere = card.model_copy(update={"pretrained_on": "eurosat"})
    assert hidden_numbers(elsewhere, Protocol.HEAD, frozenset({"eurosat"})) == {"source_accuracy"}
    assert hidden_numbers(elsewhere, Protocol.NATIVE, nowhere) == {"imagenet_top1"}


def test_which_pairs_ask_for_a_result() -> None:
    graph = build_graph(make_zoo(), EMBED)
    models, datasets = graph[MODEL].ids, graph[DATASET].ids
    named = [(m, d) for m in models for d in datasets]
    pairs = torch.tensor([(models.index(m), datasets.index(d)) for m, d in named]).t()
    asked = [pair for pair, asks in zip(named, asks_for_results(graph, pairs).tolist(), strict=True) if asks]
    variants = {(m, d) for m, d in named if d in IMAGENET_VARIANTS}
    assert set(asked) == variants | {("small", "corpus")}
    assert not asks_for_results(without_results(graph), pairs).any()


def test_a_graph_without_results_is_a_copy() -> None:
    graph = build_graph(make_zoo(), EMBED)
    blind = without_results(graph)
    assert planted_numbers(blind) == []
    assert not planted_facts(blind)
    assert planted_facts(graph)
    assert planted_numbers(graph) == ["imagenet_top1", "source_accuracy"]
    others = [i for i, name in enumerate(MODEL_NUMBERS) if name not in ("imagenet_top1", "source_accuracy")]
    assert torch.equal(blind[MODEL].x_number[:, others], graph[MODEL].x_number[:, others])


def test_results_of_chosen_models_alone_are_hidden() -> None:
    graph = build_graph(make_zoo(), EMBED)
    small = torch.tensor([graph[MODEL].ids.index("small")])
    blind = without_results(graph, small)
    assert planted_numbers(blind) == []
    assert not planted_facts(blind)
    assert blind[MODEL].imagenet[:, 0].isnan().tolist() == [True, False, True]  # 'large' says its own
    changed = (blind[MODEL].x_number_mask != graph[MODEL].x_number_mask).any(1).nonzero().flatten()
    assert torch.equal(changed, small)


def test_a_run_of_a_models_own_head_is_no_evidence_on_a_dataset_that_is_left_out() -> None:
    """What a card may not say of ImageNet, a native run there must not say either."""
    zoo = make_zoo(("large", "imagenet", "head"), ("small", "imagenet", "native"), ("large", "imagenet", "native"))
    graph = build_graph(zoo, EMBED)
    (fold,) = [fold for fold in leave_one_dataset_out(graph, 0) if fold.name == "imagenet"]
    train = make_split(graph, fold).train
    imagenet = graph[DATASET].ids.index("imagenet")
    assert (graph[MEASURED_OTHERWISE].edge_index[1] == imagenet).sum() == 2
    assert (train[MEASURED_OTHERWISE].edge_index[1] == imagenet).sum() == 0
    # Elsewhere it is evidence, as the card's number is.
    (other,) = [fold for fold in leave_one_dataset_out(graph, 0) if fold.name == "p1"]
    assert (make_split(graph, other).train[MEASURED_OTHERWISE].edge_index[1] == imagenet).sum() == 2
