"""``explain``: everything that is known of a model on a dataset, and how to measure what is not."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.records.records import Protocol

if TYPE_CHECKING:
    from rich.table import Table

    from zoograph.training.answers.explain import ClassEffect, Explanation

_Content = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""Title, headings and rows of a table."""


def explain(
    model: Annotated[str, typer.Option(help="A model of the zoo, or any name that timm knows.")],
    dataset: Annotated[str, typer.Option(help="A dataset, or a folder of images with one sub-folder a class.")],
    protocol: Annotated[
        Protocol | None, typer.Option(help="How the model is transferred. Default: as the dataset was measured.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="Text encoder: a hub id or a local path. Default: all-MiniLM-L6-v2.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")] = False,
) -> None:
    """Say what is known of a model on a dataset, and which command would measure the rest.

    The prediction and what it rests on, transferability scores, bounds of the loss, parameter distance by layer,
    and the source classes that help and harm most: each only where it was measured.

    Example: `zoograph explain --model convnext_tiny --dataset clipart_32_a_10`
    """
    from zoograph.scripts.terminal.progress import progress_bar
    from zoograph.training.answers.explain import explain

    with progress_bar("Training the predictor (first call only)") as progress:
        explanation = explain(model, dataset, protocol, encoder, progress, _warn)
    if as_json:
        json.dump(_as_dict(explanation), sys.stdout, indent=1)
        print()
    else:
        _print(explanation)


def _warn(message: str) -> None:
    print(f"Warning: {message}", file=sys.stderr)


def _as_dict(explanation: Explanation) -> dict[str, Any]:
    answer = explanation.answer
    return {
        "model": answer.model,
        "dataset": answer.dataset,
        "protocol": answer.protocol.value,
        "predictor": asdict(answer.provenance),
        "prediction": asdict(answer.rows[0]),
        "evidence": asdict(explanation.evidence) if explanation.evidence else None,
        "scores": [asdict(score) for score in explanation.scores],
        "bounds": [
            {"reference": kept.reference, "bound": kept.bound.total, **kept.bound._asdict()}
            for kept in explanation.bounds
        ],
        "distance": json.loads(explanation.distance.model_dump_json()) if explanation.distance else None,
        "outcome": explanation.outcome,
        "helpful": [asdict(effect) for effect in explanation.helpful],
        "harmful": [asdict(effect) for effect in explanation.harmful],
        "missing": [asdict(missing) for missing in explanation.missing],
    }


def _print(explanation: Explanation) -> None:
    from rich.console import Console

    from zoograph.scripts.commands.predict import print_answer
    from zoograph.scripts.terminal.evidence import SIMILARITY_NOTE, WIDE, evidence_tables

    print_answer(explanation.answer)
    console = Console()
    wide = console.width >= WIDE
    tables = evidence_tables(explanation.evidence, explanation.answer.dataset, wide) if explanation.evidence else []
    for table in (*tables, *_measured_tables(explanation, wide)):
        console.print(table)
    if explanation.evidence:
        console.print(SIMILARITY_NOTE, highlight=False)
    if explanation.missing:
        console.print("Not measured yet (FOLDER is a folder of its images, with one sub-folder a class):", style="bold")
        for missing in explanation.missing:
            # A command is never broken: it is there to be copied.
            console.print(f"- {missing.what}: {missing.command}", highlight=False, markup=False, soft_wrap=True)


def _measured_tables(explanation: Explanation, wide: bool) -> list[Table]:
    from zoograph.scripts.terminal.evidence import make_table

    parts = (
        _score_table(explanation),
        _bound_table(explanation),
        _distance_table(explanation),
        *_effect_tables(explanation),
    )
    return [make_table(title, headings, rows, wide) for title, headings, rows in parts if rows]


def _score_table(explanation: Explanation) -> _Content:
    rows = [(score.name, f"{score.value:.4g}", f"{score.rank} of {score.out_of}") for score in explanation.scores]
    return "Transferability scores, higher is better", ("score", "value", "rank"), rows


def _bound_table(explanation: Explanation) -> _Content:
    headings = ("reference", "bound", "reference loss", "label mismatch", "distance × τ")
    rows = []
    for kept in explanation.bounds:
        bound = kept.bound
        parts = (bound.total, bound.reference_loss, bound.label_mismatch, bound.distribution_mismatch)
        rows.append((kept.reference, *(f"{part:.3f}" for part in parts)))
    return "Bounds of the loss after transfer, nats, lower is better", headings, rows


def _distance_table(explanation: Explanation) -> _Content:
    from zoograph.scripts.commands.distance import format_ratio

    found = explanation.distance
    rows = [(block.name, format_ratio(block.ratio)) for block in found.blocks] if found else []
    if found:
        rows.append(("mean of the blocks", format_ratio(found.transferability)))
    return "Parameter distance T after fine-tuning, larger is nearer", ("block", "T"), rows


def _effect_tables(explanation: Explanation) -> list[_Content]:
    headings = ("class", "corpus", "influence", "standard error")
    return [
        (f"Source classes that {does} most", headings, [_effect(one) for one in effects])
        for does, effects in (("help", explanation.helpful), ("harm", explanation.harmful))
    ]


def _effect(effect: ClassEffect) -> tuple[str, ...]:
    error = "–" if effect.standard_error is None else f"{effect.standard_error:.4f}"
    return effect.label, effect.corpus, f"{effect.value:+.4f}", error
