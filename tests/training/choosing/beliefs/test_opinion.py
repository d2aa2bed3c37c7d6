"""What is expected of candidates: which to pick, what picking each is expected to lose, and what moves it."""

from __future__ import annotations

import pytest
import torch

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.training.answers.current.current_predictor import Provenance
from zoograph.training.answers.question import Question
from zoograph.training.choosing.beliefs.belief import Belief
from zoograph.training.choosing.beliefs.opinion import Opinion, Opinions, Prior, answered_protocol

PROBE, HEAD, FINETUNE = Protocol.PROBE, Protocol.HEAD, Protocol.FINETUNE
SIZES = {PROBE: 150.0, HEAD: 300.0, FINETUNE: 300.0}


def _opinion(measured: dict[tuple[str, Protocol], float], protocol: Protocol = HEAD, own: float = 1e-8) -> Opinion:
    mean = torch.tensor([0.6, 0.7, 0.2, 0.65], dtype=torch.float64)
    contenders = torch.tensor([0, 1, 3])
    belief = Belief(mean[contenders], own * torch.eye(3, dtype=torch.float64), torch.full((3,), 1e-12).double())
    known = Provenance("v", "", "", 1, 0, True, 0, "")
    prior = Prior(("a", "b", "c", "d"), mean, mean - 0.1, mean + 0.1, contenders, belief, known, protocol)
    return Opinion(prior, measured, protocol, SIZES)


def test_where_nothing_was_measured_the_best_expected_one_is_picked() -> None:
    assert _opinion({}).leader == 1


def test_of_those_that_were_measured_the_best_is_picked() -> None:
    assert _opinion({("c", HEAD): 0.5, ("a", HEAD): 0.4}).leader == 2
    assert _opinion({("c", HEAD): 0.9}, FINETUNE).leader == 2  # a head is known of it alone


def test_what_a_cheaper_level_found_counts_by_what_it_lets_expect() -> None:
    opinion = _opinion({("a", FINETUNE): 0.62, ("d", HEAD): 0.1}, FINETUNE)
    assert opinion.leader == 3  # expected at 0.65


def test_regrets_are_against_the_best_that_is_expected() -> None:
    opinion = _opinion({})
    assert opinion.regrets == pytest.approx([0.1, 0.0, 0.5, 0.05], abs=1e-3)
    assert opinion.regret(0) == opinion.regrets[0]
    assert opinion.chances() == pytest.approx([0.0, 1.0, 0.0, 0.0])
    assert _opinion({("c", HEAD): 0.7}).regrets[2] == pytest.approx(0.0, abs=1e-3)  # as measured


def test_probes_that_separate_models_move_what_is_expected_whatever_their_level() -> None:
    probes = {("a", PROBE): 0.4, ("b", PROBE): 0.3, ("d", PROBE): 0.2}
    low = _opinion(probes, own=0.01)
    assert low.leader == 0
    high = _opinion({key: value + 0.3 for key, value in probes.items()}, own=0.01)
    assert high.leader == 0
    assert (high.mean[0] - high.mean[3]) == pytest.approx(float(low.mean[0] - low.mean[3]), abs=1e-3)


def test_what_was_measured_under_the_protocol_is_what_is_expected() -> None:
    opinion = _opinion({("a", HEAD): 0.9}, own=0.01)
    assert float(opinion.mean[0]) == 0.9
    lower, upper = opinion.bounds
    of_a_draw = 0.9 * 0.1 / SIZES[HEAD]
    assert float(upper[0] - 0.9) == pytest.approx(1.6449 * of_a_draw**0.5, rel=1e-3)
    assert float(upper[1] - lower[1]) == pytest.approx(2 * 1.6449 * (0.01 + 0.7 * 0.3 / SIZES[HEAD]) ** 0.5, rel=1e-3)


def test_no_interval_is_narrower_than_one_test_sample() -> None:
    opinion = Opinion(_opinion({}).prior, {("a", HEAD): 20 / 27}, HEAD, {**SIZES, HEAD: 27.0})
    lower, upper = opinion.bounds
    assert float(upper[0] - lower[0]) > 2 / 27


def test_a_candidate_that_fails_is_left_out_of_everything() -> None:
    prior = _opinion({}).prior.without("b")
    assert (prior.ids, prior.contenders.tolist()) == (("a", "c", "d"), [0, 2])
    assert prior.belief.mean.tolist() == pytest.approx([0.6, 0.65])
    assert Opinion(prior, {}, HEAD, SIZES).leader == 2


def _question(dataset: str) -> Question:
    return Question(None, dataset, (dataset,), (dataset,), HEAD, Metric.TOP1, "image", (), ())


def test_the_predictor_is_asked_without_the_datasets_own_measurements(toy_zoo: Collection) -> None:
    def prior_mean(value: float, store: RecordStore) -> list[float]:
        opinions = Opinions(store, _question("birds_2"), toy_zoo.models, SIZES)
        opinions.learn("vit", HEAD, value)
        return opinions.ask().prior.mean.tolist()

    with RecordStore.open() as store:
        before = prior_mean(0.1, store)
        store.add(runs=[Run(source="own", model="vit", dataset="birds_2", protocol=HEAD, value=0.9)])
        assert prior_mean(0.9, store) == before
        opinion = Opinions(store, _question("birds_2"), toy_zoo.models, SIZES).ask()
    assert opinion.measured == {("vit", HEAD): 0.9}
    assert float(opinion.mean[1]) == 0.9


def test_where_few_records_are_of_the_protocol_its_usual_level_is_predicted(toy_store: RecordStore) -> None:
    texts = DatasetCard(id="reviews", source="toy", modality="text")
    models = [ModelCard(id=f"e{number}", source="toy", modalities=("text",)) for number in range(30)]
    runs = [Run(source="t", model=card.id, dataset="reviews", protocol=PROBE, value=0.5) for card in models]
    toy_store.add(models=models, datasets=[texts], runs=runs)
    assert answered_protocol(toy_store, HEAD, Metric.TOP1, "text") is PROBE
    assert answered_protocol(toy_store, HEAD, Metric.TOP1, "image") is HEAD  # nothing else is known either
    heads = [Run(source="t", model=card.id, dataset="reviews", protocol=HEAD, value=0.5) for card in models[:25]]
    toy_store.add(runs=heads)
    assert answered_protocol(toy_store, HEAD, Metric.TOP1, "text") is HEAD
