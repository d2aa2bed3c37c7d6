"""``analyze influence``: which classes, or images, of a source help a target, and which hurt it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.records.cards import Modality
from zoograph.data.records.records import Protocol
from zoograph.data.tasks.sources import check_dataset
from zoograph.scripts.terminal.files import require_place, write_file
from zoograph.scripts.terminal.messages import warn
from zoograph.scripts.terminal.options import AsJson, Device, FollowLinks, OneProtocol, Processes, Stored
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from zoograph.training.analysis.influence.counterfactuals import Point
    from zoograph.training.analysis.influence.ensembles import Ensemble
    from zoograph.training.analysis.influence.estimate import Estimate
    from zoograph.training.analysis.influence.small_tasks import SmallTask

_SHOWN = 8  # of the best and of the worst
_WAYS = {"top": "most helpful", "bottom": "most harmful", "own": "your list"}
_WORDS = {"correct": "accuracy", "margin": "margin", "probability": "probability of the true class"}


def influence(
    source: Annotated[
        str,
        typer.Option(
            help="What models are pre-trained on: `latin`, `eastern`, `symbols`, a task of the glyph zoo, a folder "
            "with one sub-folder of images a class, or a dataset on the Hugging Face hub."
        ),
    ],
    target: Annotated[
        list[str], typer.Option(help="What they are transferred to, likewise; may be given several times.")
    ],
    models: Annotated[int, typer.Option(min=1, help="Source models, each trained on a random half.")] = 200,
    protocol: OneProtocol = Protocol.HEAD,
    outcome: Annotated[
        str, typer.Option(help="`correct`, `margin` or `probability`, the last two of the true class.")
    ] = "correct",
    unit: Annotated[str, typer.Option(help="Whose influence: `class` or `example`, an image.")] = "class",
    remove: Annotated[
        str,
        typer.Option(
            help="Shares of the units to leave out, such as `0.2,0.4`, or counts, such as `5,10`: trains anew without "
            "the most helpful, the most harmful and random ones."
        ),
    ] = "",
    exclude: Annotated[
        str,
        typer.Option(
            help="Units of your own to leave out: names with commas between them, or a text file with one a line. "
            "Trains anew without them."
        ),
    ] = "",
    architecture: Annotated[
        str | None,
        typer.Option(help="Network of timm without batch norm and dropout. Default: a tiny ConvNeXt."),
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option(
            help="File for the influence of each unit on each test image of the target: .npy, or .csv with their names."
        ),
    ] = None,
    stored: Stored = False,
    processes: Processes = 2,
    device: Device = "auto",
    follow_links: FollowLinks = False,
    as_json: AsJson = False,
) -> None:
    """Say which classes of a source help a target, by training many small models on random halves of the source.

    Images are made grey and 32 x 32. Every model and outcome is kept: a call that was stopped goes on where it was, and
    one with more models adds to those that are there.

    Example: `zoograph analyze influence --source latin --target glyph_outline_b32_50 --models 200`
    """
    target = list(dict.fromkeys(target))
    shares = _split_shares(remove) if remove else []
    if examples is not None:
        if len(target) > 1:
            raise ZoographError(f"'--examples' is of one target (got {len(target)}). Run the command once for each.")
        if examples.suffix not in (".csv", ".npy"):
            raise ZoographError(f"'--examples' must end in .csv or .npy (got '{examples}'). Rename it.")
        require_place(examples, "--examples", [Path(source), Path(target[0])])
    for dataset in (source, *target):
        check_dataset(dataset, Modality.IMAGE)
    from zoograph.scripts.terminal.progress import stage_bar
    from zoograph.training.analysis.influence.counterfactuals import (
        NOTHING,
        Removals,
        counts_of,
        make_curve,
        require_two_left,
        retrain_without,
        retrain_without_own,
    )
    from zoograph.training.analysis.influence.edges import require_classes, store_influences
    from zoograph.training.analysis.influence.ensembles import begin_runner
    from zoograph.training.analysis.influence.estimate import estimate
    from zoograph.training.analysis.influence.members import count_units
    from zoograph.training.analysis.influence.recipe import choose_recipe
    from zoograph.training.analysis.influence.small_tasks import open_small_task
    from zoograph.training.analysis.influence.units import find_units, tell_apart, unit_names
    from zoograph.training.measuring.subject import Subject

    if stored:
        require_classes(unit)
    chosen = () if architecture is None else (architecture,)
    recipe = choose_recipe("full" if protocol is Protocol.FINETUNE else "head", *chosen)
    place = Subject((), target[0], device=device).place()
    known, targets = open_small_task(source), tell_apart([open_small_task(name) for name in target], target)
    removals = Removals(counts_of(count_units(known, unit), shares)) if shares else None
    names = unit_names(known, unit)
    own = find_units(exclude, names) if exclude else []
    require_two_left(len(names), own)
    with stage_bar() as tell, begin_runner(place, processes, tell) as runner:
        ensemble = runner.random_ensemble(known, models, unit, recipe)
        found = [estimate(ensemble, wanted, outcome) for wanted in targets]
        retrained = []
        if removals is not None:
            orders = {wanted.id: one.order() for wanted, one in zip(targets, found, strict=True)}
            retrained += retrain_without(runner, known, targets, orders, removals, unit, recipe)
        if own:
            without = [retrain_without_own(runner, known, wanted, own, unit=unit, recipe=recipe) for wanted in targets]
            retrained += [one for part in without for one in part if removals is None or one.way != NOTHING]
    curves = [make_curve([one for one in retrained if one.target == wanted.id]) for wanted in targets]
    if stored:
        for name, wanted, one in zip(target, targets, found, strict=True):
            store_influences(source, name, known, wanted, [one])
    if examples is not None:
        _save_examples(examples, ensemble, targets[0], outcome, names)
    for wanted, one in zip(targets, found, strict=True):
        if one.warning() is not None:
            warn(f"{wanted.id}: {one.warning()}" if len(targets) > 1 else str(one.warning()))
    if as_json:
        reports = [_as_dict(known, *parts, names) for parts in zip(targets, found, curves, strict=True)]
        notes = [
            f"{wanted.id}: {note}" if len(targets) > 1 else note
            for wanted, one in zip(targets, found, strict=True)
            for note in _notes(names, one)
        ]
        print_json("analyze influence", {**reports[0], "others": reports[1:]}, notes)
        return
    for wanted, one, curve in zip(targets, found, curves, strict=True):
        _print_tables(known, wanted, names, one)
        _print_curve(wanted, curve)


def _split_shares(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise typer.BadParameter(
            f"must be shares or counts with commas between them, such as `0.2,0.4` (got '{text}')."
        ) from error


def _save_examples(path: Path, ensemble: Ensemble, target: SmallTask, outcome: str, names: list[str]) -> None:
    import csv
    import io

    import numpy as np

    from zoograph.training.analysis.influence.estimate import influence_by_example
    from zoograph.training.analysis.influence.units import number_names

    values = influence_by_example(ensemble, target, outcome).values.astype(np.float32)
    if path.suffix == ".csv":
        text = io.StringIO()
        tested = list(target.test_names) or number_names(target.test_labels, target.classes)
        writer = csv.writer(text)
        writer.writerow(["image", *names])
        for image, row in zip(tested, values, strict=True):
            writer.writerow([image, *(f"{value:.6g}" for value in row)])
        write_file(path, text.getvalue(), "--examples")
        return
    content = io.BytesIO()
    np.save(content, values, allow_pickle=False)
    write_file(path, content.getvalue(), "--examples")


def _as_dict(
    source: SmallTask, target: SmallTask, found: Estimate, curve: list[Point], names: list[str]
) -> dict[str, Any]:
    import numpy as np

    defined = found.defined.tolist()
    units = [
        {
            "unit": name,
            "influence": float(found.overall[place]) if defined[place] else None,
            "standard_error": float(found.errors[place]) if defined[place] else None,
            "models_with": int(found.num_in[place]),
            "models_without": int(found.num_out[place]),
            "by_target_class": [
                float(value) if known else None
                for value, known in zip(
                    found.by_class[:, place], np.isfinite(found.class_errors[:, place]), strict=True
                )
            ],
        }
        for place, name in enumerate(names)
    ]
    return {
        "source": source.id,
        "target": target.id,
        "target_classes": list(target.classes),
        "outcome": found.outcome,
        "mean_outcome": found.mean,
        "models": found.num_models,
        "reliability": found.reliability,
        "warning": found.warning(),
        "units": units,
        "removals": [point.model_dump() for point in curve],
    }


def _print_tables(source: SmallTask, target: SmallTask, names: list[str], found: Estimate) -> None:
    order = list(found.order()[::-1])
    best, worst = order[:_SHOWN], order[max(_SHOWN, len(order) - _SHOWN) :]
    print_table(
        f"Influence of {source.id} on {target.id}: change of the {_WORDS[found.outcome]}, higher helps",
        ("unit of the source", "influence", "std. error", "models with", "without"),
        [
            (
                names[place],
                f"{found.overall[place]:+.4f}",
                f"{found.errors[place]:.4f}",
                str(found.num_in[place]),
                str(found.num_out[place]),
            )
            for place in (*best, *worst)
        ],
        names={"unit of the source"},
        sections={len(best)},
    )
    print_notes(_notes(names, found))


def _notes(names: list[str], found: Estimate) -> list[str]:
    notes = [
        f"Mean {_WORDS[found.outcome]} {found.mean:.3f} over {found.num_models} models. "
        f"{100 * found.reliability:.0f} % of the spread of the influences is not noise."
    ]
    left_out = [names[place] for place in range(len(names)) if not found.defined[place]]
    if left_out:
        notes.append(f"Without an influence, as all models or none saw them: {', '.join(left_out)}.")
    return notes


def _print_curve(target: SmallTask, curve: list[Point]) -> None:
    print_table(
        f"Accuracy on {target.id} without some units of the source, trained anew",
        ("removed", "units", "accuracy", "lowest", "highest", "models"),
        [
            (
                _WAYS.get(point.way, point.way),
                str(point.removed),
                *(f"{value:.3f}" for value in (point.mean, point.low, point.high)),
                str(point.models),
            )
            for point in curve
        ],
        names={"removed"},
    )
