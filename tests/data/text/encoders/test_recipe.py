"""What the files of sentence-transformers say of pooling, length and prefixes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.testing.tiny_encoders import describe_sentences
from zoograph.data.text.encoders.layout import Pooling
from zoograph.data.text.encoders.recipe import USUAL_TOKENS, Recipe, read_recipe


def _write(folder: Path, **files: Any) -> None:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ({"pooling_mode_cls_token": True}, (Pooling.FIRST,)),
        ({"pooling_mode_lasttoken": True, "pooling_mode_mean_tokens": False}, (Pooling.LAST,)),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}, (Pooling.MAX, Pooling.MEAN)),
        ({"pooling_mode": "lasttoken"}, (Pooling.LAST,)),
        ({"pooling_mode": ["lasttoken", "mean"]}, (Pooling.LAST, Pooling.MEAN)),
        ({"pooling_mode_lasttoken": True, "pooling_mode_mean_tokens": True}, (Pooling.MEAN, Pooling.LAST)),
        ({}, (Pooling.MEAN,)),
    ],
)
def test_pooling_is_read(tmp_path: Path, pooling: dict[str, Any], expected: tuple[Pooling, ...]) -> None:
    describe_sentences(tmp_path, **pooling)
    recipe = read_recipe(tmp_path, "mine")
    assert (recipe.pooling, recipe.normalise, recipe.max_tokens, recipe.stated) == (expected, True, 12, True)


def test_without_files_it_is_the_mean_and_not_stated(tmp_path: Path) -> None:
    assert read_recipe(tmp_path, "mine") == Recipe(tmp_path)


@pytest.mark.parametrize(
    ("config", "prefix"),
    [
        ({"prompts": {"query": "query: ", "Classification": "classify: "}}, "classify: "),
        ({"prompts": {"query": "query: ", "x": "all: "}, "default_prompt_name": "x"}, "all: "),
        ({"prompts": {"query": "query: "}, "default_prompt_name": None}, ""),
        ({}, ""),
    ],
)
def test_the_prefix_that_is_meant_for_every_text(tmp_path: Path, config: dict[str, Any], prefix: str) -> None:
    _write(tmp_path, config_sentence_transformers=config)
    assert read_recipe(tmp_path, "mine").prefix == prefix


def test_linear_layers_keep_their_order_and_other_parts_are_told(tmp_path: Path) -> None:
    kinds = ["Transformer", "Pooling", "Dense", "Dense"]
    modules = [
        {"path": f"{place}_{kind}", "type": f"sentence_transformers.models.{kind}"} for place, kind in enumerate(kinds)
    ]
    _write(tmp_path, modules=modules)
    recipe = read_recipe(tmp_path, "mine")
    assert recipe.dense == (tmp_path / "2_Dense", tmp_path / "3_Dense")
    assert (recipe.transformer, recipe.beyond) == (tmp_path / "0_Transformer", None)
    _write(tmp_path, modules=[*modules, {"path": "", "type": "sentence_transformers.models.LSTM"}])
    assert read_recipe(tmp_path, "mine").beyond == "the module 'LSTM'"


def test_how_many_tokens_are_read() -> None:
    assert Recipe(Path(), max_tokens=256).limit(512) == 256
    assert Recipe(Path(), max_tokens=1024).limit(512) == 512
    assert Recipe(Path()).limit(514) == 514
    assert Recipe(Path()).limit(None) == Recipe(Path()).limit(131_072) == USUAL_TOKENS
