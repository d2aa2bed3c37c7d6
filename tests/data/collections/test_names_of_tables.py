"""Every name of every raw table is one node of the shipped zoo, or is left out for a reason that is said.

``names_of_tables.csv`` holds the names as the raw tables have them, which are not in the repository.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from zoograph.data.collections.public.timm_results import TEST_SETS
from zoograph.data.collections.public_datasets import LEFT_OUT, find_public_dataset
from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.errors import UnknownName
from zoograph.data.networks.model_names import Naming, resolve_model_name
from zoograph.data.networks.registry.torchvision_cards import DOMAINNET_WEIGHTS
from zoograph.data.records.collection import Collection
from zoograph.data.records.naming.names import NameIndex, index_names

# Whose names a table's are, where the same word means other weights elsewhere.
NAMINGS = {
    "timm": Naming.TIMM,
    "timm_deprecations": Naming.TIMM,
    "open_clip": Naming.OPEN_CLIP,
    "clip_benchmark": Naming.OPEN_CLIP,
    "fastai_pets": Naming.FASTAI,
}
# Names without a node.
UNRESOLVED_MODELS = {"ig_resnext101_32x48d": "these weights are not published any more"}
# Files of timm's results, by what stands between `results-` and the ending.
FILES = {name.removeprefix("results-").removesuffix(".csv"): dataset for dataset, (name, _) in TEST_SETS.items()}

Names = list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def names() -> Names:
    with Path(__file__).with_name("names_of_tables.csv").open(encoding="utf-8", newline="") as file:
        return [(row["table"], row["kind"], row["name"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def zoo() -> Collection:
    return read_tables(shipped_zoo())


@pytest.fixture(scope="module")
def index(zoo: Collection) -> NameIndex:
    rows = [("model", name, card.id) for card in zoo.models for name in {card.id, *card.aliases}]
    return index_names(
        rows + [("dataset", name, card.id) for card in zoo.datasets for name in {card.id, *card.aliases}]
    )


def test_the_list_has_all_tables(names: Names) -> None:
    counts = Counter((table, kind) for table, kind, _ in names)
    assert counts["timm", "model"] == 1267
    assert counts["timm_deprecations", "model"] == 209
    assert (counts["open_clip", "model"], counts["open_clip", "dataset"]) == (121, 39)  # a mean over tasks too
    assert (counts["mieb", "model"], counts["clip_benchmark", "model"]) == (55, 12)
    assert (counts["fastai_pets", "model"], counts["mteb_text", "model"]) == (92, 244)
    assert (counts["transfergraph_image", "model"], counts["domainnet", "model"]) == (185, 10)
    assert (counts["domainnet", "dataset"], counts["mteb_text", "dataset"]) == (540, 12)


def test_every_model_is_one_node_or_has_a_reason(names: Names, zoo: Collection, index: NameIndex) -> None:
    nodes = {card.id for card in zoo.models}
    unresolved = set()
    for table, _, name in (row for row in names if row[1] == "model"):
        try:
            node = _find_model(table, name, index)
        except UnknownName:
            unresolved.add(name)
        else:
            assert node in nodes, f"{name} of {table} is {node}"
    assert unresolved == set(UNRESOLVED_MODELS)


def test_a_reason_stands_in_the_shipped_table_of_names() -> None:
    with (shipped_zoo() / "model_names.csv").open(encoding="utf-8", newline="") as file:
        empty = {row["name"]: row["note"] for row in csv.DictReader(file) if not row["model"]}
    assert empty == UNRESOLVED_MODELS


def test_every_dataset_is_one_node_or_has_a_reason(names: Names, zoo: Collection, index: NameIndex) -> None:
    nodes = {card.id for card in zoo.datasets}
    left_out = set()
    for table, _, name in (row for row in names if row[1] == "dataset"):
        try:
            node = _find_dataset(table, name, index)
        except UnknownName:
            assert LEFT_OUT[name]
            left_out.add(name)
        else:
            assert node in nodes, f"{name} of {table} is {node}"
    assert left_out == set(LEFT_OUT)


def test_tables_that_name_the_same_thing_mean_one_node(index: NameIndex) -> None:
    for spellings in (
        ("CIFAR-10", "cifar10", "vtab/cifar10", "CIFAR10", "CIFAR10ZeroShot"),
        ("Oxford-IIIT Pet", "OxfordPets", "pets", "vtab/pets"),
        ("Describable Textures", "DTD", "dtd", "vtab/dtd"),
    ):
        assert len({find_public_dataset(name) for name in spellings}) == 1
    for spellings in (
        ("openai/clip-vit-base-patch32", "ViT-B-32/openai", "timm/vit_base_patch32_clip_224.openai"),
        ("facebook/dinov2-base", "vit_base_patch14_dinov2.lvd142m", "hf_hub:timm/vit_base_patch14_dinov2.lvd142m"),
    ):
        assert len({resolve_model_name(name) for name in spellings}) == 1


def _find_model(table: str, name: str, index: NameIndex) -> str:
    if table == "domainnet":
        return DOMAINNET_WEIGHTS[name]
    if table in NAMINGS:
        return resolve_model_name(name, naming=NAMINGS[table])
    return index.resolve_model(name)


def _find_dataset(table: str, name: str, index: NameIndex) -> str:
    if table == "timm":
        return find_public_dataset(FILES.get(name, name))
    if table in ("domainnet", "transfergraph_image"):
        (node,) = index.resolve_datasets(name)
        return node
    return find_public_dataset(name)
