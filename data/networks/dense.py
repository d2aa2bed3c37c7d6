"""Dense features: what a network of images sees at each place of a picture, with the class of the pixel there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from zoograph.data.files.shared import keep_shared
from zoograph.data.home import make_home
from zoograph.data.images.masks import IGNORED, BadMask, MaskTask, require_masks
from zoograph.data.images.reading.unreadable import Unreadable
from zoograph.data.networks.devices import half_precision, number_device
from zoograph.data.networks.features import Features, Progress
from zoograph.data.networks.foreign import NetworkError, foreign_code
from zoograph.data.networks.rows import Transform, load_rows, require_readable
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.tasks.stratified import stratified_sample

PIXELS, SEED = 10_000, 0
"""How many pixels are looked at by default, and the seed by which they are drawn."""

_FORMAT = "zoograph-dense-features-1"
_HINT = "Choose another network."


def extract_pixels(
    model: PretrainedModel,
    task: MaskTask,
    device: str | torch.device = "cpu",
    num_pixels: int = PIXELS,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> Features:
    """Return what a model sees at a sample of places, and the classes there, from the cache if it was asked before.

    Pictures are resized to the network's input without being cropped, whatever their shape. What it sees is the map of
    its last stage (of a vision transformer the tokens of patches after the last norm). Masks are resized to that map by
    nearest neighbour, and of all places with a class a sample is drawn in proportion to the classes, each at least
    once, by :func:`zoograph.data.tasks.stratified.stratified_sample`.

    Args:
        model: of timm.
        task: images and masks.
        device: where to compute.
        num_pixels: places of the map that are looked at, over all images.
        batch_size: images in one pass.
        progress: called with (images done, images in all).

    Returns:
        ``features`` (P, D) and ``labels`` (P,) of P places, and ``rows`` (P,) of the task that they are of.

    Raises:
        NetworkError: if the network has no such map.
        ImageTaskError: if too many images or masks cannot be used, or fewer than two classes are left.
    """
    device = torch.device(device)
    transform = whole_picture(model.network)
    parts = [_FORMAT, model.card.timm_name or model.card.architecture, model.digest, repr(transform)]
    parts += [str(half_precision(device)), task.digest, str(task.seen_with), str(num_pixels), str(SEED)]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def compute() -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, unreadable = _compute(model.network, transform, task, device, num_pixels, batch_size, progress)
        kinds = {str(row): kind.value for row, kind in unreadable.items()}
        return tensors, {"format": _FORMAT, "model": model.card.id, "dataset": task.card.id, "unreadable": kinds}

    tensors, known = keep_shared(make_home() / "cache" / "features" / f"{key}.safetensors", compute)
    place = number_device(device)
    skipped = {task.names[int(row)]: kind for row, kind in known["unreadable"].items()}
    features, labels, rows = (tensors[name].to(place) for name in ("features", "labels", "rows"))
    return Features(features, None, labels, (), skipped, None, key, rows=rows)


def whole_picture(network: nn.Module) -> Transform:
    """Return the transform of a network of timm that resizes a picture to its input, and cuts nothing off."""
    from timm.data import create_transform, resolve_model_data_config

    with foreign_code("timm must know how the network sees images", _HINT):
        settings = {**resolve_model_data_config(network), "crop_pct": 1.0, "crop_mode": "squash"}
        made: Any = create_transform(**settings, is_training=False)
    transform: Transform = made
    return transform


def last_map(network: nn.Module, images: Tensor) -> Tensor:
    """Return the (B, D, H, W) map of the last stage, or of the tokens of patches.

    Raises:
        NetworkError: if the network has none.
    """
    seeing: Any = network  # timm's interface is not typed
    with foreign_code("The network must have a map of features", _HINT):
        if not hasattr(seeing, "forward_intermediates"):
            kind = type(network).__name__
            raise NetworkError(f"The network must have a map of features (got none of '{kind}'). {_HINT}")
        maps: list[Tensor] = seeing.forward_intermediates(
            images, indices=1, norm=True, output_fmt="NCHW", intermediates_only=True
        )
    return maps[-1]


def _compute(
    network: nn.Module,
    transform: Transform,
    task: MaskTask,
    device: torch.device,
    num_pixels: int,
    batch_size: int,
    progress: Progress | None,
) -> tuple[dict[str, Tensor], dict[int, Unreadable]]:
    from timm.data import resolve_model_data_config

    half = half_precision(device)
    with foreign_code(f"The network must fit on the device '{device}'", _HINT):
        network = network.to(device).eval()
    with torch.inference_mode():
        blank = torch.zeros(1, *resolve_model_data_config(network)["input_size"], device=device)
        height, width = last_map(network, blank).shape[2:]
    cells, labels = _choose(task, int(height), int(width), num_pixels)
    wanted = cells // (height * width)
    rows = np.unique(wanted).tolist()
    unreadable: dict[int, Unreadable] = {}
    found: list[Tensor] = []
    kept: list[np.ndarray[Any, Any]] = []

    def batches() -> Iterator[tuple[list[int], Tensor]]:
        batch: list[tuple[int, Tensor]] = []
        for done, (row, picture) in enumerate(zip(rows, load_rows(task, transform, rows), strict=True), 1):
            if isinstance(picture, Unreadable):
                unreadable[row] = picture
                require_readable(task, unreadable)
            else:
                batch.append((row, picture))
            if batch and (len(batch) == batch_size or done == len(rows)):
                yield [row for row, _ in batch], torch.stack([picture for _, picture in batch])
                batch.clear()
                if progress is not None:
                    progress(done, len(rows))

    with torch.inference_mode():
        for seen, pictures in batches():
            with torch.autocast(device.type, half, enabled=half is not None):
                maps = last_map(network, pictures.to(device)).float()
            flat = maps.flatten(2).transpose(1, 2)
            for row, places in zip(seen, flat, strict=True):
                chosen = np.flatnonzero(wanted == row)
                found.append(places[torch.from_numpy(cells[chosen] % (height * width)).to(device)])
                kept.append(chosen)
    order = np.concatenate(kept)
    tensors = {
        "features": torch.cat(found).cpu(),
        "labels": torch.from_numpy(labels[order]),
        "rows": torch.from_numpy(wanted[order]),
    }
    return tensors, unreadable


def _choose(
    task: MaskTask, height: int, width: int, num_pixels: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the places that are looked at, numbered over all images and their maps, and their classes."""
    classes = np.full((len(task), height, width), IGNORED)
    bad: dict[int, BadMask] = {}
    for row in range(len(task)):
        found = task.classes_of_cells(row, height, width)
        if isinstance(found, BadMask):
            bad[row] = found
        else:
            classes[row] = found
    require_masks(task, bad)
    known = np.flatnonzero(classes != IGNORED)
    labels = classes.reshape(-1)[known]
    if len(np.unique(labels)) < 2:
        raise task.error(
            f"The masks of '{task.card.id}' must have pixels of at least two classes (got "
            f"{', '.join(map(str, np.unique(labels))) or 'none'}, on a map of {height} x {width}). Look at the masks."
        )
    chosen = stratified_sample(labels, num_pixels, SEED)
    return known[chosen], labels[chosen]
