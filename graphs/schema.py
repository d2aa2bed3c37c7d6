"""Node and edge types of the graph, and the numbers that nodes carry."""

from __future__ import annotations

EdgeType = tuple[str, str, str]

MODEL = "model"
DATASET = "dataset"
LABEL = "label"
NODE_TYPES = (MODEL, DATASET, LABEL)

TRANSFERS_TO: EdgeType = (MODEL, "transfers_to", DATASET)
SCORED_ON: EdgeType = (MODEL, "scored_on", DATASET)
PRETRAINED_ON: EdgeType = (MODEL, "pretrained_on", DATASET)
RELATED_TO: EdgeType = (DATASET, "related_to", DATASET)
HAS: EdgeType = (DATASET, "has", LABEL)
INFLUENCES: EdgeType = (LABEL, "influences", DATASET)
DERIVED_FROM: EdgeType = (MODEL, "derived_from", MODEL)
MEASURED_OTHERWISE: EdgeType = (MODEL, "measured_otherwise_on", DATASET)
"""Runs under other protocols than the asked one. No message passing reads them, so they have no reverse."""


def reverse(edge_type: EdgeType) -> EdgeType:
    """Return the type of the same edges walked backwards."""
    source, verb, target = edge_type
    return target, f"rev_{verb}", source


FORWARD_EDGE_TYPES = (TRANSFERS_TO, SCORED_ON, PRETRAINED_ON, RELATED_TO, HAS, INFLUENCES, DERIVED_FROM)
EDGE_TYPES = tuple(kind for forward in FORWARD_EDGE_TYPES for kind in (forward, reverse(forward)))

MODEL_NUMBERS = (
    "parameters",
    "gmacs",
    "input_size",
    "num_features",
    "imagenet_top1",
    "source_accuracy",
    "pretrained_classes",
)
DATASET_NUMBERS = ("num_classes", "num_samples", "samples_per_class")
# Numbers of cards that nodes carry beside those above where a zoo's cards have them.
MORE_MODEL_NUMBERS = ("activations", "train_resolution")
MORE_DATASET_NUMBERS = ("text_length",)
RELATION_NUMBERS = ("text_similarity", "label_overlap")

PROBE_SCORES = {"logistic": 5, "knn": 6}
"""Scores that are accuracies of a probe: what they are coded as among the protocols of ``MEASURED_OTHERWISE`` edges."""
