"""A fit that cannot be is refused before it begins, with numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.errors import ModelError


@pytest.fixture
def flows() -> pd.DataFrame:
    return fc.datasets.simulate_trade(5, 4, seed=2).frame


def test_a_fit_larger_than_memory_is_refused_with_both_numbers(flows, monkeypatch):
    monkeypatch.setenv("FORECAST_MEMORY_GB", "0.000001")
    with pytest.raises(
        ModelError, match=r"F-548: .*80 rows, 1 regressors.*0\.0 GB may"
    ):
        fc.Gravity("flow ~ agreement | origin + destination").fit(flows)


def test_a_limit_that_is_no_number_is_the_machines(flows, monkeypatch):
    monkeypatch.setenv("FORECAST_MEMORY_GB", "plenty")
    fit = fc.Gravity("flow ~ agreement | origin + destination").fit(flows)
    assert fit.nobs == len(flows)


@pytest.mark.parametrize("estimator", ["ppml", "ols"])
def test_a_model_whose_regressors_all_say_nothing_is_refused(flows, estimator):
    model = fc.Gravity("flow ~ nothing - 1", estimator=estimator)
    with pytest.raises(ModelError, match="F-544"):
        model.fit(flows.assign(nothing=0.0))


def test_several_equations_ask_for_fit_all(flows):
    model = fc.Gravity("flow ~ sw(agreement, border) | origin + destination")
    with pytest.raises(ModelError, match="F-547: the formula states 2 equations"):
        model.fit(flows)
    assert len(model.fit_all(flows)) == 2


def test_an_estimator_that_is_not_known_is_refused():
    with pytest.raises(ModelError, match="F-545"):
        fc.Gravity("flow ~ agreement", estimator="poisson")


def test_the_callers_table_is_unchanged(flows):
    before = flows.copy(deep=True)
    fc.Gravity("flow ~ agreement | origin^period + destination^period").fit(flows)
    pd.testing.assert_frame_equal(flows, before)


def test_overflowing_regressors_do_not_disturb(flows):
    year = flows["period"].dt.year * 1e6
    fit = fc.Gravity("flow ~ agreement + year | origin + destination").fit(
        flows.assign(year=year)
    )
    assert np.isfinite(fit.bse).all()


def test_a_perfect_fit_has_coefficients_and_no_errors():
    table = pd.DataFrame({"y": [1.0, 2.0], "x": [0.0, 1.0]})
    fit = fc.Gravity("y ~ x").fit(table)
    np.testing.assert_allclose(fit.params, [0.0, np.log(2.0)], atol=1e-9)
    assert fit.covariance.convention
