from dataclasses import replace

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from zoograph.data.testing.pretend_device import PRETEND, PretendDevice
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.models.evidence import hiding as hiding_module
from zoograph.models.evidence.hiding import Hiding
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.posterior import Posterior, Prior
from zoograph.models.gp.gated_conv import GatedConv
from zoograph.models.gp.structural_gnn import StructuralGNN


@pytest.fixture
def hiding(graph):
    return Hiding(graph, EvidenceKernel())


def generator():
    return torch.Generator().manual_seed(0)


def test_the_loss_is_the_mean_over_ways_of_hiding_of_what_a_posterior_says(hiding, graph, monkeypatch):
    """With every record as the one whose dataset, model and both are hidden; leads by size are not learned from."""
    with torch.no_grad():
        prior = Prior.of(hiding.kernel, graph)
    prior = prior._replace(models=replace(prior.models, compute=torch.zeros_like(prior.models.compute)))
    posterior = Posterior(prior, torch.arange(graph[DATASET].num_nodes), 3)
    cells, size = posterior.records.cells, len(posterior.records)
    family = graph[DATASET].group[cells.dataset]
    monkeypatch.setattr(hiding_module, "_HIDDEN_GROUPS", size)
    ways, levels = [], []
    for groups in ([torch.arange(size)], [family], [cells.model], [family, cells.model]):
        found = []
        for row in range(size):
            hidden = torch.stack([group == group[row] for group in groups])
            block = hidden.any(0).nonzero().flatten()
            inside = hidden.all(0)[block].nonzero().flatten()
            ((mean, between),) = posterior.left_out([(block, inside)])
            rows = block[inside]
            between = between + posterior._noise[rows].diag()
            error, kind = posterior.records.logit[rows] - mean, torch.stack([cells.dataset, cells.protocol])[:, rows]
            if len(groups) == 1 and groups[0] is family:
                same = (kind[:, :, None] == kind[:, None]).all(0).double()
                mean_of = same / same.sum(1, keepdim=True)
                levels.append(_minus_log_density(mean_of @ error, mean_of @ between @ mean_of.t())[_first(same)])
                differ = (torch.eye(len(rows)) - mean_of)[same.sum(1) > 1]
                found.append(_minus_log_density(differ @ error, differ @ between @ differ.t()))
            else:
                found.append(_minus_log_density(error, between))
        ways.append(torch.cat(found).mean())
    loss = hiding.loss(torch.arange(size), generator())
    assert loss.item() == pytest.approx(torch.stack([*ways, torch.cat(levels).mean()]).mean().item(), rel=1e-6)


def _minus_log_density(error, covariance):
    return -Normal(0.0, covariance.diagonal().sqrt()).log_prob(error)


def _first(same):
    """Return (n,) bool: whether nobody before is of the same kind."""
    return torch.tril(same, -1).sum(1) == 0


def test_nothing_is_learned_from_unknown_datasets_under_any_protocol(graph):
    unknown = torch.arange(graph[DATASET].num_nodes) % 2 == 0
    every = Hiding(graph, EvidenceKernel()).records.cells.dataset
    kept = Hiding(graph, EvidenceKernel(), unknown=unknown).records.cells.dataset
    assert torch.equal(kept, every[~unknown[every]])
    assert 0 < len(kept) < len(every)


def test_of_a_hidden_family_the_level_counts_once_and_differences_have_no_level():
    """An error that all records of a dataset have in common is in the level's density alone."""
    covariance = 4.0 * torch.ones(3, 3).double() + 0.5 * torch.eye(3).double()
    kind, error = torch.tensor([7, 7, 9]), torch.tensor([0.4, -0.2, 1.0]).double()
    level, differences = hiding_module._levels_and_differences(error, covariance, kind)
    assert (len(level), len(differences)) == (2, 2)  # the only record of its kind differs from nothing
    shifted = hiding_module._levels_and_differences(error + torch.tensor([3.0, 3.0, 0.0]), covariance, kind)
    assert torch.allclose(differences, shifted[1])
    assert shifted[0][0] > level[0]
    assert torch.allclose(level[0], _minus_log_density(torch.tensor(0.1).double(), torch.tensor([[4.25]]).double()))


def test_a_family_is_sampled_by_the_square_root_of_what_it_has(hiding, graph):
    family = graph[DATASET].group[hiding.records.cells.dataset]
    own = torch.bincount(family).double()
    first = torch.stack([hiding.sample(1, generator().manual_seed(seed)) for seed in range(4000)]).flatten()
    share = torch.bincount(family[first], minlength=len(own)) / len(first)
    assert torch.allclose(share.double(), own.sqrt() / own.sqrt().sum(), atol=0.03)


def test_no_record_is_sampled_twice(hiding):
    size = len(hiding.records)
    assert sorted(hiding.sample(10 * size, generator()).tolist()) == list(range(size))


def test_one_record_that_is_left_out_has_its_density_given_the_others():
    """Rasmussen and Williams, 2006, eq. 5.10 to 5.12, by three records' joint and marginal densities."""
    half = torch.randn(3, 3, generator=generator(), dtype=torch.float64)
    covariance = half @ half.t() + 0.1 * torch.eye(3, dtype=torch.float64)
    y = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)
    inverse = torch.linalg.inv(covariance)
    variance = 1 / inverse.diagonal()
    losses = hiding_module._minus_log_density(inverse @ y * variance, variance)
    whole = MultivariateNormal(torch.zeros(3).double(), covariance).log_prob(y)
    for i in range(3):
        rest = torch.arange(3) != i
        others = MultivariateNormal(torch.zeros(2).double(), covariance[rest][:, rest]).log_prob(y[rest])
        assert losses[i].item() == pytest.approx(-(whole - others).item())


def test_the_prior_pulls_parameters_back(graph):
    kernel = EvidenceKernel()
    hiding = Hiding(graph, kernel)
    with torch.no_grad():
        kernel.logs["pair"] += 3.0
    rows = torch.arange(len(hiding.records))
    with_prior = hiding.loss(rows, generator())
    kernel.penalty = lambda *_: torch.zeros(())  # type: ignore[method-assign]
    assert (with_prior - hiding.loss(rows, generator())).item() == pytest.approx(3.0**2 / len(rows))


def test_every_parameter_that_matters_is_learned(hiding):
    """A few steps along the gradient lower the loss."""
    rows = torch.arange(len(hiding.records))
    before = hiding.loss(rows, generator())
    before.backward()
    grads = {name: parameter.grad for name, parameter in hiding.kernel.named_parameters()}
    assert all(grad is not None and grad.isfinite().all() for grad in grads.values())
    with torch.no_grad():
        for parameter in hiding.kernel.parameters():
            parameter -= 0.02 * parameter.grad
        assert hiding.loss(rows, generator()) < before


def test_what_is_not_learned_from_takes_no_part(graph):
    unlearned = torch.arange(graph[TRANSFERS_TO].num_edges) % 4 == 0
    planted = graph.clone()
    planted[TRANSFERS_TO].edge_label = torch.where(unlearned, 0.987, graph[TRANSFERS_TO].edge_label)
    losses = []
    for each in (graph, planted):
        hiding = Hiding(each, EvidenceKernel(), unlearned)
        assert len(hiding.records) == (~unlearned).sum() + graph[MEASURED_OTHERWISE].num_edges
        losses.append(hiding.loss(torch.arange(len(hiding.records)), generator()))
    assert losses[0] == losses[1]


def test_what_is_learned_on_a_device_is_what_the_cpu_learns_and_nothing_of_the_cpu_is_read(graph, monkeypatch):
    kernel = EvidenceKernel(StructuralGNN(graph, 4, 2, 2, 4, GatedConv))
    rows = torch.arange(60)
    loss = Hiding(graph, kernel).loss(rows, generator())
    loss.backward()
    expected = {name: parameter.grad for name, parameter in kernel.named_parameters() if parameter.grad is not None}
    kernel.zero_grad()
    there = Hiding(graph, kernel)
    monkeypatch.setattr(torch.__future__, "_overwrite_module_params_on_conversion", True)  # as a pretend one needs
    with PretendDevice():
        there.put_on(PRETEND)
        kernel.to(PRETEND)
        found = there.loss(rows.to(PRETEND), generator())
        found.backward()
        assert found.device == PRETEND
        assert found.tolist() == loss.item()
        learned = dict(kernel.named_parameters())
        assert len(expected) > 40
        assert all(torch.equal(learned[name].grad.cpu(), gradient) for name, gradient in expected.items())
