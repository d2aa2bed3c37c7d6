"""What the kernel starts from and what is fixed in it, and a token of all of these numbers."""

from __future__ import annotations

import hashlib
import json

# Variances and inverse squared lengths at the start of learning: what serves collections that are left out whole.
PRIOR = {
    "linear.sizes": 0.20,
    "linear.imagenet": 0.10,
    "linear.corpora": 0.10,
    "linear.objective": 0.08,
    "linear.text": 0.02,
    "near.sizes": 1.0,
    "near.imagenet": 0.5,
    "near.corpora": 0.3,
    "near.objective": 0.6,
    "near.text": 0.1,
    "near.family": 0.1,
    "skill.near": 0.06,
    "skill.own": 0.10,
    "skill.lineage": 0.05,
    "skill.family": 0.05,
    "skill.architecture": 0.02,
    "interaction.linear": 0.08,
    "interaction.near": 0.12,
    "interaction.own": 0.06,
    "interaction.overlap": 0.3,
    "interaction.domain": 0.3,
    "interaction.dataset": 0.1,
    "interaction.slopes": 0.1,
    "interaction.protocols": 3.0,
    "pair": 0.10,
    "data.name": 0.2,
    "data.labels": 0.6,
    "data.domain": 0.3,
    "level.all": 1.0,
    "level.near": 0.5,
    "level.domain": 0.3,
    "level.overlap": 0.2,
    "level.own": 1.0,
    "level.protocol": 0.3,
    "scores": 0.1,
    "graph.level": 0.1,
    "noise.run": 0.08,
    "noise.test": 1.0,
    "slope.classes": 0.5,
    "slope.per_class": 0.4,
}
# Where native, zero-shot, probe, head, fine-tuning, the logistic probe and the nearest neighbours lie at the start.
PLACES = ((-0.8, -1.2), (0.0, 0.9), (0.0, 0.0), (0.3, 0.0), (0.9, 0.0), (0.2, 0.0), (0.2, -0.2))
COMMON = 0.38  # the least correlation of two protocols' skills
LEAD, LEAD_REACH, LEAD_TRUST = 0.2, 1.5, (3.0, 1.0)  # of larger models, see zoograph.models.evidence.size_lead


def start_digest() -> str:
    """Return a token of all of these numbers: what was learned with others is of another kernel."""
    return hashlib.sha256(
        json.dumps([sorted(PRIOR.items()), PLACES, COMMON, LEAD, LEAD_REACH, LEAD_TRUST]).encode()
    ).hexdigest()[:16]
