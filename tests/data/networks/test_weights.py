from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from zoograph.data.errors import UnknownName
from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.files.tensors import save_tensors
from zoograph.data.networks import weights as loading
from zoograph.data.networks.weights import RANDOM, WeightsError, load_pretrained, random_network

ARCHITECTURE = "test_resnet"


def _network(**options: Any) -> Any:
    import_torchvision()
    import timm

    torch.manual_seed(1)
    return timm.create_model(ARCHITECTURE, **options)


@pytest.mark.parametrize("suffix", ["safetensors", "pt", "pth"])
def test_weights_from_a_file(tmp_path: Path, suffix: str) -> None:
    network, path = _network(num_classes=7), tmp_path / f"mine.{suffix}"
    if suffix == "safetensors":
        save_file(network.state_dict(), path)
    else:
        torch.save({"state_dict": network.state_dict()}, path)
    model = load_pretrained(ARCHITECTURE, path)
    assert all(torch.equal(model.network.state_dict()[key], value) for key, value in network.state_dict().items())
    assert not model.network.training
    assert model.card.id == f"{ARCHITECTURE}@{model.digest[:12]}"
    assert (model.card.source, model.card.pretrained_on) == (f"weights of mine.{suffix}", None)
    assert model.card.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert model.transform(Image.new("RGB", (300, 200))).shape == (3, 160, 160)


@pytest.mark.parametrize(
    ("file", "classes", "id"),
    [
        ("test_resnet.r160_in1k.safetensors", 1000, "test_resnet.r160_in1k"),
        ("timm_test_resnet.r160_in1k.pth", 1000, "test_resnet.r160_in1k"),
        ("test_resnet.r160_in1k/model.safetensors", 0, "test_resnet.r160_in1k"),
        ("test_resnet.r160_in1k.safetensors", 7, "test_resnet@"),  # fine-tuned since
        ("test_resnet.safetensors", 1000, "test_resnet@"),
        ("test_resnet.mine.safetensors", 1000, "test_resnet@"),
        ("test_vit.r160_in1k.safetensors", 1000, "test_resnet@"),  # of another architecture
        ("torchvision_resnet18.IMAGENET1K_V1.pth", 1000, "torchvision/resnet18.IMAGENET1K_V1"),
    ],
)
def test_a_file_is_published_where_its_whole_name_says_so(tmp_path: Path, file: str, classes: int, id: str) -> None:
    path, architecture = tmp_path / file, "resnet18" if "torchvision" in file else ARCHITECTURE
    path.parent.mkdir(exist_ok=True)
    state = random_network(architecture, num_classes=classes).state_dict()
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    model = load_pretrained(architecture, path)
    assert model.card.id == (f"{id}{model.digest[:12]}" if id.endswith("@") else id)


def test_what_was_trained_here_is_not_published_whatever_it_is_called(tmp_path: Path) -> None:
    save_tensors(tmp_path / "test_resnet.r160_in1k.safetensors", _network().state_dict(), {"begun_as": "x"})
    assert "@" in load_pretrained(ARCHITECTURE, tmp_path / "test_resnet.r160_in1k.safetensors").card.id


def test_weights_without_a_classifier(tmp_path: Path) -> None:
    save_file(_network(num_classes=0).state_dict(), tmp_path / "w.safetensors")
    model: Any = load_pretrained(ARCHITECTURE, tmp_path / "w.safetensors").network
    assert model.num_classes == 0


def test_the_digest_is_of_the_weights(tmp_path: Path) -> None:
    network = _network()
    save_file(network.state_dict(), tmp_path / "a.safetensors")
    torch.save(network.state_dict(), tmp_path / "b.pt")
    network.fc.bias.data[0] += 1
    save_file(network.state_dict(), tmp_path / "c.safetensors")
    digests = [load_pretrained(ARCHITECTURE, path).digest for path in sorted(tmp_path.iterdir())]
    assert digests[0] == digests[1] != digests[2]


def test_random_weights_only_when_asked_and_always_the_same() -> None:
    first = load_pretrained(ARCHITECTURE, RANDOM)
    torch.manual_seed(5)
    assert load_pretrained(ARCHITECTURE, RANDOM).digest == first.digest
    assert (first.card.source, first.card.pretrained_on) == ("random weights", None)
    with pytest.raises(WeightsError, match=r"cache or on the hub \(got: .*Allow the network, or give a file"):
        load_pretrained(ARCHITECTURE)


def test_weights_of_the_hub_name_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    import_torchvision()
    import timm

    create = timm.create_model
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained=False, **rest: create(name, **rest))
    for name in ("resnet10t", "timm/resnet10t", "resnet10t.c3_in1k"):
        card = load_pretrained(name).card
        assert (card.id, card.aliases) == ("resnet10t.c3_in1k", ("resnet10t", "timm/resnet10t.c3_in1k"))
        assert card.pretrained_on == "imagenet"


def test_torchvisions_weights_are_loaded_where_timm_has_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(loading, "_from_hub", lambda name: [loaded.append(name), random_network(name)][1])
    model = load_pretrained("torchvision/resnet18.IMAGENET1K_V1")
    assert (model.card.id, loaded) == ("torchvision/resnet18.IMAGENET1K_V1", ["resnet18.tv_in1k"])
    with pytest.raises(WeightsError, match=r"'torchvision/convnext_tiny.IMAGENET1K_V1' must be timm's to be loaded"):
        load_pretrained("ConvNeXt_Tiny_Weights.IMAGENET1K_V1")
    assert len(loaded) == 1


def test_an_unknown_architecture() -> None:
    with pytest.raises(UnknownName, match=r"Unknown model 'resnett18'\. Nearest names: resnet18"):
        load_pretrained("resnett18", RANDOM)


def test_weights_of_another_architecture(tmp_path: Path) -> None:
    save_file({"layer.weight": torch.zeros(3)}, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=r"must fit 'test_resnet\.r160_in1k'"):
        load_pretrained(ARCHITECTURE, tmp_path / "w.safetensors")


def test_files_that_hold_no_weights(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("weights")
    (tmp_path / "text.safetensors").write_text("weights")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"path": tmp_path}, tmp_path / "code.pt")  # an object that only unpickling code could make
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(WeightsError, match=r"checkpoint of tensors alone|hold tensors by name"):
            load_pretrained(ARCHITECTURE, path)
    with pytest.raises(WeightsError, match="nothing there"):
        load_pretrained(ARCHITECTURE, tmp_path / "none.pt")
