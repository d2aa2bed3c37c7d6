"""Which models a protocol can be done with: without training, a model must have a way to name classes."""

from __future__ import annotations

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.records import Protocol

_CLASSES = "imagenet"  # whose thousand classes every dataset of ``native`` has, in part or in whole
_LABELS = "imagenet"  # so begin the names of corpora with labels, larger ones with other classes among them


def can_do(card: ModelCard, protocol: Protocol) -> bool:
    """Return whether a model can be measured under a protocol, as far as its card says.

    ``zero_shot`` compares names of classes with images, which takes a text side: that of models that learned from
    captions, and not from labels afterwards. ``native`` takes a head for the classes, which remains from what was
    learned last. Everything else retrains a head, which any model can have.
    """
    last = card.corpora[-1] if card.corpora else ""
    if protocol is Protocol.ZERO_SHOT:
        return card.objective is Objective.IMAGE_TEXT and not last.startswith(_LABELS)
    if protocol is Protocol.NATIVE:
        return last == _CLASSES
    return True
