from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from zoograph.data.collections.domainnet_masks import read_masks
from zoograph.data.errors import FoldsError, UnknownName
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.zoo import Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import (
    FOLDS,
    Fold,
    both_new,
    get_folds,
    leave_one_dataset_out,
    leave_one_domain_out,
    leave_one_family_out,
    leave_one_model_family_out,
    leave_one_model_out,
    make_split,
    missing_edges,
    published_masks,
)
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import is_edge


def build(zoo):
    return build_graph(zoo, HashEmbedder(4))


def keep_runs(zoo, keep):
    return zoo.with_runs(zoo.runs[[keep(m, d) for m, d in zip(zoo.runs["model"], zoo.runs["dataset"], strict=True)]])


def masks_zoo():
    """The models and datasets of the published masks, with made-up accuracies, and one record beside them."""
    masks, synthetic = read_masks(), make_synthetic_zoo(11, 271).zoo
    models = (*masks.models, "another_model")
    datasets = (*reversed(masks.datasets), "another_dataset")
    model_ids, dataset_ids = (list(cards) for cards in (synthetic.models, synthetic.datasets))
    runs = synthetic.runs.assign(
        model=synthetic.runs["model"].map(dict(zip(model_ids, models, strict=True))),
        dataset=synthetic.runs["dataset"].map(dict(zip(dataset_ids[:-1], datasets, strict=True))),
    )
    zoo = Zoo(
        {name: ModelCard(id=name, source="made up") for name in models},
        {name: DatasetCard(id=name, labels=("a label",), source="made up") for name in datasets},
        runs,
        synthetic.scores,
        synthetic.relations,
    )
    return keep_runs(zoo, lambda m, d: (m == "another_model") == (d == "another_dataset"))


@pytest.fixture(scope="module")
def graph():
    return build(make_synthetic_zoo(8, 24, density=0.9, seed=1).zoo)


@pytest.fixture(scope="module")
def masks_graph():
    return build(masks_zoo())


def cells(graph, mask):
    """Return the set of (model id, dataset id) of a mask."""
    pairs = graph[TRANSFERS_TO].edge_index[:, mask].t().tolist()
    return {(graph[MODEL].ids[m], graph[DATASET].ids[d]) for m, d in pairs}


def test_every_protocol_is_known_by_name():
    assert set(FOLDS) == {
        "missing_edges",
        "published_masks",
        "leave_one_dataset_out",
        "leave_one_family_out",
        "leave_one_domain_out",
        "leave_one_model_out",
        "leave_one_model_family_out",
        "both_new",
    }
    assert get_folds("both_new") is both_new
    with pytest.raises(UnknownName, match=r"'both_knew'.*Nearest names: both_new\. Valid names: both_new, leave"):
        get_folds("both_knew")


@pytest.mark.parametrize("name", sorted(FOLDS))
def test_a_split_asks_what_the_fold_asks_and_hides_what_it_holds_out(name, graph, masks_graph):
    graph = masks_graph if name == "published_masks" else graph
    store = graph[TRANSFERS_TO]
    for fold in get_folds(name)(graph, 0):
        split = make_split(graph, fold)
        assert torch.equal(split.pairs, store.edge_index[:, fold.asked])
        assert torch.equal(split.target, store.edge_label[fold.asked])
        assert torch.equal(split.train[TRANSFERS_TO].edge_index, store.edge_index[:, ~fold.held_out])
        assert 0 < len(split.target) < store.num_edges
        assert torch.equal(fold.asked, fold.held_out) == (name != "both_new")
        cold = split.pairs[:, fold.asked_cold]
        assert torch.equal(cold, store.edge_index[:, fold.cold])
        assert (cold.shape[1] > 0) == (name in ("missing_edges", "published_masks"))
        assert not torch.isin(cold[1], split.train[TRANSFERS_TO].edge_index[1]).any()


@pytest.mark.parametrize("name", sorted(FOLDS))
def test_a_protocol_is_its_seed(name, graph, masks_graph):
    graph = masks_graph if name == "published_masks" else graph
    before = torch.random.get_rng_state()
    one, again, other = (get_folds(name)(graph, seed) for seed in (3, 3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(a.held_out, b.held_out) for a, b in zip(one, again, strict=True))
    differs = any(not torch.equal(a.held_out, b.held_out) for a, b in zip(one, other, strict=True))
    assert differs == (name in ("missing_edges", "both_new"))
    assert len({fold.name for fold in one}) == len(one)


def test_missing_edges_has_the_group_sizes_of_the_paper(masks_graph):
    (fold,) = missing_edges(build(make_synthetic_zoo(10, 43).zoo), 5)
    assert fold.asked.sum() - fold.held_out.sum() == 0
    graph = build(make_synthetic_zoo(10, 43).zoo)
    target = graph[TRANSFERS_TO].edge_index[1]
    kept = torch.zeros(graph[DATASET].num_nodes).index_add(0, target, (~fold.held_out).float())[target.unique()]
    sizes = torch.bincount(kept.long(), minlength=11).tolist()
    assert sizes == [4, 4, 4, 5, 4, 4, 5, 4, 4, 5, 0]
    assert sorted(sizes[:10]) == [4] * 7 + [5] * 3
    assert int(fold.cold.sum()) == 10 * sizes[0]


def test_missing_edges_counts_the_measured_models_of_each_dataset():
    # Ten datasets with four models each: 3.6, 3.2, 2.8, ... of four, rounded half up.
    zoo = make_synthetic_zoo(12, 10).zoo
    first = list(zoo.models)[:4]
    graph = build(keep_runs(zoo, lambda m, _: m in first))
    (fold,) = missing_edges(graph, 0)
    target = graph[TRANSFERS_TO].edge_index[1]
    kept = target[~fold.held_out].bincount(minlength=10)[:10].tolist()
    assert sorted(kept, reverse=True) == [4, 3, 3, 2, 2, 2, 1, 1, 0, 0]
    assert int(fold.cold.sum()) == 4


def test_missing_edges_keeps_every_model_equally_often():
    graph = build(make_synthetic_zoo(5, 20).zoo)
    source = graph[TRANSFERS_TO].edge_index[0]
    counts = sum(source[~missing_edges(graph, seed)[0].held_out].bincount() for seed in range(200)) / 200
    # 20 datasets keep (5, 4, 4, 3, 3, 2, 2, 1, 1, 0) / 5 of a model, in pairs.
    assert counts.sum() == pytest.approx(50.0)
    np.testing.assert_allclose(counts.numpy(), 10.0, atol=0.5)


def test_published_masks_hide_the_cells_that_they_name(masks_graph):
    masks, folds = read_masks(), published_masks(masks_graph, 0)
    assert [fold.name for fold in folds] == [f"mask {number}" for number in range(10)]
    for fold, observed in zip(folds, masks.observed, strict=True):
        rows, columns = np.nonzero(~observed)
        hidden = {(masks.models[row], masks.datasets[column]) for row, column in zip(rows, columns, strict=True)}
        assert cells(masks_graph, fold.held_out) == hidden
        coldest = {dataset for _, dataset in cells(masks_graph, fold.cold)}
        assert coldest == {masks.datasets[column] for column in np.nonzero(observed.sum(0) == 0)[0]}
        assert (len(coldest), int(fold.cold.sum())) == (27, 270)


def test_published_masks_need_their_cells(graph):
    with pytest.raises(FoldsError, match=r"all 2700 records .* \(got 0\)"):
        published_masks(graph, 0)
    zoo = masks_zoo()
    with pytest.raises(FoldsError, match=r"\(got 2699\)"):
        published_masks(build(zoo.with_runs(zoo.runs.iloc[1:])), 0)


@pytest.mark.parametrize(
    ("protocol", "side", "groups"),
    [
        (leave_one_dataset_out, DATASET, lambda graph: torch.arange(graph[DATASET].num_nodes)),
        (leave_one_family_out, DATASET, lambda graph: graph[DATASET].group),
        (leave_one_domain_out, DATASET, lambda graph: graph[DATASET].x_category),
        (leave_one_model_out, MODEL, lambda graph: torch.arange(graph[MODEL].num_nodes)),
        (leave_one_model_family_out, MODEL, lambda graph: graph[MODEL].group),
    ],
)
def test_leaving_one_out_leaves_out_all_of_it_and_each_once(protocol, side, groups, graph):
    of_edge = groups(graph)[graph[TRANSFERS_TO].edge_index[0 if side == MODEL else 1]]
    folds = protocol(graph, 0)
    assert sorted(int(of_edge[fold.held_out].unique().item()) for fold in folds) == of_edge.unique().tolist()
    for fold in folds:
        assert torch.equal(fold.held_out, of_edge == of_edge[fold.held_out][0])
    assert torch.equal(sum(fold.asked.long() for fold in folds), torch.ones_like(of_edge))


def test_folds_are_named_for_people(graph):
    assert leave_one_dataset_out(graph, 0)[3].name == "task_3"
    assert {fold.name for fold in leave_one_domain_out(graph, 0)} == set(graph.vocabulary[DATASET])
    names = [fold.name for fold in leave_one_family_out(graph, 0)]
    sizes = graph[DATASET].group[:-1].bincount().tolist()
    assert [int(name.split(" and ")[1].split()[0]) + 1 if " and " in name else 1 for name in names] == sizes


def test_targets_can_be_chosen(graph):
    folds = leave_one_dataset_out(graph, 0, targets=["task_7", "task_2"])
    assert [fold.name for fold in folds] == ["task_7", "task_2"]
    with pytest.raises(UnknownName, match=r"Unknown dataset 'tusk_7'\. Nearest names: task_7"):
        leave_one_dataset_out(graph, 0, targets=["tusk_7"])
    with pytest.raises(FoldsError, match=r"'corpus' needs a measured accuracy .* Choose another one\."):
        leave_one_dataset_out(graph, 0, targets=["corpus"])


def test_datasets_of_unknown_domain_are_never_held_out():
    zoo = make_synthetic_zoo(5, 12).zoo
    unknown = {name: card.model_copy(update={"domain": None}) for name, card in list(zoo.datasets.items())[:4]}
    graph = build(Zoo(zoo.models, {**zoo.datasets, **unknown}, zoo.runs, zoo.scores, zoo.relations))
    for fold in leave_one_domain_out(graph, 0):
        assert not {dataset for _, dataset in cells(graph, fold.held_out)} & set(unknown)


def test_both_new_asks_every_cell_once_of_strangers_alone(graph):
    folds = both_new(graph, 0)
    assert torch.equal(sum(fold.asked.long() for fold in folds), torch.ones_like(folds[0].asked).long())
    for fold in folds:
        train, pairs, _ = make_split(graph, fold)
        known = train[TRANSFERS_TO].edge_index
        for kind, asked, seen in zip((MODEL, DATASET), pairs, known, strict=True):
            assert not torch.isin(graph[kind].group[asked], graph[kind].group[seen]).any()
        assert not is_edge(known, pairs).any()
    assert len(both_new(graph, 0, num_blocks=2)) == 4


def test_a_zoo_that_is_too_small_is_refused():
    zoo = make_synthetic_zoo(4, 9).zoo
    with pytest.raises(FoldsError, match=r"10 measured datasets or more \(got 4 and 9\)"):
        missing_edges(build(zoo), 0)
    two, one = list(zoo.models)[:2], next(iter(zoo.datasets))
    two_models, one_dataset = (build(keep_runs(zoo, keep)) for keep in (lambda m, _: m in two, lambda _, d: d == one))
    nothing = build(zoo.with_runs(zoo.runs.iloc[:0]))
    for name, protocol in FOLDS.items():
        if name == "published_masks":
            continue
        for graph, got in ((two_models, "2 and 9"), (one_dataset, "4 and 1"), (nothing, "0 and 0")):
            with pytest.raises(FoldsError, match=rf"3 measured models .*\(got {got}\)"):
                protocol(graph, 0)


def test_one_group_cannot_be_left_out():
    zoo = make_synthetic_zoo(6, 12).zoo
    domain = {name: card.model_copy(update={"domain": "real", "family": "f"}) for name, card in zoo.datasets.items()}
    family = {name: card.model_copy(update={"family": "vit"}) for name, card in zoo.models.items()}
    graph = build(Zoo(family, domain, zoo.runs, zoo.scores, zoo.relations))
    for protocol in (leave_one_domain_out, leave_one_family_out):
        with pytest.raises(FoldsError, match=r"two groups of datasets or more \(got 1\)\. Add records"):
            protocol(graph, 0)
    with pytest.raises(FoldsError, match=r"two groups of models or more \(got 1\)\. Add records"):
        leave_one_model_family_out(graph, 0)
    with pytest.raises(FoldsError, match=r"two families of models or more \(got 1\)\. Add records"):
        both_new(graph, 0)


def test_both_new_needs_something_to_learn_from():
    zoo = make_synthetic_zoo(3, 3, seed=2).zoo
    model, dataset = next(iter(zoo.models)), next(iter(zoo.datasets))
    apart = {name: card.model_copy(update={"family": None}) for name, card in zoo.models.items()}
    zoo = keep_runs(
        Zoo(apart, zoo.datasets, zoo.runs, zoo.scores, zoo.relations),
        lambda m, d: m == model or d == dataset,
    )
    with pytest.raises(FoldsError, match=r"too sparse .* Add records, or choose other folds\."):
        both_new(build(zoo), 0)


def test_a_fold_checks_its_masks():
    yes, no = torch.tensor([True, True]), torch.tensor([False, False])
    with pytest.raises(ValueError, match=r"need one shape \(got \(2,\), \(1,\), \(2,\)\)"):
        Fold("f", yes, yes[:1], no)
    for held_out, asked, cold in ((no, yes, no), (yes, no, yes)):
        with pytest.raises(ValueError, match="'cold' within 'asked' within 'held_out'"):
            Fold("f", held_out, asked, cold)


def test_a_failed_run_is_asked_and_never_learned_from():
    zoo = make_synthetic_zoo(4, 12, seed=3).zoo
    chosen = zoo.runs.index[[0, 5, 17]]
    runs = zoo.runs.assign(failure=pd.Series("chance level", index=chosen).reindex(zoo.runs.index))
    plain, graph = build(zoo), build_graph(zoo.with_runs(runs), HashEmbedder(4), with_failed=True)
    failed = graph[TRANSFERS_TO].failed
    assert failed.sum() == 3
    for before, fold in zip(leave_one_dataset_out(plain, 0), leave_one_dataset_out(graph, 0), strict=True):
        one, split = make_split(plain, before), make_split(graph, fold)
        assert torch.equal(one.pairs, split.pairs)
        assert torch.equal(one.target, split.target)
        assert not split.train[TRANSFERS_TO].failed.any()
        assert split.train[TRANSFERS_TO].num_edges == int((~fold.held_out & ~failed).sum())


def test_a_fold_says_whether_probes_of_what_it_holds_out_are_known():
    zoo = make_synthetic_zoo(4, 12, seed=3).zoo
    more = [zoo.runs.assign(protocol=protocol) for protocol in ("probe", "finetune")]
    graph = build(zoo.with_runs(pd.concat([zoo.runs, *more])))
    fold = leave_one_dataset_out(graph, 0)[0]
    known = replace(fold, probes_known=True)
    left = [len(make_split(graph, each).train[MEASURED_OTHERWISE].edge_label) for each in (fold, known)]
    held_out = int(fold.held_out.sum())
    assert left == [2 * (len(fold.held_out) - held_out), 2 * len(fold.held_out) - held_out]
