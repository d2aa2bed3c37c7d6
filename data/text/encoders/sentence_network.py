"""Sentence networks: texts as rows of tokens in, one vector each out, with the interface of timm's networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoograph.data.text.encoders.layout import Pooling
from zoograph.data.text.encoders.recipe import Recipe

NOTHING = -1
"""In the place of a token: there is none."""
UNPOOLED = 1 << 40
"""Added to a token that is read and not pooled, as those of an instruction are for some models."""

_LAYERS = r"^body\.(?:.*?\.)?(?:layers?|h|blocks?|albert_layers)\.(\d+)\."
_LIKE_THE_LAST = (99_999,)  # as timm has it: of the group before; what nothing matches comes last


class TextNetwork(nn.Module):
    """What is common to networks of texts: a classifier behind their vectors, once there are classes.

    Args:
        num_features: width of the vectors.

    Attributes:
        num_features: likewise.
        num_classes: of the classifier; 0 without one.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features, self.num_classes = num_features, 0
        self.head: nn.Linear | None = None

    def forward_features(self, tokens: Tensor) -> Tensor:
        """Return the (B, D) float32 vectors of (B, L) tokens, which end with :data:`NOTHING`."""
        raise NotImplementedError

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        """Return the logits of (B, D) vectors, or the vectors themselves."""
        return features if pre_logits or self.head is None else self.head(features)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of (B, L) tokens."""
        return self.forward_head(self.forward_features(tokens))

    def reset_classifier(self, num_classes: int) -> None:
        """Put a new classifier in the place of the one that there may be."""
        self.num_classes = num_classes
        self.head = nn.Linear(self.num_features, num_classes) if num_classes else None

    def get_classifier(self) -> nn.Module | None:
        """Return the classifier; None without one."""
        return self.head

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        """Return how the names of the weights tell the layers, in timm's form."""
        last = (r"^body\.(?:.*\.)?(?:ln_f|norm|final_layer_norm|pooler)\.", _LIKE_THE_LAST)
        return {
            "stem": r"^body\.(?:.*\.)?(?:embeddings|embed_tokens|wte|wpe|shared)\.",
            "blocks": [(_LAYERS, None), last],
        }


class SentenceNetwork(TextNetwork):
    """A transformer with pooling, and the linear layers behind it.

    Args:
        body: transformer of the library ``transformers``.
        recipe: how its hidden states become a vector.
        width: of its hidden states, or of what the network itself says of a text.
        padding: token that fills short texts.
        dense: linear layers after pooling.
    """

    def __init__(
        self, body: nn.Module, recipe: Recipe, width: int, padding: int = 0, dense: Sequence[nn.Module] = ()
    ) -> None:
        linear = [layer for whole in dense for layer in whole.modules() if isinstance(layer, nn.Linear)]
        super().__init__(linear[-1].out_features if linear else width * len(recipe.pooling))
        self.body, self.dense = body, nn.Sequential(*dense)
        self._poolings, self._normalise, self._padding = recipe.pooling, recipe.normalise, padding

    def with_pooling(self, body: nn.Module, poolings: tuple[Pooling, ...]) -> SentenceNetwork:
        """Return a network of another body of the same width, and another pooling, without a classifier."""
        recipe = Recipe(Path(), poolings, normalise=self._normalise)
        width = self.num_features // len(self._poolings)
        return SentenceNetwork(body, recipe, width, self._padding)

    def forward_features(self, tokens: Tensor) -> Tensor:
        """Return the (B, D) float32 vectors of (B, L) tokens, which end with :data:`NOTHING`."""
        seen = tokens != NOTHING
        pooled = seen & (tokens < UNPOOLED)
        ids = (tokens % UNPOOLED).where(seen, self._padding)
        network: Any = self.body
        out = network(input_ids=ids, attention_mask=seen.long())
        if Pooling.OWN in self._poolings:
            own = getattr(out, "text_embeds", None)
            vectors = (out.pooler_output if own is None else own).float()
        else:
            hidden = out.last_hidden_state.float()
            vectors = torch.cat([pool(hidden, pooled, kind) for kind in self._poolings], 1)
        vectors = self.dense(vectors)
        return nn.functional.normalize(vectors, dim=1) if self._normalise else vectors


def pool(hidden: Tensor, mask: Tensor, kind: Pooling) -> Tensor:
    """Return one vector of the tokens of each text.

    Args:
        hidden: (B, L, D).
        mask: (B, L) bool, the tokens that count.
        kind: any but what networks do themselves.

    Returns:
        (B, D).
    """
    weights = mask.to(hidden.dtype)
    if kind is Pooling.FIRST:
        return hidden[torch.arange(len(hidden), device=hidden.device), weights.argmax(1)]
    if kind is Pooling.LAST:
        places = torch.arange(mask.shape[1], device=hidden.device)
        return hidden[torch.arange(len(hidden), device=hidden.device), (weights * places).argmax(1)]
    if kind is Pooling.MAX:
        return hidden.masked_fill(~mask[..., None], -torch.inf).amax(1)
    if kind is Pooling.WEIGHTED:
        weights = weights * weights.cumsum(1)
    return (hidden * weights[..., None]).sum(1) / weights.sum(1, keepdim=True).clamp(min=1e-9)
