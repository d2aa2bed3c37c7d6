"""Leads by size: how large they are, who has none, and what fades them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Cells
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.kernel_start import LEAD
from zoograph.models.evidence.posterior import Posterior, Prior
from zoograph.models.evidence.size_lead import SizeLead
from zoograph.models.training_records import count

PROBE, HEAD = 2, 3
COMPUTE = torch.tensor([-0.5, 0.0, 1.0, 1.5, 4.0], dtype=torch.float64)


def cells(*rows: tuple[int, int, int]) -> Cells:
    """Return cells of (model, dataset, protocol)."""
    model, dataset, protocol = torch.tensor(rows, dtype=torch.long).reshape(-1, 3).t()
    return Cells(model, dataset, protocol, torch.zeros(len(rows), dtype=torch.float64))


def leads(known: Cells, asked: Cells, unit: float = 1.0, unknown: Cells | None = None) -> Tensor:
    units = torch.full((len(asked.model),), unit, dtype=torch.float64)
    of_dataset = count(known.circumstance, 5 * NUM_PROTOCOLS)
    return SizeLead(0.5, COMPUTE, known, of_dataset).of(asked, units, unknown) / 0.5


def test_where_nothing_was_measured_it_is_in_spreads_of_the_dataset() -> None:
    asked = cells((0, 0, HEAD), (1, 0, HEAD), (2, 0, HEAD))
    assert leads(cells(), asked).tolist() == pytest.approx([-0.5, 0, 1])
    assert leads(cells(), asked, unit=0.5).tolist() == pytest.approx([-0.25, 0, 0.5])


def test_what_is_larger_than_anything_measured_leads_by_no_more() -> None:
    first, second = leads(cells(), cells((3, 0, HEAD), (4, 0, HEAD))).tolist()
    assert first == second == pytest.approx(1.5)


def test_three_records_of_the_model_or_one_of_the_dataset_leave_half() -> None:
    of_model = [(2, dataset, HEAD) for dataset in (1, 2, 3)]
    of_dataset = [(0, 0, HEAD)]
    asked = cells((2, 0, HEAD))
    assert leads(cells(*of_model), asked).item() == pytest.approx(0.5)
    assert leads(cells(*of_dataset), asked).item() == pytest.approx(0.5)
    assert leads(cells(*of_model, *of_dataset), asked).item() == pytest.approx(0.25)


def test_records_under_other_protocols_leave_all() -> None:
    known = cells((2, 1, PROBE), (2, 2, PROBE), (0, 0, PROBE))
    assert leads(known, cells((2, 0, HEAD))).item() == pytest.approx(1)


def test_what_is_left_out_counts_as_never_measured() -> None:
    known, hidden = [(2, 1, HEAD), (0, 0, HEAD)], [(2, 2, HEAD), (1, 0, HEAD), (2, 0, HEAD)]
    asked = cells((2, 0, HEAD), (0, 0, HEAD))
    expected = leads(cells(*known), asked)
    assert torch.equal(leads(cells(*known, *hidden), asked, unknown=cells(*hidden)), expected)
    assert not torch.equal(leads(cells(*known, *hidden), asked), expected)


def test_of_two_unmeasured_models_the_larger_gains_by_its_lead(prior: Prior, graph: HeteroData) -> None:
    pairs = torch.tensor([[0, 1], [0, 0]])
    none = prior.records.at(torch.zeros(0, dtype=torch.long))
    asked = prior.ask(pairs, HEAD)
    posterior = Posterior(prior, pairs[1], HEAD, none)
    mean, variance = posterior.predict(asked)
    assert torch.allclose(posterior.joint(asked, 2, 1).mean, mean)
    level = Prior.of(EvidenceKernel(lead=0.0).requires_grad_(False), graph)
    without, same = Posterior(level, pairs[1], HEAD, none).predict(asked)
    gained = LEAD * posterior.unit(asked) * prior.models.compute[:2].clamp(-1.5, 1.5)
    assert gained[0] != gained[1]
    assert torch.allclose(mean - without, gained)
    assert torch.equal(variance, same)
