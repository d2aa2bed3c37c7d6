"""``zoo measure public``: timm's weights on public datasets, by the protocol that their table was measured by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.data.files.counts import count_of
from zoograph.scripts.campaigns.planning import PlanOnly, machine_speeds, plan_as_dict, print_plan, tell_plan
from zoograph.scripts.campaigns.where import (
    Cpus,
    Executor,
    Gpus,
    Memory,
    Processes,
    RayAddress,
    failure_as_dict,
    make_where,
    tally_rows,
)
from zoograph.scripts.terminal.files import require_place
from zoograph.scripts.terminal.options import AsJson, Device, end_with_failures, split_names
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from zoograph.data.collections.public.mieb_tasks import MiebTask
    from zoograph.data.records.cards import ModelCard
    from zoograph.training.campaigns.plan import Planned

_MIEB = "mieb"


def public(
    models: Annotated[
        str,
        typer.Option(
            help="Weights of timm: names, or patterns such as `timm:*` and `timm:resnet*`, with commas between."
        ),
    ],
    datasets: Annotated[
        str, typer.Option(help="`mieb` for all that MIEB probes, or ids of some of them, with commas between.")
    ] = _MIEB,
    out: Annotated[Path, typer.Option(help="File for the runs: one CSV table that `zoograph ingest` reads.")] = Path(
        "mieb-timm.csv"
    ),
    weights: Annotated[
        str | None,
        typer.Option(help="A folder with a file of weights for each model, or `random`. Default: those of the hub."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="A folder with a folder of images for each dataset, called by its id. Default: the hub."),
    ] = None,
    device: Device = "auto",
    executor: Executor = "local",
    processes: Processes = 2,
    ray_address: RayAddress = None,
    cpus: Cpus = None,
    gpus: Gpus = 0.0,
    memory: Memory = 0.0,
    plan: PlanOnly = False,
    as_json: AsJson = False,
) -> None:
    """Probe weights of timm on the datasets of MIEB, as MIEB probes: 16 images of each class, five draws.

    Each pair is kept as soon as it is measured. A command that was stopped, weeks in or killed, is repeated and does
    what is missing; what it has is in the file of `--out` each time.

    Example: `zoograph zoo measure public --models 'timm:*' --datasets mieb --plan`
    """
    from zoograph.data.home import get_home
    from zoograph.data.networks.devices import require_device
    from zoograph.training.campaigns.plan import cheapest_first, make_plan
    from zoograph.training.campaigns.public import KeptPairs, make_pairs, measure_pairs, write_contribution
    from zoograph.training.executors.executor import ExecutorKind
    from zoograph.training.executors.opening import open_executor
    from zoograph.training.measuring.subject import Failure

    where = make_where(executor, processes, ray_address, cpus, gpus, memory)
    require_device(device)
    require_place(out, "--out", [] if data is None else [data])
    tasks, cards, speeds = _find_tasks(datasets), _find_models(models), machine_speeds()
    ordered = cheapest_first(cards, speeds)
    folder = None if data is None else str(data.expanduser().absolute())
    names = [card.id for card in ordered]
    held = weights if weights in (None, "random") else str(Path(str(weights)).expanduser().absolute())
    pairs = make_pairs(names, tasks, weights=held, data=folder, device=device)
    kept = KeptPairs(get_home() / "public" / _MIEB)
    by_id = {card.id: card for card in ordered}
    planned = [_planned(by_id[pair.model], pair.task, kept.find(pair) is not None) for pair in pairs]
    slots = 1 if where.kind is ExecutorKind.LOCAL else where.processes
    agenda = make_plan(planned, speeds, slots, own_weights=weights is not None)
    if plan:
        if as_json:
            print_json("zoo measure public", {"plan": plan_as_dict(agenda), "file": None, "runs": 0, "failures": []})
        else:
            print_plan(agenda)
            print_notes(_notes(tasks))
        return
    tell_plan(agenda)
    try:
        with open_executor(where) as running, progress_bar("Measuring") as progress:
            tally = measure_pairs(running, pairs, kept, where.each, progress)
    finally:
        runs = kept.runs(pairs)
        write_contribution(out, runs)
    failures = [failure_as_dict(one) for one in tally.failed]
    if as_json:
        content = {"plan": plan_as_dict(agenda), "file": str(out), "runs": len(runs), "failures": failures}
        print_json("zoo measure public", content)
    else:
        print_table("What became of the pairs", ("what", "pairs"), tally_rows(tally, agenda.done), names={"what"})
        print_notes([f"'{out}' has {len(runs):,} runs; 'zoograph ingest {out}' reads them."])
    end_with_failures([Failure(one.work.name, one.problem.reason) for one in tally.failed], runs)


def _find_tasks(datasets: str) -> list[MiebTask]:
    from zoograph.data.collections.public.mieb_tasks import find_mieb_task, read_mieb_tasks

    names = split_names(datasets)
    return list(read_mieb_tasks()) if names == [_MIEB] else [find_mieb_task(name) for name in names]


def _find_models(models: str) -> list[ModelCard]:
    from zoograph.data.store.store import RecordStore
    from zoograph.training.candidates.named_models import find_named

    with RecordStore.open(to_read=True) as store:
        known = store.cards()[0]
        found = find_named(store.names(), known, split_names(models))
    cards = {**known, **{card.id: card for card in found.cards}}
    return [cards[id] for id in found.ids]


def _planned(card: ModelCard, task: MiebTask, done: bool) -> Planned:
    from zoograph.training.campaigns.plan import Planned
    from zoograph.training.campaigns.probe import REPEATS, SHOTS

    train = SHOTS * task.num_classes
    return Planned(card, task.num_test + REPEATS * train, train, task.num_classes, done)


def _notes(tasks: list[MiebTask]) -> list[str]:
    images = sum(task.num_test for task in tasks)
    return [
        f"{count_of(len(tasks), 'dataset')} with {images:,} test images, whose bytes are not counted here.",
        "Of each dataset at most 16 x 5 images of a class are trained on. VOC2007 is left out: its images have several "
        "labels.",
    ]
