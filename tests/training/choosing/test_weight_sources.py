"""Where weights are to be had: files that are called like models, the hub, or its cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import save_file

from zoograph.data.errors import ZoographError
from zoograph.data.files.tensors import hash_tensors
from zoograph.data.networks.timm_cards import make_card
from zoograph.data.networks.weights import random_network
from zoograph.data.records.cards import Modality, ModelCard
from zoograph.data.records.naming.names import index_names
from zoograph.data.testing.tiny_encoders import make_tiny_encoder
from zoograph.data.text.encoders.model_folder import DEFAULT_ENCODER
from zoograph.training.choosing import weight_sources as module
from zoograph.training.choosing.weight_sources import explain_none, find_copies, find_sources, load_own, load_unnamed

DEFAULT, OTHER = make_card("resnet50.a1_in1k"), make_card("resnet50.tv_in1k")


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_cached_repositories", frozenset)


@pytest.mark.parametrize(
    "name", ["resnet50.tv_in1k.safetensors", "timm_resnet50.tv_in1k.pth", "resnet50.tv_in1k.pth.tar"]
)
def test_a_file_is_that_of_the_model_that_it_is_called_like(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert find_sources([DEFAULT, OTHER], tmp_path) == {OTHER.id: tmp_path / name}


def test_an_architecture_alone_names_no_published_weights(tmp_path: Path) -> None:
    (tmp_path / "resnet50.safetensors").touch()
    assert find_sources([DEFAULT, OTHER], tmp_path) == {}
    network = random_network("test_vit")
    for name in ("test_vit.safetensors", "best.safetensors", "test_vit.r160_in1k.safetensors"):
        save_file(network.state_dict(), tmp_path / name)
    own, failed = load_unnamed(tmp_path)
    (card, path), digest = own["test_vit"], hash_tensors(network.state_dict())
    assert (list(own), card.id, path.name) == (["test_vit"], f"test_vit@{digest[:12]}", "test_vit.safetensors")
    assert list(failed) == ["resnet50.safetensors"]


def test_copies_are_found_by_their_content(tmp_path: Path) -> None:
    content = {
        "a": b"x" * 99_999,
        "b": b"x" * 99_999,
        "c": b"x" * 99_998 + b"y",
        "d": b"x" * 50_000 + b"y" + b"x" * 49_998,
    }
    for name, raw in content.items():
        (tmp_path / name).write_bytes(raw)
    (tmp_path / "e").symlink_to(tmp_path / "c")
    (tmp_path / "empty").touch()
    paths: dict[str, Path | None] = {name: tmp_path / name for name in (*content, "e", "empty")}
    assert find_copies({**paths, "none": None, "folder": tmp_path}) == {"b": "a", "e": "c"}
    assert find_copies({"empty": tmp_path / "empty", "too": tmp_path / "empty"}) == {}


def test_a_cloned_folder_is_a_model_too(tmp_path: Path) -> None:
    (tmp_path / "resnet50.a1_in1k").mkdir()
    assert find_sources([DEFAULT], tmp_path) == {DEFAULT.id: tmp_path / "resnet50.a1_in1k"}


def test_without_a_folder_they_are_those_of_the_hub_or_of_its_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = ModelCard(id="owner/model", source="hub", hub_id="owner/model")
    assert find_sources([DEFAULT, elsewhere]) == {}
    monkeypatch.setattr(module, "_cached_repositories", lambda: frozenset({"timm/resnet50.tv_in1k"}))
    assert find_sources([DEFAULT, OTHER]) == {OTHER.id: None}
    monkeypatch.setattr(module, "why_not_asked", lambda: None)
    assert find_sources([DEFAULT, OTHER, elsewhere]) == {DEFAULT.id: None, OTHER.id: None}


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match=r"a file for each of some models \(got nothing there\)"):
        find_sources([DEFAULT], tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(ZoographError, match=r"\(got a file\)"):
        find_sources([DEFAULT], tmp_path / "file")


def test_why_nothing_is_to_be_had(tmp_path: Path) -> None:
    said = explain_none(1826, tmp_path)
    assert said.startswith("The weights of none of 1,826 candidates are to be had: '")
    assert explain_none(1, None).startswith("The weights of the one candidate are not to be had: HF_HUB_OFFLINE")
    assert "HF_HUB_OFFLINE forbids to ask the hub, and its cache has none of them." in said
    assert said.endswith("such as 'resnet50.a1_in1k.safetensors', with --weights-dir.")


def test_an_encoder_of_an_installed_package_needs_no_hub() -> None:
    carried = ModelCard(id=DEFAULT_ENCODER, source="hub", hub_id=DEFAULT_ENCODER, modalities=("text",))
    elsewhere = ModelCard(id="owner/encoder", source="hub", hub_id="owner/encoder", modalities=("text",))
    assert find_sources([carried, elsewhere]) == {carried.id: None}


def test_a_folder_is_known_by_the_content_of_its_weights(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "mine")
    (tmp_path / "empty").mkdir()
    words = [str(folder), str(tmp_path / "empty"), "resnet50"]
    found = load_own(index_names([]), words, Modality.TEXT, "reviews")
    assert list(found) == [str(folder)]
    card, path = found[str(folder)]
    assert card.id.startswith("mine@")
    assert path == folder
