import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.boosting import ExtraTrees, GradientBoosting, _means_elsewhere
from zoograph.models.baselines.means import ModelMean
from zoograph.models.training_records import TrainingRecords


def test_means_leave_the_own_group_out_by_hand(graph_of):
    values = {("a", "x"): 0.1, ("a", "y"): 0.3, ("a", "z"): 0.8, ("b", "x"): 0.5}
    records = TrainingRecords.of(graph_of(values))  # in this order
    log2, log3 = torch.tensor([2.0, 3.0]).log().tolist()
    own = _means_elsewhere(records, records.value, torch.arange(4))
    assert own[0].tolist() == pytest.approx([0.55, log3, 0.5, log2])
    assert own[3].tolist() == pytest.approx([0.0, 0.0, 0.1, log2])
    by_dataset = _means_elsewhere(records, records.value, records.dataset)
    assert by_dataset[0].tolist() == pytest.approx([0.55, log3, 0.0, 0.0])
    by_fold = _means_elsewhere(records, records.value, torch.tensor([0, 0, 1, 1]))
    assert by_fold[0].tolist() == pytest.approx([0.8, log2, 0.5, log2])


@pytest.mark.parametrize("method", [GradientBoosting(60), ExtraTrees(40)])
def test_beats_the_model_mean(method):
    graph = build_graph(make_synthetic_zoo(10, 60, density=0.7, seed=5).zoo, HashEmbedder(8))
    source, target_node = graph[TRANSFERS_TO].edge_index
    train, pairs, target = hold_out(graph, (target_node % 6 == 0) | ((source + target_node) % 5 == 0))
    prediction = method.fit(train).predict(pairs)
    mean = ModelMean().fit(train).predict(pairs).mean
    assert (prediction.mean - target).abs().mean() < 0.8 * (mean - target).abs().mean()
    inside = (target >= prediction.lower) & (target <= prediction.upper)
    assert inside.float().mean() > 0.8
