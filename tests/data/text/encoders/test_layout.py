"""What is read of the modules of sentence-transformers, and what is left to that library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zoograph.data.errors import EncoderError
from zoograph.data.text.encoders.layout import activation_of, beyond_our_reader, find_part, linear_shape, read_parts


def _lay_out(folder: Path, *kinds: str, **settings: Any) -> None:
    """Write a layout; a setting of a module is called after its kind."""
    modules = [
        {"path": "" if kind == "Transformer" else f"{place}_{kind}", "type": f"sentence_transformers.models.{kind}"}
        for place, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    for place, kind in enumerate(kinds):
        path = folder / ("" if kind == "Transformer" else f"{place}_{kind}")
        path.mkdir(exist_ok=True)
        name = "sentence_bert_config.json" if kind == "Transformer" else "config.json"
        (path / name).write_text(json.dumps(settings.get(kind, {})))


def _beyond(folder: Path) -> str | None:
    return beyond_our_reader(folder, read_parts(folder, "mine"))


@pytest.mark.parametrize(
    "kinds",
    [
        ("Transformer",),
        ("Transformer", "Pooling"),
        ("Transformer", "Pooling", "Dense", "Dropout", "Dense", "Normalize"),
    ],
)
def test_our_reader_applies_the_usual_layouts(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    _lay_out(tmp_path, *kinds)
    assert _beyond(tmp_path) is None


@pytest.mark.parametrize(
    ("kinds", "why"),
    [
        (("StaticEmbedding", "Normalize"), "the module 'StaticEmbedding'"),
        (("Transformer", "LSTM", "Pooling"), "the module 'LSTM'"),
        (("Transformer", "Pooling", "Normalize", "Dense"), "the order of its modules"),
        (("Pooling", "Transformer"), "the order of its modules"),
        (("Transformer", "Dense"), "the order of its modules"),
    ],
)
def test_other_layouts_are_for_the_library(tmp_path: Path, kinds: tuple[str, ...], why: str) -> None:
    _lay_out(tmp_path, *kinds)
    assert _beyond(tmp_path) == why


_HIDDEN = {"method": "forward", "method_output_name": "last_hidden_state"}


@pytest.mark.parametrize(
    ("kind", "setting", "why"),
    [
        ("Pooling", {"pooling_mode_mean_sqrt_len_tokens": True}, "the pooling of '1_Pooling'"),
        ("Pooling", {"pooling_mode": ["mean", "mean_sqrt_len_tokens"]}, "the pooling of '1_Pooling'"),
        ("Pooling", {"pooling_mode": ["mean", "cls"], "pooling_mode_mean_sqrt_len_tokens": False}, None),
        ("Dense", {"use_residual": True}, "'use_residual' of '2_Dense'"),
        ("Dense", {"module_input_name": "token_embeddings"}, "'module_input_name' of '2_Dense'"),
        ("Dense", {"activation_function": "torch.nn.modules.activation.SiLU"}, "'SiLU' of '2_Dense'"),
        ("Dense", {"activation_function": "torch.nn.modules.linear.Identity", "bias": False}, None),
        ("Normalize", {"module_input_name": "token_embeddings"}, "'module_input_name' of '3_Normalize'"),
        ("Transformer", {"do_lower_case": True}, "texts in lower case ('do_lower_case')"),
        ("Transformer", {"max_seq_length": 8, "do_lower_case": False, "modality_config": {"text": _HIDDEN}}, None),
        ("Transformer", {"modality_config": {"text": {"method": "x"}}}, "the output that its transformer names"),
        ("Transformer", {"module_output_name": "sentence_embedding"}, "the output that its transformer names"),
        ("Transformer", {"config_args": {"is_causal": False}}, "the setting 'config_args' of its transformer"),
        ("Transformer", {"transformer_task": "fill-mask"}, "the setting 'transformer_task' of its transformer"),
        ("Transformer", {"transformer_task": "feature-extraction", "model_args": {}}, None),
    ],
)
def test_settings_that_change_the_vectors(tmp_path: Path, kind: str, setting: dict[str, Any], why: str | None) -> None:
    _lay_out(tmp_path, "Transformer", "Pooling", "Dense", "Normalize", **{kind: setting})
    assert _beyond(tmp_path) == why


def test_a_tokenizer_that_lowers_letters_needs_nobody_to_do_so_again(tmp_path: Path) -> None:
    _lay_out(tmp_path, "Transformer", "Pooling", Transformer={"do_lower_case": True})
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    assert _beyond(tmp_path) is None


def test_vectors_that_are_cut_off(tmp_path: Path) -> None:
    _lay_out(tmp_path, "Transformer", "Pooling")
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps({"truncate_dim": 4}))
    assert _beyond(tmp_path) == "vectors that are cut off ('truncate_dim')"


def test_without_modules_there_are_no_parts(tmp_path: Path) -> None:
    assert read_parts(tmp_path, "mine") == ()
    assert _beyond(tmp_path) is None


def test_code_that_comes_with_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "", "type": "custom_st.Transformer"}]))
    with pytest.raises(EncoderError, match=r"'custom_st.Transformer', code that comes with the model and is not run"):
        read_parts(tmp_path, "mine")


@pytest.mark.parametrize(
    "modules", [["Transformer"], [{"path": ""}], [{"path": "../other", "type": "sentence_transformers.models.Dense"}]]
)
def test_what_is_no_list_of_modules(tmp_path: Path, modules: list[Any]) -> None:
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EncoderError, match="must list modules with a type and a folder"):
        read_parts(tmp_path, "mine")


def test_linear_layers(tmp_path: Path) -> None:
    _lay_out(tmp_path, "Transformer", "Pooling", "Dense", Dense={"in_features": 3, "out_features": 2, "bias": False})
    place = find_part(read_parts(tmp_path, "mine"), "Dense")
    assert place == tmp_path / "2_Dense"
    assert linear_shape(place) == (3, 2, False)
    assert (activation_of({}), activation_of({"activation_function": "torch.nn.GELU"})) == ("Tanh", "GELU")
    with pytest.raises(EncoderError, match=r"must state 'in_features' and 'out_features' \(got None and None\)"):
        linear_shape(tmp_path / "1_Pooling")
