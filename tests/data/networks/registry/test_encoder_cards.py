"""Cards of encoders: what the settings tell, without the weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zoograph.data.networks.encoders import load_encoder
from zoograph.data.networks.registry.encoder_cards import encoder_card, find_encoder_card, find_own_label
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.data.testing.tiny_encoders import describe_sentences, make_tiny_encoder
from zoograph.data.text.encoders.model_folder import ModelFolder

_HEADER = "---\nlicense: mit\nlanguage:\n- en\n- multilingual\n- de\nbase_model: owner/base\n---\n# Mine\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_tiny_encoder(tmp_path / "mine")
    (made / "model.safetensors").unlink()  # nobody reads it
    return made


def test_a_card_of_settings_alone(folder: Path) -> None:
    (folder / "README.md").write_text(_HEADER)
    card = encoder_card(ModelFolder(folder, "owner/mine"))
    assert (card.id, card.hub_id, card.family, card.num_features) == ("owner/mine", "owner/mine", "bert", 16)
    assert (card.parameters, card.max_tokens, card.licence, card.languages) == (4512, 32, "mit", ("en", "de"))
    assert card.derived_from == (Lineage(kind=LineageKind.FINE_TUNED, model="owner/base"),)


def test_what_it_was_trained_for(folder: Path) -> None:
    assert encoder_card(ModelFolder(folder, "mine")).objective is None
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["BertForMaskedLM"]}))
    assert encoder_card(ModelFolder(folder, "mine")).objective is Objective.LANGUAGE_MODEL
    describe_sentences(folder, pooling_mode_mean_tokens=True)
    assert encoder_card(ModelFolder(folder, "mine")).objective is Objective.SENTENCE_ENCODER
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"query": "Instruct: "}}))
    assert encoder_card(ModelFolder(folder, "mine")).objective is Objective.INSTRUCTION


@pytest.mark.parametrize("header", ["no header", "---\n: [\n---\n", "---\n- a list\n---\n"])
def test_a_readme_that_says_nothing(folder: Path, header: str) -> None:
    (folder / "README.md").write_text(header)
    card = encoder_card(ModelFolder(folder, "mine"))
    assert (card.licence, card.languages, card.derived_from, card.hub_id) == (None, (), (), None)


def test_names_lead_to_cards(folder: Path) -> None:
    card = find_encoder_card(str(folder))
    assert card is not None
    assert card.id == "mine"
    assert find_encoder_card("owner/nothing-here") is None


def test_the_width_and_the_size_are_those_of_what_the_settings_state(folder: Path) -> None:
    describe_sentences(folder, pooling_mode_mean_tokens=True, pooling_mode_cls_token=True)
    assert encoder_card(ModelFolder(folder, "mine")).num_features == 32
    modules = json.loads((folder / "modules.json").read_text())
    modules.insert(2, {"path": "2_Dense", "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "config.json").write_text(json.dumps({"in_features": 32, "out_features": 6}))
    card = encoder_card(ModelFolder(folder, "mine"))
    assert (card.num_features, card.parameters) == (6, 4512 + 33 * 6)


def test_the_width_of_a_tower_of_clip_is_that_of_its_vectors(tmp_path: Path) -> None:
    card = encoder_card(ModelFolder(make_tiny_encoder(tmp_path / "clip", "clip"), "mine"))
    assert (card.num_features, card.objective) == (8, Objective.IMAGE_TEXT)


def test_weights_in_a_folder_are_called_by_their_content(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    for kind in ("bert", "clip"):
        folder = make_tiny_encoder(tmp_path / kind, kind)
        assert find_own_label(str(folder)) == load_encoder(str(folder)).card.id
    describe_sentences(tmp_path / "bert", pooling_mode_mean_sqrt_len_tokens=True)
    label = find_own_label(str(tmp_path / "bert"))
    assert label == load_encoder(str(tmp_path / "bert")).card.id
    (tmp_path / "bert" / "model.safetensors").unlink()
    assert find_own_label(str(tmp_path / "bert")) is None
    assert find_own_label("owner/nothing-here") is None
