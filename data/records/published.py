"""Published weights and uploads: whose weights they are, and whether they are a copy of somebody else's."""

from __future__ import annotations

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import LineageKind, Objective

# Collections that took whatever was on a hub. Everywhere else, somebody chose weights that others publish, or
# measured their own.
_COLLECTIONS_OF_UPLOADS = frozenset({"transfergraph"})

# Owners on the Hugging Face hub that publish weights which they trained themselves: companies, universities, labs.
ORGANISATIONS = frozenset(
    {
        *("apple", "facebook", "google", "laion", "microsoft", "nvidia", "openai", "timm"),
        *("IDEA-CCNL", "Visual-Attention-Network"),
    }
)

_COPIES = frozenset({LineageKind.FINE_TUNED, LineageKind.SAME_WEIGHTS})


def is_published(card: ModelCard) -> bool:
    """Return whether a model's weights were published by those who trained them, for others to use.

    Not published are, by this rule:

    * weights that nobody trained (``objective`` is ``untrained``),
    * models whose weights cannot be had (``open_weights`` is false): they are asked over a network,
    * uploads: models that only a collection of uploads knows, in a repository ``owner/name`` whose owner is none of
      :data:`ORGANISATIONS`. Most are a course's exercise or a demonstration: a published weight, fine-tuned a little.

    A model that a user measured is never an upload.
    """
    if card.objective is Objective.UNTRAINED or card.open_weights is False:
        return False
    return not is_upload(card)


def is_upload(card: ModelCard) -> bool:
    """Return whether only a collection of uploads knows a model, and no organisation owns it."""
    return set(card.source.split("; ")) <= _COLLECTIONS_OF_UPLOADS and _owner(card.id) not in ORGANISATIONS


def copied_from(card: ModelCard) -> str | None:
    """Return the id of the weights that an upload is a near-copy of: fine-tuned by somebody else, or uploaded again.

    Models with one answer are near-copies of each other as well. ``None`` for published weights, whatever they were
    fine-tuned from, and for uploads whose base is not known.
    """
    if not is_upload(card):
        return None
    return next((step.model for step in card.derived_from if step.kind in _COPIES), None)


def _owner(name: str) -> str:
    return name.partition("/")[0]
