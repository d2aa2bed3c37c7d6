"""``zoograph zoo build``: the command that makes the tables that ship with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoograph.scripts.terminal.files import make_folder, write_file
from zoograph.scripts.terminal.options import AsJson
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_table
from zoograph.scripts.terminal.progress import count_bar

if TYPE_CHECKING:
    from zoograph.data.records.collection import Collection

# Readers are imported when they are run: every command would wait for them.


def build(
    raw: Annotated[
        Path,
        typer.Argument(metavar="RAW_DIR", help="Folder with a folder of raw tables for each collection."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to.", show_default="the folder of the package")
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(help="The published DomainNet masks (`.npz`); without them, those that ship stay."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the raw collections, join them and write the tables.

    Example: `zoograph zoo build ./raw`
    """
    from zoograph.data.collections.domainnet import matrix_order
    from zoograph.data.collections.domainnet_masks import DOMAINNET_MASKS, convert_masks, write_masks
    from zoograph.data.collections.tables import shipped_zoo, write_tables
    from zoograph.data.collections.zoo import join_collections
    from zoograph.data.records.failures import count_failures

    folder = out or shipped_zoo()
    _write_registry(raw, folder)
    collections = _read(raw)
    zoo = join_collections(collections)
    write_tables(zoo, folder, compressed=True)
    if masks is not None:
        order = matrix_order(raw / "domainnet", collections["domainnet"])
        write_masks(convert_masks(masks, *order), folder / DOMAINNET_MASKS)

    counts = {name: part.counts() for name, part in {**collections, "zoo": zoo}.items()}
    failed = count_failures(zoo.runs)
    if as_json:
        print_json("zoo build", {"folder": str(folder), "counts": counts, "failed": failed})
        return
    print_table(
        f"Tables in {folder}",
        ("collection", *zoo.counts()),
        [(name, *(f"{count:,}" for count in row.values())) for name, row in counts.items()],
        copied={"collection"},
    )
    print_table(
        "Runs that failed: kept, and not learned from",
        ("dataset", "runs"),
        [(name, f"{count:,}") for name, count in failed.items()],
        copied={"dataset"},
    )


def _write_registry(raw: Path, folder: Path) -> None:
    """Write the tables of networks and names, which the cards are made with, and of MTEB's tasks.

    A network that ships already is not counted again.
    """
    from zoograph.data.collections.model_names import make_name_table, write_name_table
    from zoograph.data.collections.public.mteb_tasks import TASK_TABLE, make_task_table, write_task_table
    from zoograph.data.collections.timm_architectures import make_architecture_table, write_architecture_table
    from zoograph.data.files.facts import seal_facts
    from zoograph.data.networks.model_names import NAME_TABLE
    from zoograph.data.networks.registry.architecture_table import ARCHITECTURE_TABLE, read_architecture_table
    from zoograph.data.networks.registry.timm_names import TIMM_NAMES, list_timm_names

    spellings = seal_facts(list_timm_names())
    networks = make_architecture_table(raw / "timm", read_architecture_table())
    names = make_name_table(raw)
    tasks = make_task_table(raw)
    make_folder(folder)
    write_architecture_table(networks, folder / ARCHITECTURE_TABLE)
    write_name_table(names, folder / NAME_TABLE)
    write_file(folder / TIMM_NAMES, spellings)
    write_task_table(tasks, folder / TASK_TABLE)


def _read(raw: Path) -> dict[str, Collection]:
    from zoograph.data.collections.zoo import READERS

    with count_bar(len(READERS)) as begin:
        collections = {}
        for name, read in READERS.items():
            begin(f"Reading {name}")
            collections[name] = read(raw)
    return collections
