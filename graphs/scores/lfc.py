"""LFC: correlation between the similarity of features and the sameness of labels, over pairs of samples."""

from __future__ import annotations

from zoograph.graphs.scores.inputs import ScoreInputs
from zoograph.graphs.scores.spec import score
from zoograph.graphs.scores.undefined import UndefinedScore


@score("LFC", "Deshpande et al., A linearized framework and a new benchmark for model selection for fine-tuning, 2021")
def lfc(inputs: ScoreInputs) -> float:
    """Return the label-feature correlation.

    The Pearson correlation over all N x N pairs, each sample with itself included, between the inner products of
    features and +1 for the same class, -1 for different ones: Deshpande et al., "A linearized framework and a new
    benchmark for model selection for fine-tuning", 2021. No N x N matrix is formed: sums over samples, classes and
    pairs of features hold it all, in float64.

    Args:
        features: (N, D) features; a scale does not matter, the origin does.
        labels: (N,) integer classes.

    Returns:
        A correlation in [-1, 1], higher is better.

    Raises:
        UndefinedScore: if all samples are the same.
    """
    moments, counts = inputs.moments, inputs.counts.double()
    if moments.total == 0:
        raise UndefinedScore("all samples have the same features")
    num_samples = inputs.num_samples
    # An inner product less its mean over all pairs is z_i z_j + a_i + a_j, with z centred and a = z mean.
    along_mean = moments.centred @ moments.mean
    spread = moments.scatter.square().sum() + 2 * num_samples * along_mean.square().sum()
    within = (inputs.class_sums.square().sum(dim=1) + 2 * counts * (inputs.class_sums @ moments.mean)).sum()
    same = counts.square().sum() / num_samples**2
    return float(within / (num_samples * (spread * same * (1 - same)).sqrt()))
