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

    from zoograph.training.answers.explain import ClassEffect, Dossier

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
    from zoograph.training.answers.explain import compile_dossier

    with progress_bar("Training the predictor (first call only)") as progress:
        dossier = compile_dossier(model, dataset, protocol, encoder, progress, _warn)
    if as_json:
        json.dump(_as_dict(dossier), sys.stdout, indent=1)
        print()
    else:
        _print(dossier)


def _warn(message: str) -> None:
    print(f"Warning: {message}", file=sys.stderr)


def _as_dict(dossier: Dossier) -> dict[str, Any]:
    answer = dossier.answer
    return {
        "model": answer.model,
        "dataset": answer.dataset,
        "protocol": answer.protocol.value,
        "predictor": asdict(answer.provenance),
        "prediction": asdict(answer.rows[0]),
        "evidence": asdict(dossier.evidence) if dossier.evidence else None,
        "scores": [asdict(score) for score in dossier.scores],
        "bounds": [
            {"reference": kept.reference, "bound": kept.bound.total, **kept.bound._asdict()} for kept in dossier.bounds
        ],
        "distance": json.loads(dossier.distance.model_dump_json()) if dossier.distance else None,
        "outcome": dossier.outcome,
        "helpful": [asdict(effect) for effect in dossier.helpful],
        "harmful": [asdict(effect) for effect in dossier.harmful],
        "missing": [asdict(missing) for missing in dossier.missing],
    }


def _print(dossier: Dossier) -> None:
    from rich.console import Console

    from zoograph.scripts.commands.predict import print_answer
    from zoograph.scripts.terminal.evidence import SIMILARITY_NOTE, WIDE, evidence_tables

    print_answer(dossier.answer)
    console = Console()
    wide = console.width >= WIDE
    tables = evidence_tables(dossier.evidence, dossier.answer.dataset, wide) if dossier.evidence else []
    for table in (*tables, *_measured_tables(dossier, wide)):
        console.print(table)
    if dossier.evidence:
        console.print(SIMILARITY_NOTE, highlight=False)
    if dossier.missing:
        console.print("Not measured yet (FOLDER is a folder of its images, with one sub-folder a class):", style="bold")
        for missing in dossier.missing:
            # A command is never broken: it is there to be copied.
            console.print(f"- {missing.what}: {missing.command}", highlight=False, markup=False, soft_wrap=True)


def _measured_tables(dossier: Dossier, wide: bool) -> list[Table]:
    from zoograph.scripts.terminal.evidence import make_table

    parts = (_score_table(dossier), _bound_table(dossier), _distance_table(dossier), *_effect_tables(dossier))
    return [make_table(title, headings, rows, wide) for title, headings, rows in parts if rows]


def _score_table(dossier: Dossier) -> _Content:
    rows = [(score.name, f"{score.value:.4g}", f"{score.rank} of {score.out_of}") for score in dossier.scores]
    return "Transferability scores, higher is better", ("score", "value", "rank"), rows


def _bound_table(dossier: Dossier) -> _Content:
    headings = ("reference", "bound", "reference loss", "label mismatch", "distance × τ")
    rows = []
    for kept in dossier.bounds:
        bound = kept.bound
        parts = (bound.total, bound.reference_loss, bound.label_mismatch, bound.distribution_mismatch)
        rows.append((kept.reference, *(f"{part:.3f}" for part in parts)))
    return "Bounds of the loss after transfer, nats, lower is better", headings, rows


def _distance_table(dossier: Dossier) -> _Content:
    from zoograph.scripts.commands.distance import format_ratio

    found = dossier.distance
    rows = [(block.name, format_ratio(block.ratio)) for block in found.blocks] if found else []
    if found:
        rows.append(("mean of the blocks", format_ratio(found.transferability)))
    return "Parameter distance T after fine-tuning, larger is nearer", ("block", "T"), rows


def _effect_tables(dossier: Dossier) -> list[_Content]:
    headings = ("class", "corpus", "influence", "standard error")
    return [
        (f"Source classes that {does} most", headings, [_effect(one) for one in effects])
        for does, effects in (("help", dossier.helpful), ("harm", dossier.harmful))
    ]


def _effect(effect: ClassEffect) -> tuple[str, ...]:
    error = "–" if effect.standard_error is None else f"{effect.standard_error:.4f}"
    return effect.label, effect.corpus, f"{effect.value:+.4f}", error
