"""The decorator of a score: it makes a public function of tensors of it, and its entry for the registry."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, Protocol, cast

from torch import Tensor

from zoograph.graphs.scores.inputs import RealInputs, ScoreInputs

PROBABILITIES, SOURCE_TASK = "source_probabilities", "source_task"

_ARGUMENTS = {
    None: ("features", "labels"),
    PROBABILITIES: ("source_probabilities", "labels"),
    SOURCE_TASK: ("source_features", "source_labels", "features", "labels"),
}


class ScoreSpec(NamedTuple):
    """A score as the rest of the project sees it.

    Attributes:
        name: the key of records and commands.
        title: the name for people.
        compute: the score of prepared inputs; higher means that better transfer is expected.
        needs: what it needs beside features and labels, out of "source_probabilities" and "source_task".
        paper: authors, title, venue and year.
        of_values: the score of real targets in the place of classes; None if it is defined for classes alone.
    """

    name: str
    title: str
    compute: Callable[[ScoreInputs], float]
    needs: frozenset[str]
    paper: str
    of_values: Callable[[RealInputs], float] | None = None


class Score(Protocol):
    """A score as a pure function of tensors, with keyword options, and its entry for the registry."""

    spec: ScoreSpec

    def __call__(self, *tensors: Tensor, **options: Any) -> float:
        """Return the score."""


def score(title: str, paper: str, needs: str | None = None) -> Callable[[Callable[..., float]], Score]:
    """Make a score of a function of :class:`ScoreInputs` and options, under the function's own name.

    The public function takes tensors in the place of the inputs: features and labels; source probabilities and
    labels; or source features, source labels, features and labels.

    Args:
        title: the name for people.
        paper: authors, title, venue and year.
        needs: what it needs beside features and labels, ``PROBABILITIES`` or ``SOURCE_TASK``, if anything.

    Returns:
        A decorator. What it returns takes the tensors and the options, and has a ``spec``.
    """
    tensors = _ARGUMENTS[needs]

    def make_inputs(**known: Tensor) -> ScoreInputs:
        # Who needs probabilities alone takes them for features.
        return ScoreInputs(**{"features": known[tensors[0]], **known})

    def decorate(compute: Callable[..., float]) -> Score:
        result = cast(Score, _of_tensors(compute, tensors, make_inputs))
        result.spec = ScoreSpec(compute.__name__, title, compute, frozenset([needs] if needs else []), paper)
        return result

    return decorate


def of_values(classes: Score) -> Callable[[Callable[..., float]], Callable[..., float]]:
    """Say that a score is defined for real targets too: by a function of :class:`RealInputs` and options.

    The public function takes (N, D) features and (N, K) targets in the place of the inputs.

    Args:
        classes: the score of classes, whose entry then has this one.
    """

    def decorate(compute: Callable[..., float]) -> Callable[..., float]:
        classes.spec = classes.spec._replace(of_values=compute)
        return _of_tensors(compute, ("features", "targets"), RealInputs)

    return decorate


def _of_tensors(
    compute: Callable[..., float], tensors: tuple[str, ...], make_inputs: Callable[..., Any]
) -> Callable[..., float]:
    """Return a function of tensors, and of options, that makes inputs of the tensors and computes."""
    of_inputs = inspect.signature(compute)
    arguments = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in tensors]
    signature = of_inputs.replace(parameters=[*arguments, *list(of_inputs.parameters.values())[1:]])

    @wraps(compute)
    def public(*args: Tensor, **options: Any) -> float:
        given = signature.bind(*args, **options).arguments
        return compute(make_inputs(**{name: given.pop(name) for name in tensors}), **given)

    cast(Any, public).__signature__ = signature
    return public
