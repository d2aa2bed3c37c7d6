import pytest
import torch

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import DATASET, TRANSFERS_TO
from zoograph.models.baselines.gaussian_process import GaussianProcess
from zoograph.training.predictors.evidence_module import EvidenceModule
from zoograph.training.predictors.plain_member import PlainGP
from zoograph.training.predictors.records import Records
from zoograph.training.runtime.trainer import fit_quietly


@pytest.fixture(scope="module")
def graph():
    return build_graph(make_synthetic_zoo(6, 20).zoo, HashEmbedder(8))


def learned(graph, num_iterations):
    member, records = PlainGP(graph), Records.of(graph)
    ((kernel, prior),) = member.stages(graph, records)
    kernel.fit_scale(graph, records.pairs)
    everything = torch.arange(len(records.latent))
    fit_quietly(EvidenceModule(kernel, prior, records, num_iterations, lambda: None), [everything])
    return member.requires_grad_(False), records


def test_learned_on_everything_it_is_the_baseline(graph):
    member, records = learned(graph, 6)
    posterior, _ = member.condition(graph, records)
    pairs = graph[TRANSFERS_TO].edge_index
    scale = records.scale
    ours = posterior.predict(pairs)[0] * scale.spread[pairs[1]] + scale.centre[pairs[1]]
    theirs = GaussianProcess(num_iterations=6).fit(graph).predict(pairs).mean
    assert torch.allclose(ours.float(), theirs, atol=2e-3)
    assert ours.std() > 0.05


def test_smaller_test_sets_are_noisier(graph):
    member, records = learned(graph, 1)
    _, noise = member.prior(graph, records.scale)
    size = graph["dataset"].sample_size[:20]
    assert noise.run.shape == (graph["model"].num_nodes, graph["dataset"].num_nodes)
    assert noise.run[0, int(size.argmin())] > noise.run[0, int(size.argmax())]


def test_its_state_holds_the_scales(graph):
    member, records = learned(graph, 2)
    copy = PlainGP(graph)
    copy.load_state_dict(member.state_dict())
    pairs = graph[TRANSFERS_TO].edge_index
    one, two = (m.condition(graph, records)[0].predict(pairs)[0] for m in (member, copy))
    assert torch.equal(one, two)
    assert float(copy.kernel.scales[DATASET].std.sub(1).abs().max()) > 0
