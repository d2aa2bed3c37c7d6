import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zoograph.models.evidence.cells import NUM_PROTOCOLS, Cells
from zoograph.models.evidence.kernel import DatasetCovariances, EvidenceKernel, Side, squared_distances
from zoograph.models.evidence.kernel_start import PRIOR
from zoograph.models.evidence.node_features import ModelFeatures

ZERO_SHOT, PROBE, HEAD, TUNED = 1, 2, 3, 4


def cells(*rows):
    """Return cells of (model, dataset, protocol)."""
    where = torch.tensor(rows, dtype=torch.long).t()
    return Cells(*where, torch.zeros(len(rows), dtype=torch.float64))


def every_cell(num_models, num_datasets):
    places = (torch.arange(num_models), torch.arange(num_datasets), torch.arange(NUM_PROTOCOLS))
    where = torch.cartesian_prod(*places).t()
    return Cells(*where, torch.linspace(-1, 1, where.shape[1], dtype=torch.float64))


def smallest(matrix):
    return torch.linalg.eigvalsh(matrix).min().item() / matrix.diagonal().max().item()


def test_parameters_start_at_their_prior():
    kernel = EvidenceKernel()
    assert all(kernel.value(name).item() == pytest.approx(value) for name, value in PRIOR.items())
    assert kernel.penalty(1, 1).item() == pytest.approx(0, abs=1e-12)
    with torch.no_grad():
        kernel.logs["pair"] += 2.0
        kernel.skill_places[0, 0] += 1.0
    assert kernel.penalty(10, 5).item() == pytest.approx(2.0**2 / 10 + 4 * 1.0**2 / 5)


def test_the_prior_of_levels_counts_against_families():
    kernel = EvidenceKernel()
    with torch.no_grad():
        kernel.logs["level_own"] += 2.0
    assert kernel.penalty(100, 5).item() == pytest.approx(2.0**2 / 5 + 2.0**2 / 100)


def test_covariances_are_symmetric_and_positive(prior, models, datasets):
    for matrix in (*models[:2], datasets.level, datasets.where, datasets.own):
        assert torch.allclose(matrix, matrix.t())
        assert smallest(matrix) > -1e-10
    everything = every_cell(8, 3)
    for matrix in (
        prior.kernel.level(everything, everything, datasets),
        prior.kernel.skill(everything, everything, datasets, models),
    ):
        assert torch.allclose(matrix, matrix.t())
        assert smallest(matrix) > -1e-10


@given(seed=st.integers(0, 10_000))
def test_so_they_are_with_any_parameters(seed, prior, graph):
    torch.manual_seed(seed)
    kernel = EvidenceKernel().requires_grad_(False)
    for parameter in kernel.parameters():
        parameter += torch.randn_like(parameter)
    embedding = torch.randn(len(prior.features.domain), 3, dtype=torch.float64)
    models = kernel.models(ModelFeatures.of(graph))
    datasets = kernel.datasets(prior.features, embedding)
    some = every_cell(4, 2)
    total = kernel.level(some, some, datasets) + kernel.skill(some, some, datasets, models)
    assert torch.allclose(total, total.t())
    assert smallest(total) > -1e-10


def test_what_protocols_share_is_less_than_what_one_has(prior, models, datasets):
    """A pair under two protocols is more alike the nearer these are, and never more than under one."""
    asked = cells((0, 0, TUNED))
    under = cells((0, 0, TUNED), (0, 0, HEAD), (0, 0, PROBE))
    same, head, probe = prior.kernel.skill(asked, under, datasets, models)[0].tolist()
    assert same > head > probe > 0
    same, head, probe = prior.kernel.level(asked, under, datasets)[0].tolist()
    assert same > head > probe > 0


def test_what_is_peculiar_to_a_dataset_reaches_another_protocol_less_than_skills_do(datasets):
    own, far = (cells((0, 0, protocol)) for protocol in (HEAD, ZERO_SHOT))
    kernel = EvidenceKernel().requires_grad_(False)
    skill, peculiar, pair = (
        float(other / same)
        for same, other in zip(kernel._between(own, own, datasets), kernel._between(own, far, datasets), strict=True)
    )
    assert 0 < peculiar < skill < pair == 1
    kernel.logs["interaction_protocols"] += 1.0
    assert float(kernel._between(own, far, datasets)[1]) < peculiar * float(kernel._between(own, own, datasets)[1])


def test_the_pair_is_shared_by_its_protocols_alone(models, datasets):
    with_pair, without = EvidenceKernel().requires_grad_(False), EvidenceKernel().requires_grad_(False)
    without.logs["pair"].fill_(-math.inf)
    asked, others = cells((0, 0, TUNED)), cells((0, 0, PROBE), (1, 0, TUNED), (0, 1, TUNED))
    gap = [k.skill(asked, others, datasets, models) for k in (with_pair, without)]
    assert (gap[0] - gap[1])[0].tolist() == pytest.approx([PRIOR["pair"], 0, 0])


def test_the_expected_level_falls_with_classes_and_rises_with_samples(kernel):
    few = Cells(*torch.zeros(3, 3, dtype=torch.long), torch.tensor([-1.0, 0.0, 2.0]).double())
    levels = kernel.expected_level(few, torch.tensor([0.5]).double())
    assert levels.tolist() == pytest.approx([0.4 * x - 0.5 * 0.5 for x in (-1, 0, 2)])
    many = kernel.expected_level(few, torch.tensor([2.5]).double())
    assert torch.allclose(levels - many, torch.full((3,), 0.5 * 2.0).double())


def test_means_over_datasets_covary_as_means_do():
    torch.manual_seed(0)
    half = torch.randn(3, 3, dtype=torch.float64)
    where = half @ half.t()
    plain = DatasetCovariances(where + 1, where, torch.eye(3).double(), torch.tensor([0.0, 1.0, 5.0]).double())
    weights = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]]).double()
    found = plain.with_means(weights)
    both = torch.cat([torch.eye(3).double(), weights])
    assert torch.allclose(found.where, both @ where @ both.t())
    assert torch.allclose(found.own, both @ both.t())
    assert found.classes.tolist() == pytest.approx([0, 1, 5, 0.5, 4.0])
    assert torch.equal(found.level[:3, :3], plain.level)
    assert not found.level[3:, :3].any()  # their levels were taken out


def test_covariances_of_some_nodes_with_others_are_those_of_all(prior, models, datasets):
    a, b = torch.tensor([5, 0, 3]), torch.tensor([3, 2])
    for found, whole in (
        (prior.between_models(a, b), models),
        (prior.between_datasets(a, b), datasets),
    ):
        for name in set(whole._fields) - {"classes", "rows", "columns"}:
            assert torch.allclose(getattr(found, name), getattr(whole, name)[a[:, None], b[None]]), name


def test_squared_distances():
    a, b = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[3.0, 0.0]])
    assert squared_distances(a, b).tolist() == [[9.0], [16.0]]


def test_without_a_network_nodes_have_no_embeddings(kernel, graph):
    assert kernel.embed(graph).shape[1] == 0


def test_the_whole_covariance_is_levels_and_skills_in_units_of_spreads(prior, models, datasets):
    some = every_cell(8, 2)
    unit = torch.linspace(0.5, 2.0, len(some.model), dtype=torch.float64)
    unit = unit[some.dataset * NUM_PROTOCOLS + some.protocol]  # models spread alike under the same circumstances
    side = Side(some, unit, torch.linspace(-1, 1, 2 * len(unit), dtype=torch.float64).reshape(-1, 2))
    kernel, shared = prior.kernel, prior.kernel.shared(side, side, datasets)
    whole = kernel.covariance(side, side, shared.at(slice(None)), models)
    skill = kernel.skill(some, some, datasets, models) + kernel.value("scores") * side.scores @ side.scores.t()
    assert torch.allclose(whole, kernel.level(some, some, datasets) + unit[:, None] * skill * unit[None])
    assert torch.allclose(kernel.variance(side, shared, models), whole.diagonal())
    rows = torch.tensor([5, 70, 3])
    part = kernel.covariance(side.at(rows), side.at(slice(40)), shared.at(rows, 40), models)
    assert torch.allclose(part, whole[rows, :40])


def test_a_mean_over_datasets_is_as_one_more_cell_of_its_model(prior, models, datasets):
    asked = cells(*((model, dataset, HEAD) for model in (2, 6) for dataset in (0, 1, 2)))
    asked = asked._replace(per_class=torch.tensor([0.3, -0.5, 1.0] * 2, dtype=torch.float64))
    side = Side(asked, torch.tensor([0.5, 1.0, 2.0] * 2, dtype=torch.float64), torch.zeros(6, 0).double())
    kernel = prior.kernel
    whole = kernel.covariance(side, side, kernel.shared(side, side, datasets).at(slice(None)), models)
    one = side.at(slice(3))
    between = kernel.shared(one, one, datasets).mean()
    shots = (one.unit * one.cells.per_class).mean().repeat(2)
    means = Side(cells((2, 0, HEAD), (6, 0, HEAD))._replace(per_class=shots), torch.ones(2).double(), side.scores[:2])
    found = kernel.covariance(means, means, between.at(torch.tensor([0, 0])), models)
    assert torch.allclose(found, whole.reshape(2, 3, 2, 3).mean((1, 3)))
