import pytest
import torch

from zoograph.models.baselines.dataset_scale import DatasetScale
from zoograph.models.training_records import TrainingRecords


def test_few_records_share_a_spread_and_many_have_their_own(graph_of):
    wide = {(f"m{i}", "wide"): 0.5 + 0.2 * (-1) ** i for i in range(10)}
    few = {("m0", "few"): 0.8, ("m1", "few"): 0.6}
    graph = graph_of({**wide, **few}, datasets={"new": {}})
    scale = DatasetScale.fitted(TrainingRecords.of(graph))  # nodes: few, new, wide
    pooled = ((10 * 0.04 + 2 * 0.01) / 12) ** 0.5
    assert scale.level.tolist() == pytest.approx([0.7, 0.6, 0.5])
    assert scale.spread.tolist() == pytest.approx([pooled, pooled, 0.2])
    restored = scale.restored(torch.tensor([1.0, 1.0, -1.0]), torch.tensor([2, -1, 0]))
    assert restored.tolist() == pytest.approx([0.7, 0.6 + pooled, 0.7 - pooled])


def test_constant_accuracies_have_a_spread(graph_of):
    graph = graph_of({("a", "x"): 0.5, ("b", "x"): 0.5})
    records = TrainingRecords.of(graph)
    assert DatasetScale.fitted(records).standardised(records).tolist() == [0, 0]
