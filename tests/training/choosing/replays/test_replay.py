"""A replay asks without the dataset that is held out, and keeps what it found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from zoograph.data.errors import ZoographError
from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import SOURCE, make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.training.choosing.beliefs.belief import Belief
from zoograph.training.choosing.replays import replay as module
from zoograph.training.choosing.replays.replay import CHOOSE, FIRST_RANKING, Replayed, replay_questions, replays_to_come
from zoograph.training.evaluation.collections.catalogue import CollectionGraph, Part
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.methods import Row, rows_of
from zoograph.training.evaluation.collections.questions import dataset_out
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> CollectionGraph:
    made = EvidencePredictor
    small = lambda: made(TrainingConfig(num_steps=2, num_records=60))  # noqa: E731
    monkeypatch.setattr(module, "EvidencePredictor", small)
    monkeypatch.setattr(module, "_ROW", Row(CHOOSE, small))
    zoo = make_synthetic_zoo(8, 6).zoo
    graph = build_graph(zoo, HashEmbedder(4), Protocol.HEAD)
    return CollectionGraph.of(Part("toy", "Toy", SOURCE, Protocol.HEAD), zoo, graph)


def _replay(part: CollectionGraph, folder: Path) -> list[Replayed]:
    questions = dataset_out(part, Limits(2, 2)).questions
    run = CollectionRun(part, folder / "answers")
    return replay_questions(run, questions, rows_of(part, "random,size"), folder / "kept", budget=4)


def test_every_policy_is_followed_on_every_dataset_and_its_regret_never_rises(
    part: CollectionGraph, tmp_path: Path
) -> None:
    found = _replay(part, tmp_path)
    assert {record.policy for record in found} == {CHOOSE, FIRST_RANKING, "random", "size"}
    assert all(len(record.regrets) == 5 for record in found)
    for record in found:
        assert record.regrets[1:] == sorted(record.regrets[1:], reverse=True)
        assert (record.stated is not None) == (record.policy == CHOOSE)
    first, choose = (next(r for r in found if r.policy == name) for name in (FIRST_RANKING, CHOOSE))
    assert first.regrets[:2] == choose.regrets[:2]  # both begin with the leader


def test_what_the_held_out_dataset_measured_does_not_reach_its_own_first_pick(
    part: CollectionGraph, tmp_path: Path
) -> None:
    question = dataset_out(part, Limits(1, 1)).questions[0]
    dataset = int(part.graph[TRANSFERS_TO].edge_index[1][question.asked][0])
    turned = part.graph.clone()
    here = turned[TRANSFERS_TO].edge_index[1] == dataset
    turned[TRANSFERS_TO].edge_label[here] = 1 - turned[TRANSFERS_TO].edge_label[here]
    planted = replace(part, graph=turned, values=torch.where(here, 1 - part.values, part.values))

    def first_picks(made: CollectionGraph, name: str) -> list[float]:
        run = CollectionRun(made, tmp_path / name)
        return [r.stated[0] for r in replay_questions(run, [question], [], tmp_path / f"{name} kept", 1) if r.stated]

    assert first_picks(part, "as it is") == first_picks(planted, "planted")
    assert part.graph[DATASET].num_nodes > 1


def test_what_was_replayed_is_kept(part: CollectionGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _replay(part, tmp_path)

    def never(*_: object) -> None:
        raise AssertionError("replayed again")

    monkeypatch.setattr(module, "_replay", never)
    assert _replay(part, tmp_path) == before


def test_where_nobody_says_how_many_were_tested_it_is_a_usual_number(part: CollectionGraph, tmp_path: Path) -> None:
    unsaid = part.graph.clone()
    unsaid[TRANSFERS_TO].sample_size[:] = torch.nan
    unsaid[DATASET].sample_size[:] = torch.nan
    found = _replay(replace(part, graph=unsaid), tmp_path)
    stated = [value for record in found if record.stated for value in record.stated]
    assert stated
    assert all(0 <= value < 1 for value in stated)


def test_probes_are_weighed_by_the_policy_and_hidden_from_the_predictor(part: CollectionGraph, tmp_path: Path) -> None:
    question = dataset_out(part, Limits(1, 1)).questions[0]
    own, probed = part.graph[TRANSFERS_TO], part.graph.clone()
    size, worst = int(question.asked.sum()), int(part.values[question.asked].argmin())
    for key, value in own.items():
        if isinstance(value, torch.Tensor):
            taken = value[:, question.asked] if key == "edge_index" else value[question.asked]
            probed[MEASURED_OTHERWISE][key] = taken.clone()
    probed[MEASURED_OTHERWISE].edge_label = torch.full((size,), 0.1)
    probed[MEASURED_OTHERWISE].edge_label[worst] = 0.95
    probed[MEASURED_OTHERWISE].protocol = torch.full((size,), list(Protocol).index(Protocol.PROBE))
    nothing = replace(question, hidden=torch.zeros(size, dtype=torch.bool))
    assert bool(module._own_evidence(probed, nothing, (Protocol.PROBE, Protocol.HEAD)).all())
    assert not bool(module._own_evidence(probed, nothing, (Protocol.HEAD,)).any())

    task = next(module._tasks(CollectionRun(part, tmp_path), question))
    cheap = module._cheap(probed, task, list(Protocol).index(Protocol.HEAD))
    prior = Belief(torch.full((size,), 0.5).double(), 0.01 * torch.eye(size).double(), torch.zeros(size).double())
    moved = module._given_cheap(prior, cheap, Protocol.HEAD, 300.0)
    assert int(moved.mean.argmax()) == worst


def test_what_another_process_replays_is_what_this_one_does(
    part: CollectionGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, limits = dataset_out(part, Limits(2, 2)).questions, Limits(2, 2)
    run = CollectionRun(part, tmp_path / "answers")
    monkeypatch.setattr(module, "question_there", lambda *names: (run, questions[names[-1]]))
    before = [record for record in _replay(part, tmp_path) if record.policy in {CHOOSE, FIRST_RANKING}]
    pieces = list(replays_to_come(run, "dataset_out", questions, limits, tmp_path / "there", 4))
    assert len(pieces) == 2
    for piece in pieces:
        piece.keep(piece.function(*piece.arguments))
    assert replay_questions(run, questions, [], tmp_path / "there", 4) == before
    assert list(replays_to_come(run, "dataset_out", questions, limits, tmp_path / "there", 4)) == []
    with pytest.raises(ZoographError, match="A worker must have the records"):
        pieces[0].function(*pieces[0].arguments[:-1], "another")
