"""``zoograph benchmark loader``: whether images are decoded as fast as a network looks at them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.networks.devices import find_device, require_device
from zoograph.data.records.cards import Modality
from zoograph.scripts.benchmarks.speed.devices import describe_device, no_cache, seconds_of
from zoograph.scripts.terminal.files import write_into
from zoograph.scripts.terminal.options import AsJson, Dataset, Device, Out, split_names
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    import torch

    from zoograph.data.images.task import ImageTask
    from zoograph.data.networks.weights import PretrainedModel

Row = dict[str, Any]
_BATCH = 64


def loader(
    dataset: Dataset,
    networks: Annotated[
        str, typer.Option(help="Architectures, with random weights, separated by commas.")
    ] = "resnet50",
    workers: Annotated[str, typer.Option(help="Numbers of processes that decode, separated by commas.")] = "0,1,2,4,8",
    images: Annotated[int, typer.Option(min=64, help="Images that are decoded, of all there are.")] = 2000,
    device: Device = "auto",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Time decoding by so many processes, each network alone, and both together as `score` and `measure` have them.

    Images are read from the folder, decoded and transformed as the network wants them. The loader keeps up where the
    images a second of both together are about those of the network alone.

    Example: `zoograph benchmark loader --dataset ./photos --networks resnet18,resnet50 --workers 0,2,4`
    """
    require_device(device)
    numbers = [read_count(text) for text in split_names(workers)]
    names = split_names(networks)
    from zoograph.data.images.task import ImageTask
    from zoograph.data.networks.weights import load_pretrained
    from zoograph.data.tasks.sources import open_task

    place, task = find_device(device), open_task(dataset, modality=Modality.IMAGE).sample(images)
    assert isinstance(task, ImageTask)
    rows = [row for name in names for row in _measure(load_pretrained(name, "random"), task, numbers, place)]
    result = {
        "cpus": os.cpu_count(),
        "device": describe_device(place),
        "dataset": task.card.id,
        "images": len(task),
        "rows": rows,
    }
    if out is not None:
        write_into(out, {"loader.json": json.dumps(result, indent=1) + "\n"})
    if as_json:
        print_json("benchmark loader", result)
    else:
        _print(result, numbers)


def read_count(text: str) -> int:
    """Return a number of processes.

    Raises:
        typer.BadParameter: if it is none.
    """
    if not text.isdecimal():
        raise typer.BadParameter(f"must be numbers with commas between them, such as `0,2,4` (got '{text}').")
    return int(text)


def _measure(model: PretrainedModel, task: ImageTask, workers: list[int], place: torch.device) -> list[Row]:
    """Return the images a second of decoding, of the network alone, and of both together with the usual workers."""
    import torch

    from zoograph.data.images.loading import default_workers, load_pictures
    from zoograph.data.networks.features import extract, extract_features

    rows: list[Row] = []

    def clock(part: str, processes: int | None, num_images: int, work: Callable[[], Any]) -> None:
        before = sum(os.times()[:4])  # of this process and of those that it started and waited for
        seconds = seconds_of(work, place)
        cpu = sum(os.times()[:4]) - before
        speed = {"images_per_second": num_images / seconds, "cpu_milliseconds_per_image": 1000 * cpu / num_images}
        rows.append({"network": model.card.timm_name, "part": part, "workers": processes, **speed})

    for number in workers:
        clock("decode", number, len(task), partial(_decode, task, model, number))
    first = next(iter(load_pictures(task, model.transform, 0, [0])))
    batch = torch.zeros(_BATCH, *getattr(first, "shape", ()))
    extract(model.network, [batch], place)
    batches = max(1, min(len(task), 512) // _BATCH)
    clock("network", None, _BATCH * batches, lambda: extract(model.network, [batch] * batches, place))
    with no_cache():
        clock("together", default_workers(len(task)), len(task), lambda: extract_features(model, task, place))
    return rows


def _decode(task: ImageTask, model: PretrainedModel, number: int) -> None:
    from zoograph.data.images.loading import load_pictures

    for _ in load_pictures(task, model.transform, number):
        pass


def _print(result: Row, workers: list[int]) -> None:
    rates = {(row["network"], row["part"], row["workers"]): row["images_per_second"] for row in result["rows"]}
    names = list(dict.fromkeys(row["network"] for row in result["rows"]))
    usual = next(row["workers"] for row in result["rows"] if row["part"] == "together")
    print_table(
        f"Images a second of {result['dataset']}",
        ("network", *(f"decode, {number}" for number in workers), "network alone", f"together, {usual}"),
        [
            (
                name,
                *(f"{rates[name, 'decode', number]:,.0f}" for number in workers),
                f"{rates[name, 'network', None]:,.0f}",
                f"{rates[name, 'together', usual]:,.0f}",
            )
            for name in names
        ],
        names={"network"},
    )
    print_notes(
        (
            f"{result['images']:,} images, {result['cpus']} processors, network on {result['device']}. The numbers "
            "behind the commas are processes that decode, 0 for none beside the one that computes.",
            *(_say_cpu(name, result["rows"]) for name in names),
        )
    )


def _say_cpu(network: str, rows: list[Row]) -> str:
    """Say how much of a core an image takes, decoded and seen by a network: that does not depend on who else works."""
    cost = {row["part"]: row["cpu_milliseconds_per_image"] for row in reversed(rows) if row["network"] == network}
    return (
        f"An image takes {cost['decode']:.1f} ms of a core to be decoded for {network}, {cost['network']:.1f} ms in "
        f"the network, and {cost['together']:.1f} ms together."
    )
