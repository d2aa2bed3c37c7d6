"""Small text encoders trained here, as masked language models on the reference that comes with Python."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from zoograph.data.files.facts import load_facts, save_facts
from zoograph.data.home import make_home
from zoograph.data.networks.encoders import load_encoder
from zoograph.data.networks.weights import PretrainedModel
from zoograph.data.text.encoders.transformer import quiet_transformers
from zoograph.training.runtime.progress import Progress, part_of
from zoograph.training.runtime.threads import one_seeded_thread


class Shape(NamedTuple):
    """How many layers a network has, and how wide they are."""

    layers: int
    width: int


SHAPES: Mapping[str, Shape] = {
    "own, 1 x 192": Shape(1, 192),
    "own, 2 x 128": Shape(2, 128),
    "own, 4 x 64": Shape(4, 64),
}
"""Encoders that share no weight with each other or with any other, by name."""

STEPS = 300
_VOCABULARY, _TOKENS, _BATCH, _RATE, _MASKED = 4_000, 32, 32, 1e-3, 0.15
_HELD_OUT = 0.1
_SPECIAL = {f"{kind}_token": f"[{kind.upper()}]" for kind in ("pad", "unk", "cls", "sep", "mask")}


def train_small_encoders(progress: Progress | None = None, steps: int = STEPS) -> dict[str, float]:
    """Train those of :data:`SHAPES` that are not kept.

    Args:
        progress: called with (steps done, steps in all).
        steps: of each.

    Returns:
        For each the cross-entropy of masked tokens that it was not trained on, in nats; the uniform guess has
        log 4,000 = 8.3.
    """
    losses = {}
    for place, name in enumerate(SHAPES):
        folder = small_encoder(name, part_of(progress, place, len(SHAPES)), steps)
        losses[name] = float(load_facts(folder / "training.json")["loss"])
    return losses


def load_small_encoder(name: str) -> PretrainedModel:
    """Return one of :data:`SHAPES`, trained if it is not kept."""
    return load_encoder(str(small_encoder(name)))


def small_encoder(name: str, progress: Progress | None = None, steps: int = STEPS) -> Path:
    """Return the folder of an encoder, which is trained if it is not kept.

    Adam with weight decay, a rate that rises to 0.001 and falls to 0, and 32 rows of 32 tokens a step, of which 15 %
    are masked; seed 0. Vectors are means of tokens.
    """
    shape, paragraphs = SHAPES[name], python_reference()
    about = [shape, steps, _VOCABULARY, _TOKENS, _BATCH, _RATE, _MASKED, paragraphs]
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]
    folder = make_home() / "cache" / "language" / f"{name.replace(', ', '-').replace(' ', '')}-{digest}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
            written = Path(beside, folder.name)
            _train(written, shape, paragraphs, steps, progress)
            shutil.move(written, folder)
    return folder


def python_reference() -> list[str]:
    """Return the paragraphs of Python's own reference, which ``help()`` shows."""
    topics: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
    return [" ".join(part.split()) for name in sorted(topics) for part in topics[name].split("\n\n") if part.strip()]


def _train(folder: Path, shape: Shape, paragraphs: Sequence[str], steps: int, progress: Progress | None) -> None:
    import transformers as hf

    tokenizer = _make_tokenizer(paragraphs)
    config = hf.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=max(1, shape.width // 32),
        intermediate_size=4 * shape.width,
        max_position_embeddings=128,
        pad_token_id=tokenizer.pad_token_id,
    )
    with quiet_transformers(), one_seeded_thread(0):
        network: Any = hf.BertForMaskedLM(config)
        rows = _rows(tokenizer, paragraphs)
        held_out, rows = rows[: int(_HELD_OUT * len(rows))], rows[int(_HELD_OUT * len(rows)) :]
        mask = hf.DataCollatorForLanguageModeling(tokenizer, mlm_probability=_MASKED)
        optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE)
        schedule = hf.get_linear_schedule_with_warmup(optimizer, steps // 10, steps)
        for step in range(steps):
            chosen = torch.randint(len(rows), (_BATCH,)).tolist()
            loss = network(**mask([{"input_ids": rows[row]} for row in chosen])).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if progress is not None:
                progress(step + 1, steps)
        network.eval()
        with torch.inference_mode():
            reached = float(network(**mask([{"input_ids": row} for row in held_out])).loss)
        network.bert.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    save_facts(folder / "training.json", {"loss": reached, "steps": steps})
    _state_pooling(folder, shape.width)


def _make_tokenizer(paragraphs: Sequence[str]) -> Any:
    """Return a tokenizer of the commonest words in small letters; of other words it takes the letters that are left."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    # The library's own trainer breaks ties as it comes, so that two of its vocabularies differ.
    normalizer, splitter = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    words = Counter(
        word for text in paragraphs for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))
    )
    letters = sorted({letter for word in words for letter in word})
    common = sorted(words, key=lambda word: (-words[word], word))
    pieces = dict.fromkeys([*_SPECIAL.values(), *letters, *(f"##{letter}" for letter in letters), *common])
    vocabulary = {piece: place for place, piece in enumerate(list(pieces)[:_VOCABULARY])}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token=_SPECIAL["unk_token"]))
    made.normalizer, made.pre_tokenizer = normalizer, splitter
    ends = (_SPECIAL[f"{kind}_token"] for kind in ("sep", "cls"))
    made.post_processor = processors.BertProcessing(*((end, vocabulary[end]) for end in ends))
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=128, **_SPECIAL)


def _rows(tokenizer: Any, paragraphs: Sequence[str]) -> Tensor:
    """Return (R, 32) tokens of all paragraphs one after the other, in an order drawn at random."""
    tokens = [token for text in paragraphs for token in tokenizer(text, add_special_tokens=False)["input_ids"]]
    size = _TOKENS - 2
    inside = torch.tensor(tokens[: len(tokens) // size * size]).reshape(-1, size)
    ends = (tokenizer.cls_token_id, tokenizer.sep_token_id)
    first, last = (inside.new_full((len(inside), 1), token) for token in ends)
    return torch.cat([first, inside, last], 1)[torch.randperm(len(inside))]


def _state_pooling(folder: Path, width: int) -> None:
    """Write the files in which sentence-transformers states that a vector is the mean of the tokens."""
    paths = {"Transformer": "", "Pooling": "1_Pooling"}
    modules = [
        {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for place, (kind, path) in enumerate(paths.items())
    ]
    (folder / "1_Pooling").mkdir()
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    pooling = {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
