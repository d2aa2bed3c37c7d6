import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from torch.distributions import MultivariateNormal

from zoograph.models.gp.evidence import GatherSquare, NegativeLogEvidence, evidence_loss, evidence_optimizer, gram

M, D = 4, 6


def test_evidence_and_its_gradient(covariance):
    matrix = covariance(5, 4).requires_grad_()
    y = torch.randn(5, dtype=torch.float64)
    ours = NegativeLogEvidence.apply(matrix, y)
    theirs = -MultivariateNormal(torch.zeros(5).double(), matrix).log_prob(y)
    assert ours.item() == pytest.approx(theirs.item())
    (ours_grad,) = torch.autograd.grad(ours, matrix)
    (theirs_grad,) = torch.autograd.grad(theirs, matrix)
    assert torch.allclose(ours_grad, (theirs_grad + theirs_grad.t()) / 2, atol=1e-9)


def test_gather_square_and_its_gradient():
    matrix = torch.randn(4, 4, dtype=torch.float64, requires_grad=True)
    index = torch.tensor([0, 2, 2, 3, 0])
    weight = torch.randn(5, 5, dtype=torch.float64)
    (fast,) = torch.autograd.grad((GatherSquare.apply(matrix, index) * weight).sum(), matrix)
    (slow,) = torch.autograd.grad((matrix[index][:, index] * weight).sum(), matrix)
    assert torch.allclose(fast, slow)


def test_gram_is_the_covariance_between_pairs_and_themselves(covariances, records):
    pairs = records[0]
    assert torch.allclose(gram(covariances, pairs), covariances.between(pairs, pairs))
    assert torch.allclose(gram(covariances, pairs).diagonal(), covariances.variance(pairs))


def test_evidence_is_that_of_scikit_learn():
    x = torch.linspace(0, 3, 9).double()[:, None]
    y = x[:, 0].sin()
    theirs = GaussianProcessRegressor(RBF(0.7), alpha=0.1, optimizer=None).fit(x.numpy(), y.numpy())
    matrix = torch.from_numpy(RBF(0.7)(x.numpy())) + 0.1 * torch.eye(9, dtype=torch.float64)
    assert NegativeLogEvidence.apply(matrix, y).item() == pytest.approx(-theirs.log_marginal_likelihood_value_)


def test_loss_of_records_is_minus_their_density(covariances, records):
    pairs, y, noise = records
    matrix = covariances.between(pairs, pairs) + torch.diag(noise)
    density = MultivariateNormal(torch.zeros(15).double(), matrix).log_prob(y)
    assert evidence_loss(covariances, pairs, noise, y).item() == pytest.approx(-density.item())


def test_optimizer_finds_the_weight_of_most_evidence(covariances, records):
    pairs, y, noise = records
    log = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = evidence_optimizer([log], 30)

    def loss(value):
        return evidence_loss(covariances._replace(score_weight=value.exp()), pairs, noise, y)

    def closure():
        optimizer.zero_grad()
        result = loss(log)
        result.backward()
        return result

    optimizer.step(closure)
    with torch.no_grad():
        found, beside = loss(log), torch.stack([loss(log + step) for step in (-0.1, 0.1)])
    assert (found < beside).all()
