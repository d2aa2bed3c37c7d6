"""The plan of a command: printed before it begins, or instead."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table
from zoograph.scripts.terminal.progress import progress_bar

if TYPE_CHECKING:
    from zoograph.data.records.records import Protocol
    from zoograph.training.campaigns.plan import Plan
    from zoograph.training.executors.executor import Where
    from zoograph.training.measuring.subject import Subject

PlanOnly = Annotated[
    bool,
    typer.Option(
        "--plan",
        help="Say what would run, how long it takes and what it downloads, and run nothing.",
        rich_help_panel="Where it runs",
    ),
]


def machine_speeds() -> Mapping[str, float]:
    """Return images a second of every model of the store on this machine, measured once and estimated from then on."""
    from zoograph.data.store.store import RecordStore
    from zoograph.training.candidates.machine_speed import measure_machine
    from zoograph.training.candidates.speeds import estimate_speeds

    with progress_bar("Measuring the speed of this machine") as progress:
        machine = measure_machine(progress)
    with RecordStore.open(to_read=True) as store:
        cards = tuple(store.cards()[0].values())
    return estimate_speeds(cards, machine.speeds, machine.kind).speeds


def print_own_plan(
    command: str,
    subject: Subject,
    where: Where,
    as_json: bool,
    protocol: Protocol | None = None,
    seeds: int = 1,
    epochs: int = 0,
    reference: str | None = None,
) -> None:
    """Print what a command would do with somebody's own dataset.

    Raises:
        ZoographError: if the dataset cannot be read.
    """
    from zoograph.training.campaigns.own import plan_own

    others = 0
    if reference is not None:
        from zoograph.training.analysis.relatedness.own_images import open_reference

        others = len(open_reference(reference, subject.max_images))
    plan = plan_own(subject, machine_speeds(), where, protocol, seeds, epochs, others)
    if as_json:
        print_json("plan", {"command": command, **plan_as_dict(plan)})
    else:
        print_plan(plan)


def print_plan(plan: Plan) -> None:
    """Print a plan as a table."""
    print_table("Plan, at the speed of this machine", ("what", "how much"), plan.rows, names={"what"})


def tell_plan(plan: Plan) -> None:
    """Say on stderr, in a line each, what is about to run."""
    for name, value in plan.rows:
        print(f"{name}: {value}", file=sys.stderr)


def plan_as_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON has it."""
    return {**asdict(plan), "wall_seconds": plan.wall_seconds}
