"""``zoograph benchmark devices``: seconds of everything that computes, on the CPU and on a device."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.networks.devices import find_device, require_device
from zoograph.scripts.benchmarks.speed.score_speed import make_inputs
from zoograph.scripts.terminal.files import write_into
from zoograph.scripts.terminal.options import AsJson, Device, Out, split_names
from zoograph.scripts.terminal.output import print_json
from zoograph.scripts.terminal.printed.tables import print_notes, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

Row = dict[str, Any]
_SMALL = "n200_d32_C5"
_ITERATIONS = 10


def devices(
    device: Device = "auto",
    size: Annotated[str, typer.Option(help="Samples, features and classes of scores and heads.")] = "n5000_d2048_C100",
    network: Annotated[str, typer.Option(help="Architecture for features and fine-tuning, with random weights.")] = (
        "resnet50"
    ),
    images: Annotated[int, typer.Option(min=32, help="Made-up images that features are taken of.")] = 1024,
    parts: Annotated[
        str, typer.Option(help="Which of features, scores, head, relatedness, finetune, gnn; separated by commas.")
    ] = "features,scores,head,relatedness,finetune,gnn",
    cpu: Annotated[bool, typer.Option(help="Time the CPU too.")] = True,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Time features, scores, heads, relatedness, fine-tuning and the graph network on the CPU and on a device.

    Images, features and weights are made up: nothing is downloaded. Each part runs once on something small first, so
    that loading libraries and starting the device do not count. `features_network` is the network alone,
    `features_task` has the images decoded and resized by worker processes too.

    Example: `zoograph benchmark devices --device cuda --out timings`
    """
    require_device(device)
    wanted = _chosen(parts)
    import torch

    place = find_device(device)
    places = [torch.device("cpu")] * cpu + [place] * (place.type != "cpu" or not cpu)
    rows: list[Row] = []
    for where in places:
        for part in wanted:
            rows += [
                {"part": name, "device": str(where), **row} for name, row in _PARTS[part](where, size, network, images)
            ]
    result = {"cpus": os.cpu_count(), "torch": torch.__version__, "device": describe_device(place), "rows": rows}
    if out is not None:
        write_into(out, {"devices.json": json.dumps(result, indent=1) + "\n"})
    if as_json:
        print_json("benchmark devices", result)
    else:
        _print(rows, [str(where) for where in places])


def _chosen(parts: str) -> list[str]:
    wanted = split_names(parts)
    for part in wanted:
        if part not in _PARTS:
            raise ZoographError(f"'--parts' takes {', '.join(_PARTS)} (got '{part}').")
    return wanted


def describe_device(place: torch.device) -> str:
    """Return the name of the card, or of the kind of device."""
    import torch

    return torch.cuda.get_device_name(place) if place.type == "cuda" else str(place)


def seconds_of(work: Callable[[], Any], where: torch.device) -> float:
    """Return the seconds of some work, waited for."""
    import torch

    start = time.perf_counter()
    work()
    if where.type == "cuda":
        torch.cuda.synchronize(where)
    return time.perf_counter() - start


def _features(where: torch.device, _: str, network: str, images: int) -> Iterator[tuple[str, Row]]:
    import numpy as np
    import torch

    from zoograph.data.images.task import task_from_arrays
    from zoograph.data.networks.features import extract, extract_features
    from zoograph.data.networks.weights import load_pretrained

    model = load_pretrained(network, "random")
    size = model.transform(_noise_picture()).shape
    batch = torch.randn(64, *size)
    extract(model.network, [batch], where)
    seconds = seconds_of(lambda: extract(model.network, [batch] * (images // 64 or 1), where), where)
    yield "features_network", {"seconds": seconds, "images_per_second": 64 * (images // 64 or 1) / seconds}
    random = np.random.default_rng(time.time_ns())  # or else the cache would answer
    pictures = random.integers(0, 256, (images, 256, 256, 3), dtype=np.uint8)
    task = task_from_arrays(pictures, [row % 4 for row in range(images)], ("a", "b", "c", "d"), "benchmark")
    with no_cache():
        seconds = seconds_of(lambda: extract_features(model, task, where), where)
    yield "features_task", {"seconds": seconds, "images_per_second": images / seconds}


def _noise_picture() -> Any:
    from PIL import Image

    return Image.new("RGB", (256, 256))


@contextmanager
def no_cache() -> Iterator[None]:
    """Keep what is computed in a folder that goes away."""
    import tempfile

    before = os.environ.get("ZOOGRAPH_HOME")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ZOOGRAPH_HOME"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["ZOOGRAPH_HOME"]
            else:
                os.environ["ZOOGRAPH_HOME"] = before


def _scores(where: torch.device, size: str, _: str, __: int) -> Iterator[tuple[str, Row]]:
    from dataclasses import fields

    from zoograph.graphs.scores.compute import compute_scores
    from zoograph.graphs.scores.inputs import ScoreInputs
    from zoograph.graphs.scores.registry import SCORES

    def moved(shape: str) -> ScoreInputs:
        made = make_inputs(shape)
        return ScoreInputs(*(getattr(made, field.name).to(where) for field in fields(made)))

    compute_scores(moved(_SMALL))
    for name in SCORES:
        inputs = moved(size)
        yield (
            f"score_{name}",
            {"seconds": seconds_of(partial(compute_scores, inputs, [name]), where)},
        )
    inputs = moved(size)
    yield "scores_together", {"seconds": seconds_of(lambda: compute_scores(inputs), where)}


def _head(where: torch.device, size: str, _: str, __: int) -> Iterator[tuple[str, Row]]:
    from zoograph.training.measuring.head import measure_head

    for shape, name in ((_SMALL, None), (size, "head")):
        made = make_inputs(shape)
        x, y, split = made.features.to(where), made.labels.to(where), 7 * made.num_samples // 10
        seconds = seconds_of(partial(measure_head, x[:split], y[:split], x[split:], y[split:]), where)
        if name is not None:
            yield name, {"seconds": seconds}


def _relatedness(where: torch.device, _: str, __: str, ___: int) -> Iterator[tuple[str, Row]]:
    from zoograph.graphs.scores.relatedness.tasks import Task
    from zoograph.training.analysis.relatedness.relate import Relating, Setting, relate_tasks

    made = make_inputs("n2000_d512_C10")
    x, y = made.features.to(where), made.labels.to(where)
    half = 1000
    reference, target = (
        Task(name, x[rows][:700], y[rows][:700], x[rows][700:], y[rows][700:])
        for name, rows in (("reference", slice(0, half)), ("target", slice(half, None)))
    )
    relate_tasks(reference, target, Relating(samples=100))
    for name, how in (
        ("sparse", Relating(samples=500)),
        ("sparse_entropic", Relating(samples=500, coupler="entropic")),
        ("learned", Relating(Setting.LEARNED_ALL, iterations=_ITERATIONS, batch_size=300)),
    ):
        yield f"relatedness_{name}", {"seconds": seconds_of(partial(relate_tasks, reference, target, how), where)}


def _finetune(where: torch.device, _: str, network: str, images: int) -> Iterator[tuple[str, Row]]:
    import timm
    import torch

    from zoograph.training.measuring.finetuning.finetune import FinetuneConfig, measure_finetune

    number = min(images, 256)
    made = torch.randn(number + 64, 3, 64, 64)
    labels = torch.arange(len(made)) % 4
    model = timm.create_model(network, pretrained=False)
    for rows, epochs in ((32, 1), (number, 3)):
        config = FinetuneConfig(max_epochs=epochs)
        seconds = seconds_of(
            partial(
                measure_finetune,
                model,
                made[:rows],
                labels[:rows],
                made[number:],
                labels[number:],
                config,
                device=where,
            ),
            where,
        )
    yield "finetune", {"seconds": seconds, "epochs": epochs, "train_images": number}


def _gnn(where: torch.device, _: str, __: str, ___: int) -> Iterator[tuple[str, Row]]:
    from zoograph.data.testing.hash_encoder import hash_encoder
    from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
    from zoograph.graphs.builder import build_graph
    from zoograph.training.networks.ensemble import GraphNetwork, NetworkConfig
    from zoograph.training.networks.gat import GraphAttention

    embed = hash_encoder(64).embed
    zoo = make_synthetic_zoo(100, 200, density=0.5, num_relations=2000).zoo
    graph = build_graph(zoo, lambda texts: embed(list(texts)))
    few = NetworkConfig(num_members=2, num_steps=2)
    GraphNetwork(few, where).fit(graph)
    steps = 50
    config = NetworkConfig(num_members=2, num_steps=steps)
    yield "gnn", {"seconds": seconds_of(lambda: GraphNetwork(config, where).fit(graph), where), "steps": steps}
    seconds = seconds_of(lambda: GraphAttention(num_steps=steps, device=where).fit(graph), where)
    yield "gat", {"seconds": seconds, "steps": steps}


_PARTS: dict[str, Callable[[Any, str, str, int], Iterator[tuple[str, Row]]]] = {
    "features": _features,
    "scores": _scores,
    "head": _head,
    "relatedness": _relatedness,
    "finetune": _finetune,
    "gnn": _gnn,
}


def _print(rows: list[Row], places: list[str]) -> None:
    names = list(dict.fromkeys(row["part"] for row in rows))
    seconds = {(row["part"], row["device"]): row["seconds"] for row in rows}
    table = []
    for name in names:
        known = [seconds.get((name, place)) for place in places]
        faster = f"{known[0] / known[-1]:.1f}" if len(known) > 1 and known[0] and known[-1] else "–"
        table.append((name, *("–" if one is None else f"{one:.3f}" for one in known), faster))
    print_table("Seconds by device", ("part", *places, "faster"), table, names={"part"})
    print_notes(("Once each, after a run on something small. Images and features are made up.",))
