"""Runs of a model and a dataset that the tests' own small zoo has, from a source that it has not."""

from __future__ import annotations

from typing import Any

from zoograph.data.records.records import Run


def own_run(value: float, **fields: Any) -> Run:
    """Return a run; what ``fields`` do not say is a head of ``resnet`` on ``birds_1`` that I measured."""
    given = {"source": "mine", "model": "resnet", "dataset": "birds_1", "protocol": "head", "value": value}
    return Run.model_validate({**given, **fields})
