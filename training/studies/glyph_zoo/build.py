"""Build of the glyph zoo: the pieces of a plan, done in processes and taken up where they stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from zoograph.data.collections.glyphs.tasks import SOURCE
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol, Relation, Run, Score
from zoograph.training.runtime.processes import workers
from zoograph.training.studies.glyph_zoo.work import STAGES, GlyphFiles, Names, do_piece

RELATION = "class_mean_transport"


def count_pieces(files: GlyphFiles) -> int:
    """Return the number of pieces of work of a plan, finished or not."""
    return sum(len(stage.pieces(files.plan)) for stage in STAGES.values())


def build_glyph_zoo(files: GlyphFiles, processes: int = 1, begin: Callable[[str], None] = lambda stage: None) -> None:
    """Do all work of a plan that is not done yet; the result does not depend on the number of processes.

    Args:
        files: what to do, and where its files go.
        processes: how many pieces are done at a time, each on one thread.
        begin: called with the stage before each piece that is waited for, done earlier or not.

    Raises:
        ZoographError: if a file of an earlier stage is damaged.
    """
    with workers(processes) as submit:
        for name, stage in STAGES.items():
            pieces = stage.pieces(files.plan)
            waits = [
                _nothing if files.path(name, piece).exists() else submit(do_piece, files, name, piece)
                for piece in pieces
            ]
            for wait in waits:
                begin(name)
                wait()


def collect_glyph_zoo(files: GlyphFiles) -> Collection:
    """Return the cards and records of a plan whose work is done.

    Accuracies are rounded to six digits after the point, scores and relations to six significant ones.
    """
    plan = files.plan
    runs, scores = [], []
    for model in plan.models:
        for domain in plan.domains:
            for row in files.read_facts("heads", model.id, domain)["runs"]:
                runs.append(_run(model.id, row.pop("dataset"), Protocol.HEAD, row, plan.seed))
            measured = files.read_facts("scores", model.id, domain)["scores"]
            scores += [
                Score(source=SOURCE, model=model.id, dataset=dataset, name=name, value=_rounded(value))
                for dataset, values in measured.items()
                for name, value in values.items()
            ]
    for name, dataset in plan.finetuned:
        row = files.read_facts("finetuning", name, dataset)
        del row["seconds"]
        runs.append(_run(name, dataset, Protocol.FINETUNE, row, plan.seed))
    related = files.read_facts("relations", plan.relating_model)["relations"]
    return Collection(
        models=tuple(
            model.card(round(files.read_tensors("sources", model.id)[1]["accuracy"], 6)) for model in plan.models
        ),
        datasets=(*(task.card() for task in plan.tasks), *(corpus.card() for corpus in plan.corpora.values())),
        runs=tuple(runs),
        scores=tuple(scores),
        relations=tuple(
            Relation(source=SOURCE, dataset=one, other=other, name=RELATION, value=_rounded(value))
            for one, other, value in related
        ),
    ).validate()


def count_undefined(files: GlyphFiles) -> dict[str, int]:
    """Return for each score on how many pairs it is undefined; scores that always are defined are left out."""
    counts: Counter[str] = Counter()
    for names in STAGES["scores"].pieces(files.plan):
        for reasons in files.read_facts("scores", *names)["undefined"].values():
            counts.update(reasons)
    return dict(sorted(counts.items()))


def seconds_by_stage(files: GlyphFiles) -> dict[str, float]:
    """Return the seconds of each stage, added up over its pieces, whichever process did them and when."""
    return {
        name: round(sum(_seconds(files, name, piece) for piece in stage.pieces(files.plan)), 1)
        for name, stage in STAGES.items()
    }


def _seconds(files: GlyphFiles, stage: str, names: Names) -> float:
    facts = files.read_facts(stage, *names) if STAGES[stage].ending == ".json" else files.read_tensors(stage, *names)[1]
    return float(facts["seconds"])


def _run(model: str, dataset: str, protocol: Protocol, row: dict[str, Any], seed: int) -> Run:
    row["value"] = round(row["value"], 6)
    return Run(source=SOURCE, model=model, dataset=dataset, protocol=protocol, seed=seed, **row)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _nothing() -> None:
    pass
