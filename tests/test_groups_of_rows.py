"""What is the same throughout a pair is read once per pair; layouts are made ahead."""

from __future__ import annotations

import gravity_worlds as worlds
import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.errors import ModelError
from forecast.gravity import estimation
from forecast.gravity.engine.conjugate import conjugate_gradients
from forecast.gravity.records import Codes, GroupCodes
from forecast.kernels import threads
from forecast.kernels.threads import limit_threads

THREE_WAY = "exporter^year + importer^year + exporter^importer"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return worlds.trade(seed=5, n_regions=8, n_years=6)


@pytest.fixture(scope="module")
def fit(frame) -> fc.GravityFit:
    return fc.Gravity(f"y ~ x0 + x1 | {THREE_WAY}").fit(frame)


@pytest.mark.parametrize("name", ["exporter^importer", "pair", "importer", "exporter"])
def test_clusters_of_whole_pairs_are_those_of_their_rows(fit, frame, name):
    found = fit.keys.codes(name)
    assert isinstance(found, GroupCodes)
    columns = name.split("^") if "^" in name or name in frame else ["pair"]
    rows = frame.iloc[fit.keys.positions]
    expected = rows.groupby(columns).ngroup().to_numpy()
    np.testing.assert_array_equal(found.codes, expected)
    assert found.count == expected.max() + 1


@pytest.mark.parametrize("name", ["year", "exporter^year", "club"])
def test_clusters_that_cut_pairs_are_read_row_by_row(fit, frame, name):
    found = fit.keys.codes(name)
    assert not isinstance(found, GroupCodes)
    rows = frame.iloc[fit.keys.positions]
    expected = rows.groupby(name.split("^")).ngroup().to_numpy()
    np.testing.assert_array_equal(found.codes, expected)


def test_scores_add_up_to_the_same_by_pair_and_by_row(fit):
    by_pair = fit.keys.codes("exporter^importer")
    by_row = Codes(by_pair.codes, by_pair.count)
    scale = np.abs(fit.scores.rows()).sum(axis=0)
    difference = fit.scores.sums(by_pair) - fit.scores.sums(by_row)
    assert (np.abs(difference).max(axis=0) < 1e-14 * scale).all()


def test_rows_that_are_incomplete_do_not_shift_clusters(frame):
    gaps = frame.assign(x0=frame["x0"].where(frame.index % 7 != 3))
    fit = fc.Gravity(f"y ~ x0 + x1 | {THREE_WAY}").fit(gaps)
    expected = gaps["pair"].iloc[fit.keys.positions].to_numpy()
    found = fit.keys.codes("pair")
    assert isinstance(found, GroupCodes)
    np.testing.assert_array_equal(np.unique(expected)[found.codes], expected)


@pytest.mark.parametrize("effects", [THREE_WAY, "exporter^year + importer^year"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tolerance", [1e-1, 1e-5])
def test_one_call_solves_as_calls_one_by_one_do(frame, effects, dtype, tolerance):
    system = fc.Gravity(f"y ~ x0 + x1 | {effects}").fit(frame).estimate.view.system
    assert system.cuts.size == 2  # one block
    point = system.evaluate(np.zeros(2), system.start(), exact=dtype == np.float64)
    conditioner = system.conditioner(point.mu)
    rhs = np.random.default_rng(0).normal(size=(system.shape[0], 3, system.shape[1]))
    rhs = system.product(point.mu, rhs.astype(dtype), np.arange(3))  # in its range
    rhs[:, 1] = 0.0  # a column that is solved from the start
    options = {"tolerance": tolerance, "floor": 1e-20}
    one = system.solve(point.mu, conditioner, rhs, **options)
    by_calls = conjugate_gradients(
        lambda V, active: system.product(point.mu, V, active),
        conditioner,
        rhs,
        None,
        limit=100,
        **options,
    )
    assert one.iterations == by_calls.iterations > 1
    share = max(1e-3 * tolerance, 10 * np.finfo(dtype).eps)
    close = {"rtol": 0, "atol": share * np.abs(rhs).max()}
    np.testing.assert_allclose(one.residual, by_calls.residual, **close)
    np.testing.assert_allclose(
        system.product(point.mu, one.V, np.arange(3)) + one.residual, rhs, **close
    )


# ------------------------------------------------------------------------ side by side


@pytest.fixture
def long_rows(monkeypatch):
    """Let a handful of rows count as many; tell which layouts were made and used."""
    told = {"made": 0, "used": 0}
    layout_of, fit_poisson = estimation.layout_of, estimation.fit_poisson

    def made(arrays):
        told["made"] += 1
        return layout_of(arrays)

    def used(arrays, *, tolerance, layout):
        told["used"] += layout is not None
        return fit_poisson(arrays, tolerance=tolerance, layout=layout)

    monkeypatch.setattr(threads, "LONG", 1)
    monkeypatch.setattr(estimation, "layout_of", made)
    monkeypatch.setattr(estimation, "fit_poisson", used)
    return told


def both_ways(model: fc.Gravity, frame: pd.DataFrame) -> list[fc.GravityFit]:
    fits = []
    for count in (1, 2):
        with limit_threads(count):
            fits.append(model.fit(frame))
    return fits


@pytest.mark.parametrize("effects", [THREE_WAY, "exporter + importer + year"])
def test_rows_are_laid_out_while_the_sample_is_proved(frame, long_rows, effects):
    one, two = both_ways(fc.Gravity(f"y ~ x0 + x1 | {effects}"), frame)
    assert long_rows == {"made": 1, "used": 1}
    assert one.params.equals(two.params)
    assert one.bse.equals(two.bse)


@pytest.mark.parametrize("drop", [True, False])
def test_a_layout_made_ahead_is_not_used_where_more_rows_go(frame, long_rows, drop):
    zeros = (frame["y"] == 0) & (frame["year"] == 2003)
    world = frame.assign(x2=zeros.astype(float))  # separates these rows
    model = fc.Gravity(f"y ~ x0 + x2 | {THREE_WAY}", drop_singletons=drop)
    one, two = both_ways(model, world)
    assert long_rows == {"made": 1, "used": 0}
    assert one.nobs == two.nobs < (~zeros).sum() + 1
    assert one.params.equals(two.params)


def test_a_layout_made_ahead_is_not_used_where_a_regressor_goes(frame, long_rows):
    world = frame.assign(x2=2 * frame["x0"])
    one, two = both_ways(fc.Gravity(f"y ~ x0 + x2 + x1 | {THREE_WAY}"), world)
    assert long_rows == {"made": 1, "used": 0}
    assert list(two.params.index) == ["x0", "x1"]
    assert one.params.equals(two.params)


@pytest.mark.parametrize("count", [1, 2])
def test_a_layout_that_memory_does_not_hold_is_refused_either_way(
    frame, long_rows, monkeypatch, count
):
    monkeypatch.setenv("FORECAST_MEMORY_GB", "1e-6")
    with limit_threads(count), pytest.raises(ModelError, match="F-548"):
        fc.Gravity(f"y ~ x0 | {THREE_WAY}").fit(frame)
    assert long_rows["used"] == 0
