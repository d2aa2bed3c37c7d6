from __future__ import annotations

from pathlib import Path

import pytest

from zoograph.data.collections.model_names import make_name_table, write_name_table
from zoograph.data.collections.tables import shipped_zoo
from zoograph.data.errors import RawDataError
from zoograph.data.networks.model_names import NAME_TABLE, Naming, read_name_table

TABLES = {
    "timm/timm_deprecations.csv": """old,new
efficientnet_b2a,efficientnet_b2
vit_base_patch16_224_sam,vit_base_patch16_224.sam
ig_resnext101_32x48d,resnext101_32x8d.fb_wsl_ig1b_ft_in1k
""",
    "open_clip/openclip_to_timm.csv": """name,pretrained,timm_name
ViT-L-14,openai,vit_large_patch14_clip_224.openai
ViT-B-32-quickgelu,openai,
coca_ViT-B-32,laion2b_s13b_b90k,
""",
    "mieb/mieb_to_timm.csv": """mieb_model,timm_name,in_timm_source
facebook/dinov2-small,vit_small_patch14_dinov2.lvd142m,True
""",
    "fastai_pets/fastai_to_timm.csv": """fastai_name,timm_name
resnet18,resnet18.tv_in1k
""",
}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for name, text in TABLES.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return tmp_path


def test_rows_of_all_tables(raw: Path) -> None:
    rows = make_name_table(raw)
    assert {(naming, name, weights): model for naming, name, weights, model, _ in rows} == {
        ("timm", "efficientnet_b2a", ""): "efficientnet_b2.ra_in1k",
        ("timm", "vit_base_patch16_224_sam", ""): "vit_base_patch16_224.sam_in1k",
        ("timm", "ig_resnext101_32x48d", ""): "",
        ("open_clip", "ViT-L-14", "openai"): "vit_large_patch14_clip_224.openai",
        ("open_clip", "ViT-B-32-quickgelu", "openai"): "vit_base_patch32_clip_224.openai",
        ("open_clip", "coca_ViT-B-32", "laion2b_s13b_b90k"): "open_clip/coca_ViT-B-32.laion2b_s13b_b90k",
        ("mieb", "facebook/dinov2-small", ""): "vit_small_patch14_dinov2.lvd142m",
        ("fastai_2022", "resnet18", ""): "resnet18.tv_in1k",
    }
    notes = {name: note for _, name, _, _, note in rows}
    assert notes["ig_resnext101_32x48d"] == "these weights are not published any more"
    assert notes["vit_base_patch16_224_sam"] == "timm maps it to 'vit_base_patch16_224.sam'"


def test_a_written_table_is_read_back(raw: Path) -> None:
    write_name_table(make_name_table(raw), raw / "names.csv")
    table = read_name_table(raw / "names.csv")
    assert table[Naming.OPEN_CLIP, "ViT-L-14/openai"] == "vit_large_patch14_clip_224.openai"
    assert table[Naming.TIMM, "ig_resnext101_32x48d"] is None
    assert len(table) == 8


def test_weights_that_timm_does_not_have_are_refused(raw: Path) -> None:
    path = raw / "fastai_pets" / "fastai_to_timm.csv"
    path.write_text(path.read_text() + "resnet34,resnet34.none_in1k\n")
    with pytest.raises(RawDataError, match=r"'resnet34' must stand for weights of timm \(got 'resnet34.none_in1k'\)"):
        make_name_table(raw)


def test_a_missing_table_is_named(raw: Path) -> None:
    (raw / "mieb" / "mieb_to_timm.csv").unlink()
    with pytest.raises(RawDataError, match=r"mieb_to_timm\.csv"):
        make_name_table(raw)


def test_the_shipped_table_is_sorted_and_says_why(tmp_path: Path) -> None:
    lines = (shipped_zoo() / NAME_TABLE).read_text().splitlines()[1:]
    assert len(lines) == 449
    cells = [tuple(line.split(",")) for line in lines]
    assert [row[:3] for row in cells] == sorted(row[:3] for row in cells)
    assert all(row[4] for row in cells if not row[3] or row[3].startswith("open_clip/"))
