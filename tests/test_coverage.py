"""Intervals of three-way PPML hold the truth as often as they say; a short form.

The long form is ``benchmarks/coverage_three_way.py``; its table stands in the page
"Standard errors".
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage_three_way import DESIGNS, coverage, draw, errors_of, simulate
from forecast.gravity.inference.corrected import BiasCorrected
from forecast.gravity.model import Gravity

DRAWS = 40


@pytest.mark.parametrize("design", ["log-normal", "clustered in time"])
def test_the_recommended_interval_covers_where_the_usual_does_not(design):
    found = simulate(design, 15, DRAWS)
    covered = coverage(found)
    assert len(found) == DRAWS
    assert covered["usual"] < 91
    assert 87 <= covered["recommended"] < 100
    assert covered["usual"] < covered["published s.e."] <= covered["recommended"]


def test_the_bias_of_counts_shrinks_with_the_number_of_countries():
    bias = {}
    for regions in (10, 30):
        worlds = (draw("gamma-Poisson", regions, number) for number in range(12))
        errors = [errors_of(world) for world in worlds]
        bias[regions] = np.mean([e["error"] - e["corrected"] for e in errors])
    assert bias[10] > 0
    assert 1.5 < bias[10] / bias[30] < 4.5


def test_gaps_in_the_panel_do_not_spoil_the_interval():
    """A quarter of all cells is missing; the seeds are fixed."""
    held = 0
    for number in range(40):
        world = draw("log-normal", 12, number)
        table = world.frame().sample(frac=0.75, random_state=number)
        formula = "trade ~ x | exporter^year + importer^year + exporter^importer"
        fit = Gravity(formula, vcov=BiasCorrected(period="year")).fit(table)
        low, high = fit.conf_int().iloc[0]
        held += low < world.slope < high
    assert held >= 35


@pytest.mark.parametrize("design", DESIGNS)
def test_a_world_is_the_same_every_time_and_has_a_mean_that_the_model_knows(design):
    once, again = draw(design, 6, 3), draw(design, 6, 3)
    np.testing.assert_array_equal(once.trade, again.trade)
    assert (draw(design, 6, 4).trade != once.trade).any()
    assert once.frame().shape == (6 * 5 * 5, 5)
    assert (once.trade >= 0).all()
    assert np.isfinite(once.trade).all()
