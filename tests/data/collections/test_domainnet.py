"""The DomainNet record: its traps on a hand-made folder, and its facts in the shipped tables."""

from __future__ import annotations

import importlib
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from zoograph.data.collections.domainnet import SOURCE, read_domainnet
from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.errors import RawDataError
from zoograph.data.networks.registry.architectures import Architecture, get_architecture
from zoograph.data.networks.timm_cards import get_family
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol

# The matrix names its models in another order than the model table, which swaps two rows.
TORCHVISION = "torchvision/{}.IMAGENET1K_V{}".format
MOBILE, DEEP, WIDE = (
    TORCHVISION("mobilenet_v2", 2),
    TORCHVISION("resnet101", 2),
    TORCHVISION("wide_resnet50_2", 1),
)
HEADER = ",".join(f"task{number}_clipart_10" for number in range(1, 7))
MATRIX = f""",{HEADER}
mobilenet_v2,0.11,0.12,0.13,0.14,0.15,0.16
resnet101,0.21,0.22,0.23,0.24,0.25,0.26
wide_resnet50_2,0.31,0.32,0.33,0.34,0.35,0.36
"""
MODELS = """Architecure_family,model name,# of parameters,acc@1 (on ImageNet-1K),GFLOPS
resnet,wide_resnet50_2,3100,81.886,7.8
mobilenet,mobilenet_v2,2100,72.154,0.3
resnet,resnet101,4100,78.468,11.4
"""
TASKS = """dataset name,num_pre_class,domain,categories,Labels,Sample_Size
76_clipart_2,10,clipart,2,"saxophone, flying_saucer",18
77_clipart_2,10,clipart,2,"leaf, teddy-bear",20
78_clipart_2,10,clipart,2,"flying_saucer, teddy-bear",17
79_clipart_4,10,clipart,4,"bee, jail, sun, owl",38
80_clipart_4,10,clipart,4,"moon, hot_dog, toe, eye",40
81_clipart_4,10,clipart,4,"bee, sun, toe, eye",40
"""


def find_toy(name: str) -> Architecture:
    """Networks whose head for 1,000 classes has (1 + 1) * 1,000 parameters."""
    backbone = {"mobilenetv2_100": 100, "resnet101": 1100, "wide_resnet50_2": 2100}[name]
    return Architecture(name, parameters=backbone, num_features=1, input_size=224, fixed_input=False)


def write_raw(folder: Path, matrix: str = MATRIX, models: str = MODELS, tasks: str = TASKS) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "record_domainnet_10_270.csv").write_text(matrix)
    (folder / "source_model_meta_data.csv").write_text(models)
    (folder / "target_dataset_meta_data.csv").write_text(tasks)
    return folder


@pytest.fixture
def toy(tmp_path: Path) -> Collection:
    return read_domainnet(write_raw(tmp_path), find_toy)


@pytest.fixture(scope="module")
def shipped() -> Collection:
    zoo = read_tables(shipped_zoo())
    return Collection(
        models=tuple(card for card in zoo.models if SOURCE in card.source.split("; ")),
        datasets=tuple(card for card in zoo.datasets if card.source == SOURCE),
        runs=tuple(run for run in zoo.runs if run.source == SOURCE),
    )


def test_toy_models_are_the_weights_of_torchvision_that_the_accuracies_belong_to(toy: Collection) -> None:
    models = {card.id: card for card in toy.models}
    assert models.keys() == {MOBILE, DEEP, WIDE}
    # The published table gives these two each other's figures.
    assert (models[DEEP].parameters, models[DEEP].gmacs, models[DEEP].imagenet_top1) == (44_549_160, 7.801, 0.81886)
    assert (models[WIDE].parameters, models[WIDE].gmacs, models[WIDE].imagenet_top1) == (68_883_240, 11.398, 0.78468)
    assert (models[MOBILE].family, models[MOBILE].timm_name) == ("mobilenet", "mobilenetv2_100")
    assert {card.source for card in toy.models} == {SOURCE}


def test_figures_stay_once_the_table_is_corrected(tmp_path: Path, toy: Collection) -> None:
    corrected = MODELS.replace("3100,81.886,7.8", "SWAP").replace("4100,78.468,11.4", "3100,81.886,7.8")
    corrected = corrected.replace("SWAP", "4100,78.468,11.4")
    again = read_domainnet(write_raw(tmp_path, models=corrected), find_toy)
    assert set(again.models) == set(toy.models)


def test_toy_tasks_are_named_by_splits_a_c_b(toy: Collection) -> None:
    cards = {card.id: card for card in toy.datasets}
    assert [card.id for card in toy.datasets] == [
        "imagenet",
        *("clipart_2_a_10", "clipart_2_c_10", "clipart_2_b_10"),
        *("clipart_4_a_10", "clipart_4_c_10", "clipart_4_b_10"),
    ]
    card = cards["clipart_2_c_10"]
    assert card.aliases == ("task2_clipart_10", "77_clipart_2")
    assert (card.family, card.domain, card.num_classes) == ("clipart_2", "clipart", 2)
    assert cards["clipart_2_b_10"].labels == ("flying saucer", "teddy bear")


def test_toy_sizes_are_read_not_derived(toy: Collection) -> None:
    assert [card.num_samples for card in toy.datasets[1:]] == [18, 20, 17, 38, 40, 40]
    assert {card.samples_per_class for card in toy.datasets[1:]} == {10.0}


def test_toy_runs_are_joined_by_name(toy: Collection) -> None:
    values = {(run.model, run.dataset): run.value for run in toy.runs}
    assert len(values) == len(toy.runs) == 18
    assert values[DEEP, "clipart_2_a_10"] == 0.21
    assert values[WIDE, "clipart_2_c_10"] == 0.32
    assert values[MOBILE, "clipart_4_b_10"] == 0.16
    assert {(run.protocol, run.train_size, run.test_size) for run in toy.runs} == {(Protocol.HEAD, None, None)}


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("tasks", '2,"leaf, teddy-bear",20\n78', '2,"flying_saucer, teddy-bear",17\n78', "order A, C, B"),
        ("tasks", '"leaf, teddy-bear"', '"leaf"', r"'77_clipart_2' at .*line 3, needs 2 labels \(got 1\)"),
        (
            "tasks",
            '81_clipart_4,10,clipart,4,"bee, sun, toe, eye",40\n',
            "",
            r"lists A, C and B \(got 2 rows",
        ),
        ("tasks", '"leaf, teddy-bear",20', '"leaf, teddy-bear",few', r"'num_samples' at .*line 3"),
        ("matrix", "resnet101,0.21", "resnet101,1.21", r"'value' at .*line 3, .*got '1.21'"),
        ("matrix", "resnet101,0.21", "resnet101,", r"'value' at .*line 3"),
        (
            "matrix",
            "resnet101,",
            "resnet102,",
            r"The model 'resnet102' needs one row .*got 0 and 1",
        ),
        ("matrix", ",task6_clipart_10", ",task7_clipart_10", r"needs a column 'task6_clipart_10'"),
        ("models", "2100,72.154", "2101,72.154", r"'mobilenet_v2' .*needs a row with the 2100 parameters"),
    ],
)
def test_malformed_table_is_refused(tmp_path: Path, table: str, old: str, new: str, message: str) -> None:
    texts = {"matrix": MATRIX, "models": MODELS, "tasks": TASKS}
    assert old in texts[table]
    texts[table] = texts[table].replace(old, new)
    with pytest.raises(RawDataError, match=message):
        read_domainnet(write_raw(tmp_path, **texts), find_toy)


def test_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RawDataError, match=r"source_model_meta_data\.csv' is needed"):
        read_domainnet(tmp_path, find_toy)


# -- the shipped record ---------------------------------------------------------------------------


def test_shipped_record_is_complete(shipped: Collection) -> None:
    assert (len(shipped.models), len(shipped.datasets), len(shipped.runs)) == (10, 270, 2700)
    assert len({(run.model, run.dataset) for run in shipped.runs}) == 2700
    families = Counter(card.family for card in shipped.datasets)
    assert len(families) == 30
    assert set(families.values()) == {9}
    assert {card.domain for card in shipped.datasets} == {
        *("clipart", "infograph", "painting", "quickdraw", "real", "sketch"),
    }
    assert len({label for card in shipped.datasets for label in card.labels}) == 110


def test_shipped_splits_share_half_of_their_labels(shipped: Collection) -> None:
    labels = {card.id: set(card.labels) for card in shipped.datasets}
    for card in shipped.datasets:
        assert len(card.labels) == card.num_classes
        if "_b_" in card.id:
            half = len(card.labels) / 2
            assert len(labels[card.id] & labels[card.id.replace("_b_", "_a_")]) == half
            assert len(labels[card.id] & labels[card.id.replace("_b_", "_c_")]) == half


def test_shipped_splits_keep_their_labels_at_every_size(shipped: Collection) -> None:
    lists = defaultdict(set)
    for card in shipped.datasets:
        lists[card.id.rpartition("_")[0]].add(frozenset(card.labels))
    assert len(lists) == 90
    assert {len(members) for members in lists.values()} == {1}


def test_shipped_sizes_and_aliases(shipped: Collection) -> None:
    cards = {card.id: card for card in shipped.datasets}
    sizes = {name: cards[f"clipart_32_{name}"].num_samples for name in ("a_30", "c_30", "b_30", "a_50", "c_50")}
    assert sizes == {"a_30": 928, "c_30": 925, "b_30": 928, "a_50": 1494, "c_50": 1471}
    assert cards["clipart_2_c_10"].num_samples == 18
    assert cards["clipart_32_a_10"].aliases == ("task13_clipart_10", "88_clipart_32")
    assert cards["clipart_4_a_30"].num_samples == 85
    for card in shipped.datasets:
        assert 0 < (card.num_samples or 0) <= (card.num_classes or 0) * (card.samples_per_class or 0)


@pytest.mark.parametrize(
    ("model", "dataset", "value"),
    [
        ("convnext_small.IMAGENET1K_V1", "painting_2_a_10", 1.0),
        ("convnext_tiny.IMAGENET1K_V1", "painting_2_a_10", 0.5),
        ("efficientnet_b3.IMAGENET1K_V1", "painting_2_b_10", 0.4),
        ("wide_resnet50_2.IMAGENET1K_V1", "painting_2_c_10", 0.95),
        ("densenet121.IMAGENET1K_V1", "painting_4_a_10", 0.34),
        ("resnet101.IMAGENET1K_V2", "clipart_32_a_10", 0.64),
        ("wide_resnet50_2.IMAGENET1K_V1", "clipart_32_a_10", 0.58),
        ("wide_resnet50_2.IMAGENET1K_V1", "clipart_32_c_50", 0.74),
        ("mobilenet_v2.IMAGENET1K_V2", "quickdraw_32_b_30", 0.66),
        ("resnet18.IMAGENET1K_V1", "infograph_4_c_30", 0.74),
    ],
)
def test_shipped_accuracy(shipped: Collection, model: str, dataset: str, value: float) -> None:
    pair = f"torchvision/{model}", dataset
    assert [run.value for run in shipped.runs if (run.model, run.dataset) == pair] == [value]


def test_shipped_models_carry_their_own_figures(shipped: Collection) -> None:
    figures = {card.id: (card.parameters, card.gmacs, card.imagenet_top1) for card in shipped.models}
    assert figures[DEEP] == (44_549_160, 7.801, 0.81886)
    assert figures[WIDE] == (68_883_240, 11.398, 0.78468)
    assert figures[MOBILE] == (3_504_872, 0.301, 0.72154)
    assert figures[TORCHVISION("resnet50", 2)] == (25_557_032, 4.089, 0.80858)


def test_shipped_models_agree_with_timm(shipped: Collection) -> None:
    networks = {card.id: get_architecture(card.timm_name or "") for card in shipped.models}
    for card in shipped.models:
        network = networks[card.id]
        assert card.parameters == network.parameters_with_head(1000)
        # The input is that of torchvision's weights, which crop to 300 where timm's default takes 288.
        size = 300 if card.timm_name == "efficientnet_b3" else network.input_size
        assert (card.input_size, card.num_features) == (size, network.num_features)
        module = importlib.import_module("timm.models").model_entrypoint(network.name).__module__
        assert card.family == get_family(network.name, module.rpartition(".")[2])
