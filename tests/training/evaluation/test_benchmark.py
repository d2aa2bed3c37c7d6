"""Benchmarks: an answer that was kept is read, and one that does not fit the question is not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.errors import FoldsError
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import Fold, leave_one_dataset_out, missing_edges
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import keep_records
from zoograph.training.evaluation import benchmark
from zoograph.training.evaluation.benchmark import run_benchmark
from zoograph.training.evaluation.kept_answers import graph_fingerprint


@pytest.fixture(scope="module")
def graph() -> HeteroData:
    return build_graph(make_synthetic_zoo(6, 12).zoo, HashEmbedder(4))


@pytest.fixture
def folds(graph: HeteroData) -> list[Fold]:
    return [*missing_edges(graph, 0), *missing_edges(graph, 1)]


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each method was fitted."""
    counter: Counter[str] = Counter()
    answer = benchmark.answer_fold

    def count(graph: HeteroData, name: str, *rest: object):
        counter[name] += 1
        return answer(graph, name, *rest)

    monkeypatch.setattr(benchmark, "answer_fold", count)
    return counter


def same(ours, theirs) -> bool:
    parts = zip(ours, theirs, strict=True)
    return all(torch.equal(x, y) for a, b in parts for x, y in zip(a.prediction, b.prediction, strict=True))


def test_a_kept_answer_is_not_computed_again(graph, folds, fits, tmp_path: Path) -> None:
    begun: list[str] = []
    first = run_benchmark(graph, folds, ["model-mean", "additive"], tmp_path, begun.append)
    assert begun == ["model-mean", "model-mean", "additive", "additive"]
    assert fits == {"model-mean": 2, "additive": 2}
    assert [(answer.method, answer.fold.name) for answer in first[1:3]] == [
        ("model-mean", "seed 1"),
        ("additive", "seed 0"),
    ]

    again = run_benchmark(graph, folds, ["model-mean", "additive", "size"], tmp_path)
    assert fits == {"model-mean": 2, "additive": 2, "size": 2}
    assert same(first, again[:4])
    assert [answer.seconds for answer in first] == [answer.seconds for answer in again[:4]]
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"] * 6


@pytest.mark.parametrize("length", [0, 5, -10])
def test_a_truncated_answer_is_computed_again(graph, folds, fits, tmp_path: Path, length: int) -> None:
    first = run_benchmark(graph, folds[:1], ["additive"], tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    assert same(first, run_benchmark(graph, folds[:1], ["additive"], tmp_path))
    assert fits == {"additive": 2}
    run_benchmark(graph, folds[:1], ["additive"], tmp_path)
    assert fits == {"additive": 2}


def test_another_graph_or_fold_is_another_question(graph, folds, fits, tmp_path: Path) -> None:
    run_benchmark(graph, folds[:1], ["additive"], tmp_path)
    changed = graph.clone()
    changed[TRANSFERS_TO].edge_label = graph[TRANSFERS_TO].edge_label.clone()
    changed[TRANSFERS_TO].edge_label[0] += 0.01
    assert graph_fingerprint(changed) != graph_fingerprint(graph) == graph_fingerprint(graph.clone())
    run_benchmark(changed, folds[:1], ["additive"], tmp_path)

    fold = folds[0]
    fewer = fold.asked.clone()
    fewer[fewer.nonzero()[0]] = False
    narrower = Fold(fold.name, fold.held_out, fewer, fold.cold & fewer)
    (answer,) = run_benchmark(graph, [narrower], ["additive"], tmp_path)
    assert len(answer.prediction.mean) == int(fewer.sum())
    assert fits == {"additive": 3}
    assert len(list(tmp_path.iterdir())) == 3


def test_no_method_sees_what_it_is_asked(graph, folds, tmp_path: Path) -> None:
    planted = graph.clone()
    value: Tensor = torch.where(folds[0].held_out, 0.123, graph[TRANSFERS_TO].edge_label)
    planted[TRANSFERS_TO].edge_label = value
    planted[DATASET, "rev_transfers_to", MODEL].edge_label = value
    names = ["additive", "linear-regression"]
    one, other = (run_benchmark(g, folds[:1], names, tmp_path) for g in (graph, planted))
    assert same(one, other)


def test_a_fold_that_leaves_too_little_is_an_error(graph, tmp_path: Path) -> None:
    source, target = graph[TRANSFERS_TO].edge_index
    small = keep_records(graph, (source < 3) & (target < 4))
    folds = leave_one_dataset_out(small, 0)
    with pytest.raises(FoldsError, match=r"'zoograph' cannot learn from .*task.* needs 20 measured .*\(got 9\)"):
        run_benchmark(small, folds, ["zoograph"], tmp_path)
    assert list(tmp_path.iterdir()) == []
