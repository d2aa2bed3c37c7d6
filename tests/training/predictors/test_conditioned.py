"""Members given records: what is said of records that are left out comes from the others alone."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO, reverse
from zoograph.graphs.splits import keep_records
from zoograph.models.gp.inference import condition
from zoograph.training.predictors.conditioned import Conditioned, out_of_fold_residuals, two_at_once
from zoograph.training.predictors.plain_member import PlainGP

WILD = 0.999


@pytest.fixture(scope="module", params=[(8, 30), (30, 6)], ids=["one scale", "scales of their own"])
def graph(request: pytest.FixtureRequest) -> HeteroData:
    return build_graph(make_synthetic_zoo(*request.param, seed=2).zoo, HashEmbedder(8))


def _on(graph: HeteroData) -> Conditioned:
    return Conditioned.on(graph, [PlainGP(graph).requires_grad_(False)])


def _planted(graph: HeteroData, cells: torch.Tensor) -> HeteroData:
    copy = graph.clone()
    copy[TRANSFERS_TO].edge_label = torch.where(cells, WILD, graph[TRANSFERS_TO].edge_label)
    copy[reverse(TRANSFERS_TO)].edge_label = copy[TRANSFERS_TO].edge_label
    return copy


def test_two_scales(graph: HeteroData) -> None:
    num_models = int(graph[TRANSFERS_TO].edge_index[0].max()) + 1
    assert _on(graph).records.scale.standardised == (num_models == 30)


@pytest.mark.parametrize(("side", "new_dataset"), [(0, False), (1, True)], ids=["model", "dataset"])
def test_what_is_left_out_is_not_seen(graph: HeteroData, side: int, new_dataset: bool) -> None:
    """Wild records of one model, or of one dataset, must not move what is said of it once it is left out."""
    own = graph[TRANSFERS_TO].edge_index[side] == 0
    answers = []
    for version in (graph, _planted(graph, own & (own.cumsum(0) % 3 == 0))):
        known = _on(version)
        # Noise is learned from all, in units of the spread of each dataset; here both have the same.
        known = known._replace(posteriors=_on(graph).posteriors)
        block = (known.records.pairs[side] == 0).nonzero().flatten()
        answers.append(known.left_out([(block, torch.arange(len(block)))], new_dataset=new_dataset))
    for before, after in zip(*answers, strict=True):
        assert torch.allclose(before, after, atol=1e-12)


def test_what_is_left_out_is_answered_as_if_it_had_never_been_there(graph: HeteroData) -> None:
    known = _on(graph)
    store = graph[TRANSFERS_TO]
    own = store.edge_index[0] == 0
    block = (known.records.pairs[0] == 0).nonzero().flatten()
    mean, deviation = known.left_out([(block, torch.arange(len(block)))], new_dataset=False)
    rest = keep_records(graph, ~own)
    never = Conditioned.on(rest, [PlainGP(graph).requires_grad_(False)])
    # The noise of a run depends on the spread of its dataset: that of all records, as `left_out` has it.
    (posterior,), (noise,) = known.posteriors, known.noises
    records = never.records
    again = condition(posterior.covariances, records.pairs, records.latent, noise.of(records.pairs, records.num_runs))
    expected, variance = never._replace(posteriors=[again], noises=[noise]).predict(known.records.pairs[:, block])
    assert torch.allclose(mean, expected, atol=1e-6)
    assert torch.allclose(deviation, variance.sqrt(), atol=1e-6)


def test_residuals_of_every_situation(graph: HeteroData) -> None:
    known = _on(graph)
    errors, codes = known.residuals(0)
    size = len(known.records.latent)
    assert [int((codes == code).sum()) for code in (1, 2, 3)] == [size, size, min(100, size)]
    assert (errors >= 0).all()
    assert torch.isfinite(errors).all()


def test_out_of_fold_residuals_are_errors_in_deviations(graph: HeteroData) -> None:
    known = _on(graph)
    mean, variance = known.predict(graph[TRANSFERS_TO].edge_index)
    expected = (graph[TRANSFERS_TO].edge_label - mean).abs() / variance.sqrt()
    found = out_of_fold_residuals(graph, [known, known])
    assert torch.allclose(found.sort().values, expected.sort().values)


def test_two_at_once_keeps_the_order() -> None:
    assert two_at_once(lambda x: x * x, range(5)) == [0, 1, 4, 9, 16]


def test_no_pairs_are_answered_without_a_warning(graph: HeteroData) -> None:
    nobody = torch.empty(2, 0, dtype=torch.long)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mean, variance = _on(graph).predict(nobody)
    assert mean.shape == variance.shape == (0,)
