"""How long our fits take, for `make bench`: small and middling problems, warm.

Speed without accuracy is no speed: every case is first held to its reference.
For comparisons with other libraries see `benchmarks.compare`.
"""

from __future__ import annotations

import pytest

import forecast as fc
from benchmarks.problems import parse_problem
from benchmarks.reference import load_reference, solve_reference

PROBLEMS = [
    "S",
    "S-K20",
    "S-2way",
    "S-0way",
    "S-nodomestic",
    "M",
    "M-K20",
    "M-2way",
    "M-0way",
]


@pytest.mark.parametrize("name", PROBLEMS)
def test_fit(benchmark, name):
    problem = parse_problem(name)
    frame = problem.frame()
    recipe = fc.Gravity(problem.formula, vcov=fc.Clustered(problem.cluster))
    fit = benchmark.pedantic(recipe.fit, [frame], rounds=5, warmup_rounds=1)
    reference = load_reference(problem, frame) or solve_reference(problem, frame)
    right = reference.coefficients
    error = max(abs(fit.params[term] - right[term]) for term in right)
    benchmark.extra_info["coefficient error"] = error
    assert error < 1e-8
