"""Benchmark suites by name: which zoo, which folds, which methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch_geometric.data import HeteroData

from zoograph.data.collections.domainnet import SOURCE as DOMAINNET
from zoograph.data.collections.glyphs.zoo import read_glyph_texts, read_glyph_zoo
from zoograph.data.collections.transfergraph import SOURCE as TRANSFERGRAPH
from zoograph.data.errors import RawDataError, ZoographError
from zoograph.data.home import make_home
from zoograph.data.ingest.cards import read_dataset_cards, read_model_cards
from zoograph.data.ingest.ingest import SOURCE, IngestSettings, ingest
from zoograph.data.ingest.tables import open_table
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Metric, Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.text.lookup import text_for
from zoograph.graphs.builder import build_graph
from zoograph.graphs.folds import TRANSFERGRAPH_TARGETS, Fold, get_folds, leave_one_dataset_out
from zoograph.graphs.schema import DATASET, INFLUENCES, SCORED_ON, TRANSFERS_TO
from zoograph.models.gp.structural_gnn import measured_relations
from zoograph.training.evaluation.benchmark import answer_fold, run_benchmark
from zoograph.training.evaluation.ceiling import oracle_answers
from zoograph.training.evaluation.elsewhere import Piece, Said, from_plain, require_same, to_plain
from zoograph.training.evaluation.kept_answers import Answered, KeptAnswers
from zoograph.training.evaluation.methods import METHODS, make_method
from zoograph.training.evaluation.score_quality import ScoreQuality, score_quality
from zoograph.training.evaluation.table import PROJECT, Row, Versus, compare, make_rows, per_dataset_pearson
from zoograph.training.predictors.evidence import EvidencePredictor

_INTERVAL_SEEDS = 3
MadeBy = tuple[Callable[..., "Suite"], tuple[Any, ...]]
"""A function that makes a suite, and its arguments, by which another process can make the same."""


@dataclass(frozen=True)
class Suite:
    """A benchmark.

    Attributes:
        name: of its folder.
        title: for people.
        graph: with every record.
        folds: on which accuracy is judged.
        interval_folds: more folds on which intervals alone are judged, where ``folds`` are all cold.
        with_paper: whether the paper's own average is printed.
        with_ceiling: whether records have sample sizes, from which the noise ceiling follows.
        scores: how scores alone agree with what was measured, printed above the table.
        notes: printed below the table.
    """

    name: str
    title: str
    graph: HeteroData
    folds: list[Fold]
    interval_folds: list[Fold] = field(default_factory=list)
    with_paper: bool = False
    with_ceiling: bool = False
    per_target: bool = False
    scores: tuple[ScoreQuality, ...] = ()
    interval_title: str = "Intervals on unseen cells of known models and datasets (missing edges, three draws)"
    notes: tuple[str, ...] = ()

    @property
    def every_fold(self) -> list[Fold]:
        """All folds, those for intervals last."""
        return [*self.folds, *self.interval_folds]

    def num_answers(self, methods: Sequence[str]) -> int:
        """Return how many fits a run of ``methods`` takes."""
        return len(methods) * len(self.every_fold)


@dataclass(frozen=True)
class Result:
    """A benchmark's table, and the answers behind it."""

    suite: str
    rows: list[Row]
    interval_rows: list[Row]
    comparisons: list[Versus]
    per_target: dict[str, dict[str, float]]
    answers: list[Answered]
    interval_answers: list[Answered] = field(default_factory=list)
    scores: tuple[ScoreQuality, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the single predictions, as plain values."""
        return {
            "benchmark": self.suite,
            "rows": [row.model_dump() for row in self.rows],
            "interval_rows": [row.model_dump() for row in self.interval_rows],
            "comparisons": [versus.model_dump() for versus in self.comparisons],
            "per_target": self.per_target,
            **({"scores": [row.model_dump() for row in self.scores]} if self.scores else {}),
        }


def domainnet_suite() -> Suite:
    """Return the ten published masks on DomainNet's 2,700 retrained heads."""
    graph = _shipped_graph(DOMAINNET, Protocol.HEAD)
    return Suite(
        "domainnet",
        "DomainNet: 10 models x 270 tasks, ten published masks",
        graph,
        get_folds("published_masks")(graph, 0),
        with_paper=True,
        with_ceiling=True,
        notes=(
            "The paper's average fills known cells in with their measured values, and so flatters every method.",
            "The noise ceiling is an oracle that knows the noiseless accuracies, taken from a fit to all records "
            "and measured anew with binomial noise; a fit is smoother than the truth, so the ceiling is an estimate.",
        ),
    )


def transfergraph_suite() -> Suite:
    """Return the eight targets of TransferGraph, each left out whole, and draws of missing edges for intervals."""
    graph = _shipped_graph(TRANSFERGRAPH, Protocol.FINETUNE)
    missing = get_folds("missing_edges")
    return Suite(
        "transfergraph",
        "TransferGraph: 185 models, each of eight targets left out whole",
        graph,
        leave_one_dataset_out(graph, 0, TRANSFERGRAPH_TARGETS),
        [fold for seed in range(_INTERVAL_SEEDS) for fold in missing(graph, seed)],
        per_target=True,
        notes=(
            "Scores measured on a target are given; its accuracies are not.",
            "Runs that failed are not learned from; those on a target are judged like any other, as in the "
            "published rows.",
        ),
    )


def glyphs_suite() -> Suite:
    """Return the measured glyph zoo with each family of tasks left out whole, and draws of missing edges."""
    zoo = read_glyph_zoo()
    graph = build_graph(zoo, read_glyph_texts().lookup, Protocol.HEAD)
    missing = get_folds("missing_edges")
    return Suite(
        "glyphs",
        f"Glyphs: {graph[TRANSFERS_TO].num_edges:,} retrained heads, each family of tasks left out whole",
        graph,
        get_folds("leave_one_family_out")(graph, 0),
        missing(graph, 0),
        scores=tuple(score_quality(zoo)),
        interval_title="Intervals on unseen cells of known models and datasets (missing edges, one draw)",
        notes=("Scores, relations and influences of the tasks that are left out are given; their accuracies are not.",),
    )


def custom_suite(
    protocol: str,
    runs: Path | None,
    models: Path | None,
    datasets: Path | None,
    transfer: Protocol,
    seeds: int,
) -> Suite:
    """Return any protocol on the store or on a user's own tables.

    Own tables are read as ``ingest`` reads them, into a store of their own. A model or dataset without a card of yours
    has timm's card, or its name alone; rows with a fault are left out, and the notes say why.

    Raises:
        RawDataError: if a table cannot be read, or none of its rows can.
    """
    make_folds = get_folds(protocol)
    notes: tuple[str, ...] = ()
    if runs is None:
        with RecordStore.open() as store:
            zoo = store.snapshot().part(Metric.TOP1, Modality.IMAGE)
    else:
        with RecordStore.in_memory() as store:
            store.add(
                [] if models is None else read_model_cards(models, SOURCE),
                [] if datasets is None else read_dataset_cards(datasets, SOURCE),
            )
            report = ingest(store, [open_table(runs)], IngestSettings(add_unknown=True))
            zoo, notes = store.snapshot(), report.faults
        if not report.new:
            raise RawDataError(f"'{runs}' has no row that can be read. {' '.join(notes)}".rstrip())
    graph = build_graph(zoo, text_for(zoo).lookup, transfer)
    folds = [fold for seed in range(seeds) for fold in make_folds(graph, seed)]
    title = f"{protocol}: {len(folds)} folds, {transfer.description}"
    return Suite(f"custom-{protocol}", title, graph, folds, notes=notes)


def _shipped_graph(source: str, protocol: Protocol) -> HeteroData:
    with RecordStore.open() as store:
        zoo = store.snapshot().collection(source)
    return build_graph(zoo, text_for(zoo).lookup, protocol, with_failed=True)


def chosen_methods(suite: Suite, methods: str) -> list[str]:
    """Return the names in ``methods``; ``all`` means those that have what they read in this zoo.

    Raises:
        UnknownName: if one is not a method.
        ZoographError: if there is none.
    """
    if methods != "all":
        names = list(dict.fromkeys(name.strip() for name in methods.split(",") if name.strip()))
        if not names:
            raise ZoographError("A benchmark needs a method (got none): see 'all'.")
        for name in names:
            make_method(name)
        return names
    scores, relations = suite.graph[SCORED_ON].names, measured_relations(suite.graph)
    lacking = {
        "logme": "logme" not in scores,
        "h-score": "regularized_h_score" not in scores,
        "zoograph-without-scores": not scores,
        "zoograph-without-relations": not relations,
        "zoograph-without-influences": not suite.graph[INFLUENCES].names,
    }
    return [name for name in METHODS if not lacking.get(name, False)]


def answers_folder(suite: Suite) -> Path:
    """Return where the answers of a benchmark are kept."""
    return make_home() / "benchmarks" / suite.name


def answers_to_come(suite: Suite, make: MadeBy, methods: Sequence[str], folder: Path) -> Iterator[Piece]:
    """Yield what :func:`run_suite` needs and ``folder`` does not have, method by method.

    Args:
        suite: the benchmark.
        make: an importable function that returns it, and its arguments.
        methods: as there.
        folder: where answers are kept.
    """
    kept = KeptAnswers(folder, suite.graph)
    for name in methods:
        for number, fold in enumerate(suite.every_fold):
            key = kept.key(name, make_method(name), fold)
            if kept.read(key, name, fold) is None:
                arguments = (make, number, name, key)
                yield Piece(f"{name} on {fold.name}", _answer_there, arguments, partial(_keep, kept, name, fold, key))


def _answer_there(make: MadeBy, number: int, name: str, key: str) -> Said:
    suite = _suite(make)
    fold = suite.every_fold[number]
    require_same(KeptAnswers(answers_folder(suite), suite.graph).key(name, make_method(name), fold), key)
    answer = answer_fold(suite.graph, name, fold)
    return to_plain(answer.prediction, answer.seconds)


@cache
def _suite(make: MadeBy) -> Suite:
    function, arguments = make
    return function(*arguments)


def _keep(kept: KeptAnswers, name: str, fold: Fold, key: str, said: Said) -> None:
    kept.write(key, Answered(name, fold, *from_plain(said)))


def run_suite(
    suite: Suite, methods: Sequence[str], folder: Path, progress: Callable[[str], None] | None = None
) -> Result:
    """Run a benchmark, or read what was run before, and make its table."""
    answers = run_benchmark(suite.graph, suite.folds, methods, folder, progress)
    intervals = run_benchmark(suite.graph, suite.interval_folds, methods, folder, progress)
    rows = make_rows(suite.graph, answers, suite.with_paper)
    comparisons = compare(suite.graph, answers, rows)
    if suite.with_ceiling and PROJECT in methods:
        simulated, oracle = oracle_answers(suite.graph, suite.folds, _smooth_truth(suite.graph))
        rows += make_rows(simulated, oracle, suite.with_paper)
    per_target = {}
    if suite.per_target:
        ids = suite.graph[DATASET].ids
        per_target = {
            method: {ids[dataset]: value for dataset, value in values.items()}
            for method, values in per_dataset_pearson(suite.graph, answers).items()
        }
    interval_rows = make_rows(suite.graph, intervals)
    return Result(suite.name, rows, interval_rows, comparisons, per_target, answers, intervals, suite.scores)


def _smooth_truth(graph: HeteroData) -> torch.Tensor:
    """Return (E,) the predictor's belief of every recorded accuracy, its own record included."""
    return EvidencePredictor().fit(graph).smoothed(graph[TRANSFERS_TO].edge_index).clamp(0.01, 0.99)
