"""Transformers of texts: configuration, tokenizer and network of a folder, and what they are recognised by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoograph.data.errors import EncoderError
from zoograph.data.files.optional_imports import import_torchvision
from zoograph.data.files.safetensors_header import check_safetensors_file

if TYPE_CHECKING:
    from torch import nn

PROBE = "The Größte flying_saucer, vit-base-patch16-224: 3.14 naïve cafés & T-shirts (テスト)!"
"""Sentence that tells tokenizers apart by how they split it."""
# Two towers, one for texts: the class of that tower in transformers.
_TOWERS = {"clip": "CLIPTextModelWithProjection", "siglip": "SiglipTextModel", "siglip2": "Siglip2TextModel"}
# Their positions begin behind that of padding.
_SHIFTED = frozenset({"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "ibert"})
_FAILURES = (OSError, ValueError, KeyError, ImportError, RuntimeError, AttributeError, TypeError)


def load_config(folder: Path, name: str) -> Any:
    """Return the configuration of the part of a model that reads texts.

    Raises:
        EncoderError: if there is none that transformers knows, or the model reads no texts.
    """
    from transformers import AutoConfig

    with quiet_transformers():
        try:
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except _FAILURES as error:
            raise EncoderError(
                f"Encoder '{name}' needs a config and a tokenizer that transformers can read in '{folder}' "
                f"(got: {_first_line(error)}). Download it again."
            ) from error
    text = getattr(config, "text_config", None) if config.model_type in _TOWERS else config
    if not isinstance(getattr(text, "hidden_size", None), int) or hasattr(text, "num_channels"):
        raise EncoderError(
            f"Encoder '{name}' must be a model of texts, such as BERT (got model type '{config.model_type}'). "
            "Choose another."
        )
    return config


def text_config(config: Any) -> Any:
    """Return the part of a configuration that is about texts."""
    return config.text_config if config.model_type in _TOWERS else config


def output_width(config: Any) -> int:
    """Return the width of what a network says of a text: its hidden states, or what CLIP compares images with."""
    own = getattr(text_config(config), "projection_dim", None) if config.model_type == "clip" else None
    return int(own or text_config(config).hidden_size)


def load_tokenizer(folder: Path, name: str) -> Any:
    """Return the tokenizer of a folder; one without a sign for padding, as GPT's, is given one.

    Raises:
        EncoderError: if there is none that transformers can read.
    """
    from transformers import AutoTokenizer

    with quiet_transformers():
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            if tokenizer.pad_token is None:  # the attention mask hides it, whatever it is
                tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token or tokenizer.convert_ids_to_tokens(0)
        except _FAILURES as error:
            raise EncoderError(
                f"Encoder '{name}' needs a config and a tokenizer that transformers can read in '{folder}' "
                f"(got: {_first_line(error)}). Download it again."
            ) from error
    return tokenizer


def load_network(folder: Path, name: str, config: Any) -> nn.Module:
    """Return the network that reads texts, in evaluation mode; every weight that it uses comes from the files.

    Raises:
        EncoderError: if the weights are no safetensors, or do not fit.
    """
    import torch

    try:
        # A pooler that the file lacks is drawn at random: it is not used, and the caller's generator is kept.
        with quiet_transformers(), torch.random.fork_rng(devices=[]):
            model, info = _class_of(config).from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
    except _FAILURES as error:
        raise EncoderError(
            f"Encoder '{name}' needs weights in '{folder}' that fit its config (got: {_first_line(error)}). "
            "Download it again."
        ) from error
    unused = ("pooler.", "decoder.", "lm_head.") if config.is_encoder_decoder else ("pooler.",)
    missing = sorted(key for key in info["missing_keys"] if not key.startswith(unused))
    if missing:
        raise EncoderError(
            f"Encoder '{name}' needs all its weights in '{folder}' (got {len(missing)} missing, such as "
            f"'{missing[0]}'). Download it again."
        )
    return _only_encoder(model, config).float().eval()


def make_network(config: Any) -> nn.Module:
    """Return the network that reads texts with weights drawn at random, or none on torch's meta device."""
    kind = _class_of(config)
    build = getattr(kind, "from_config", None) or kind
    return _only_encoder(build(config if kind.__name__ == "AutoModel" else text_config(config)), config)


def most_tokens(config: Any, tokenizer: Any) -> int | None:
    """Return how many tokens a network and its tokenizer take; None if neither has a limit."""
    text = text_config(config)
    positions = getattr(text, "max_position_embeddings", None)
    if isinstance(positions, int) and text.model_type in _SHIFTED:
        positions -= (text.pad_token_id or 0) + 1
    limits = [limit for limit in (positions, tokenizer.model_max_length) if isinstance(limit, int) and 0 < limit < 1e6]
    return min(limits, default=None)


def weight_files(folder: Path, name: str) -> list[Path]:
    """Return the safetensors files of ``folder``; pickled weights are never opened.

    Raises:
        EncoderError: if there are none.
    """
    index = folder / "model.safetensors.index.json"
    single = folder / "model.safetensors"
    try:
        if single.exists():
            return [single]
        if index.exists():
            shards = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
            return [folder / Path(shard).name for shard in shards]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise EncoderError(f"'{index}' must list the weight files (got: {error}). Download it again.") from error
    others = [path.name for pattern in ("*.bin", "*.pt", "*.onnx", "*.h5") for path in folder.glob(pattern)]
    got = f"only '{others[0]}', which is not opened" if others else "none"
    raise EncoderError(
        f"Encoder '{name}' needs 'model.safetensors' in '{folder}' (got {got}). "
        "Save it with save_pretrained(folder), or choose another encoder."
    )


def digest_weights(files: list[Path], name: str) -> bytes:
    """Hash the floating tensors by name, dtype, shape and bytes; integer buffers only count positions."""
    import torch
    from safetensors import SafetensorError, safe_open

    digest = hashlib.sha256()
    try:
        for file in files:
            check_safetensors_file(file)
        handles: list[Any] = [safe_open(file, framework="pt") for file in files]
        where = {key: handle for handle in handles for key in handle.keys()}  # noqa: SIM118
        for key in sorted(where):
            tensor = where[key].get_tensor(key)
            if tensor.is_floating_point():
                digest.update(f"{key}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
                digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    except (OSError, ValueError, SafetensorError) as error:
        raise EncoderError(
            f"Encoder '{name}' needs readable weights in '{files[0].parent}' (got: {error}). Download it again."
        ) from error
    return digest.digest()


def digest_tokenizer(tokenizer: Any) -> bytes:
    """Hash the vocabulary and how a fixed sentence is split, which do not depend on how they were stored."""
    return digest_split(tokenizer.get_vocab(), tokenizer(PROBE, verbose=False)["input_ids"])


def digest_split(vocabulary: dict[str, int], split: list[int]) -> bytes:
    """Hash a vocabulary, and the tokens of :data:`PROBE`."""
    return hashlib.sha256(json.dumps([sorted(vocabulary.items()), split], ensure_ascii=True).encode()).digest()


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers from printing reports and progress bars while it loads, and restore its settings."""
    import_torchvision()
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _class_of(config: Any) -> Any:
    import transformers

    return getattr(transformers, _TOWERS.get(config.model_type, "AutoModel"))


def _only_encoder(model: Any, config: Any) -> Any:
    """Return the encoder of a model that also has a decoder."""
    return model.get_encoder() if config.is_encoder_decoder else model


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
