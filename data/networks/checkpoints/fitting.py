"""Fitting: which of a checkpoint's tensors are the weights of a network, under whatever prefix they are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from zoograph.data.networks.foreign import foreign_code
from zoograph.data.networks.registry.efficientnet_names import timm_efficientnet_names
from zoograph.data.networks.weight_files import WeightsError

Shapes = Mapping[str, tuple[int, ...]]

# Where training loops put the state dict; the first that fits is meant.
_CONTAINERS = ("state_dict_ema", "model_ema", "ema_state_dict", "ema", "state_dict", "model", "model_state_dict", "net")
# Of two networks that fit alike, the one that their authors evaluate: DINO's averaged teacher, MoCo's trained encoder.
_PREFERRED = ("teacher", "base_encoder", "encoder_q", "model", "backbone", "encoder", "student")
_LAST = ("attacker", "momentum_encoder", "encoder_k", "target")
# Encoders that are trained without classes: what stands in the classifier's place is none.
_WITHOUT_CLASSES = ("base_encoder", "momentum_encoder", "encoder_q", "encoder_k", "teacher", "student")
# What such encoders are trained with beside themselves, and what follows them.
_HEADS = frozenset(
    {
        *("fc", "head", "heads", "classifier", "linear", "mlp", "mlp_head", "head_dist", "contrastive_head"),
        *("projector", "projection", "projection_head", "proj_head", "prototypes", "predictor"),
        *("queue", "queue_ptr", "mask_token", "normalizer", "normalize", "new_mean", "new_std"),
    }
)
_HEAD_BEGINNINGS = ("decoder", "proj_", "prototype", "queue")


@dataclass(frozen=True)
class Fitted:
    """The weights of a network.

    Attributes:
        state: by the network's own names.
        num_classes: of its classifier; 0 if the checkpoint has none.
        said: what was taken off the names and what was left out, in sentences.
    """

    state: dict[str, Tensor]
    num_classes: int
    said: tuple[str, ...]


def fit_weights(tensors: Mapping[str, Tensor], network: nn.Module, name: str, file: str) -> Fitted:
    """Return the weights of a network among the tensors of a checkpoint.

    The prefix that the network's names have in the checkpoint, such as ``state_dict.module.encoder_q.``, is the one
    under which the most of them are found in the right shape. Projectors, prototypes and the like are left out, and so
    is what lies beside the network; a tensor that a deeper or another network would have is not.

    Args:
        tensors: by their names in the checkpoint.
        network: of the architecture, for names and shapes alone; it may be on the meta device.
        name: of the architecture, for the messages.
        file: likewise.

    Raises:
        WeightsError: if they are not the weights of this architecture, with the names that are missing, unexpected or
            of another shape; or if two networks in the checkpoint fit alike.
    """
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    classifier = _classifier_names(network)
    body = {key: shape for key, shape in expected.items() if not _is_under(key, classifier)}
    essential = _essential(network, body)
    prefix = _find_prefix(tensors, essential, file)
    state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    said = _describe_prefix(prefix, file)
    renamed = timm_efficientnet_names(state, expected)
    if renamed is not None:
        state = renamed
        said.append(f"The names in '{file}' are those of the package efficientnet_pytorch.")
    if not _fits(state, essential):
        filtered = _filter_of_timm(state, network)
        if filtered is not None and _fits(filtered, essential):
            state = filtered
            said.append(f"The names in '{file}' are read as timm reads those of the network's authors.")
    heads, num_classes = _split_heads(state, expected, classifier, prefix)
    _require_fit(state, expected, essential, heads, name, file)
    beside = Counter(_group(key) for key in tensors if not key.startswith(prefix))
    beside.update(prefix + _group(key) for key in heads)
    if beside:
        listed = ", ".join(f"'{group}' ({number})" for group, number in beside.most_common(10))
        said.append(f"Left out of '{file}', because it is not of the network: {listed}.")
    kept = {key: value for key, value in state.items() if key in expected and key not in heads}
    return Fitted(kept, num_classes, tuple(said))


def _classifier_names(network: nn.Module) -> tuple[str, ...]:
    config: Any = getattr(network, "pretrained_cfg", {})
    names = config.get("classifier") or ()
    return (names,) if isinstance(names, str) else tuple(names)


def _is_under(key: str, modules: Sequence[str]) -> bool:
    return any(key == module or key.startswith(f"{module}.") for module in modules)


def _essential(network: nn.Module, body: Shapes) -> Shapes:
    """Return the names without which the network is not the trained one: parameters, and what batches were like."""
    parameters = {key for key, _ in network.named_parameters(remove_duplicate=False)}
    seen = ("running_mean", "running_var")
    return {key: shape for key, shape in body.items() if key in parameters or key.endswith(seen)}


def _find_prefix(tensors: Mapping[str, Tensor], essential: Shapes, file: str) -> str:
    """Return what stands before the names of the network in the checkpoint; an empty text where nothing fits.

    Raises:
        WeightsError: if two different networks fit alike, and nothing says which is meant.
    """
    anchors = [key for key, shape in essential.items() if len(shape) > 1][:4] or list(essential)[:4]
    prefixes = {key.removesuffix(anchor) for key in tensors for anchor in anchors if key.endswith(anchor)}
    prefixes = {prefix for prefix in prefixes if not prefix or prefix.endswith(".")}
    scores = {prefix: _count(tensors, prefix, essential) for prefix in prefixes}
    most = max(scores.values(), default=0)
    best = sorted((prefix for prefix, score in scores.items() if score == most and most), key=_rank)
    if not best:
        return ""
    alike = len(best) > 1 and _rank(best[0])[:2] == _rank(best[1])[:2]
    if alike and not _same(tensors, best[0], best[1], essential):
        raise WeightsError(
            f"The weights in '{file}' must be of one network (got several that fit, under "
            f"{', '.join(repr(prefix) for prefix in best[:5])}). Save the state dict of the one that is meant."
        )
    return best[0]


def _rank(prefix: str) -> tuple[int, int, int, str]:
    """Return what sorts prefixes: the one that its authors evaluate first."""
    parts = prefix.split(".")
    last = max((part in _LAST for part in parts), default=False)
    preferred = min((_PREFERRED.index(part) for part in parts if part in _PREFERRED), default=len(_PREFERRED))
    container = _CONTAINERS.index(parts[0]) if parts[0] in _CONTAINERS else len(_CONTAINERS)
    return int(last), 100 * container + preferred, len(parts), prefix


def _count(tensors: Mapping[str, Tensor], prefix: str, wanted: Shapes) -> int:
    found = ((tensors.get(prefix + key), shape) for key, shape in wanted.items())
    return sum(value is not None and tuple(value.shape) == shape for value, shape in found)


def _same(tensors: Mapping[str, Tensor], one: str, other: str, wanted: Shapes) -> bool:
    return all(
        one + key in tensors and other + key in tensors and torch.equal(tensors[one + key], tensors[other + key])
        for key in wanted
    )


def _fits(state: Mapping[str, Tensor], essential: Shapes) -> bool:
    return _count(state, "", essential) == len(essential)


def _filter_of_timm(state: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor] | None:
    """Return the names and shapes that timm makes of what a network's authors published; None if it makes nothing."""
    translate = getattr(import_module(type(network).__module__), "checkpoint_filter_fn", None)
    if translate is None:
        return None
    try:
        with foreign_code("timm must be able to read the weights", "Save them with timm's names.", WeightsError):
            found = translate(dict(state), network)
    except WeightsError:
        return None
    return {key: value for key, value in found.items() if isinstance(value, Tensor) and not value.is_meta}


def _split_heads(
    state: Mapping[str, Tensor], expected: Shapes, classifier: Sequence[str], prefix: str
) -> tuple[set[str], int]:
    """Return the names that are of heads and no classifier of the network, and how many classes the classifier has."""
    weights = [state.get(f"{layer}.weight") for layer in classifier]
    shapes = [expected.get(f"{layer}.weight", ())[1:] for layer in classifier]
    is_there = bool(weights) and all(
        weight is not None and tuple(weight.shape[1:]) == shape for weight, shape in zip(weights, shapes, strict=True)
    )
    if is_there and not set(prefix.split(".")) & set(_WITHOUT_CLASSES):
        strange = {key for key in state if key not in expected and _is_head(key)}
        first = weights[0]
        return strange, 0 if first is None else len(first)
    return {key for key in state if _is_under(key, classifier) or (key not in expected and _is_head(key))}, 0


def _is_head(key: str) -> bool:
    first = key.partition(".")[0]
    return first in _HEADS or first.startswith(_HEAD_BEGINNINGS)


def _require_fit(
    state: Mapping[str, Tensor], expected: Shapes, essential: Shapes, heads: set[str], name: str, file: str
) -> None:
    missing = [key for key in essential if key not in state]
    unexpected = [key for key in state if key not in expected and key not in heads]
    unexpected.sort(key=lambda key: key.endswith("num_batches_tracked"))  # these tell nothing of the architecture
    other = [
        f"{key} {tuple(state[key].shape)} in place of {shape}"
        for key, shape in essential.items()
        if key in state and tuple(state[key].shape) != shape
    ]
    parts = (("missing", missing), ("unexpected", unexpected), ("of another shape", other))
    wrong = [f"{len(names)} {what}: {_some(names)}" for what, names in parts if names]
    if wrong:
        raise WeightsError(
            f"The weights in '{file}' must fit '{name}' (got {'; '.join(wrong)}). "
            "Check that the file is of this architecture."
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _describe_prefix(prefix: str, file: str) -> list[str]:
    inner = prefix
    for container in _CONTAINERS:
        if "state_dict" in container:
            inner = inner.removeprefix(f"{container}.")
    return [f"The names in '{file}' begin with '{inner}', which is taken off."] if inner else []


def _group(key: str) -> str:
    """Return what a tensor beside the network belongs to: at most three parts of its name."""
    parts = key.split(".")[:-1]
    return ".".join(parts[:3]) or key
