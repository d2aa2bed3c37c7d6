"""Cards of models in one line: what a person wants to know of a network before anything else."""

from __future__ import annotations

from collections.abc import Iterator

from zoograph.data.records.cards import ModelCard

_MILLION = 1e6


def describe_model(card: ModelCard) -> str | None:
    """Return what a card knows of a network, in a sentence; None if it knows nothing of it.

    >>> describe_model(ModelCard(id="a", source="s", family="bert", parameters=22_700_000, max_tokens=256))
    'The model: bert; 22.7M parameters; 256 tokens of a text at most.'
    """
    parts = list(_parts(card))
    return f"The model: {'; '.join(parts)}." if parts else None


def _parts(card: ModelCard) -> Iterator[str]:
    kind = [card.family, card.objective and card.objective.value.replace("_", " ")]
    if any(kind):
        yield ", ".join(filter(None, kind))
    if card.parameters is not None:
        millions = card.parameters / _MILLION
        yield f"{millions:,.1f}M parameters" if millions >= 0.1 else f"{card.parameters:,} parameters"
    if card.gmacs is not None:
        yield f"{card.gmacs:,.1f} GMACs"
    if card.num_features is not None:
        yield f"{card.num_features:,} features"
    if card.max_tokens is not None:
        yield f"{card.max_tokens:,} tokens of a text at most"
    if card.trained_on:
        yield f"trained on {', then '.join(card.trained_on)}"
    if card.languages:
        yield f"languages: {', '.join(card.languages)}"
    if card.licence is not None:
        yield f"licence {card.licence}"
    for step in card.derived_from[:1]:
        yield f"{step.kind.value.replace('_', ' ')} from {step.model}"
