"""What is left out, is left out with everything that was measured of it, and predicted from the rest."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import DATASET
from zoograph.models.conformal import BOTH_NEW, FEW_RECORDS, KNOWN, NEW_DATASET, NEW_MODEL
from zoograph.models.evidence import posterior as posterior_module
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.posterior import Posterior, Prior
from zoograph.models.evidence.relevant import choose_relevant
from zoograph.models.evidence.spread import spreads
from zoograph.training.predictors import evidence_left_out as left_out_module
from zoograph.training.predictors.evidence_left_out import LEFT_OUT, blocks_of, halves, leave_out
from zoograph.training.predictors.left_out import LeftOut

HEAD, TUNED = 3, 4


@pytest.fixture
def prior(graph: HeteroData) -> Prior:
    return Prior.of(EvidenceKernel().requires_grad_(False), graph)


@pytest.fixture
def posterior(prior: Prior, graph: HeteroData) -> Posterior:
    return Posterior(prior, torch.arange(graph[DATASET].num_nodes), HEAD)


def _first_new_dataset(prior: Prior, graph: HeteroData) -> LeftOut:
    return next(part for part in leave_out(prior, graph, HEAD)[HEAD] if part.situation == NEW_DATASET)


def test_every_asked_record_is_left_out_once_a_situation(posterior: Posterior, graph: HeteroData) -> None:
    cells = posterior.records.cells
    asked = (posterior.records.cells.protocol == HEAD).nonzero().flatten()
    blocks = blocks_of(posterior, graph, HEAD)
    assert tuple(sorted(blocks)) == LEFT_OUT
    for code in (KNOWN, NEW_DATASET, NEW_MODEL):
        rows = torch.cat([block[inside] for block, inside in blocks[code]])
        assert rows.sort().values.tolist() == asked.tolist()
    for block, _ in blocks[NEW_DATASET]:
        family = graph[DATASET].group[cells.dataset]
        assert len(family[block].unique()) == 1
        assert (family == family[block[0]]).sum() == len(block)  # other protocols are left out with it
    for block, _ in blocks[NEW_MODEL]:
        assert (cells.model == cells.model[block[0]]).sum() == len(block)


def test_of_a_pair_that_is_new_on_both_sides_nothing_of_either_is_known(
    posterior: Posterior, graph: HeteroData
) -> None:
    cells, family = posterior.records.cells, graph[DATASET].group[posterior.records.cells.dataset]
    for block, inside in blocks_of(posterior, graph, HEAD)[BOTH_NEW]:
        (row,) = block[inside].tolist()
        left = torch.ones(len(cells.model), dtype=torch.bool)
        left[block] = False
        assert not (cells.model[left] == cells.model[row]).any()
        assert not (family[left] == family[row]).any()


def test_a_record_is_predicted_without_its_block(
    prior: Prior, graph: HeteroData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a left-out family measured, its own predictions are the same; but for its spread, which is held here."""
    spread = spreads(prior.records, graph[DATASET].num_nodes)
    monkeypatch.setattr(posterior_module, "spreads_of", lambda _: spread)
    first = _first_new_dataset(prior, graph)
    cells = prior.records.cells
    own = torch.isin(cells.dataset, first.dataset)
    planted = prior.records.logit + torch.where(own, 0.7 * cells.model, 0.0)
    again = _first_new_dataset(prior._replace(records=replace(prior.records, logit=planted)), graph)
    assert torch.equal(again.dataset, first.dataset)
    assert not torch.allclose(again.logit, first.logit)
    assert torch.allclose(again.mean, first.mean)


def test_of_other_protocols_no_model_is_left_out(prior: Prior, graph: HeteroData) -> None:
    cells = prior.records.cells
    protocol = torch.where(cells.model % 2 == 0, TUNED, cells.protocol)
    records = replace(prior.records, cells=cells._replace(protocol=protocol))
    found = leave_out(prior._replace(records=records), graph, HEAD)
    assert sorted(found) == [HEAD, TUNED]
    assert {part.situation for part in found[HEAD]} == {*LEFT_OUT, FEW_RECORDS}
    assert {part.situation for part in found[TUNED]} == {KNOWN, NEW_DATASET, FEW_RECORDS}


# -- where there are more records than are read one by one ----------------------------------------


@pytest.fixture
def few_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("evidence_left_out", "evidence_parts"):
        monkeypatch.setattr(f"zoograph.training.predictors.{module}.MOST_SINGLE", 40)
    monkeypatch.setattr(posterior_module, "choose_relevant", partial(choose_relevant, most=40))
    monkeypatch.setattr(left_out_module, "_MOST_PARTS", 1_000)


def _once(parts: list[LeftOut], situation: int, prior: Prior) -> None:
    """Every record under the protocol is left out once."""
    own = [part for part in parts if part.situation == situation]
    asked = prior.records.logit[prior.records.cells.protocol == HEAD]
    assert torch.equal(torch.cat([part.logit for part in own]).sort().values, asked.sort().values)


@pytest.mark.usefixtures("few_are_read")
def test_every_record_is_left_out_once_whatever_else_is_read(prior: Prior, graph: HeteroData) -> None:
    found = leave_out(prior, graph, HEAD)[HEAD]
    for situation in (KNOWN, NEW_DATASET, NEW_MODEL):
        _once(found, situation, prior)


@pytest.mark.usefixtures("few_are_read")
def test_no_mean_holds_anything_of_a_family_that_is_left_out(
    prior: Prior, graph: HeteroData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it measured, it is predicted the same; but for its spread, which is held here."""
    spread = spreads(prior.records, graph[DATASET].num_nodes)
    monkeypatch.setattr(posterior_module, "spreads_of", lambda _: spread)
    cells = prior.records.cells
    first = _first_new_dataset(prior, graph)
    own = graph[DATASET].group[cells.dataset] == first.family[0]
    planted = replace(prior.records, logit=prior.records.logit + torch.where(own, 0.7 * cells.model, 0.0))
    again = _first_new_dataset(prior._replace(records=planted), graph)
    assert not torch.allclose(again.logit, first.logit)
    assert torch.allclose(again.mean, first.mean)


@pytest.mark.usefixtures("few_are_read")
def test_means_over_what_a_model_measured_are_left_out_with_it(prior: Prior, graph: HeteroData) -> None:
    posterior = Posterior(prior, left_out_module._asked_together(prior, graph, HEAD)[0], HEAD)
    count, models = len(posterior.records), posterior.models
    assert len(models) == len(posterior.alpha) > count
    assert torch.equal(models[:count], posterior.records.cells.model)
    for situation, blocks in blocks_of(posterior, graph, HEAD).items():
        for block, inside in blocks:
            left = torch.ones(len(models), dtype=torch.bool).index_fill(0, block, False)
            if situation in (NEW_MODEL, BOTH_NEW):
                assert not torch.isin(models[left], models[block[inside]]).any()
            else:
                assert left[count:].all()
            assert (block[inside] < count).all()


@pytest.mark.usefixtures("few_are_read")
def test_the_rest_of_a_family_that_is_in_several_parts_is_not_read(prior: Prior, graph: HeteroData) -> None:
    torn = graph.clone()
    torn[DATASET].group = torch.zeros_like(graph[DATASET].group)
    seen = []
    for datasets in left_out_module._asked_together(prior, torn, HEAD):
        kept = left_out_module._without_kin(prior, torn, datasets).cells.dataset
        assert torch.isin(kept, datasets).all()
        seen.append(datasets)
    assert len(seen) > 1
    assert left_out_module._without_kin(prior, graph, seen[0][:1]).cells.dataset.unique().numel() > 1


@pytest.mark.usefixtures("few_are_read")
def test_of_very_many_parts_some_stand_for_all(
    prior: Prior, graph: HeteroData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_out_module, "_MOST_PARTS", 2)
    assert len(left_out_module._asked_together(prior, graph, HEAD)) == 2


@pytest.mark.usefixtures("few_are_read")
def test_rounding_decides_nothing(prior: Prior, graph: HeteroData) -> None:
    """A kernel whose parameters are the same but for the last digits."""
    other = EvidenceKernel().requires_grad_(False)
    for number, parameter in enumerate(other.parameters()):
        parameter.mul_(1 + 1e-13 * (number % 7 - 3))
    found = [leave_out(each, graph, HEAD)[HEAD] for each in (prior, Prior.of(other, graph))]
    for mine, theirs in zip(*found, strict=True):
        assert torch.equal(mine.logit, theirs.logit)
        assert torch.allclose(mine.mean, theirs.mean, atol=1e-8)


@pytest.mark.parametrize("most", [40, 10_000], ids=["several parts", "one part"])
def test_halves_are_of_whole_families_and_make_the_whole(
    prior: Prior, graph: HeteroData, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    for module in ("evidence_left_out", "evidence_parts"):
        monkeypatch.setattr(f"zoograph.training.predictors.{module}.MOST_SINGLE", most)
    monkeypatch.setattr(posterior_module, "choose_relevant", partial(choose_relevant, most=most))
    monkeypatch.setattr(left_out_module, "_MOST_PARTS", 1_000)
    first, second = halves(prior, graph, HEAD)
    assert torch.equal(first, ~second)
    family = graph[DATASET].group
    assert not torch.isin(family[first], family[second]).any()
    found = [leave_out(prior, graph, HEAD, half)[HEAD] for half in (first, second)]
    for half, parts in zip((first, second), found, strict=True):
        assert parts
        assert all(half[part.dataset].all() for part in parts)
    _once([*found[0], *found[1]], NEW_DATASET, prior)
