"""Every method keeps to the interface, whatever the zoo."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
import torch
from scipy.stats import norm
from torch_geometric.data import HeteroData

from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.edges import add_reverse
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import hold_out
from zoograph.models.baselines.boosting import ExtraTrees, GradientBoosting
from zoograph.models.baselines.gaussian_process import GaussianProcess
from zoograph.models.baselines.wrappers.blinded import Blinded
from zoograph.models.method import COVERAGE, INTERVAL_SIGMAS, Method
from zoograph.training.evaluation.ablation import without_influences, without_relations, without_scores
from zoograph.training.evaluation.methods import METHODS
from zoograph.training.networks.ensemble import GraphNetwork, NetworkConfig
from zoograph.training.networks.gat import GraphAttention
from zoograph.training.predictors.evidence import EvidencePredictor, TrainingConfig

CHEAP: dict[str, Callable[[], Method]] = {
    **METHODS,
    "gradient-boosting": lambda: GradientBoosting(5),
    "extra-trees": lambda: ExtraTrees(5),
    "gaussian-process": lambda: GaussianProcess(2),
    "gat": lambda: GraphAttention(8, num_steps=3),
    "gnn": lambda: GraphNetwork(NetworkConfig(hidden_channels=8, num_members=2, num_steps=3)),
    "zoograph": lambda: EvidencePredictor(TrainingConfig(num_steps=3, num_records=60)),
}
# These draw or cross-fit by a hash of names, and answer from the records of the graph they are asked about.
NAMES_AND_RECORDS_MATTER = {"random", "gnn", *(name for name in METHODS if name.startswith("zoograph"))}
EMBED = HashEmbedder(8)
CHEAP |= {
    f"zoograph-{blind.__name__.replace('_', '-')}": lambda blind=blind: Blinded(CHEAP["zoograph"](), blind)
    for blind in (without_scores, without_relations, without_influences)
}

every_method = pytest.mark.parametrize("name", sorted(CHEAP))


def fit(name: str, graph: HeteroData) -> Method:
    return CHEAP[name]().fit(graph)


@pytest.fixture(scope="module")
def zoo():
    return make_synthetic_zoo(6, 14, density=0.8, scored=0.5, num_relations=20, num_influences=30, seed=8).zoo


@pytest.fixture(scope="module")
def graph(zoo):
    return build_graph(zoo, EMBED)


@pytest.fixture(scope="module")
def train(graph):
    source, target = graph[TRANSFERS_TO].edge_index
    return hold_out(graph, (source == 1) | (target == 2) | ((source + target) % 5 == 0)).train


def all_pairs(graph: HeteroData) -> torch.Tensor:
    return torch.cartesian_prod(torch.arange(graph[MODEL].num_nodes), torch.arange(graph[DATASET].num_nodes)).t()


def check(prediction, num_pairs: int) -> None:
    for column in prediction:
        assert column.shape == (num_pairs,)
        assert column.dtype == torch.float32
        assert column.isfinite().all()
        assert ((column >= 0) & (column <= 1)).all()
    assert (prediction.lower <= prediction.mean).all()
    assert (prediction.mean <= prediction.upper).all()


@every_method
def test_every_pair_is_answered_and_the_graph_is_left_alone(name, train):
    before = train.clone()
    pairs = all_pairs(train)
    method = fit(name, train)
    whole = method.predict(pairs)
    check(whole, pairs.shape[1])
    for kind in before.node_types + before.edge_types:
        assert set(before[kind].keys()) == set(train[kind].keys())
        for key, value in before[kind].items():
            if isinstance(value, torch.Tensor):
                torch.testing.assert_close(value, train[kind][key], rtol=0, atol=0, equal_nan=True)
    order = torch.randperm(pairs.shape[1], generator=torch.Generator().manual_seed(0))
    for a, b in zip(whole, method.predict(pairs[:, order]), strict=True):
        assert torch.allclose(a[order], b, atol=1e-5)
    check(method.predict(pairs[:, :0]), 0)


@every_method
def test_held_out_labels_are_never_read(name, graph):
    held = torch.arange(graph[TRANSFERS_TO].num_edges) % 3 == 0
    planted = graph.clone()
    planted[TRANSFERS_TO].edge_label = torch.where(held, 0.123, graph[TRANSFERS_TO].edge_label)
    add_reverse(planted, TRANSFERS_TO)
    answers = []
    for each in (graph, planted):
        train, pairs, _ = hold_out(each, held)
        answers.append(fit(name, train).predict(pairs))
    for a, b in zip(*answers, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("name", sorted(set(CHEAP) - NAMES_AND_RECORDS_MATTER))
def test_names_and_later_records_do_not_matter(name, train, graph):
    pairs = all_pairs(train)
    renamed = train.clone()
    for kind in (MODEL, DATASET):
        renamed[kind].ids = [f"{kind} number {i}" for i in range(renamed[kind].num_nodes)]
    method = fit(name, train)
    for a, b in zip(method.predict(pairs), fit(name, renamed).predict(pairs), strict=True):
        assert torch.equal(a, b)
    # Asked on the graph that also holds the answers, it answers from what it was fitted on.
    for a, b in zip(method.predict(pairs), method.predict(pairs, graph), strict=True):
        assert torch.allclose(a, b, atol=1e-5)


@every_method
def test_newcomers_are_answered_from_their_cards(name, zoo, train):
    newcomers = zoo.with_cards(
        [
            ModelCard(id="blank", source="new"),
            ModelCard(id="aaa", family="vit", parameters=10**7, source="new"),
        ],
        [
            DatasetCard(id="blank", source="new"),
            DatasetCard(id="zzz", domain="real", num_classes=4, source="new"),
        ],
    )
    known = zoo.runs.merge(_records(train), on=["model", "dataset"])
    larger = build_graph(newcomers.with_runs(known), EMBED, vocabulary=train.vocabulary)
    assert larger[MODEL].ids[0] in ("blank", "aaa")  # nodes have moved
    method = fit(name, train)
    pairs = all_pairs(larger)
    check(method.predict(pairs, larger), pairs.shape[1])
    old = [larger[kind].ids.index(train[kind].ids[3]) for kind in (MODEL, DATASET)]
    moved = method.predict(torch.tensor(old).unsqueeze(1), larger)
    if name not in NAMES_AND_RECORDS_MATTER:  # their message passing sees the newcomers' cards
        stayed = method.predict(torch.tensor([[3], [3]]))
        assert torch.allclose(moved.mean, stayed.mean, atol=1e-3)


def _records(graph: HeteroData):
    source, target = graph[TRANSFERS_TO].edge_index.tolist()
    return pd.DataFrame(
        {
            "model": [graph[MODEL].ids[i] for i in source],
            "dataset": [graph[DATASET].ids[j] for j in target],
        }
    )


@every_method
@pytest.mark.parametrize("shape", ["constant", "two models", "bare"])
def test_odd_zoos(name, shape):
    zoo = make_synthetic_zoo(2 if shape == "two models" else 4, 14, seed=9).zoo
    if shape == "constant":
        zoo = zoo.with_runs(zoo.runs.assign(value=1.0))
    if shape == "bare":  # names and accuracies, nothing else
        zoo = replace(
            zoo,
            models={key: ModelCard(id=key, source="bare") for key in zoo.models},
            datasets={key: DatasetCard(id=key, source="bare") for key in zoo.datasets},
        ).with_runs(zoo.runs.assign(test_size=float("nan")))
    graph = build_graph(zoo, EMBED)
    pairs = all_pairs(graph)
    prediction = fit(name, graph).predict(pairs)
    check(prediction, pairs.shape[1])
    if shape == "constant":
        measured = graph[TRANSFERS_TO].edge_index
        known = (pairs[0] * 1000 + pairs[1]).unsqueeze(1).eq(measured[0] * 1000 + measured[1]).any(1)
        assert (prediction.mean[known] > 0.9).all()


def test_a_gaussian_lies_within_the_interval_as_often_as_promised() -> None:
    assert norm.cdf(INTERVAL_SIGMAS) - norm.cdf(-INTERVAL_SIGMAS) == pytest.approx(COVERAGE, abs=1e-12)
