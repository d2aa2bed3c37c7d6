"""Champion and challenger: who answers, what is never learned from, and what poison does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.records import Metric, Protocol, Run
from zoograph.data.records.zoo import Zoo
from zoograph.data.store.store import RecordStore
from zoograph.data.testing.hash_encoder import hash_encoder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.data.text.table import TextTable
from zoograph.data.text.words import zoo_texts
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import keep_records
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig
from zoograph.training.retraining import suspect_batches
from zoograph.training.retraining.challenge import (
    challenge,
    get_waiting,
    must_start_anew,
    retrain_if_needed,
    retrain_on,
)
from zoograph.training.retraining.comparison import HeldOutComparison
from zoograph.training.retraining.held_out_cells import held_out_cells, is_held_out
from zoograph.training.retraining.material import Material
from zoograph.training.retraining.suspect_batches import find_suspects
from zoograph.training.retraining.train import learn, train_first
from zoograph.training.versions.artifact import Artifact
from zoograph.training.versions.listing import list_versions, make_current
from zoograph.training.versions.load import load_current

CONFIG = TrainingConfig(num_members=2, num_iterations=(2, 4, 5), warm_iterations=(1, 1, 2), num_records=(150, 150))
ZOO = make_synthetic_zoo(10, 100, seed=1).zoo
LATE = np.random.default_rng(0).permutation(len(ZOO.runs))[:120]


def _material(runs: pd.DataFrame, batches: pd.Series, zoo: Zoo = ZOO, **fields: object) -> Material:
    encoder = hash_encoder(8)
    text = TextTable.empty(encoder).extended(encoder, zoo_texts(zoo.models.values(), zoo.datasets.values()))
    chosen = {"protocol": Protocol.HEAD, "metric": Metric.TOP1, **fields}
    return Material(zoo.with_runs(runs), batches.reset_index(drop=True), text, **chosen)


def _batches(late: str = "late") -> pd.Series:
    batches = pd.Series("early", index=ZOO.runs.index)
    batches.iloc[LATE] = late
    return batches


def _early() -> Material:
    kept = _batches() == "early"
    return _material(ZOO.runs[kept], _batches()[kept])


@pytest.fixture(scope="module")
def _first(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    torch.set_num_threads(1)
    return train_first(tmp_path_factory.mktemp("first") / "head-toy", _early(), CONFIG)


@pytest.fixture
def champion(_first: Artifact, tmp_path: Path) -> Artifact:
    """The version of all runs but the late ones, in a folder of this test."""
    root = tmp_path / "head-toy"
    root.mkdir()
    for path in _first.folder.parent.rglob("*"):
        target = root / path.relative_to(_first.folder.parent)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(path.read_bytes())
    found = load_current(root)
    assert found is not None
    return found


def test_more_of_the_same_is_learned_from_a_warm_start_and_promoted(champion: Artifact) -> None:
    root = champion.folder.parent
    new = challenge(root, champion, _material(ZOO.runs, _batches()), CONFIG)
    verdict = new.manifest.verdict
    assert (verdict.start, verdict.promoted, verdict.parent, verdict.suspects) == (
        "warm",
        True,
        champion.manifest.version,
        (),
    )
    assert verdict.num_cells == sum(is_held_out(m, d) for m, d in zip(ZOO.runs.model, ZOO.runs.dataset, strict=True))
    assert verdict.error is not None
    assert verdict.parent_error is not None
    assert verdict.difference == pytest.approx(verdict.error - verdict.parent_error, abs=1e-6)
    assert verdict.reason.startswith(f"Not worse than '{champion.manifest.version}' on the held-out cells: ")
    assert load_current(root) == new
    assert (champion.manifest.num_records, new.manifest.num_records) == (880, 1000)
    assert set(champion.saw()) == {"early"}
    assert set(new.saw()) == {"early", "late"}


def test_a_held_out_cell_changes_nothing_that_is_learned() -> None:
    runs = ZOO.runs
    held = [is_held_out(m, d) for m, d in zip(runs.model, runs.dataset, strict=True)]
    graphs = [_material(r, _batches()).graph() for r in (runs, runs.assign(value=np.where(held, 0.123, runs.value)))]
    mine, other = (learn(graph, held_out_cells(graph), CONFIG).state()[0] for graph in graphs)
    assert all(torch.equal(mine[name], other[name]) for name in mine)


# -- poison ---------------------------------------------------------------------------------------


def _shuffled() -> tuple[pd.DataFrame, pd.Series]:
    """Half of what came late has the accuracies of other pairs."""
    batches, values = _batches("good"), ZOO.runs["value"].to_numpy().copy()
    bad = LATE[:60]
    values[bad] = np.random.default_rng(1).permutation(values[bad])
    batches.iloc[bad] = "bad"
    return ZOO.runs.assign(value=values), batches


def _raised() -> tuple[pd.DataFrame, pd.Series]:
    """The runs of one model come once more, 0.3 better."""
    again = ZOO.runs[ZOO.runs["model"] == ZOO.runs["model"].iloc[0]]
    again = again.assign(value=(again["value"] + 0.3).clip(upper=1.0))
    batches = [_batches("good"), pd.Series("bad", index=again.index)]
    return pd.concat([ZOO.runs, again], ignore_index=True), pd.concat(batches, ignore_index=True)


@pytest.mark.parametrize("poison", [_shuffled, _raised])
def test_a_poisoned_batch_is_kept_aside_and_named(
    champion: Artifact, poison: Callable[[], tuple[pd.DataFrame, pd.Series]]
) -> None:
    root = champion.folder.parent
    new = challenge(root, champion, _material(*poison()), CONFIG)
    verdict = new.manifest.verdict
    assert (verdict.promoted, verdict.suspects) == (False, ("bad",))
    assert "Suspect: 'bad', which " in verdict.reason
    assert load_current(root) == champion  # what answered goes on answering
    assert [m.version for m in list_versions(root).readable] == [champion.manifest.version, new.manifest.version]
    assert make_current(root, new.manifest.version) == load_current(root) == new  # unless somebody knows better


def test_many_small_batches_hide_no_bad_one(champion: Artifact) -> None:
    runs, batches = _shuffled()
    for number, place in enumerate(LATE[60:]):
        batches.iloc[place] = f"single {number:02}"
    assert [suspect.batch for suspect in find_suspects(HeldOutComparison(champion, _material(runs, batches)))] == [
        "bad"
    ]


def _of_one_model(shift: float, num_runs: int) -> tuple[pd.DataFrame, pd.Series]:
    """Some runs of one model come late, all of them so much off; the other late ones are good."""
    batches = _batches("good")
    late = ZOO.runs.iloc[np.sort(LATE)]
    model = late["model"].value_counts().index[0]
    chosen = late.index[late["model"] == model][:num_runs]
    batches.loc[chosen] = "bad"
    value = ZOO.runs["value"].where(~ZOO.runs.index.isin(chosen), (ZOO.runs["value"] + shift).clip(0.0, 1.0))
    return ZOO.runs.assign(value=value), batches


def test_what_no_model_is_singled_out_by_is_seen_by_what_it_does(
    champion: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspect_batches, "find_offsets", lambda _: [])
    (suspect,) = find_suspects(HeldOutComparison(champion, _material(*_shuffled())))
    assert suspect == ("bad", f"would make '{champion.manifest.version}' worse on what it knew")


@pytest.mark.parametrize(("shift", "num_runs"), [(0.3, 5), (-0.3, 5), (0.3, 10), (-0.2, 10)])
def test_a_few_runs_of_one_model_that_are_off_are_named(champion: Artifact, shift: float, num_runs: int) -> None:
    """They are too few to move any held-out cell."""
    (suspect,) = find_suspects(HeldOutComparison(champion, _material(*_of_one_model(shift, num_runs))))
    assert suspect.batch == "bad"
    assert suspect.why.startswith(f"has {num_runs} runs of '")
    assert f" {'better' if shift > 0 else 'worse'} than '{champion.manifest.version}' expects, by " in suspect.why


def test_one_that_has_a_few_runs_off_is_kept_aside(champion: Artifact) -> None:
    verdict = challenge(champion.folder.parent, champion, _material(*_of_one_model(0.3, 6)), CONFIG).manifest.verdict
    assert (verdict.promoted, verdict.suspects) == (False, ("bad",))
    assert "Suspect: 'bad', which has 6 runs of" in verdict.reason
    assert load_current(champion.folder.parent) == champion


def test_small_batches_of_one_model_that_are_as_they_should_be_are_not_suspect(champion: Artifact) -> None:
    batches, late = _batches(), ZOO.runs.iloc[np.sort(LATE)]
    batches.loc[late.index] = "of " + late["model"]
    assert (late["model"].value_counts() >= 5).sum() > 5
    assert find_suspects(HeldOutComparison(champion, _material(ZOO.runs, batches))) == ()


def test_a_challenger_that_is_worse_is_kept_aside(champion: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason: here the training forgets most of the records."""
    from zoograph.training.retraining import challenge as retrain

    starts: list[bool] = []

    def forget(graph: HeteroData, _: object, __: object, ___: object, start: object, *____: object) -> ExactPredictor:
        starts.append(start is not None)
        few = keep_records(graph, torch.arange(graph[TRANSFERS_TO].num_edges) % 20 == 0)
        predictor = ExactPredictor(CONFIG).fit(few)
        predictor.predict = lambda pairs, _=None: ExactPredictor.predict(predictor, pairs)  # type: ignore[method-assign]
        return predictor

    monkeypatch.setattr(retrain, "learn", forget)
    root = champion.folder.parent
    verdict = challenge(root, champion, _material(ZOO.runs, _batches()), CONFIG).manifest.verdict
    assert (verdict.promoted, verdict.suspects) == (False, ())
    assert starts == [True, False]  # a warm start that fails is followed by a full training
    assert verdict.reason.startswith(f"Worse than '{champion.manifest.version}' on the held-out cells: +")
    assert verdict.lower is not None
    assert verdict.lower > 0
    assert load_current(root) == champion


# -- when to start anew, and when there is nothing to compare ---------------------------------------


def test_what_makes_a_warm_start_impossible_or_unwise(champion: Artifact) -> None:
    graph = _material(ZOO.runs, _batches()).graph()
    assert not must_start_anew(champion, graph, CONFIG)
    assert must_start_anew(champion, graph, None)  # another configuration
    few = _material(ZOO.runs[:300], _batches()[:300]).graph()
    assert must_start_anew(champion, few, CONFIG)
    newcomer = ModelCard(id="new", family="of its own", source="t")
    assert must_start_anew(champion, _material(ZOO.runs, _batches(), ZOO.with_cards([newcomer])).graph(), CONFIG)


def test_twice_the_records_are_learned_from_in_full(tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    batches = pd.Series(["one"] * 250 + ["two"] * 350)
    shuffled = ZOO.runs.sample(frac=1, random_state=0).reset_index(drop=True)
    train_first(root, _material(shuffled[:250], batches[:250]), CONFIG)
    verdict = retrain_on(root, _material(shuffled[:600], batches), CONFIG).manifest.verdict
    assert (verdict.start, verdict.full_records) == ("full", 600)


def test_too_few_held_out_cells_are_said_to_tell_nothing(tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    batches = pd.Series("one", index=range(100))
    train_first(root, _material(ZOO.runs[:90], batches[:90]), CONFIG)
    verdict = retrain_on(root, _material(ZOO.runs[:100], batches), CONFIG).manifest.verdict
    assert verdict.promoted
    assert verdict.reason.startswith("Promoted without a comparison: ")
    assert (verdict.num_cells, verdict.error) == (0, None)


def test_a_champion_of_whose_records_little_is_left_is_not_compared(champion: Artifact) -> None:
    renamed = pd.Series("other", index=ZOO.runs.index)
    verdict = challenge(champion.folder.parent, champion, _material(ZOO.runs, renamed), CONFIG).manifest.verdict
    assert verdict.reason == ("Promoted without a comparison: too little is left of what the current one learned from.")


def test_one_that_was_overtaken_is_not_promoted(champion: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    from zoograph.data.errors import PredictorError
    from zoograph.training.retraining import challenge as retrain

    root = champion.folder.parent
    real = retrain.save_predictor

    def overtaken(*args: object, **kwargs: object) -> Artifact:
        monkeypatch.undo()
        challenge(root, champion, _material(ZOO.runs, _batches()), CONFIG)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(retrain, "save_predictor", overtaken)
    with pytest.raises(PredictorError, match="was not promoted, because another one was while it was trained"):
        challenge(root, champion, _material(ZOO.runs, _batches("later")), CONFIG)
    current = load_current(root)
    assert current is not None
    assert set(current.saw()) == {"early", "late"}


# -- when to look -----------------------------------------------------------------------------------


def test_what_waits_is_counted_by_batches() -> None:
    everything = _material(ZOO.runs, _batches())
    saw = everything.batch_digests
    assert get_waiting(saw, everything) == (0, 0)
    assert get_waiting(_early().batch_digests, everything) == (120, 0)
    assert get_waiting(saw, _early()) == (0, 1)
    changed = _material(ZOO.runs.assign(value=ZOO.runs["value"].clip(upper=0.99)), _batches())
    assert get_waiting(saw, changed).new >= 100


def test_a_store_is_looked_at_and_learned_from_when_enough_waits(toy_zoo: object, tmp_path: Path) -> None:
    root = tmp_path / "head-toy"
    cards = (ZOO.models.values(), ZOO.datasets.values())
    runs = [
        Run(source="s", model=row.model, dataset=row.dataset, protocol=Protocol.HEAD, value=row.value)
        for row in ZOO.runs.itertuples()
    ]
    with RecordStore.open() as store:
        store.add(*cards, runs[:300], batch="first")
        first = retrain_if_needed(store, root, Protocol.HEAD, 25, CONFIG)
        assert first.waiting is None
        assert first.artifact is not None
        assert retrain_if_needed(store, root, Protocol.HEAD, 25, CONFIG) == ((0, 0), None)
        store.add(runs=runs[300:310], batch="second")
        assert retrain_if_needed(store, root, Protocol.HEAD, 25, CONFIG) == ((10, 0), None)
        store.add(runs=runs[310:330], batch="third")
        done = retrain_if_needed(store, root, Protocol.HEAD, 25, CONFIG)
        assert done.waiting == (30, 0)
        assert done.artifact is not None
        assert done.artifact.manifest.num_records == 331
        store.undo("third")
        gone = retrain_if_needed(store, root, Protocol.HEAD, 25, CONFIG)
        assert gone.waiting == (0, 1)
        assert gone.artifact is not None
        assert set(gone.artifact.saw()) == {"shipped", "first", "second"}
