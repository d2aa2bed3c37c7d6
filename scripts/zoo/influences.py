"""``zoograph zoo measure influences``: the table of what classes of the corpora do to tasks of the glyph zoo."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from zoograph.data.home import require_writable
from zoograph.scripts.terminal.options import AsJson, Device, Processes
from zoograph.scripts.terminal.output import print_json


def influences(
    processes: Processes = 2,
    device: Device = "auto",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the tables of the glyph zoo.", show_default="glyphs in the package's zoo"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how the classes of three corpora influence six tasks, and write the table beside the others.

    It is the first part of `zoograph benchmark influence`, and takes up what that has finished.

    Example: `zoograph zoo measure influences`
    """
    from zoograph.data.collections.glyphs.zoo import glyph_folder
    from zoograph.data.collections.tables import read_tables, write_tables
    from zoograph.data.records.records import ClassInfluence
    from zoograph.scripts.terminal.progress import stage_bar
    from zoograph.training.analysis.influence.ensembles import begin_runner
    from zoograph.training.measuring.subject import Subject
    from zoograph.training.studies.influence.study import StudyPlan, run_study

    folder = out or glyph_folder()
    require_writable(folder)
    tables = read_tables(folder)
    place = Subject((), "", device=device).place()
    with stage_bar() as tell, begin_runner(place, processes, tell) as runner:
        report = run_study(runner, StudyPlan(removed=()), lambda words: print(words, file=sys.stderr))
    rows = tuple(ClassInfluence.model_validate(row) for row in report.influences)
    write_tables(replace(tables, influences=rows), folder, compressed=True)
    if as_json:
        print_json("zoo measure influences", {"folder": str(folder), "influences": len(rows)})
    else:
        print(f"Wrote {len(rows):,} influences to {folder}.")
