"""The shipped table of names: what timm's old versions, OpenCLIP, MIEB and fastai's table call the weights of timm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from zoograph.data.collections.tables import read_rows
from zoograph.data.errors import RawDataError
from zoograph.data.files.atomic import replace_file
from zoograph.data.networks.model_names import NAME_COLUMNS, Naming
from zoograph.data.networks.registry.timm_names import CORRECTED, canonical_timm_name, published_weights

# Pairs of OpenCLIP that its mapping leaves out: the weight of timm, and why.
OPEN_CLIP_PAIRS = {
    ("RN101-quickgelu", "openai"): ("resnet101_clip.openai", "OpenCLIP gives OpenAI's weights QuickGELU either way"),
    ("ViT-B-32-quickgelu", "openai"): (
        "vit_base_patch32_clip_224.openai",
        "OpenCLIP gives OpenAI's weights QuickGELU either way",
    ),
    ("ViT-B-32-quickgelu", "laion400m_e32"): (
        "vit_base_patch32_clip_quickgelu_224.laion400m_e32",
        "timm has the activation that the weights were trained with under a name of its own",
    ),
}
_NOT_IN_TIMM = "timm has no such weights: a node of its own"

NameRow = tuple[str, str, str, str, str]


def make_name_table(raw: Path) -> tuple[NameRow, ...]:
    """Return the rows of the table of names: naming, name, weights, model, note.

    Args:
        raw: folder of the public tables: ``timm``, ``open_clip``, ``mieb`` and ``fastai_pets``.

    Raises:
        RawDataError: if a table is missing, or names weights that timm does not have.
    """
    rows = (*_old_names(raw), *_open_clip(raw), *_mapped(raw, Naming.MIEB), *_mapped(raw, Naming.FASTAI))
    for _, name, _, model, _ in rows:
        if model and "/" not in model and model not in published_weights():
            raise RawDataError(f"The name '{name}' must stand for weights of timm (got '{model}'). Correct its row.")
    return tuple(sorted(rows))


def write_name_table(rows: tuple[NameRow, ...], path: Path) -> None:
    """Write the table in one step."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(NAME_COLUMNS)
    writer.writerows(rows)
    replace_file(path, buffer.getvalue())


def _old_names(raw: Path) -> Iterator[NameRow]:
    for _, cells in read_rows(raw / "timm" / "timm_deprecations.csv", ("old", "new")):
        old, new = cells["old"], cells["new"]
        if old not in CORRECTED:
            yield Naming.TIMM.value, old, "", canonical_timm_name(new) or "", ""
            continue
        model = CORRECTED[old] or ""
        reason = f"timm maps it to '{new}'" if model else "these weights are not published any more"
        yield Naming.TIMM.value, old, "", model, reason


def _open_clip(raw: Path) -> Iterator[NameRow]:
    for _, cells in read_rows(raw / "open_clip" / "openclip_to_timm.csv", ("name", "pretrained", "timm_name")):
        pair = cells["name"], cells["pretrained"]
        own = f"open_clip/{pair[0]}.{pair[1]}", _NOT_IN_TIMM
        model, note = (cells["timm_name"], "") if cells["timm_name"] else OPEN_CLIP_PAIRS.get(pair, own)
        yield Naming.OPEN_CLIP.value, *pair, model, note


def _mapped(raw: Path, naming: Naming) -> Iterator[NameRow]:
    path, column = {
        Naming.MIEB: (raw / "mieb" / "mieb_to_timm.csv", "mieb_model"),
        Naming.FASTAI: (raw / "fastai_pets" / "fastai_to_timm.csv", "fastai_name"),
    }[naming]
    for _, cells in read_rows(path, (column, "timm_name")):
        yield naming.value, cells[column], "", cells["timm_name"], ""
