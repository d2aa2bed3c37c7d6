"""Which models a protocol can be done with: without training, a model must have a way to name classes."""

from __future__ import annotations

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.records import Protocol

_LABELS = "imagenet"  # corpora with labels, which a model that was trained on them last has a head for


def can_do(card: ModelCard, protocol: Protocol) -> bool:
    """Return whether a model can be measured under a protocol, as far as its card says.

    ``zero_shot`` compares names of classes with images, which takes a text side: that of models that learned from
    captions, and not from labels afterwards. ``native`` takes a head for the classes, which remains from labels.
    Everything else retrains a head, which any model can have.
    """
    last = card.corpora[-1] if card.corpora else ""
    if protocol is Protocol.ZERO_SHOT:
        return card.objective is Objective.IMAGE_TEXT and not last.startswith(_LABELS)
    if protocol is Protocol.NATIVE:
        return last.startswith(_LABELS)
    return True
