import pandas as pd
import pytest
import torch

from zoograph.data.records.records import Protocol
from zoograph.data.records.zoo import SCORE_COLUMNS
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, MODEL, PROBE_SCORES, TRANSFERS_TO
from zoograph.models.evidence.accuracy_logit import to_logits
from zoograph.models.evidence.cells import NUM_PROTOCOLS, Cells, gather
from zoograph.models.evidence.node_features import DatasetFeatures

HEAD, TUNED = list(Protocol).index(Protocol.HEAD), list(Protocol).index(Protocol.FINETUNE)


def gathered(zoo):
    graph = build_graph(zoo, HashEmbedder(4))
    return graph, gather(graph, DatasetFeatures.of(graph))


def cells(n):
    return Cells(torch.arange(n), torch.arange(n) + 10, torch.arange(n) % 3, torch.arange(n).double())


def test_cells_are_taken_and_joined():
    some = cells(5).at(torch.tensor([4, 1]))
    assert some.model.tolist() == [4, 1]
    assert some.and_(cells(2)).dataset.tolist() == [14, 11, 10, 11]


def test_every_protocol_and_probe_has_a_code_of_its_own():
    assert sorted([*range(len(Protocol)), *PROBE_SCORES.values()]) == list(range(NUM_PROTOCOLS))


def test_a_record_by_hand():
    """Two runs of a model on 20 images of two classes: 0.5 and 0.7."""
    graph, records = gathered(make_toy_zoo())
    model, dataset = graph[MODEL].ids.index("small"), graph[DATASET].ids.index("s1")
    (place,) = ((records.cells.model == model) & (records.cells.dataset == dataset)).nonzero().flatten().tolist()
    expected = to_logits(*(torch.tensor([value]) for value in (0.6, 0.5, 20.0)))
    assert records.logit[place].item() == pytest.approx(expected.logit.item(), rel=1e-5)
    assert records.variance[place].item() == pytest.approx(expected.variance.item() / 2, rel=1e-5)  # the mean of two
    assert graph[TRANSFERS_TO].edge_index[:, records.edge[place]].tolist() == [model, dataset]


def test_other_protocols_and_probes_are_records_without_an_edge(graph):
    records = gather(graph, DatasetFeatures.of(graph))
    assert len(records) == graph[TRANSFERS_TO].num_edges + graph[MEASURED_OTHERWISE].num_edges
    assert (records.cells.protocol[records.edge >= 0] == HEAD).all()
    others = set(records.cells.protocol[records.edge < 0].tolist())
    assert others == {list(Protocol).index(Protocol.ZERO_SHOT), TUNED, PROBE_SCORES["knn"]}
    assert records.edge[records.edge >= 0].tolist() == list(range(graph[TRANSFERS_TO].num_edges))


def test_failed_runs_are_no_records():
    zoo = make_toy_zoo()
    failed = zoo.runs.assign(failure=["diverged", "diverged", *[None] * (len(zoo.runs) - 2)])
    graph = build_graph(zoo.with_runs(failed), HashEmbedder(4), with_failed=True)
    edges = gather(graph, DatasetFeatures.of(graph)).edge
    assert graph[TRANSFERS_TO].failed.sum() == 1
    assert (edges >= 0).sum() == graph[TRANSFERS_TO].num_edges - 1
    assert not graph[TRANSFERS_TO].failed[edges[edges >= 0]].any()


def test_shots_are_the_samples_a_class_and_else_the_card_says():
    zoo = make_toy_zoo()
    graph, records = gathered(zoo.with_runs(zoo.runs.assign(shots=[None, None, 5.0, *[None] * (len(zoo.runs) - 3)])))
    store = graph[TRANSFERS_TO]
    known = ~store.shots.isnan()
    per_class = records.cells.per_class[records.edge >= 0]
    assert per_class[known].tolist() == pytest.approx([torch.tensor(5.0).log().item() - 4])
    expected = DatasetFeatures.of(graph).per_class[store.edge_index[1]]
    assert torch.equal(per_class[~known], expected[~known])


def test_without_leaves_out_edges_and_keeps_what_has_none(graph):
    records = gather(graph, DatasetFeatures.of(graph))
    hidden = torch.arange(graph[TRANSFERS_TO].num_edges) % 2 == 0
    left = records.without(hidden)
    assert (left.edge < 0).sum() == (records.edge < 0).sum()
    assert left.edge[left.edge >= 0].tolist() == list(range(1, graph[TRANSFERS_TO].num_edges, 2))


def test_a_graph_of_nothing_measured_has_no_records():
    zoo = make_toy_zoo()
    _, records = gathered(zoo.with_runs(zoo.runs[:0]))
    assert len(records) == 0
    assert records.cells.per_class.dtype == records.logit.dtype


def test_a_probe_is_taken_at_its_value():
    zoo = make_toy_zoo()
    rows = pd.DataFrame([("large", "p1", "logistic", 0.75, "t")], columns=list(SCORE_COLUMNS))
    scored = type(zoo)(zoo.models, zoo.datasets, zoo.runs, rows, zoo.relations)
    _, records = gathered(scored)
    (place,) = (records.cells.protocol == PROBE_SCORES["logistic"]).nonzero().flatten().tolist()
    assert records.edge[place] == -1
    expected = to_logits(*(torch.tensor([value]) for value in (0.75, 1 / 3, 30.0)))
    assert records.logit[place].item() == pytest.approx(expected.logit.item(), rel=1e-5)
