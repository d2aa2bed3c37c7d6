"""BERT from a folder without the library of transformers, whose import takes longer than an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from zoograph.data.text.encoders.transformer import PROBE, digest_split

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

Count = Annotated[int, Field(gt=0)]
WEIGHTS = "model.safetensors"
TABLES = "embeddings"


class BertConfig(BaseModel):
    """Configuration of the kind of BERT that is read here; other kinds do not fit it."""

    model_type: Literal["bert"]
    hidden_act: Literal["gelu"]
    position_embedding_type: Literal["absolute", None] = None
    is_decoder: Literal[False] = False
    hidden_size: Count
    num_attention_heads: Count
    num_hidden_layers: Count
    max_position_embeddings: Count
    intermediate_size: Count
    vocab_size: Count
    type_vocab_size: Count
    layer_norm_eps: float

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield the names of all weights that are read, and their shapes."""
        wide, inner = self.hidden_size, self.intermediate_size
        for name, rows in (
            ("word", self.vocab_size),
            ("position", self.max_position_embeddings),
            ("token_type", self.type_vocab_size),
        ):
            yield f"{TABLES}.{name}_embeddings.weight", (rows, wide)
        layers = [f"encoder.layer.{layer}" for layer in range(self.num_hidden_layers)]
        norms = [TABLES, *(f"{layer}{part}.output" for layer in layers for part in ("", ".attention"))]
        linear = {
            "attention.self.query": (wide, wide),
            "attention.self.key": (wide, wide),
            "attention.self.value": (wide, wide),
            "attention.output.dense": (wide, wide),
            "intermediate.dense": (inner, wide),
            "output.dense": (wide, inner),
        }
        sizes = {f"{layer}.{name}": size for layer in layers for name, size in linear.items()}
        shapes: dict[str, tuple[int, ...]] = {**sizes, **{f"{norm}.LayerNorm": (wide,) for norm in norms}}
        for name, shape in shapes.items():
            yield f"{name}.weight", shape
            yield f"{name}.bias", shape[:1]


class PlainBert:
    """Hidden states of texts; weights are read with the first of them.

    BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding,
    https://arxiv.org/abs/1810.04805.

    Args:
        folder: with ``model.safetensors``.
        config: of the network.
        tokenizer: of the folder.
        most_tokens: of a text; longer ones are cut.

    Attributes:
        width: of a hidden state.
        digest: of the tokenizer, see :func:`zoograph.data.text.encoders.transformer.digest_split`.
    """

    def __init__(self, folder: Path, config: BertConfig, tokenizer: Tokenizer, most_tokens: int) -> None:
        self._file, self._config, self._tokenizer = folder / WEIGHTS, config, tokenizer
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self.width, self.digest = config.hidden_size, digest_split(tokenizer.get_vocab(), tokenizer.encode(PROBE).ids)
        tokenizer.enable_truncation(min(most_tokens, config.max_position_embeddings))
        tokenizer.enable_padding()
        self._weights: dict[str, Tensor] = {}

    def __call__(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Return the last hidden states (n, L, D) of texts, and (n, L) 1 for tokens of the text and 0 behind it.

        Raises:
            IndexError: if the tokenizer knows more tokens than the network.
        """
        import torch

        rows = self._tokenizer.encode_batch(texts)
        tokens, mask = (torch.tensor([getattr(row, name) for row in rows]) for name in ("ids", "attention_mask"))
        self._weights = self._weights or self._read()
        return self._run(tokens, mask.bool()), mask

    def _read(self) -> dict[str, Tensor]:
        from safetensors.torch import load_file

        return {name: tensor.float() for name, tensor in load_file(self._file).items() if tensor.is_floating_point()}

    def _run(self, tokens: Tensor, mask: Tensor) -> Tensor:
        from torch.nn.functional import embedding, gelu, scaled_dot_product_attention

        first = self._weights[f"{TABLES}.token_type_embeddings.weight"][0]  # one text, and no second one
        places = self._weights[f"{TABLES}.position_embeddings.weight"][: tokens.shape[1]]
        states = self._norm(
            TABLES, embedding(tokens, self._weights[f"{TABLES}.word_embeddings.weight"]) + places + first
        )
        for layer in map("encoder.layer.{}".format, range(self._config.num_hidden_layers)):
            query, key, value = (
                self._linear(f"{layer}.attention.self.{part}", states)
                .unflatten(-1, (self._config.num_attention_heads, -1))
                .transpose(1, 2)
                for part in ("query", "key", "value")
            )
            seen = scaled_dot_product_attention(query, key, value, mask[:, None, None]).transpose(1, 2).flatten(2)
            states = self._add(f"{layer}.attention.output", states, seen)
            states = self._add(f"{layer}.output", states, gelu(self._linear(f"{layer}.intermediate.dense", states)))
        return states

    def _add(self, name: str, states: Tensor, more: Tensor) -> Tensor:
        return self._norm(name, states + self._linear(f"{name}.dense", more))

    def _linear(self, name: str, states: Tensor) -> Tensor:
        from torch.nn.functional import linear

        return linear(states, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, name: str, states: Tensor) -> Tensor:
        from torch.nn.functional import layer_norm

        weight, bias = (self._weights[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return layer_norm(states, states.shape[-1:], weight, bias, self._config.layer_norm_eps)


def find_plain_bert(folder: Path, most_tokens: int) -> PlainBert | None:
    """Return the BERT of a folder; None if what is in it is for transformers to read, or to refuse.

    Args:
        folder: with a configuration, ``tokenizer.json`` and one file of weights.
        most_tokens: of a text; fewer if the folder says so.
    """
    from safetensors import SafetensorError, safe_open

    tokenizer = _read_tokenizer(folder / "tokenizer.json")
    try:
        config = BertConfig.model_validate_json((folder / "config.json").read_bytes())
        said = json.loads((folder / "tokenizer_config.json").read_bytes())
        with safe_open(folder / WEIGHTS, framework="numpy") as weights:
            shapes = {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
        limit = int(min(most_tokens, said.get("model_max_length", most_tokens)))
    except (OSError, ValueError, SafetensorError, AttributeError, TypeError):
        return None
    if tokenizer is None or any(shapes.get(name) != shape for name, shape in config.shapes()):
        return None
    return PlainBert(folder, config, tokenizer, limit)


def _read_tokenizer(file: Path) -> Tokenizer | None:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception:  # noqa: BLE001  # tokenizers raises nothing narrower; transformers says what is wrong
        return None
