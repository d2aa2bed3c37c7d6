"""Names in a file: each is an id, a new card, or held back with a reason."""

from __future__ import annotations

import pytest

from zoograph.data.ingest import names as module
from zoograph.data.ingest.names import FoundNames, ResolvedNames, resolve_names
from zoograph.data.networks import find_model
from zoograph.data.networks.find_model import FoundModel
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.naming.names import index_names

KNOWN = index_names(
    [
        ("model", "resnet", "resnet"),
        ("model", "owner/resnet", "resnet"),
        ("model", "net", "resnet"),
        ("model", "net", "vit"),
        ("model", "vit", "vit"),
        ("dataset", "pets", "pets"),
        ("dataset", "birds_1", "birds_1"),
        ("dataset", "birds_2", "birds_2"),
        ("family", "birds", "birds_1"),
        ("family", "birds", "birds_2"),
    ]
)


@pytest.fixture(autouse=True)
def _no_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to import timm for names that it does not know."""
    card = ModelCard(id="timm_net", source="timm", aliases=("timm/timm_net", "owner/resnet"))
    new = ModelCard(id="timm_new", source="timm", aliases=("timm/timm_new",))
    names = {"timm_net": card, "timm_new": new, "timm/timm_new": new}
    found = {name: FoundModel(card.id, card) for name, card in names.items()}
    monkeypatch.setattr(find_model, "_ask_libraries", lambda _, name: found.get(name))
    monkeypatch.setattr(module, "_nearest_in_timm", lambda _: ["timm_new"])


def _resolve(*found: tuple[str, str, dict[str, str]], add_unknown: bool = False) -> ResolvedNames:
    names = FoundNames()
    for model, dataset, cards in found:
        names.add(model, dataset, cards)
    return resolve_names(names, KNOWN, "mine", add_unknown)


def test_known_names_in_any_case_are_ids() -> None:
    result = _resolve(("ResNet", "PETS", {}), ("Owner/RESNET", "birds_1", {}))
    assert result.models == {"ResNet": "resnet", "Owner/RESNET": "resnet"}
    assert result.datasets == {"PETS": "pets", "birds_1": "birds_1"}
    assert (result.new_models, result.new_datasets, result.held) == ({}, {}, {})


def test_a_name_for_several_things_is_held_back() -> None:
    held = _resolve(("net", "birds", {"model.family": "x"})).held
    assert held["model", "net"] == "The model name 'net' is ambiguous. Say which: resnet, vit."
    assert held["dataset", "birds"] == "The dataset name 'birds' is ambiguous. Say which: birds_1, birds_2."


def test_an_unknown_name_is_held_back_with_the_nearest_and_a_hint() -> None:
    held = _resolve(("resnett", "pest", {})).held
    assert held["model", "resnett"].startswith("Unknown model 'resnett'. Nearest names: ")
    assert "resnet" in held["model", "resnett"]
    assert held["dataset", "pest"].startswith("Unknown dataset 'pest'. Nearest names: pets, ")
    assert all(reason.endswith("or use --add-unknown.") for reason in held.values())


def test_only_so_many_unknown_names_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_EXPLAINED", 2)
    held = _resolve(*((f"none {place}", "pets", {}) for place in range(4))).held
    assert [reason == f"Unknown model '{name}'." for (_, name), reason in held.items()] == [False, False, True, True]


def test_a_name_of_timm_is_the_weights_that_the_store_has_or_a_new_card() -> None:
    result = _resolve(("timm_net", "pets", {}), ("timm_new", "pets", {}), ("timm/timm_new", "pets", {}))
    assert result.models == {"timm_net": "resnet", "timm_new": "timm_new", "timm/timm_new": "timm_new"}
    assert list(result.new_models) == ["timm_new"]


def test_the_rule_decides_between_several_models_of_one_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"net": FoundModel("vit")}
    monkeypatch.setattr(find_model, "_ask_libraries", lambda _, name: found.get(name))
    assert _resolve(("net", "pets", {})).models == {"net": "vit"}


def test_a_public_dataset_that_the_store_lacks_gets_its_card_by_any_of_its_names() -> None:
    result = _resolve(("vit", "CIFAR-10", {}), ("vit", "vtab/cifar10", {}), ("vit", "Oxford-IIIT Pet", {}))
    assert result.datasets == {"CIFAR-10": "cifar10", "vtab/cifar10": "cifar10", "Oxford-IIIT Pet": "pets"}
    assert [(card.id, card.num_classes) for card in result.new_datasets.values()] == [("cifar10", 10)]
    held = _resolve(("vit", "mscoco_captions", {})).held
    assert held["dataset", "mscoco_captions"].startswith("The dataset 'mscoco_captions' is left out: finds captions")


def test_what_something_is_read_with_makes_no_card() -> None:
    held = _resolve(("bert", "reviews", {"model.modalities": "text", "dataset.modality": "text"})).held
    assert set(held) == {("model", "bert"), ("dataset", "reviews")}


def test_what_any_row_knows_makes_the_card() -> None:
    first = {"model.family": "cnn", "dataset.labels": "cat; dog"}
    result = _resolve(("a", "d", first), ("A", "D", {}), ("a", "d", {"model.family": "late", "model.parameters": "10"}))
    assert result.new_models == {"a": ModelCard(id="a", source="mine", family="cnn", parameters=10)}
    assert result.new_datasets == {"d": DatasetCard(id="d", source="mine", labels=("cat", "dog"))}
    assert (result.models, result.datasets) == ({"a": "a", "A": "a"}, {"d": "d", "D": "d"})


def test_a_field_that_does_not_fit_holds_the_name_back() -> None:
    held = _resolve(("a", "pets", {"model.parameters": "many"})).held
    assert held["model", "a"].startswith("No card can be made of 'a': 'parameters' does not fit: it should be ")


def test_names_alone_make_cards_when_asked_for() -> None:
    result = _resolve(("a", "d", {}), add_unknown=True)
    assert result.new_models == {"a": ModelCard(id="a", source="mine")}
    assert result.new_datasets == {"d": DatasetCard(id="d", source="mine")}
