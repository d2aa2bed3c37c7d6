"""``zoograph analyze distance``: how much nearer pre-training came to the fine-tuned weights, block by block."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.networks.blocks import Grouping
from zoograph.data.records.cards import Modality
from zoograph.graphs.scores.analysis.parameter_distance import Norm
from zoograph.scripts.pictures.style import require_matplotlib
from zoograph.scripts.terminal.files import require_place, write_file
from zoograph.scripts.terminal.options import AsJson, Device, Domain, FollowLinks, MaxImages, TestFraction, Weights
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.training.analysis.distance.compare import Block, DistanceReport
    from zoograph.training.measuring.subject import Subject

_Checkpoint = Path | None


def distance(
    model: Annotated[str, typer.Option(help="Architecture, by the name that timm knows.")],
    dataset: Annotated[
        list[str] | None,
        typer.Option(help="What to fine-tune on, as `measure` takes it; may be given several times."),
    ] = None,
    random: Annotated[_Checkpoint, typer.Option(help="Checkpoint of the random weights.")] = None,
    pretrained: Annotated[_Checkpoint, typer.Option(help="Checkpoint of the pre-trained weights.")] = None,
    finetuned: Annotated[_Checkpoint, typer.Option(help="Checkpoint of the fine-tuned weights.")] = None,
    blocks: Annotated[Grouping, typer.Option(help="How fine the blocks are.")] = Grouping.BLOCKS,
    norm: Annotated[Norm, typer.Option(help="Mean absolute difference, or Euclidean distance.")] = Norm.L1,
    weights: Weights = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random weights.")] = 0,
    test_fraction: TestFraction = 0.3,
    max_images: MaxImages = None,
    device: Device = "auto",
    domain: Domain = None,
    picture: Annotated[Path | None, typer.Option(help="Where to draw T by block, a PNG.")] = None,
    follow_links: FollowLinks = False,
    as_json: AsJson = False,
) -> None:
    """Compare random, pre-trained and fine-tuned weights: T = D(random, tuned) / D(pre-trained, tuned) by block.

    Give three checkpoints of one architecture; or a dataset, and the model is fine-tuned as `measure` does it. Then
    the run and log T are stored, and the three checkpoints are kept: a second call trains nothing.

    Example: `zoograph analyze distance --model resnet18 --dataset ./pets --dataset ./birds --picture distance.png`
    """
    files = {"random": random, "pretrained": pretrained, "finetuned": finetuned}
    given = {role: path for role, path in files.items() if path is not None}
    if picture is not None:
        require_place(picture, "--picture", [*given.values(), *(Path(one).expanduser() for one in dataset or ())])
        require_matplotlib()
    if dataset and not given:
        from zoograph.training.measuring.subject import Subject

        names = dict.fromkeys(dataset)
        subjects = [Subject([model], one, domain, max_images, weights, device, Modality.IMAGE) for one in names]
        answers = _tune(subjects, blocks, norm, seed, test_fraction)
    elif not dataset and len(given) == len(files):
        if weights is not None:
            raise ZoographError("'--weights' belongs to '--dataset': the pre-trained checkpoint is '--pretrained'.")
        answers = [_compare(model, given, blocks, norm)]
    else:
        got = ", ".join(["--dataset"] * bool(dataset) + [f"--{role}" for role in given]) or "neither"
        raise ZoographError(
            "Give either a '--dataset' to fine-tune on, or all of '--random', '--pretrained' and "
            f"'--finetuned' (got {got})."
        )
    if picture is not None:
        _draw(answers, picture)
    if as_json:
        reports = [json.loads(answer.model_dump_json()) for answer in answers]
        print_json("analyze distance", {"reports": reports}, [note for answer in answers for note in _notes(answer)])
    else:
        for answer in answers:
            _print(answer)


def _compare(model: str, files: dict[str, Path], blocks: Grouping, norm: Norm) -> DistanceReport:
    from zoograph.data.networks.weight_files import find_weight_file

    for path in files.values():
        find_weight_file(path, model)
    from zoograph.training.analysis.distance.compare import How, compare_checkpoints

    return compare_checkpoints(model, files, How(blocks, norm))


def _tune(
    subjects: list[Subject], blocks: Grouping, norm: Norm, seed: int, test_fraction: float
) -> list[DistanceReport]:
    for subject in subjects:
        subject.check()
    from zoograph.scripts.terminal.progress import progress_bar
    from zoograph.training.analysis.distance.compare import How
    from zoograph.training.analysis.distance.measure import measure_distance
    from zoograph.training.runtime.progress import part_of

    how = How(blocks, norm)
    with progress_bar("Fine-tuning") as progress:
        return [
            measure_distance(subject, how, seed, test_fraction, progress=part_of(progress, place, len(subjects)))
            for place, subject in enumerate(subjects)
        ]


def _draw(answers: list[DistanceReport], path: Path) -> None:
    from zoograph.scripts.pictures.distance import draw_lines
    from zoograph.scripts.pictures.style import to_png

    lines = {answer.dataset or answer.model: {b.name: b.ratio for b in answer.blocks} for answer in answers}
    write_file(path, to_png(draw_lines(lines, f"T by block, {answers[0].model}")), "--picture")


def _print(answer: DistanceReport) -> None:
    pair = answer.model if answer.dataset is None else f"{answer.model} on {answer.dataset}"
    rows = [(block.name, *_cells(block)) for block in answer.blocks]
    mean = len(rows)
    rows.append(("T, mean of the blocks", "", "", format_ratio(answer.transferability)))
    if answer.head is not None:
        rows.append(("head, not counted", *_cells(answer.head)))
    print_table(
        f"{pair}: how far from the fine-tuned weights",
        ("block", "random", "pre-trained", "T"),
        rows,
        names={"block"},
        bold={mean},
        sections={mean},
    )
    print_notes(_notes(answer))


def _cells(block: Block) -> tuple[str, str, str]:
    return f"{block.from_random:.4g}", f"{block.from_pretrained:.4g}", format_ratio(block.ratio)


def format_ratio(value: float) -> str:
    """Return T in three digits, or ``inf``."""
    return f"{value:.3f}" if math.isfinite(value) else "inf"


def _notes(answer: DistanceReport) -> list[str]:
    notes = ["T of 1: pre-training came no nearer than chance. Larger is nearer."]
    if answer.unmoved:
        notes.append(f"T is infinite because fine-tuning did not move {', '.join(answer.unmoved)}.")
    if answer.head_note is not None:
        notes.append(f"The head is left out: {answer.head_note}.")
    if answer.accuracy is not None:
        notes.append(f"Accuracy after fine-tuning: {answer.accuracy:.3f}. The checkpoints are in '{answer.folder}'.")
        what = f"log T = {answer.log_transferability:.3f} is stored" if answer.is_stored else "log T is not stored"
        notes.append(f"The run is stored; {what}.")
    return notes
