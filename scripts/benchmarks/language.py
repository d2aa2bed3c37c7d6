"""``zoograph benchmark language``: how scores rank text encoders and tasks, on texts that ship in packages."""

from __future__ import annotations

from typing import Annotated

import typer

from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import progress_bar


def language(
    texts: Annotated[int, typer.Option(min=10, help="Texts of a class at most.")] = 40, as_json: AsJson = False
) -> None:
    """Measure seven variants of all-MiniLM-L6-v2 and three encoders trained here, and hold scores to retrained heads.

    The three are trained as masked language models on Python's own reference, for some minutes, and kept. The five
    tasks are made of the documentation of installed packages, names of classes and templates. Features are kept.

    Example: `zoograph benchmark language --texts 20`
    """
    from zoograph.data.records.zoo import Zoo
    from zoograph.scripts.terminal.printed.scores import print_quality
    from zoograph.training.evaluation.score_quality import score_quality
    from zoograph.training.studies.language import measure_language
    from zoograph.training.studies.small_encoders import train_small_encoders

    with progress_bar("Training small encoders") as progress:
        losses = train_small_encoders(progress)
    with progress_bar("Measuring") as progress:
        found = measure_language(texts, progress)
    quality = score_quality(Zoo.of(found))
    accuracies = {(run.model, run.dataset): run.value for run in found.runs}
    if as_json:
        rows = [{"model": model, "dataset": task, "accuracy": value} for (model, task), value in accuracies.items()]
        print_json(
            "benchmark language",
            {"accuracies": rows, "scores": [row.model_dump() for row in quality], "losses": losses},
        )
        return
    tasks = list(dict.fromkeys(run.dataset for run in found.runs))
    print_table(
        "Accuracy of retrained heads",
        ("encoder", *tasks),
        [
            (model, *(f"{accuracies[model, task]:.3f}" for task in tasks))
            for model in dict.fromkeys(run.model for run in found.runs)
        ],
        names={"encoder"},
    )
    print_quality(quality)
    number = sum(card.num_samples or 0 for card in found.datasets)
    reached = ", ".join(f"{loss:.2f} ('{name}')" for name, loss in losses.items())
    print_notes(
        [
            f"Half of {number:,} texts are tested on; scores see the others.",
            f"Masked tokens that encoders trained here had not seen cost {reached} nats each; a blind guess 8.29.",
        ]
    )
