from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.files.facts import load_facts
from zoograph.data.networks.registry import timm_names
from zoograph.data.networks.registry.timm_names import (
    CORRECTED,
    canonical_timm_name,
    names_of_old_versions,
    nearest_timm_names,
    published_weights,
)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("resnet50", "resnet50.a1_in1k"),
        ("resnet50.tv_in1k", "resnet50.tv_in1k"),
        ("timm/resnet50.tv_in1k", "resnet50.tv_in1k"),
        ("timm/resnet50", "resnet50.a1_in1k"),
        ("hf_hub:timm/resnet50.tv_in1k", "resnet50.tv_in1k"),
        ("hf-hub:timm/resnet50.tv_in1k", "resnet50.tv_in1k"),
        ("swin_base_patch4_window7_224_in22k", "swin_base_patch4_window7_224.ms_in22k"),
        ("efficientnet_b2a", "efficientnet_b2.ra_in1k"),
        ("convnextv2_small", "convnextv2_small"),  # no weights are published of it
        ("resnet50.no_such_tag", None),
        ("resnet51", None),
        ("", None),
        ("timm/", None),
        ("*", None),
        ("other/resnet50", None),
    ],
)
def test_spellings(name: str, canonical: str | None) -> None:
    assert canonical_timm_name(name) == canonical


def test_timm_maps_some_old_names_to_other_weights() -> None:
    # timm sends all four to the 8d network, which has 89 million parameters instead of 194, 469 and 829.
    assert canonical_timm_name("ig_resnext101_32x8d") == "resnext101_32x8d.fb_wsl_ig1b_ft_in1k"
    assert canonical_timm_name("ig_resnext101_32x16d") == "resnext101_32x16d.fb_wsl_ig1b_ft_in1k"
    assert canonical_timm_name("ig_resnext101_32x48d") is None
    assert canonical_timm_name("vit_base_patch16_224_sam") == "vit_base_patch16_224.sam_in1k"
    assert canonical_timm_name("mixer_b16_224_in21k") == "mixer_b16_224.goog_in21k"


def test_corrections_are_of_old_names_and_still_needed() -> None:
    deprecated = timm_names._deprecated()
    for name, model in CORRECTED.items():
        assert deprecated[name] != model
        assert model is None or model in published_weights()


def test_every_name_of_timm_is_one_model() -> None:
    import timm

    untrained = 0
    for name in timm.list_models():
        canonical = canonical_timm_name(name)
        assert canonical is not None
        assert canonical.partition(".")[0] == name
        untrained += canonical not in published_weights()
    # The others have a network and no published weights.
    assert untrained == sum(not timm.is_model_pretrained(name) for name in timm.list_models())
    assert all(canonical_timm_name(name) == name for name in timm.list_pretrained())
    old = {name for names in names_of_old_versions().values() for name in names}
    assert timm_names._deprecated().keys() - old == {"ig_resnext101_32x48d"}


def test_nearest_names() -> None:
    assert nearest_timm_names("convnext_tny")[0] == "convnext_tiny"
    assert nearest_timm_names("timm/ResNet-50.a1_in1k", n=2)[0] == "resnet50"
    assert len(nearest_timm_names("qqqq")) == 5


def test_the_table_that_ships_is_what_timm_knows() -> None:
    shipped = load_facts(Path(timm_names.__file__).parents[2] / "zoo" / timm_names.TIMM_NAMES)
    known = timm_names.list_timm_names()
    if shipped["timm"] != known["timm"]:
        pytest.skip("the table is of another version of timm, which is asked itself then")
    assert shipped == known


def test_a_name_is_looked_up_without_timm(run_python: Callable[..., Any]) -> None:
    code = (
        "import sys; from zoograph.data.networks.registry.timm_names import canonical_timm_name, nearest_timm_names; "
        "print(canonical_timm_name('resnet18'), canonical_timm_name('resnat18'), nearest_timm_names('resnat18', 1)); "
        "print('timm' in sys.modules)"
    )
    assert run_python(code).out.split() == ["resnet18.a1_in1k", "None", "['resnet18']", "False"]


def test_another_timm_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm_names, "version", lambda name: "99.0")
    monkeypatch.setattr(timm_names, "list_timm_names", lambda: {"published": ["new_net.tag"]})
    for kept in (timm_names._known, timm_names.published_weights):
        kept.cache_clear()
    try:
        assert timm_names.published_weights() == {"new_net.tag"}
    finally:
        for kept in (timm_names._known, timm_names.published_weights):
            kept.cache_clear()
