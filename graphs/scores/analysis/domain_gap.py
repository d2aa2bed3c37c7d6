r"""How far the images of a target lie from those a model was pre-trained on, as the model sees them."""

from __future__ import annotations

import torch
from torch import Tensor

from zoograph.graphs.scores.undefined import UndefinedScore


def domain_gap(corpus: Tensor, target: Tensor, full: bool = False) -> float:
    r"""Return the Fréchet distance between two clouds of features, in standard deviations of the corpus.

    Features are standardised on the corpus, so that every feature counts the same and the unit is one of the encoder's
    own. Both clouds are taken for Gaussians with means :math:`\mu` and covariances :math:`\Sigma`, and

    .. math:: G^2 = \frac1D \left( \lVert \mu_C - \mu_T \rVert^2 - b
        + \operatorname{tr}\left(\Sigma_C + \Sigma_T - 2 (\Sigma_C^{1/2} \Sigma_T \Sigma_C^{1/2})^{1/2}\right) \right)

    where :math:`b = \operatorname{tr} \Sigma_C / N_C + \operatorname{tr} \Sigma_T / N_T` is what the two means are
    apart by chance. Without it small targets would seem further away, and the gap would tell their size.

    By default :math:`\Sigma` is diagonal, the trace term then is the squared difference of the standard deviations, and
    a target with fewer images than features has a value that does not hang on a choice of shrinkage.

    Args:
        corpus: (N_C, D) features of images of the pre-training data, any floating type; two rows at least.
        target: (N_T, D) features of the target; two rows at least.
        full: whether covariances are full, each shrunk to a multiple of the identity as Ledoit and Wolf do.

    Returns:
        The distance, 0 or more; larger is further. A feature that is constant on the corpus has no unit and is left
        out.

    Raises:
        UndefinedScore: if a cloud has fewer than two rows, if no feature varies on the corpus, or if a feature is not
            finite.
        ValueError: if the shapes do not fit together.

    >>> corpus = torch.tensor([[-1.0], [1.0]] * 500)
    >>> round(domain_gap(corpus, corpus + 2), 2)
    2.0
    """
    corpus, target = (_standardised(part, corpus) for part in _checked(corpus, target))
    apart = corpus.mean(0) - target.mean(0)
    chance = sum(float(part.var(0).sum()) / len(part) for part in (corpus, target))
    spread = _shrunk_spread(corpus, target) if full else float((corpus.std(0) - target.std(0)).square().sum())
    return max((float(apart @ apart) - chance + spread) / corpus.shape[1], 0.0) ** 0.5


def _checked(corpus: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    if corpus.ndim != 2 or target.ndim != 2 or corpus.shape[1] != target.shape[1]:
        shapes = f"{tuple(corpus.shape)} and {tuple(target.shape)}"
        raise ValueError(f"'domain_gap' needs two matrices of the same features (got {shapes})")
    if min(len(corpus), len(target)) < 2:
        raise UndefinedScore("a cloud of features has fewer than two samples")
    if not bool(torch.isfinite(corpus).all() and torch.isfinite(target).all()):
        raise UndefinedScore("a feature is not finite")
    return corpus, target


def _standardised(part: Tensor, corpus: Tensor) -> Tensor:
    """Return a cloud in float64, in units of the corpus, without the features that are constant there."""
    varies = (corpus != corpus[0]).any(0)
    if not bool(varies.any()):
        raise UndefinedScore("no feature varies on the corpus")
    kept = corpus[:, varies].double()
    return (part[:, varies].double() - kept.mean(0)) / kept.std(0)


def _shrunk_spread(corpus: Tensor, target: Tensor) -> float:
    """Return the trace term with full covariances, Ledoit and Wolf's."""
    from sklearn.covariance import ledoit_wolf

    one, other = (torch.as_tensor(ledoit_wolf(part.cpu().numpy())[0]) for part in (corpus, target))
    values, vectors = torch.linalg.eigh(one)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    between = torch.linalg.eigvalsh(root @ other @ root).clamp_min(0).sqrt().sum()
    return max(float(one.trace() + other.trace() - 2 * between), 0.0)
