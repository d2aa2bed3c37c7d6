"""The TransferGraph zoo: its traps on a hand-made folder, and its facts in the shipped tables."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path

import pytest

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.collections.transfergraph import SOURCE, read_transfergraph
from zoograph.data.errors import RawDataError
from zoograph.data.networks.registry.architectures import Architecture, get_architecture, prove_architecture
from zoograph.data.networks.timm_cards import get_family
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.collection import Collection
from zoograph.data.records.records import Protocol

PUPPIES = "\"['corgi', 'shiba_inu']\""
HEADER = "model,input_shape,output_shape,architectures,dataset,#labels,labels,accuracy,model_type"
MODELS = f"""{HEADER},number_of_parameters
ann/rare-puppers,224.0,4.0,['ViTForImageClassification'],hfpics,2.0,{PUPPIES},0.97,vit,110.0
bob/rare-puppers,224.0,4.0,['ViTForImageClassification'],hfpics,2.0,{PUPPIES},,,
big/vit-384,384.0,4.0,['ViTForImageClassification'],imagenet,1000.0,imagenet,0.8,vit,5210.0
eve/convnext,384.0,4.0,['ConvNextForImageClassification'],other/mask,3.0,some/facemask,0.5,convnext,315.0
teacher/deit,224.0,4.0,['DeiT'],age,9.0,age,0.5,deit,390.0
flat/deit,224.0,4.0,['DeiT'],age,10.0,age,0.5,deit,350.0
car/vit,224.0,4.0,['ViTForImageClassification'],pets,37.0,pets,0.5,vit,999.0
"""
TARGETS = """finetune_dataset,size,number_of_classes
pets,1000,37
flowers,1020,10
smallnorb_label_azimuth,15,18
"""
RUNS = """,model,finetuned_dataset,epochs,batch_size,lr,train_slice,test_slice,eval_accuracy,input_shape
0,ann/rare-puppers,pets,30,64,0.01,:0.7,0.7:1,0.9138000011444092,
1,big/vit-384,food101,30,21,0.01,:0.7,0.7:1,0.0099,384.0
2,big/vit-384,smallnorb_label_azimuth,30,8,0.01,:0.7,0.7:1,1.0,
"""
SCORES = """,metric,model,target_dataset,runtime,score
0,TransferabilityMethod.LOG_ME,ann/rare-puppers,pets,1.0,0.8949567588976511
1,TransferabilityMethod.REG_H_SCORE,ann/rare-puppers,pets,1.0,27.32126674371316
e/vit,61.3
0,TransferabilityMethod.LOG_ME,ann/rare-puppers,pets,1.0,0.5
"""
DISTANCES = f""",{PUPPIES},imagenet,pets
{PUPPIES},0.0,5.329507827758789,2.5
imagenet,5.329507827758789,0.0,3.0
pets,2.5,3.0,0.0
"""
# Parameters without a head; a head for C classes has 5 * C.
TOYS = {
    "vit_base_patch16_224": (100, 224, True),
    "vit_base_patch16_384": (210, 384, True),
    "convnext_tiny": (300, 224, False),
    "deit_base_distilled_patch16_224": (300, 224, True),
}


def find_toy(name: str) -> Architecture:
    parameters, size, fixed = TOYS.get(name, (7, 224, True))
    return Architecture(name, parameters, num_features=4, input_size=size, fixed_input=fixed)


def write_raw(folder: Path, **texts: str) -> Path:
    names = {
        "models": ("model_config_dataset.csv", MODELS),
        "targets": ("target_dataset_features.csv", TARGETS),
        "runs": ("records.csv", RUNS),
        "scores": ("transferability_score_records.csv", SCORES),
        "distances": ("domain_similarity.csv", DISTANCES),
    }
    folder.mkdir(exist_ok=True)
    for key, (name, text) in names.items():
        (folder / name).write_text(texts.get(key, text))
    return folder


@pytest.fixture
def toy(tmp_path: Path) -> Collection:
    return read_transfergraph(write_raw(tmp_path), find_toy)


@pytest.fixture(scope="module")
def zoo() -> Collection:
    return read_tables(shipped_zoo())


def test_toy_models_share_an_alias(toy: Collection) -> None:
    assert [card.id for card in toy.models if "rare-puppers" in card.aliases] == [
        *("ann/rare-puppers", "bob/rare-puppers"),
    ]


def test_toy_model_without_type_gets_it_from_its_architecture_and_nothing_else(toy: Collection) -> None:
    card = toy.models[1]
    assert (card.family, card.parameters, card.source_accuracy, card.timm_name) == ("vit", None, None, None)


def test_toy_label_lists_are_datasets_of_their_own(toy: Collection) -> None:
    cards = {card.id: card for card in toy.datasets}
    puppies = cards["hfpics/corgi-shiba-inu"]
    assert (puppies.labels, puppies.num_classes) == (("corgi", "shiba inu"), 2)
    assert toy.models[0].pretrained_on == toy.models[1].pretrained_on == puppies.id


def test_toy_corpora_and_targets_are_one_card(toy: Collection) -> None:
    ids = [card.id for card in toy.datasets]
    assert len(ids) == len(set(ids))
    cards = {card.id: card for card in toy.datasets}
    assert (cards["pets"].num_classes, cards["pets"].num_samples) == (37, 1000)
    assert cards["some/facemask"].aliases == ("other/mask",)
    assert cards["age"].num_classes is None  # its two models disagree
    assert cards["flowers"].num_classes == 102
    assert cards["smallnorb_label_azimuth"].family == "smallnorb"


def test_toy_timm_names_need_the_exact_parameters(toy: Collection) -> None:
    assert {card.id: card.timm_name for card in toy.models} == {
        "ann/rare-puppers": "vit_base_patch16_224",
        "bob/rare-puppers": None,
        "big/vit-384": "vit_base_patch16_384",
        "eve/convnext": "convnext_tiny",  # takes any input
        "teacher/deit": "deit_base_distilled_patch16_224",  # two heads
        "flat/deit": "deit_base_distilled_patch16_224",  # one head
        "car/vit": None,
    }


def test_architecture_that_is_not_the_only_one_is_not_proven() -> None:
    card = ModelCard(id="m", source="s", family="vit", parameters=12, num_features=4, input_size=224)
    assert prove_architecture(card, 1, find_toy) is None  # many toys have 7 + 5 parameters


def test_toy_runs(toy: Collection) -> None:
    first, second, third = toy.runs
    assert (first.value, first.protocol) == (0.9138, Protocol.FINETUNE)
    assert first.hyperparameters == {"epochs": 30, "batch_size": 64, "learning_rate": 0.01}
    assert (first.train_size, first.test_size) == (560, 240)  # of the 80 % that were sliced
    assert second.hyperparameters["input_size"] == 384
    assert (second.train_size, second.test_size) == (53_025, 22_725)
    assert (third.train_size, third.test_size) == (10, 5)  # of 10.5 and 4.5


def test_toy_scores_drop_cut_off_rows_and_keep_repeats(toy: Collection) -> None:
    assert [(score.name, score.value) for score in toy.scores] == [
        ("logme", 0.894957),
        ("regularized_h_score", 27.3213),
        ("logme", 0.5),
    ]


def test_toy_distances_are_stored_once(toy: Collection) -> None:
    assert [(row.dataset, row.other, row.value) for row in toy.relations] == [
        ("hfpics/corgi-shiba-inu", "imagenet", 5.32951),
        ("hfpics/corgi-shiba-inu", "pets", 2.5),
        ("imagenet", "pets", 3.0),
    ]


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("distances", "pets,2.5,3.0", "pets,2.5,3.1", r"need to be symmetric, and 0 .*got 3.0 and 3.1"),
        ("distances", "pets,2.5,3.0,0.0", "pets,2.5,3.0,1.0", "need to be symmetric"),
        ("scores", "LOG_ME,ann", "LEEP,ann", r"The metric at .*line 2, .*got 'TransferabilityMethod.LEEP'"),
        ("scores", "0.8949567588976511", "high", r"line 2, needs a number \(got 'high'\)"),
        ("runs", "0.9138000011444092", "91.38", r"'value' at .*line 2"),
        ("runs", "pets,30", "pets,30.5", r"line 2, needs a whole number \(got '30.5'\)"),
        ("runs", "0,ann/rare-puppers", "0,nobody/rare-puppers", "'nobody/rare-puppers' has records"),
        ("targets", "pets,1000,37", "pets,1000,36", r"dataset 'pets' needs one 'num_classes'"),
        ("models", "['corgi', 'shiba_inu']", "['corgi', 'shiba_inu'", r"line 2, need to be a list"),
        ("models", "'shiba_inu']\",0.97", "'Shiba inu']\",0.97", r"needs a name of its own"),
        ("models", "imagenet,0.8,", "imagenet,80,", r"'source_accuracy' at .*line 4"),
    ],
)
def test_malformed_table_is_refused(tmp_path: Path, table: str, old: str, new: str, message: str) -> None:
    text = {"models": MODELS, "targets": TARGETS, "runs": RUNS, "scores": SCORES, "distances": DISTANCES}[table]
    assert old in text
    with pytest.raises(RawDataError, match=message):
        read_transfergraph(write_raw(tmp_path, **{table: text.replace(old, new, 1)}), find_toy)


# -- the shipped zoo ------------------------------------------------------------------------------


def test_shipped_counts(zoo: Collection) -> None:
    runs = [run for run in zoo.runs if run.source == SOURCE]
    models = [card for card in zoo.models if card.source == SOURCE]
    assert (len(models), len(runs), len(zoo.scores)) == (185, 2254, 2466)
    assert len({run.dataset for run in runs}) == 13
    assert Counter(score.name for score in zoo.scores) == {"logme": 1233, "regularized_h_score": 1233}
    assert {run.hyperparameters.get("input_size") for run in runs} == {None, 384}
    assert sum(card.source_accuracy is None for card in models) == 34
    assert sum(card.parameters is None for card in models) == 1
    assert all(card.family for card in models)
    assert {card.id for card in models if card.pretrained_on is None} == {
        "lysandre/tiny-vit-random",  # never trained
        "microsoft/beit-base-patch16-224-pt22k",  # without labels
    }


def test_shipped_corpora(zoo: Collection) -> None:
    cards = {card.id: card for card in zoo.datasets}
    corpora = {card.pretrained_on for card in zoo.models if card.source == SOURCE}
    targets = {run.dataset for run in zoo.runs if run.source == SOURCE}
    assert corpora & targets == {"cifar100", "eurosat", "stanfordcars", "food101"}
    puppies = cards["hfpics/corgi-samoyed-shiba-inu"]
    assert puppies.labels == ("corgi", "samoyed", "shiba inu")
    assert sum(card.id.startswith("hfpics/") for card in zoo.datasets) == 54
    assert all(len(card.labels) == card.num_classes for card in zoo.datasets if card.labels)
    assert (cards["food101"].num_classes, cards["food101"].num_samples) == (101, 75_750)
    assert (cards["pets"].num_classes, cards["pets"].num_samples) == (37, 3680)


def test_shipped_failed_trainings_are_kept_and_said(zoo: Collection) -> None:
    failed = [run for run in zoo.runs if run.failure is not None and run.source == SOURCE]
    assert Counter(run.dataset for run in failed) == {
        **{"food101": 112, "svhn": 3},
        **dict.fromkeys(("caltech101", "dtd", "flowers", "pets", "stanfordcars", "smallnorb_label_azimuth"), 2),
    }
    assert max(run.value for run in failed if run.dataset not in ("svhn", "food101")) < 0.07


def test_shipped_h_scores_stay_below_the_number_of_classes(zoo: Collection) -> None:
    classes = {card.id: card.num_classes for card in zoo.datasets}
    for score in zoo.scores:
        if score.name == "regularized_h_score":
            assert score.value < (classes[score.dataset] or 0) - 1


@pytest.mark.parametrize(
    ("model", "dataset", "value"),
    [
        ("firebolt/llama_or_what2", "cifar100", 0.9138),
        ("google/vit-base-patch16-224", "cifar100", 0.917267),
        ("black/simple_kitchen", "cifar100", 0.910467),
        ("nateraw/vit-base-beans-demo", "cifar100", 0.909),
    ],
)
def test_shipped_accuracy(zoo: Collection, model: str, dataset: str, value: float) -> None:
    assert [run.value for run in zoo.runs if (run.model, run.dataset) == (model, dataset)] == [value]


def test_shipped_timm_names_agree_with_timm(zoo: Collection) -> None:
    proven = [card for card in zoo.models if card.source == SOURCE and card.timm_name]
    names = {card.timm_name for card in proven if card.timm_name}
    networks = {name: get_architecture(name) for name in names}
    classes = {card.id: card.num_classes for card in zoo.datasets}
    assert len(proven) == 174
    for card in proven:
        network = networks[card.timm_name or ""]
        module = importlib.import_module("timm.models").model_entrypoint(network.name).__module__
        assert card.family == get_family(network.name, module.rpartition(".")[2])
        assert card.num_features == network.num_features
        assert card.input_size == network.input_size or not network.fixed_input
        outputs = classes[card.pretrained_on or ""] or (9 if card.id == "nateraw/vit-age-classifier" else 10)
        heads = (1, 2) if card.family == "deit" else (1,)
        assert card.parameters in [network.parameters_with_head(outputs, count) for count in heads]
