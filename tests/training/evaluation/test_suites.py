"""The benchmarks by name: their folds and methods, and a user's own tables."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from zoograph.data.errors import FoldsError, RawDataError, UnknownName, ZoographError
from zoograph.data.records.records import Protocol
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import make_split
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.training.evaluation import suites
from zoograph.training.evaluation.methods import METHODS
from zoograph.training.evaluation.suites import (
    Suite,
    answers_folder,
    answers_to_come,
    chosen_methods,
    custom_suite,
    domainnet_suite,
    run_suite,
    transfergraph_suite,
)

NUM_MODELS, NUM_DATASETS = 6, 12


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "text_for", lambda zoo: SimpleNamespace(lookup=HashEmbedder(4)))


@pytest.fixture
def own_runs(tmp_path: Path, no_encoder: None) -> Path:
    """Accuracies in percent; on the last dataset all models do the same."""
    zoo = make_synthetic_zoo(NUM_MODELS, NUM_DATASETS).zoo
    runs = zoo.runs[["model", "dataset"]].assign(accuracy=zoo.runs["value"] * 100)
    runs.loc[runs["dataset"] == f"task_{NUM_DATASETS - 1}", "accuracy"] = 50.0
    path = tmp_path / "runs.csv"
    runs.to_csv(path, index=False)
    return path


def make(runs: Path | None, protocol: str = "leave_one_dataset_out", seeds: int = 1, **tables: Path) -> Suite:
    found = {"models": None, "datasets": None, **tables}
    return custom_suite(protocol, runs, found["models"], found["datasets"], Protocol.HEAD, seeds)


def test_own_tables_in_percent_without_any_card(own_runs: Path, tmp_path: Path) -> None:
    suite = make(own_runs)
    assert len(suite.folds) == NUM_DATASETS
    assert float(suite.graph[TRANSFERS_TO].edge_label.max()) <= 1
    assert not suite.graph[DATASET].x_number_mask.any()

    names = ["model-mean", "linear-regression"]
    assert suite.num_answers(names) == 2 * NUM_DATASETS
    result = run_suite(suite, names, tmp_path / "answers")
    assert [row.method for row in result.rows] == names
    made_by = custom_suite, ("leave_one_dataset_out", own_runs, None, None, Protocol.HEAD, 1)
    pieces = list(answers_to_come(suite, made_by, names, tmp_path / "there"))
    assert len(pieces) == suite.num_answers(names)
    for piece in pieces:  # as another process makes them, from names and the table alone
        piece.keep(piece.function(*piece.arguments))
    again = run_suite(suite, names, tmp_path / "there")
    for ours, theirs in zip(result.answers, again.answers, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours.prediction, theirs.prediction, strict=True))
    assert list(answers_to_come(suite, made_by, names, tmp_path / "there")) == []
    means, linear = result.rows
    assert (means.num_rankings, means.num_undefined) == (NUM_DATASETS, 1)
    assert linear.num_undefined == NUM_DATASETS  # it reads cards, of which there are none
    assert "pearson" not in linear.cells
    assert all(0 < row.cells["mae"].mean < 1 for row in result.rows)
    assert result.comparisons == []
    assert len(result.answers) == 2 * NUM_DATASETS
    json.dumps(result.as_dict(), allow_nan=False)


def test_cards_with_few_columns(own_runs: Path, tmp_path: Path) -> None:
    models, datasets = tmp_path / "models.csv", tmp_path / "datasets.csv"
    models.write_text("id,parameters\n" + "".join(f"{m},{10**7}\n" for m in ("resnet_x", "vit_x")))
    datasets.write_text("id,domain,labels\ntask_0,sketch,cat;dog\ntask_1,,\n")
    graph = make(own_runs, models=models, datasets=datasets).graph
    assert graph.vocabulary[DATASET] == ["sketch"]
    assert graph["label"].ids == ["cat", "dog"]
    assert graph["model"].x_number_mask.sum() == 2


def _labels(runs: Path, values: list[str]) -> dict[tuple[str, str], float]:
    """Return what the graph of a file with these values says of each pair, four models by five datasets."""
    pairs = [(f"model_{place % 4}", f"task_{place // 4}") for place in range(len(values))]
    rows = (f"{model},{dataset},{value}\n" for (model, dataset), value in zip(pairs, values, strict=True))
    runs.write_text("model,dataset,accuracy\n" + "".join(rows))
    graph = make(runs).graph
    edges = graph[TRANSFERS_TO]
    return {
        (graph["model"].ids[model], graph[DATASET].ids[dataset]): round(value, 4)
        for (model, dataset), value in zip(edges.edge_index.t().tolist(), edges.edge_label.tolist(), strict=True)
    }


def test_one_value_above_1_does_not_make_a_file_of_fractions_percent(no_encoder: None, tmp_path: Path) -> None:
    values = [str((place + 1) / 50) for place in range(20)]
    labels = _labels(tmp_path / "runs.csv", [*values[:19], "1.2"])
    assert sorted(labels.values()) == pytest.approx([(place + 1) / 50 for place in range(19)])
    assert ("model_3", "task_4") not in labels
    notes = make(tmp_path / "runs.csv").notes
    assert notes[0] == "runs.csv is in fraction; 1 value looks otherwise and was rejected."
    assert notes[1] == "1 × the value 1.2 is above 1 in a column of fractions"


def test_one_negative_value_costs_its_own_row_only(no_encoder: None, home: Path, tmp_path: Path) -> None:
    values = [str((place + 1) / 50) for place in range(20)]
    labels = _labels(tmp_path / "runs.csv", ["-0.01", *values[1:]])
    assert sorted(labels.values()) == pytest.approx([(place + 1) / 50 for place in range(1, 20)])
    *reasons, where = make(tmp_path / "runs.csv").notes
    assert reasons == ["1 × the value '-0.01' is negative; transferability scores come in with --scores"]
    assert where.startswith(f"Left out, with line and reason: {home / 'rejects'}")
    assert Path(where.partition(": ")[2]).read_text().splitlines()[1].startswith("runs.csv,2,the value '-0.01'")


def test_a_file_without_a_row_that_can_be_read_is_refused(no_encoder: None, tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("model,dataset,accuracy\nm,a,-1\nm,b,?\n")
    with pytest.raises(RawDataError, match=r"has no row that can be read\. 1 × the value '-1' is negative"):
        make(tmp_path / "runs.csv")


def test_own_tables_do_not_mix_with_the_zoo_that_ships(no_encoder: None, tmp_path: Path) -> None:
    _labels(tmp_path / "runs.csv", ["0.5"] * 20)
    graph = make(tmp_path / "runs.csv").graph
    assert graph["model"].ids == [f"model_{place}" for place in range(4)]
    assert graph[DATASET].ids == [f"task_{place}" for place in range(5)]


def test_a_model_of_timm_has_its_card(no_encoder: None, tmp_path: Path) -> None:
    names = ("resnet18", "vit_tiny_patch16_224", "mine")
    rows = "".join(f"{name},task_{place},0.{place}\n" for name in names for place in range(1, 5))
    (tmp_path / "runs.csv").write_text("model,dataset,accuracy\n" + rows)
    graph = make(tmp_path / "runs.csv").graph
    known = dict(zip(graph["model"].ids, graph["model"].x_number_mask.any(1).tolist(), strict=True))
    assert list(known.values()) == [name != "mine" for name in known]


def test_seeds_draw_again(own_runs: Path) -> None:
    assert [fold.name for fold in make(own_runs, "missing_edges", seeds=3).folds] == ["seed 0", "seed 1", "seed 2"]


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ("leave_one_dataset_out", r"3 measured models and 2 measured datasets or more \(got 2 and 2\)"),
        ("missing_edges", r"10 measured datasets or more \(got 2 and 2\)"),
        ("both_new", r"\(got 2 and 2\)"),
        ("published_masks", r"need all 2700 records .*\(got 0\)"),
    ],
)
def test_a_zoo_too_small_for_a_protocol(no_encoder: None, tmp_path: Path, protocol: str, message: str) -> None:
    runs = tmp_path / "runs.csv"
    runs.write_text("model,dataset,accuracy\na,x,0.1\nb,x,0.2\na,y,0.3\n")
    with pytest.raises(FoldsError, match=message):
        make(runs, protocol)


def test_a_protocol_of_transfer_without_runs(own_runs: Path) -> None:
    with pytest.raises(FoldsError, match=r"\(got 0 and 0\)"):
        custom_suite("leave_one_dataset_out", own_runs, None, None, Protocol.FINETUNE, 1)


def test_names_that_nobody_knows(own_runs: Path) -> None:
    with pytest.raises(UnknownName, match=r"Unknown folds 'leave_one_out'\..*Valid names: both_new"):
        make(own_runs, "leave_one_out")
    with pytest.raises(UnknownName, match=r"Unknown method 'magic'\..*Valid names: additive"):
        chosen_methods(make(own_runs), "additive,magic")
    with pytest.raises(RawDataError, match=r"none\.csv' cannot be read"):
        make(own_runs.with_name("none.csv"))


def test_methods_are_chosen_by_name_once(own_runs: Path) -> None:
    suite = make(own_runs)
    assert chosen_methods(suite, " additive, size,additive ,") == ["additive", "size"]
    with pytest.raises(ZoographError, match=r"needs a method \(got none\)"):
        chosen_methods(suite, " , ")


_KNOWLEDGE = ("scores", "relations", "influences")


@pytest.mark.parametrize(
    ("scored", "related", "influences", "without"),
    [
        (0.0, 0, 0, {"logme", "h-score", *(f"zoograph-without-{what}" for what in _KNOWLEDGE)}),
        (0.5, 0, 0, {"h-score", "zoograph-without-relations", "zoograph-without-influences"}),
        (0.5, 20, 9, {"h-score"}),
    ],
)
def test_all_methods_are_those_that_find_what_they_read(
    scored: float, related: int, influences: int, without: set[str]
) -> None:
    zoo = make_synthetic_zoo(6, 12, scored=scored, num_relations=related, num_influences=influences).zoo
    graph = build_graph(zoo, HashEmbedder(4))
    assert set(METHODS) - set(chosen_methods(Suite("toy", "Toy", graph, []), "all")) == without


def test_intervals_have_folds_and_rows_of_their_own(own_runs: Path, tmp_path: Path) -> None:
    cold, warm = make(own_runs), make(own_runs, "missing_edges")
    suite = Suite("toy", "Toy", cold.graph, cold.folds[:2], warm.folds, per_target=True)
    assert suite.num_answers(["model-mean"]) == 3
    result = run_suite(suite, ["model-mean"], tmp_path / "answers")
    assert len(result.answers) == 2
    assert [answer.fold.name for answer in result.interval_answers] == ["seed 0"]
    assert set(result.interval_rows[0].cells) >= {"coverage", "width"}
    assert list(result.per_target["model-mean"]) == ["task_0", "task_1"]


def test_the_ceiling_is_a_row_of_an_oracle(own_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Knows:
        def fit(self, graph):
            return self

        def smoothed(self, pairs):
            return own.graph[TRANSFERS_TO].edge_label.double()

    own = make(own_runs, "missing_edges")
    own.graph[TRANSFERS_TO].sample_size.fill_(1000.0)
    monkeypatch.setattr(suites, "EvidencePredictor", Knows)
    monkeypatch.setattr(suites, "PROJECT", "additive")
    suite = Suite("toy", "Toy", own.graph, own.folds, with_ceiling=True)
    rows = run_suite(suite, ["model-mean", "additive"], tmp_path / "answers").rows
    assert [row.method for row in rows] == ["model-mean", "additive", "noise ceiling (oracle)"]
    assert rows[2].cells["mae"].mean < min(row.cells["mae"].mean for row in rows[:2])
    assert len(run_suite(suite, ["model-mean"], tmp_path / "answers").rows) == 1


def test_shipped_benchmarks(shipped_home: Path) -> None:
    domainnet, transfergraph = domainnet_suite(), transfergraph_suite()
    assert len(domainnet.folds) == 10
    assert domainnet.graph[TRANSFERS_TO].num_edges == 2700
    assert len(transfergraph.folds) == 8
    assert len(transfergraph.interval_folds) == 3
    assert {"logme", "h-score"} & set(chosen_methods(domainnet, "all")) == set()
    assert answers_folder(domainnet) == shipped_home / "benchmarks" / "domainnet"
    store = custom_suite("leave_one_domain_out", None, None, None, Protocol.HEAD, 1)
    assert set(domainnet.graph.vocabulary[DATASET]) <= {fold.name for fold in store.folds}
    # What failed is judged as it always was, and learned from by nobody.
    failed = transfergraph.graph[TRANSFERS_TO].failed
    assert transfergraph.graph[TRANSFERS_TO].num_edges == 2254
    assert sum(int(fold.asked.sum()) for fold in transfergraph.folds) == 1432
    svhn = next(fold for fold in transfergraph.folds if fold.name == "svhn")
    assert (failed & svhn.asked).sum() == 3
    assert not make_split(transfergraph.graph, svhn).train[TRANSFERS_TO].failed.any()
