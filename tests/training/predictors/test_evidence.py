"""The predictor: it learns, it never sees what it is asked, and evidence moves it in the right direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.zoo import SCORE_COLUMNS, Zoo
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, TRANSFERS_TO, reverse
from zoograph.graphs.splits import hold_out, pair_folds, with_records
from zoograph.models.baselines.linear import LinearRegression
from zoograph.models.evidence.relevant import choose_relevant
from zoograph.models.gp.plain_gated_conv import PlainGatedConv
from zoograph.models.method import Prediction
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig
from zoograph.training.runtime.progress import Ticker

EMBED = HashEmbedder(8)
TINY = TrainingConfig(num_steps=3, num_records=80)


def _every(graph: HeteroData) -> Tensor:
    return torch.cartesian_prod(torch.arange(graph[MODEL].num_nodes), torch.arange(graph[DATASET].num_nodes)).t()


def _same(a: Prediction, b: Prediction) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def _planted(graph: HeteroData, cells: Tensor, value: float) -> HeteroData:
    """Return a copy of ``graph`` whose accuracies at ``cells`` are ``value``, in both directions."""
    copy = graph.clone()
    copy[TRANSFERS_TO].edge_label = torch.where(cells, value, graph[TRANSFERS_TO].edge_label)
    copy[reverse(TRANSFERS_TO)].edge_label = copy[TRANSFERS_TO].edge_label
    return copy


def _of(graph: HeteroData, dataset: str) -> Tensor:
    """Return the pairs (2, M) of every model with a dataset."""
    models = torch.arange(graph[MODEL].num_nodes)
    return torch.stack([models, torch.full_like(models, graph[DATASET].ids.index(dataset))])


def _with_scores(zoo: Zoo, graph: HeteroData, rows: Sequence[tuple[str, str, str, float]]) -> HeteroData:
    """Return the graph with scores (model, dataset, name, value) that came later."""
    more = pd.DataFrame([(*row, "later") for row in rows], columns=list(SCORE_COLUMNS))
    return build_graph(replace(zoo, scores=pd.concat([zoo.scores, more])), EMBED, vocabulary=graph.vocabulary)


# -- what it learns -------------------------------------------------------------------------------


def test_beats_linear_regression_on_unseen_cells_and_intervals_hold() -> None:
    graph = build_graph(make_synthetic_zoo(10, 80, seed=3).zoo, EMBED)
    held = torch.rand(graph[TRANSFERS_TO].num_edges, generator=torch.Generator().manual_seed(0)) < 0.3
    train, pairs, target = hold_out(graph, held)
    ours = EvidencePredictor(TrainingConfig(num_steps=20, num_records=300)).fit(train).predict(pairs)
    theirs = LinearRegression().fit(train).predict(pairs)
    assert (ours.mean - target).abs().mean() < 0.8 * (theirs.mean - target).abs().mean()
    inside = (target >= ours.lower) & (target <= ours.upper)
    assert 0.82 < inside.float().mean() < 0.97


def test_other_protocols_are_evidence(graph: HeteroData, fitted: EvidencePredictor) -> None:
    """A model that does badly when it is fine-tuned or asked by name is expected to with a head as well."""
    store = graph[MEASURED_OTHERWISE]
    poor = graph.clone()
    poor[MEASURED_OTHERWISE].edge_label = store.edge_label * torch.where(store.edge_index[0] == 2, 0.6, 1.0)
    pairs = _every(graph)
    lost = fitted.predict(pairs, graph).mean - fitted.predict(pairs, poor).mean
    own = pairs[0] == 2
    assert lost[own].mean() > 0.01
    assert lost[own].mean() > 2 * lost[~own].mean()


def test_same_seed_same_predictor_and_another_seed_another(graph: HeteroData, fitted: EvidencePredictor) -> None:
    pairs = graph[TRANSFERS_TO].edge_index
    assert _same(fitted.predict(pairs), EvidencePredictor(TINY).fit(graph).predict(pairs))
    other = EvidencePredictor(TINY.model_copy(update={"seed": 1})).fit(graph)
    assert not _same(fitted.predict(pairs), other.predict(pairs))


def test_state_brings_back_the_same_answers(graph: HeteroData, fitted: EvidencePredictor) -> None:
    tensors, values = fitted.state()
    again = EvidencePredictor.from_state(tensors, values, graph)
    assert _same(fitted.predict(_every(graph)), again.predict(_every(graph)))
    assert again.config == TINY


def test_a_warm_start_goes_on_from_what_was_learned(graph: HeteroData, fitted: EvidencePredictor) -> None:
    still = TINY.model_copy(update={"warm_steps": 0})
    start, _ = fitted.state()
    kept, _ = EvidencePredictor(still, start=start).fit(graph).state()
    assert all(torch.equal(kept[name], start[name]) for name in start)
    moved, _ = EvidencePredictor(TINY.model_copy(update={"warm_steps": 2}), start=start).fit(graph).state()
    assert any(not torch.equal(moved[name], start[name]) for name in start)


def test_an_untrained_one_has_the_kernel_of_its_prior(graph: HeteroData) -> None:
    predictor = EvidencePredictor(TrainingConfig(num_steps=0)).fit(graph)
    assert predictor.state()[0]["logs.pair"].exp().item() == pytest.approx(0.1)


def test_progress_goes_up_to_the_end(graph: HeteroData) -> None:
    steps: list[tuple[int, int]] = []
    EvidencePredictor(TINY, progress=lambda done, total: steps.append((done, total))).fit(graph)
    # Once on everything, and once for each half of the families that intervals are calibrated on.
    assert list(dict.fromkeys(steps)) == [(done, 9) for done in range(1, 10)]


def test_too_few_records() -> None:
    with pytest.raises(ValueError, match=r"20 measured accuracies or more \(got 5\)"):
        EvidencePredictor(TINY).fit(build_graph(make_toy_zoo(), EMBED))


# -- what it never sees ---------------------------------------------------------------------------


def test_a_held_out_answer_changes_nothing_from_training_to_intervals(graph: HeteroData) -> None:
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 5 == 0
    splits = (hold_out(graph, held), hold_out(_planted(graph, held, 0.987654), held))
    assert _same(*(EvidencePredictor(TINY).fit(split.train).predict(split.pairs) for split in splits))


def test_a_planted_value_of_the_asked_pair_does_not_reach_its_prediction(
    graph: HeteroData, fitted: EvidencePredictor
) -> None:
    """Nor do those of its fold; others' move it."""
    for place in range(0, graph[TRANSFERS_TO].num_edges, 20):
        cell = torch.arange(graph[TRANSFERS_TO].num_edges) == place
        pair = graph[TRANSFERS_TO].edge_index[:, cell]
        low, high = (_planted(graph, cell, value) for value in (0.5, 0.9))
        assert _same(fitted.predict(pair, low), fitted.predict(pair, high))
        others = graph[TRANSFERS_TO].edge_index
        assert not _same(fitted.predict(others, low), fitted.predict(others, high))


def test_the_interval_of_a_measured_pair_is_as_wide_as_without_the_records_of_its_fold(
    graph: HeteroData, fitted: EvidencePredictor
) -> None:
    """A dataset may be known by them alone."""
    edges = graph[TRANSFERS_TO].edge_index
    folds = pair_folds(graph, edges, 4)
    for fold in range(4):
        asked, hidden = edges[:, folds == fold][:, :3], folds == fold
        without = with_records(graph, ~hidden)
        assert _same(fitted.predict(asked), fitted.predict(asked, without))


def test_what_is_not_learned_from_does_not_move_the_kernel(graph: HeteroData) -> None:
    unlearned = torch.arange(graph[TRANSFERS_TO].num_edges) % 4 == 0
    states = [
        EvidencePredictor(TINY).fit(each, unlearned).state()[0] for each in (graph, _planted(graph, unlearned, 0.3))
    ]
    for name, learned in states[0].items():
        assert torch.allclose(learned, states[1][name], rtol=0, atol=1e-10)  # sums are rounded as memory happens to lie


def test_smoothed_sees_the_own_record(graph: HeteroData, fitted: EvidencePredictor) -> None:
    store = graph[TRANSFERS_TO]
    seen, unseen = fitted.smoothed(store.edge_index), fitted.predict(store.edge_index).mean
    assert (seen - store.edge_label).abs().mean() < (unseen - store.edge_label).abs().mean()


# -- what answers look like -----------------------------------------------------------------------


def test_answers_lie_between_chance_and_one_and_within_their_bounds(
    graph: HeteroData, fitted: EvidencePredictor
) -> None:
    pairs = _every(graph)
    mean, lower, upper = fitted.predict(pairs)
    chance = torch.exp(-graph[DATASET].classes)[pairs[1]]
    assert ((chance - 1e-6 <= lower) & (lower <= mean) & (mean <= upper) & (upper <= 1)).all()


def test_the_answer_to_a_pair_does_not_depend_on_what_else_is_asked(
    graph: HeteroData, fitted: EvidencePredictor
) -> None:
    pairs = _every(graph)
    together = fitted.predict(pairs)
    some = torch.arange(5, pairs.shape[1], 37)
    alone = [fitted.predict(pairs[:, [place]]) for place in some.tolist()]
    for column in range(3):
        assert torch.allclose(together[column][some], torch.cat([part[column] for part in alone]), atol=1e-6)


def test_nothing_asked_nothing_answered(fitted: EvidencePredictor) -> None:
    assert [len(part) for part in fitted.predict(torch.zeros(2, 0, dtype=torch.long))] == [0, 0, 0]


def test_newcomers_get_wider_intervals(zoo: Zoo, graph: HeteroData, fitted: EvidencePredictor) -> None:
    measured = graph[TRANSFERS_TO].edge_index
    free = next(d for d in range(20) if d not in measured[1, measured[0] == 0])  # all records are read for it
    like = zoo.datasets[graph[DATASET].ids[free]]
    newcomer = ModelCard(id="new", family="swin", parameters=10**8, input_size=224, source="t")
    mine = like.model_copy(update={"id": "mine", "family": None, "domain": "xray", "labels": ()})
    grown = build_graph(zoo.with_cards([newcomer], [mine]), EMBED, vocabulary=graph.vocabulary)
    models = [grown[MODEL].ids.index(name) for name in (graph[MODEL].ids[0], "new")]
    datasets = [grown[DATASET].ids.index(name) for name in (like.id, "mine")]
    _, lower, upper = fitted.predict(torch.cartesian_prod(torch.tensor(models), torch.tensor(datasets)).t(), grown)
    chance = 1 / like.num_classes
    reach = [torch.logit((bound - chance) / (1 - chance)) for bound in (lower, upper)]
    known, new_dataset, new_model, both = (reach[1] - reach[0]).tolist()  # where accuracies have no ends
    assert known < min(new_dataset, new_model)
    assert max(new_dataset, new_model) <= both + 1e-6


def test_the_answer_does_not_depend_on_what_else_is_asked_where_records_are_chosen(
    graph: HeteroData, fitted: EvidencePredictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("evidence", "evidence_parts"):
        monkeypatch.setattr(f"zoograph.training.predictors.{module}.MOST_SINGLE", 20)
    choose = partial(choose_relevant, most=20)
    monkeypatch.setattr("zoograph.models.evidence.posterior.choose_relevant", choose)
    pairs = _every(graph)
    together = fitted.predict(pairs)
    some = torch.arange(5, pairs.shape[1], 37)
    alone = torch.stack([torch.stack(list(fitted.predict(pairs[:, [place]])))[:, 0] for place in some.tolist()], 1)
    assert torch.allclose(torch.stack(list(together))[:, some], alone, atol=1e-6)


# -- evidence moves it in the right direction -----------------------------------------------------


@settings(max_examples=15)
@given(name=st.sampled_from(["knn", "logistic"]), model=st.integers(0, 7), dataset=st.integers(0, 19), data=st.data())
def test_a_better_probe_of_a_pair_never_lowers_its_answer(
    zoo: Zoo, graph: HeteroData, fitted: EvidencePredictor, name: str, model: int, dataset: int, data: st.DataObject
) -> None:
    """From a fifth of the way between chance and 1; below, a small sample says hardly anything."""
    chance = 1 / (zoo.datasets[f"task_{dataset}"].num_classes or 1)
    share = st.floats(0.2, 1)
    low, high = sorted(chance + (1 - chance) * data.draw(share) for _ in range(2))
    answers = []
    for value in (low, high):
        scored = _with_scores(zoo, graph, [(graph[MODEL].ids[model], f"task_{dataset}", name, value)])
        answers.append(fitted.predict(_of(scored, f"task_{dataset}")[:, [model]], scored).mean.item())
    assert answers[1] >= answers[0] - 1e-6


def test_a_model_that_is_probed_alone_moves_its_answer_and_those_of_others_less(
    zoo: Zoo, graph: HeteroData, fitted: EvidencePredictor
) -> None:
    new = zoo.datasets["task_3"].model_copy(update={"id": "new", "family": None})
    grown = zoo.with_cards(datasets=[new])
    chance = 1 / (new.num_classes or 1)
    low, high = (
        _with_scores(grown, graph, [(graph[MODEL].ids[2], "new", "knn", chance + (1 - chance) * share)])
        for share in (0.3, 0.9)
    )
    answers = [(fitted.predict(_of(each, "new"), each).mean - chance) / (1 - chance) for each in (low, high)]
    moved = torch.logit(answers[1]) - torch.logit(answers[0])
    others = torch.arange(8) != 2
    assert moved[2] > 0.01
    assert (moved[2] > moved[others]).all()


def _expected(zoo: Zoo, graph: HeteroData, fitted: EvidencePredictor, classes: int, per_class: float) -> Tensor:
    card = DatasetCard(
        id="new",
        domain="sketch",
        labels=("cat", "dog"),
        num_classes=classes,
        num_samples=round(classes * per_class),
        samples_per_class=per_class,
        source="t",
    )
    grown = build_graph(zoo.with_cards(datasets=[card]), EMBED, vocabulary=graph.vocabulary)
    return fitted.predict(_of(grown, "new"), grown).mean


def test_more_images_a_class_never_lower_what_is_expected(
    zoo: Zoo, graph: HeteroData, fitted: EvidencePredictor
) -> None:
    rising = torch.stack([_expected(zoo, graph, fitted, 8, n) for n in (5.0, 10.0, 30.0, 100.0, 500.0, 5000.0)])
    assert (rising.diff(dim=0) >= -1e-6).all()
    assert (rising[-1] > rising[0]).all()


def test_more_classes_never_raise_what_is_expected(zoo: Zoo, graph: HeteroData, fitted: EvidencePredictor) -> None:
    falling = torch.stack([_expected(zoo, graph, fitted, classes, 30.0) for classes in (2, 4, 10, 50, 200, 1000)])
    assert (falling.diff(dim=0) <= 1e-6).all()
    assert (falling[-1] < falling[0]).all()


def test_what_calibrates_the_intervals_is_unknown_to_the_network_that_answers_it() -> None:
    """Whatever the records of one half are, the kernel that they are held against is the same."""
    graph = build_graph(make_synthetic_zoo(6, 20).zoo, EMBED)
    half = torch.arange(graph[DATASET].num_nodes) < 10
    planted = _planted(graph, half[graph[TRANSFERS_TO].edge_index[1]], 0.99)
    predictor = EvidencePredictor(TINY.model_copy(update={"network": True}))
    learned = [
        predictor._learned(Ticker(None, 3), seen, None, unknown).state_dict()
        for seen, unknown in ((graph, half), (planted, half), (graph, ~half))
    ]
    known, again, other = (torch.cat([value.double().flatten() for value in state.values()]) for state in learned)
    assert torch.allclose(known, again, atol=1e-9)
    assert not torch.allclose(known, other, atol=1e-3)


def test_a_network_that_answers_needs_no_pyg_and_says_the_same() -> None:
    graph = build_graph(make_synthetic_zoo(6, 20).zoo, EMBED)
    steps = []
    predictor = EvidencePredictor(TINY.model_copy(update={"network": True}), lambda *step: steps.append(step))
    predictor.fit(graph)
    assert steps == sorted(steps)
    assert steps[-1] == (9, 9)  # the kernel, and one for each half
    restored = EvidencePredictor.from_state(*predictor.state(), graph)
    layers = [module for module in restored._kernel.modules() if hasattr(module, "gate")]
    assert layers
    assert all(type(layer) is PlainGatedConv for layer in layers)
    pairs = _every(graph)
    for one, other in zip(predictor.predict(pairs), restored.predict(pairs), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_a_single_family_leaves_a_network_of_one_half_nothing_to_learn_from() -> None:
    graph = build_graph(make_synthetic_zoo(6, 20).zoo, EMBED)
    graph[DATASET].group = torch.zeros_like(graph[DATASET].group)
    predictor = EvidencePredictor(TINY.model_copy(update={"network": True})).fit(graph)
    mean, lower, upper = predictor.predict(_every(graph))
    assert (lower <= mean).all()
    assert (mean <= upper).all()
