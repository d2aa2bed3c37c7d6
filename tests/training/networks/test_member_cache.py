"""A training that was killed goes on where it stopped, and reads no member that was damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from zoograph.data.errors import PredictorError
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.training.networks.member_cache import MemberCache, Part
from zoograph.training.predictors.exact import ExactPredictor, TrainingConfig

CONFIG = TrainingConfig(num_members=4, num_iterations=(1, 1, 1), num_records=(20, 20))
TENSORS = {"w": torch.arange(6.0).reshape(2, 3), "b": torch.zeros(2, dtype=torch.float64)}


def test_a_killed_training_resumes_to_the_very_same_predictor(tmp_path: Path) -> None:
    graph = build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(8))
    whole, _ = ExactPredictor(CONFIG).fit(graph).state()
    steps: list[int] = []

    def stop(done: int, total: int) -> None:
        steps.append(done)
        if done > 4:  # the third of four members is being learned
            raise KeyboardInterrupt

    cache = MemberCache(tmp_path, "k" * 64)
    with pytest.raises(KeyboardInterrupt):
        ExactPredictor(CONFIG, stop, cache=cache).fit(graph)
    assert [cache.load(number) is not None for number in range(4)] == [True, True, False, False]

    again: list[int] = []
    resumed, _ = ExactPredictor(CONFIG, lambda done, _: again.append(done), cache=cache).fit(graph).state()
    assert again[0] > 4  # nothing is learned twice
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_another_training_reads_nothing_of_this_one(tmp_path: Path) -> None:
    MemberCache(tmp_path, "a" * 64).save(0, TENSORS)
    assert MemberCache(tmp_path, "b" * 64).load(0) is None
    assert MemberCache(tmp_path, "a" * 63 + "b").load(0) is None  # in the same folder
    assert MemberCache(tmp_path, "a" * 64).load(1) is None


def test_a_damaged_member_is_learned_anew(tmp_path: Path) -> None:
    cache = MemberCache(tmp_path, "a" * 64)
    cache.save(0, TENSORS)
    (path,) = tmp_path.rglob("*.safetensors")
    whole = path.read_bytes()
    changes = [whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :] for at in range(len(whole)) for bit in (1, 128)]
    cuts = [whole[:length] for length in range(0, len(whole), 3)]
    for raw in (*changes, *cuts, whole + b"\0", b""):
        path.write_bytes(raw)
        found = cache.load(0)
        assert found is None or all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    path.write_bytes(whole)
    assert cache.load(0) is not None


def test_a_damaged_part_is_not_gone_on_from(tmp_path: Path) -> None:
    cache = MemberCache(tmp_path, "a" * 64)
    cache.save_part(0, Part(TENSORS, {"epoch": 3}))
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(path.read_bytes().replace(b'epoch\\": 3', b'epoch\\": 4'))
    assert b'epoch\\": 4' in path.read_bytes()
    assert cache.load_part(0) is None


def test_how_far_a_member_is_goes_when_it_is_finished(tmp_path: Path) -> None:
    cache = MemberCache(tmp_path, "a" * 64)
    assert cache.load_part(0) is None
    cache.save_part(0, Part(TENSORS, {"epoch": 3}))
    found = cache.load_part(0)
    assert found is not None
    assert found.about == {"epoch": 3}
    assert all(torch.equal(found.tensors[name], TENSORS[name]) for name in TENSORS)
    assert cache.load(0) is cache.load_part(1) is MemberCache(tmp_path, "a" * 63 + "b").load_part(0) is None
    cache.save(0, TENSORS)
    assert cache.load_part(0) is None
    assert cache.load(0) is not None


def test_clearing_leaves_nothing(tmp_path: Path) -> None:
    MemberCache(tmp_path, "a" * 64).save(0, TENSORS)
    cache = MemberCache(tmp_path, "b" * 64)
    cache.save(0, TENSORS)
    cache.clear()
    cache.clear()
    assert list(tmp_path.iterdir()) == []


def test_a_member_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(PredictorError, match=r"could not be kept in .* \(Not a directory\)\. Free some space"):
        MemberCache(tmp_path / "file", "a" * 64).save(0, TENSORS)
