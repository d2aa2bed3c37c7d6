"""The command that measures the glyph zoo: small models, small tasks, everything made on this machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.home import make_home, require_writable
from zoograph.scripts.campaigns import public
from zoograph.scripts.terminal.options import AsJson, Processes
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table
from zoograph.scripts.terminal.program import new_app
from zoograph.scripts.terminal.progress import count_bar
from zoograph.scripts.zoo import influences as glyph_influences

if TYPE_CHECKING:
    from zoograph.training.studies.glyph_zoo.work import GlyphFiles

app = new_app("Measure a zoo on this machine.")

_LIBRARIES = ("zoograph", "torch", "timm", "lightning", "numpy", "scipy", "scikit-learn", "pot", "pillow", "matplotlib")
app.command("influences")(glyph_influences.influences)
app.command("public")(public.public)


@app.command()
def glyphs(
    processes: Processes = 2,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write the tables to.", show_default="glyphs in the package's zoo")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train 12 small models on drawn characters, transfer each to 117 tasks, score every pair and write the tables.

    Whatever is finished is kept in the state folder: a command that was stopped goes on where it was.

    Example: `zoograph zoo measure glyphs --processes 2`
    """
    from zoograph.data.collections.glyphs.plan import full_plan
    from zoograph.data.collections.glyphs.zoo import glyph_folder
    from zoograph.data.collections.tables import read_table, write_tables
    from zoograph.data.files.atomic import replace_file
    from zoograph.data.records.records import ClassInfluence
    from zoograph.data.text.encoders.find_encoder import DEFAULT_ENCODER, find_encoder
    from zoograph.data.text.table import TextTable
    from zoograph.data.text.words import zoo_texts
    from zoograph.training.studies.glyph_zoo.build import build_glyph_zoo, collect_glyph_zoo, count_pieces
    from zoograph.training.studies.glyph_zoo.work import GlyphFiles

    plan, folder = full_plan(), out or glyph_folder()
    files = GlyphFiles(plan, make_home() / "glyphs" / plan.digest())
    for needed in (files.folder, folder):  # before the first minute of work, not after the last
        needed.mkdir(parents=True, exist_ok=True)
        require_writable(needed)
    encoder = find_encoder(DEFAULT_ENCODER)
    with count_bar(count_pieces(files)) as begin:
        build_glyph_zoo(files, processes, begin)
    # Influences are measured by a command of their own, and stay.
    kept = folder / "influences.csv"
    known = read_table(kept, ClassInfluence) if kept.with_suffix(".csv.gz").exists() else ()
    zoo = replace(collect_glyph_zoo(files), influences=known)
    write_tables(zoo, folder, compressed=True)
    TextTable.empty(encoder).extended(encoder, zoo_texts(zoo.models, zoo.datasets)).save(folder / "text.safetensors")
    facts = {**_describe(files), "counts": zoo.counts()}
    replace_file(folder / "build.json", json.dumps(facts, indent=1) + "\n")

    if as_json:
        print_json("zoo measure glyphs", {"folder": str(folder), **facts})
        return
    counts = [(name, f"{count:,}") for name, count in zoo.counts().items()]
    seconds = [(f"seconds of {name}", f"{value:,.1f}") for name, value in facts["seconds"].items()]
    print_table(f"Tables in {folder}", ("what", "value"), [*counts, *seconds], names={"what"})


def _describe(files: GlyphFiles) -> dict[str, Any]:
    """Return how the zoo came about: command, machine, versions, seconds, and which scores are undefined how often."""
    import os
    import platform
    from importlib.metadata import version

    from zoograph.training.studies.glyph_zoo.build import count_undefined, seconds_by_stage

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    return {
        "command": "zoograph zoo measure glyphs",
        "plan": files.plan.digest(),
        "machine": {
            "architecture": platform.machine(),
            "cores": os.cpu_count(),
            "memory_gib": memory and round(memory / 2**30, 1),
        },
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "seconds": seconds_by_stage(files),
        "undefined": count_undefined(files),
    }
