"""The exact solver against a linear program, and what it says when there is no optimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from zoograph.graphs.scores.numerics.exact_transport import solve_transport
from zoograph.graphs.scores.undefined import UndefinedScore


@pytest.mark.parametrize("uniform", [True, False])
def test_it_is_the_optimum_of_the_linear_program(uniform: bool) -> None:
    rng = np.random.default_rng(0)
    costs = rng.random((5, 7))
    weights, others = (rng.dirichlet(np.ones(size)) for size in costs.shape)
    given = (None, None) if uniform else (weights, others)
    ends = [np.full(size, 1 / size) for size in costs.shape] if uniform else [weights, others]
    rows = [np.kron(np.eye(5), np.ones(7)), np.kron(np.ones(5), np.eye(7))]
    program = linprog(costs.ravel(), A_eq=np.vstack(rows), b_eq=np.concatenate(ends))
    solved = solve_transport(*given, costs)
    assert solved.cost == pytest.approx(program.fun, abs=1e-12)
    assert solved.cost == pytest.approx(float((solved.plan * costs).sum()), abs=1e-12)
    np.testing.assert_allclose(solved.plan.sum(1), ends[0], atol=1e-12)
    np.testing.assert_allclose(solved.plan.sum(0), ends[1], atol=1e-12)
    # Strong duality: what the duals promise is what the plan costs.
    assert ends[0] @ solved.source_duals + ends[1] @ solved.target_duals == pytest.approx(solved.cost, abs=1e-12)


def test_pairs_that_a_sparse_matrix_lacks_are_not_coupled() -> None:
    costs = coo_matrix((np.array([5.0, 5.0]), (np.array([0, 1]), np.array([0, 1]))), shape=(2, 2))
    solved = solve_transport(None, None, costs)
    assert solved.cost == pytest.approx(5.0)
    np.testing.assert_allclose(coo_matrix(solved.plan).toarray(), [[0.5, 0.0], [0.0, 0.5]])


def test_what_cannot_be_solved_is_undefined() -> None:
    both_to_one = coo_matrix((np.ones(2), (np.array([0, 1]), np.array([0, 0]))), shape=(2, 2))
    with pytest.warns(UserWarning, match="infeasible"), pytest.raises(UndefinedScore, match="cannot be solved"):
        solve_transport(None, None, both_to_one)
