"""``zoograph benchmark replay``: DomainNet's records arrive batch by batch, and the predictor follows."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.scripts.pictures.style import require_matplotlib
from zoograph.scripts.terminal.files import write_into
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table

if TYPE_CHECKING:
    from zoograph.training.studies.replay import Step


def replay(
    out: Annotated[Path, typer.Option(help="Folder for the JSON and the picture.")] = Path("docs/living-zoo"),
    batch_size: Annotated[int, typer.Option(min=30, help="Records that arrive together.")] = 100,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps to do now. Default: all that are left.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew instead of going on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let DomainNet's 2,700 records arrive in random order, and retrain after each batch.

    Each version meets the one before on held-out cells, and answers only if it is not worse. What is printed is the
    error of the version that answers, on all held-out cells of DomainNet. An interrupted replay goes on.

    Example: `zoograph benchmark replay --steps 3`
    """
    require_matplotlib()
    from zoograph.data.collections.domainnet import SOURCE
    from zoograph.data.home import make_home
    from zoograph.data.store.store import RecordStore
    from zoograph.scripts.pictures.living import draw_replay
    from zoograph.scripts.pictures.style import to_png
    from zoograph.scripts.terminal.progress import count_bar
    from zoograph.training.studies.replay import replay as run

    folder = make_home() / "replay" / str(batch_size)
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    with RecordStore.open() as store:
        zoo = store.snapshot().collection(SOURCE)
    total = -(-len(zoo.runs) // batch_size)
    with count_bar(total if steps is None else steps) as begin:
        done = run(zoo, folder, batch_size, begin=begin, most=steps)
    rows = [asdict(step) for step in done]
    files: dict[str, bytes | str] = {
        "replay.json": json.dumps(rows, indent=1) + "\n",
        "replay.png": to_png(draw_replay(done)),
    }
    write_into(out, files)
    if as_json:
        print_json("benchmark replay", {"steps": rows})
    else:
        _print(done)


def _print(steps: list[Step]) -> None:
    print_table(
        "DomainNet, arriving in random order",
        ("records", "start", "verdict", "seconds", "error", "coverage", *steps[0].baselines),
        [
            (
                f"{step.records:,}",
                step.start,
                "promoted" if step.promoted else "kept aside",
                f"{step.seconds:.1f}",
                f"{step.error:.4f}",
                f"{step.coverage:.3f}",
                *(f"{error:.4f}" for error in step.baselines.values()),
            )
            for step in steps
        ],
    )
