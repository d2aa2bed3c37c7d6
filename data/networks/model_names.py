"""Names of models: any spelling becomes the id of one node, which is one set of weights.

A bare architecture is timm's default weights. torchvision's weights are ``torchvision/architecture.ENUM``, and those of
OpenCLIP that timm does not have are ``open_clip/architecture.pretrained``: nodes of their own.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

from zoograph.data.errors import UnknownName
from zoograph.data.networks.registry.timm_names import canonical_timm_name, hub_ids, published_weights
from zoograph.data.networks.registry.torchvision_names import canonical_torchvision_name

NAME_TABLE = "model_names.csv"
NAME_COLUMNS = ("naming", "name", "weights", "model", "note")
_NEAREST = 5


class Naming(StrEnum):
    """Whose names they are: the same word can mean other weights elsewhere."""

    TIMM = "timm"
    """Of timm, old versions included."""
    OPEN_CLIP = "open_clip"
    """OpenCLIP's architecture and pretrained tag, which only together name weights."""
    MIEB = "mieb"
    """Of MTEB's image benchmark, which are ids on the hub."""
    FASTAI = "fastai_2022"
    """timm's names as of May 2022, when many bare architectures had other default weights than today."""


def resolve_model_name(name: str, *, naming: Naming | None = None) -> str:
    """Return the id of the one model that a name means.

    Args:
        name: ``arch``, ``arch.tag``, ``timm/…``, ``hf_hub:timm/…``, a torchvision enumeration, an id on the hub, or
            OpenCLIP's architecture and pretrained tag with a slash between them.
        naming: whose names they are; default: anybody's whose meaning does not depend on that, timm's of today first.

    Raises:
        UnknownName: with the nearest names.
    """
    found = _ask(name, naming)
    if found is None:
        raise UnknownName("model", name, _nearest(name))
    return found


@cache
def read_name_table(path: Path | None = None) -> Mapping[tuple[Naming, str], str | None]:
    """Return what the shipped table says of each name of each naming; ``None`` for one that stands for nothing.

    Args:
        path: default: the table that ships.
    """
    path = path or Path(__file__).parents[1] / "zoo" / NAME_TABLE
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (Naming(row["naming"]), "/".join(filter(None, (row["name"], row["weights"])))): row["model"] or None
            for row in csv.DictReader(file)
        }


@cache
def other_names() -> Mapping[str, tuple[str, ...]]:
    """Return model -> its names elsewhere that mean it wherever they are read: those of OpenCLIP and of MIEB."""
    found: dict[str, list[str]] = {}
    for (naming, name), model in read_name_table().items():
        if model is not None and naming in (Naming.OPEN_CLIP, Naming.MIEB):
            found.setdefault(model, []).append(name)
    return {model: tuple(names) for model, names in found.items()}


def _ask(name: str, naming: Naming | None) -> str | None:
    table = read_name_table()
    if naming is not None and (naming, name) in table:
        return table[naming, name]
    if naming is None:
        for known in (Naming.MIEB, Naming.OPEN_CLIP):
            if (known, name) in table:
                return table[known, name]
        if name in _ids():
            return name
    if naming in (None, Naming.TIMM):
        return canonical_torchvision_name(name) or canonical_timm_name(name) or _hub_ids().get(name) or _fold(name)
    return None


def _fold(name: str) -> str | None:
    """Return what the name means regardless of case, if that is one thing."""
    folded = name.casefold()
    found = {_ask_exactly(candidate) for candidate in _candidates() if candidate.casefold() == folded}
    return found.pop() if len(found) == 1 else None


def _ask_exactly(name: str) -> str | None:
    table = read_name_table()
    return table.get((Naming.OPEN_CLIP, name)) or table.get((Naming.MIEB, name)) or canonical_timm_name(name)


@cache
def _ids() -> frozenset[str]:
    """Ids of the nodes in the table that are not timm's."""
    return frozenset(model for model in read_name_table().values() if model is not None and "/" in model)


@cache
def _hub_ids() -> dict[str, str]:
    """Repositories of the hub that timm loads weights from and that are not its own."""
    found: dict[str, list[str]] = {}
    for name, hub_id in sorted(hub_ids().items()):
        found.setdefault(hub_id, []).append(name)
    return {hub_id: names[0] for hub_id, names in found.items() if len(names) == 1}


def _candidates() -> Iterator[str]:
    yield from sorted(published_weights())
    yield from sorted({name.partition(".")[0] for name in published_weights()})
    yield from (name for naming, name in read_name_table() if naming in (Naming.OPEN_CLIP, Naming.MIEB))


def _nearest(name: str) -> list[str]:
    folded: dict[str, str] = {}
    for candidate in _candidates():
        folded.setdefault(candidate.casefold(), candidate)
    wanted = name.casefold().removeprefix("hf_hub:").removeprefix("hf-hub:").removeprefix("timm/")
    return [folded[match] for match in difflib.get_close_matches(wanted, folded, n=_NEAREST, cutoff=0.0)]
