"""Raw tables as their publishers write them, a few rows each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A callable that writes a table of lines and returns its folder."""

    def put(name: str, *lines: str) -> Path:
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return tmp_path

    return put


@pytest.fixture
def open_clip_folder(write: Write) -> Path:
    """OpenCLIP's tables: one model that timm has, and one that it has not."""
    write(
        "openclip_results.csv",
        "name,pretrained,params (M),FLOPs (B),Average perf. on 38 datasets,CIFAR-10,Caltech-101,Flickr,MNIST",
        "ViT-B-32,laion2b_s34b_b79k,151.28,14.78,0.5,0.9358,0.8393,0.8,0.7",
        "ViT-X,own,10.5,4.0,0.1,0.25,,0.1,0.1",
    )
    write(
        "model_profile.csv",
        "model,image_size,image_width,text_width,embed_dim,mparams,image_mparams,text_mparams,gflops,image_gflops,text_gflops",
        "ViT-X,224,256,256,256,10.5,6.25,4.25,4.0,3.0,1.0",
    )
    return write(
        "openclip_to_timm.csv",
        "name,pretrained,timm_name",
        "ViT-B-32,laion2b_s34b_b79k,vit_base_patch32_clip_224.laion2b",
        "ViT-X,own,",
    )
