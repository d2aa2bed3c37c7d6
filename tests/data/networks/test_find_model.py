"""One rule for names of models, in a store and outside of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.errors import AmbiguousName, UnknownName, ZoographError
from zoograph.data.networks.find_model import (
    bare_architecture,
    explain_name,
    explain_names,
    file_names,
    find_model,
    find_others,
    is_own,
    loading_code,
    loading_name,
    make_model_card,
    may_be_encoder,
    model_of_file,
    require_reader,
)
from zoograph.data.networks.registry.timm_names import canonical_timm_name
from zoograph.data.networks.registry.torchvision_names import canonical_torchvision_name
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.naming.names import index_names
from zoograph.data.records.pretraining import Lineage, LineageKind
from zoograph.data.testing.tiny_encoders import make_tiny_encoder

STORED = index_names(
    [
        ("model", "resnet10t.c3_in1k", "resnet10t.c3_in1k"),
        ("model", "resnet10t", "resnet10t.c3_in1k"),
        ("model", "resnet50", "resnet50"),  # somebody else's weights
        ("model", "resnet18", "one"),
        ("model", "resnet18", "two"),
        ("model", "resnet18.a1_in1k", "resnet18.a1_in1k"),
        ("model", "net", "one"),
        ("model", "net", "two"),
    ]
)


@pytest.mark.parametrize("name", ["resnet10t", "resnet10t.c3_in1k", "timm/resnet10t.c3_in1k", "hf_hub:timm/resnet10t"])
def test_what_was_stored_is_found_under_every_name(name: str) -> None:
    assert find_model(STORED, name) == ("resnet10t.c3_in1k", None)


@pytest.mark.parametrize(
    "name",
    [
        "hf_hub:{}",
        "hf-hub:{}",
        "HF_HUB:{}",
        "hf_hub:{}@main",
        "{}@main",
        "https://huggingface.co/{}",
        "http://www.huggingface.co/{}/",
        "huggingface.co/{}/tree/main",
        "https://hf.co/{}/blob/main/README.md",
    ],
)
@pytest.mark.parametrize("written", ["timm/resnet10t.c3_in1k", "google/own-net"])
def test_whoever_says_that_a_name_is_one_of_the_hub_means_that_name(name: str, written: str) -> None:
    names = index_names([("model", id, id) for id in ("resnet10t.c3_in1k", "google/own-net")])
    assert find_model(names, name.format(written)).id == written.removeprefix("timm/")


def test_an_id_is_itself() -> None:
    assert find_model(STORED, "resnet50") == ("resnet50", None)


def test_an_architecture_that_others_are_called_by_is_timms_default_all_the_same() -> None:
    assert find_model(STORED, "resnet18") == ("resnet18.a1_in1k", None)


def test_other_weights_come_with_their_card() -> None:
    found = find_model(STORED, "timm/resnet50.tv_in1k")
    assert found.card is not None
    assert found.id == found.card.id == "resnet50.tv_in1k"
    assert found.cards == (found.card,)
    assert find_model(STORED, "ResNet50_Weights.IMAGENET1K_V2").id == "torchvision/resnet50.IMAGENET1K_V2"


def test_names_that_nobody_knows_or_that_several_share() -> None:
    with pytest.raises(UnknownName, match=r"Unknown model 'resnet51'. Nearest names: .*resnet50"):
        find_model(STORED, "resnet51")
    with pytest.raises(AmbiguousName, match=r"'net' is ambiguous\. Say which: one, two\."):
        find_model(STORED, "net")


def test_the_store_and_the_libraries_agree_on_every_name_of_the_zoo_that_ships() -> None:
    """So a name that the store knows need not be asked of timm, which takes seconds to import."""
    cards = read_tables(shipped_zoo()).models
    names = index_names(("model", name, card.id) for card in cards for name in (card.id, *card.aliases))
    known = {name: canonical_timm_name(name) or canonical_torchvision_name(name) for name in names.models}
    assert sum(model is not None for model in known.values()) > 4_000
    assert {name: model for name, model in known.items() if model and find_model(names, name).id != model} == {}


@pytest.mark.parametrize(
    ("name", "model", "sentence"),
    [
        ("resnet50", "resnet50.a1_in1k", "'resnet50' means timm's default weights, 'resnet50.a1_in1k'."),
        ("timm/resnet50", "resnet50.a1_in1k", "'timm/resnet50' means timm's default weights, 'resnet50.a1_in1k'."),
        ("resnet50.a1_in1k", "resnet50.a1_in1k", None),
        ("timm/resnet50.a1_in1k", "resnet50.a1_in1k", None),
        ("ViT-B-32/openai", "vit_b.openai", "'ViT-B-32/openai' means the weights 'vit_b.openai'."),
    ],
)
def test_a_name_is_explained_unless_it_says_so_itself(name: str, model: str, sentence: str | None) -> None:
    assert explain_name(name, model) == sentence


def test_many_names_are_explained_in_a_sentence_for_each_way_to_read_them() -> None:
    names = {f"net{place}": f"net{place}.in1k" for place in range(4)}
    assert explain_names({"own": "own", "vit.in1k": "vit.in1k", "timm/vit.in1k": "vit.in1k"}) == []
    assert explain_names({"own": "own", "net0": "net0.in1k"}) == ["'net0' means timm's default weights, 'net0.in1k'."]
    assert explain_names({**names, "ViT-B-32/openai": "vit_b.openai"}) == [
        "Names without weights mean timm's default weights: 'net0' means 'net0.in1k', 'net1' means 'net1.in1k', "
        "'net2' means 'net2.in1k' and 1 more.",
        "Names in other spellings mean these weights: 'ViT-B-32/openai' means 'vit_b.openai'.",
    ]


def test_what_is_an_architecture() -> None:
    assert [bare_architecture(name) for name in ("resnet50", "timm/resnet50", "hf-hub:timm/resnet50")] == [
        "resnet50"
    ] * 3
    assert {bare_architecture(name) for name in ("resnet50.a1_in1k", "a/b", "resnet50@0123")} == {None}


def test_own_weights_and_uploads_are_no_other_weights() -> None:
    def make(id: str, **fields: object) -> ModelCard:
        return ModelCard.model_validate({"id": id, "timm_name": "resnet50", "source": "t", **fields})

    own, upload, other = make("resnet50@0123"), make("me/resnet-50"), make("torchvision/resnet50.V2")
    default, elsewhere = make("resnet50.a1_in1k"), make("resnet18.a1_in1k", timm_name="resnet18")
    assert [is_own(card) for card in (own, upload, other, default)] == [True, False, False, False]
    cards = [own, upload, other, default, elsewhere]
    assert find_others("resnet50.a1_in1k", "resnet50", cards) == [other]
    copy = make("torchvision/x.V1", derived_from=(Lineage(kind=LineageKind.SAME_WEIGHTS, model="x.tv_in1k"),))
    assert [loading_name(card) for card in (own, upload, other, default, copy)] == [
        *("resnet50 --weights FILE", None, None, "resnet50.a1_in1k", "torchvision/x.V1")
    ]


def test_cards_are_made_without_a_download() -> None:
    for id in ("resnet50.a1_in1k", "torchvision/resnet50.IMAGENET1K_V2"):
        card = make_model_card(id)
        assert card is not None
        assert card.id == id
    assert make_model_card("nobody/knows") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("owner/name", True),
        ("json", True),
        ("resnett18", False),
        ("resnett18.a1_in1k", False),
        ("", False),
        ("a b", False),
    ],
)
def test_an_encoder_is_looked_for_where_one_can_be(name: str, expected: bool) -> None:
    assert may_be_encoder(name) == expected


def test_a_folder_with_an_encoder_is_a_model(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "tiny")
    found = find_model(index_names([]), str(folder))
    assert (found.id, found.cards[0].modalities) == ("tiny", ("text",))
    with pytest.raises(UnknownName, match=r"Unknown model 'resnett18\.a1_in1k'"):
        find_model(index_names([]), "resnett18.a1_in1k")


def test_reading_is_required_in_one_sentence() -> None:
    card = ModelCard(id="bert", source="x", modalities=("text",), open_weights=False)
    require_reader(card, "news", "text")
    with pytest.raises(ZoographError, match=r"^The model 'bert' must read images to be asked about 'pets' \(got"):
        require_reader(card, "pets", "image")
    assert loading_name(card) is None
    assert loading_name(card.model_copy(update={"open_weights": None})) == "bert"


def test_code_loads_a_model_by_the_library_that_has_it() -> None:
    net, encoder = ModelCard(id="net.in1k", source="t"), ModelCard(id="o/e", source="t", modalities=("text",))
    assert (
        loading_code(net, 3) == 'import timm\n\nmodel = timm.create_model("net.in1k", pretrained=True, num_classes=3)'
    )
    assert 'AutoModelForSequenceClassification.from_pretrained("o/e", num_labels=4)' in loading_code(encoder, 4)
    assert 'AutoTokenizer.from_pretrained("mine")' in loading_code(encoder, 4, Path("mine"))


def test_code_loads_weights_of_any_layout(tmp_path: Path) -> None:
    network = timm.create_model("test_resnet.r160_in1k", pretrained=False)
    file, found = tmp_path / "net.pth", dict[str, Any]()
    torch.save({"state_dict": {f"model.{name}": value for name, value in network.state_dict().items()}}, file)
    exec(loading_code(ModelCard(id="test_resnet.r160_in1k", source="t"), 3, file), found)
    loaded = found["model"].state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in network.state_dict().items() if "fc" not in name)
    assert found["model"](torch.zeros(1, 3, 32, 32)).shape == (1, 3)
    assert '("net", "w.pth")' in loading_code(ModelCard(id="net@0123", timm_name="net", source="t"), 3, Path("w.pth"))


@pytest.mark.parametrize("model", ["resnet50.a1_in1k", "torchvision/resnet50.IMAGENET1K_V1"])
def test_a_file_is_called_like_its_model_and_found_by_that(model: str) -> None:
    for name in file_names(model):
        assert "/" not in name
        assert model_of_file(name) == model


def test_a_file_of_the_hub_is_called_with_an_underscore_for_the_slash() -> None:
    assert file_names("owner/net_b") == ("owner_net_b", "timm_owner_net_b")
