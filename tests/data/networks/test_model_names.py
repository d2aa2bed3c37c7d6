"""One function for all names: spellings, every row of the shipped table, and what is not known."""

from __future__ import annotations

import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.networks.model_names import Naming, other_names, read_name_table, resolve_model_name
from zoograph.data.networks.registry.timm_names import import_timm, published_weights

# Names that stand for no weights that can be had, and why.
UNRESOLVED = {
    (Naming.TIMM, "ig_resnext101_32x48d"): "Facebook's weights of this size are in no timm any more",
}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("resnet50", "resnet50.a1_in1k"),
        ("ResNet50", "resnet50.a1_in1k"),
        ("hf_hub:timm/resnet50.tv_in1k", "resnet50.tv_in1k"),
        ("tv_resnet50", "resnet50.tv_in1k"),
        ("facebook/dinov2-base", "vit_base_patch14_dinov2.lvd142m"),
        ("Facebook/DINOv2-Base", "vit_base_patch14_dinov2.lvd142m"),
        ("apple/mobileclip_s0_timm", "fastvit_mci0.apple_mclip"),
        ("ViT-B-32/laion2b_s34b_b79k", "vit_base_patch32_clip_224.laion2b"),
        ("RN50-quickgelu/openai", "resnet50_clip.openai"),
        ("coca_ViT-L-14/laion2b_s13b_b90k", "open_clip/coca_ViT-L-14.laion2b_s13b_b90k"),
        ("open_clip/coca_ViT-L-14.laion2b_s13b_b90k", "open_clip/coca_ViT-L-14.laion2b_s13b_b90k"),
        ("ConvNeXt_Tiny_Weights.IMAGENET1K_V1", "torchvision/convnext_tiny.IMAGENET1K_V1"),
        ("torchvision/convnext_tiny.IMAGENET1K_V1", "torchvision/convnext_tiny.IMAGENET1K_V1"),
    ],
)
def test_spellings(name: str, model: str) -> None:
    assert resolve_model_name(name) == model
    assert resolve_model_name(model) == model


def test_the_pair_of_openclip() -> None:
    assert resolve_model_name("ViT-L-14/openai") == "vit_large_patch14_clip_224.openai"
    assert resolve_model_name("ViT-L-14/openai", naming=Naming.OPEN_CLIP).endswith(".openai")
    with pytest.raises(UnknownName, match=r"Unknown model 'ViT-L-14/opnai'. Nearest names: ViT-L-14/openai"):
        resolve_model_name("ViT-L-14/opnai")


def test_a_bare_name_meant_other_weights_in_2022() -> None:
    assert resolve_model_name("resnet18") == "resnet18.a1_in1k"
    assert resolve_model_name("resnet18", naming=Naming.FASTAI) == "resnet18.tv_in1k"
    with pytest.raises(UnknownName):
        resolve_model_name("resnet10t", naming=Naming.FASTAI)


def test_every_name_of_timm_is_one_model() -> None:
    timm = import_timm()
    assert all(resolve_model_name(name) == name for name in timm.list_pretrained())
    for name in timm.list_models():
        model = resolve_model_name(name)
        assert model.partition(".")[0] == name
        assert model in published_weights() or not timm.is_model_pretrained(name)


def test_every_name_of_every_table_is_one_model() -> None:
    table = read_name_table()
    assert {naming: sum(key[0] is naming for key in table) for naming in Naming} == {
        Naming.TIMM: 209,
        Naming.OPEN_CLIP: 121,
        Naming.MIEB: 27,
        Naming.FASTAI: 92,
    }
    assert {key for key, model in table.items() if model is None} == UNRESOLVED.keys()
    for (naming, name), model in table.items():
        if model is None:
            with pytest.raises(UnknownName):
                resolve_model_name(name, naming=naming)
            continue
        assert resolve_model_name(name, naming=naming) == model
        assert model in published_weights() or model.startswith("open_clip/")
        if naming is not Naming.FASTAI:
            assert resolve_model_name(name) == model


def test_the_table_of_old_names_says_what_timm_says() -> None:
    for (naming, name), model in read_name_table().items():
        if naming is Naming.TIMM and model is not None:
            assert resolve_model_name(name) == model


def test_pairs_that_measured_alike_are_one_model() -> None:
    # OpenCLIP's table has the same 38 results in both rows.
    assert resolve_model_name("ViT-B-32-quickgelu/openai") == resolve_model_name("ViT-B-32/openai")
    assert resolve_model_name("ViT-B-32-quickgelu/laion400m_e32") != resolve_model_name("ViT-B-32/laion400m_e32")


@pytest.mark.parametrize(
    ("name", "nearest"), [("resnet501", "resnet50"), ("convnext_tny", "convnext_tiny"), ("ViT-B-32/opnai", "ViT-B-32")]
)
def test_an_unknown_name_gives_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownName) as caught:
        resolve_model_name(name)
    assert caught.value.nearest[0].startswith(nearest)


def test_names_elsewhere() -> None:
    assert other_names()["vit_base_patch14_dinov2.lvd142m"] == ("facebook/dinov2-base",)
    assert set(other_names()["resnet50_clip.openai"]) == {"RN50/openai", "RN50-quickgelu/openai"}
