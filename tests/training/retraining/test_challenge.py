"""Champion and challenger: who answers, what is never learned from, and what poison does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.errors import PredictorError
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Protocol, Run
from zoograph.data.store.store import RecordStore
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import keep_records
from zoograph.training.predictors.evidence import EvidencePredictor
from zoograph.training.retraining.challenge import (
    challenge,
    must_start_anew,
    retrain_if_needed,
    retrain_on,
)
from zoograph.training.retraining.held_out_cells import is_held_out
from zoograph.training.retraining.not_worse import ERROR_MARGIN
from zoograph.training.retraining.round import Round, Waiting
from zoograph.training.retraining.train import train_first
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.listing import list_versions, make_current, predictor_root
from zoograph.training.versions.load import load_current
from zoograph.training.versions.shipped import shipped_predictors


def _held_out_datasets(arrivals: Any) -> list[str]:
    return [d for m, d in zip(arrivals.zoo.runs.model, arrivals.zoo.runs.dataset, strict=True) if is_held_out(m, d)]


def test_more_of_the_same_is_learned_from_a_warm_start_and_promoted(arrivals: Any, champion: Artifact) -> None:
    root = champion.folder.parent
    new = challenge(root, champion, arrivals.material(arrivals.zoo.runs, arrivals.batches()), arrivals.config)
    verdict = new.manifest.verdict
    assert (verdict.start, verdict.promoted, verdict.parent, verdict.suspects) == (
        "warm",
        True,
        champion.manifest.version,
        (),
    )
    assert verdict.num_cells == sum(
        is_held_out(m, d) for m, d in zip(arrivals.zoo.runs.model, arrivals.zoo.runs.dataset, strict=True)
    )
    assert verdict.error is not None
    assert verdict.parent_error is not None
    assert verdict.difference == pytest.approx(verdict.error - verdict.parent_error, abs=1e-6)
    assert verdict.upper is not None
    assert verdict.margin is not None
    assert verdict.upper < verdict.margin == pytest.approx(ERROR_MARGIN * verdict.parent_error)
    assert verdict.num_families == len({f"{arrivals.zoo.datasets[d].family}" for d in _held_out_datasets(arrivals)})
    assert verdict.added == 0.0  # it took some off
    assert verdict.reason.startswith(f"Not worse than '{champion.manifest.version}': error on the held-out cells ")
    assert load_current(root) == new
    assert (champion.manifest.num_records, new.manifest.num_records) == (880, 1000)
    assert set(champion.saw()) == {"early"}
    assert set(new.saw()) == {"early", "late"}


@pytest.mark.parametrize("poison", ["shuffled", "raised"])
def test_a_poisoned_batch_is_kept_aside_and_named(arrivals: Any, champion: Artifact, poison: str) -> None:
    root = champion.folder.parent
    new = challenge(root, champion, arrivals.material(*getattr(arrivals, poison)()), arrivals.config)
    verdict = new.manifest.verdict
    assert (verdict.promoted, verdict.suspects) == (False, ("bad",))
    assert "Suspect: 'bad', which " in verdict.reason
    assert load_current(root) == champion  # what answered goes on answering
    assert [m.version for m in list_versions(root).readable] == [champion.manifest.version, new.manifest.version]
    assert make_current(root, new.manifest.version) == load_current(root) == new  # unless somebody knows better


def test_one_that_has_a_few_runs_off_is_kept_aside(arrivals: Any, champion: Artifact) -> None:
    verdict = challenge(
        champion.folder.parent, champion, arrivals.material(*arrivals.of_one_model(0.3, 6)), arrivals.config
    ).manifest.verdict
    assert (verdict.promoted, verdict.suspects) == (False, ("bad",))
    assert "Suspect: 'bad', which has 6 runs of" in verdict.reason
    assert load_current(champion.folder.parent) == champion


def test_a_challenger_that_is_worse_is_kept_aside(
    arrivals: Any, champion: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the reason: here the training forgets most of the records."""
    from zoograph.training.retraining import challenge as retrain

    starts: list[bool] = []

    def forget(graph: HeteroData, *others: object) -> EvidencePredictor:
        starts.append(others[3] is not None)
        few = keep_records(graph, torch.arange(graph[TRANSFERS_TO].num_edges) % 20 == 0)
        predictor = EvidencePredictor(arrivals.config).fit(few)
        predictor.predict = lambda pairs, _=None: EvidencePredictor.predict(predictor, pairs)  # type: ignore[method-assign]
        return predictor

    monkeypatch.setattr(retrain, "learn", forget)
    root = champion.folder.parent
    verdict = challenge(
        root, champion, arrivals.material(arrivals.zoo.runs, arrivals.batches()), arrivals.config
    ).manifest.verdict
    assert (verdict.promoted, verdict.suspects) == (False, ())
    assert starts == [True, False]  # a warm start that fails is followed by a full training
    assert verdict.reason.startswith(f"Worse than '{champion.manifest.version}': error on the held-out cells +")
    assert verdict.lower is not None
    assert verdict.lower > 0
    assert load_current(root) == champion


def test_what_makes_a_warm_start_impossible_or_unwise(arrivals: Any, champion: Artifact) -> None:
    graph = arrivals.material(arrivals.zoo.runs, arrivals.batches()).graph()
    assert not must_start_anew(champion, graph, arrivals.config)
    assert must_start_anew(champion, graph, None)  # another configuration
    few = arrivals.material(arrivals.zoo.runs[:300], arrivals.batches()[:300]).graph()
    assert must_start_anew(champion, few, arrivals.config)
    newcomer = ModelCard(id="new", family="of its own", source="t")
    assert must_start_anew(
        champion,
        arrivals.material(arrivals.zoo.runs, arrivals.batches(), arrivals.zoo.with_cards([newcomer])).graph(),
        arrivals.config,
    )


def test_twice_the_records_are_learned_from_in_full(arrivals: Any, tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    batches = pd.Series(["one"] * 250 + ["two"] * 350)
    shuffled = arrivals.zoo.runs.sample(frac=1, random_state=0).reset_index(drop=True)
    train_first(root, arrivals.material(shuffled[:250], batches[:250]), arrivals.config)
    verdict = retrain_on(root, arrivals.material(shuffled[:600], batches), arrivals.config).manifest.verdict
    assert (verdict.start, verdict.full_records) == ("full", 600)


def test_one_that_was_overtaken_is_not_promoted(
    arrivals: Any, champion: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zoograph.training.retraining import challenge as retrain

    root = champion.folder.parent
    real = retrain.save_predictor

    def overtaken(*args: object, **kwargs: object) -> Artifact:
        monkeypatch.undo()
        challenge(root, champion, arrivals.material(arrivals.zoo.runs, arrivals.batches()), arrivals.config)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(retrain, "save_predictor", overtaken)
    material = arrivals.material(arrivals.zoo.runs, arrivals.batches("later"))
    verdict = challenge(root, champion, material, arrivals.config).manifest.verdict
    current = load_current(root)
    assert current is not None
    assert (verdict.promoted, verdict.parent) == (False, current.manifest.version)
    assert "came into use while this one was trained" in verdict.reason
    assert set(current.saw()) == {"early", "late"}


def test_a_store_is_looked_at_and_learned_from_when_enough_waits(
    arrivals: Any, toy_zoo: object, tmp_path: Path
) -> None:
    root = tmp_path / "head-toy"
    cards = (arrivals.zoo.models.values(), arrivals.zoo.datasets.values())
    runs = [
        Run(source="s", model=row.model, dataset=row.dataset, protocol=Protocol.HEAD, value=row.value)
        for row in arrivals.zoo.runs.itertuples()
    ]
    with RecordStore.open() as store:
        store.add(*cards, runs[:300], batch="first")
        first = retrain_if_needed(store, root, Protocol.HEAD, 25, arrivals.config)
        assert first.waiting is None
        assert first.artifact is not None
        assert retrain_if_needed(store, root, Protocol.HEAD, 25, arrivals.config) == Round(Waiting(0, 0), None, 25)
        store.add(runs=runs[300:310], batch="second")
        assert retrain_if_needed(store, root, Protocol.HEAD, 25, arrivals.config) == Round(Waiting(10, 0), None, 25)
        store.add(runs=runs[310:330], batch="third")
        done = retrain_if_needed(store, root, Protocol.HEAD, 25, arrivals.config)
        assert done.waiting == (30, 0)
        assert done.artifact is not None
        assert done.artifact.manifest.num_records == 331
        store.undo("third")
        gone = retrain_if_needed(store, root, Protocol.HEAD, 25, arrivals.config)
        assert gone.waiting == (0, 1)
        assert gone.artifact is not None
        assert set(gone.artifact.saw()) == {"shipped", "first", "second"}


def test_a_damaged_champion_is_not_learned_beside_and_what_to_do_is_said(arrivals: Any, tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    (root / "v1").mkdir(parents=True)
    material = arrivals.material(arrivals.zoo.runs, arrivals.batches())
    with pytest.raises(PredictorError, match=r"head-toy' is damaged: .* Move that folder aside to have one trained"):
        retrain_on(root, material, arrivals.config)


def test_the_first_champion_is_the_one_that_ships(shipped_home: Path) -> None:
    root = predictor_root(Protocol.HEAD, None)
    with RecordStore.open() as store:
        assert retrain_if_needed(store, root, Protocol.HEAD, 25) == Round(Waiting(0, 0), None, 25)
    assert list_versions(root).current == list_versions(shipped_predictors() / root.name).current is not None


def test_two_that_look_at_once_train_one_after_the_other(arrivals: Any, toy_zoo: object, tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    runs = [
        Run(source="s", model=row.model, dataset=row.dataset, protocol=Protocol.HEAD, value=row.value)
        for row in arrivals.zoo.runs.itertuples()
    ]
    with RecordStore.open() as store:
        store.add(arrivals.zoo.models.values(), arrivals.zoo.datasets.values(), runs)

    def look(_: int) -> Round:
        with RecordStore.open() as store:
            return retrain_if_needed(store, root, Protocol.HEAD, 1, arrivals.config)

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(look, range(2)), key=lambda done: done.artifact is None)
    assert first.artifact is not None
    assert second == Round(Waiting(0, 0), None, 1)
    found = list_versions(root)
    assert ([manifest.version for manifest in found.readable], found.damaged) == ([found.current], ())
    assert load_current(root) == first.artifact
