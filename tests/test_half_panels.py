"""Models with lagged trade: the half-panel jackknife takes off the bias of few periods."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ModelError
from forecast.gravity.half_panels import halves_of
from forecast.gravity.model import Gravity

DYNAMIC = Gravity("trade ~ before | exporter^year + importer^year + exporter^importer")
PERSISTENCE = 0.6


def dynamic_world(seed: int, regions: int = 15, periods: int = 20) -> pd.DataFrame:
    """Trade that grows out of last year's, in equilibrium from the first year."""
    random = np.random.default_rng(seed)
    i, j = np.nonzero(~np.eye(regions, dtype=bool))
    pair = random.normal(0, 1 - PERSISTENCE, i.size)
    log_trade = pair / (1 - PERSISTENCE)
    years = []
    for year in range(-20, periods):
        before = log_trade
        effects = random.normal(0, 0.2, (2, regions))
        log_trade = PERSISTENCE * before + pair + effects[0][i] + effects[1][j]
        log_trade = log_trade + random.normal(0, 0.5, i.size)
        if year >= 0:
            years.append(
                pd.DataFrame(
                    {
                        "exporter": i,
                        "importer": j,
                        "year": year,
                        "trade": np.exp(log_trade),
                        "before": before,
                    }
                )
            )
    return pd.concat(years, ignore_index=True)


def test_lagged_trade_is_biased_by_pair_effects_and_the_jackknife_takes_it_off():
    fits = [DYNAMIC.fit(dynamic_world(seed)) for seed in range(12)]
    raw = np.array([fit.params["before"] for fit in fits])
    freed = [fit.half_panel_jackknife() for fit in fits]
    slopes = np.array([fit.params["before"] for fit in freed])
    assert raw.mean() < PERSISTENCE - 0.06
    assert abs(slopes.mean() - PERSISTENCE) < 0.03
    errors = np.array([fit.bse["before"] for fit in freed])
    assert 0.6 < errors.mean() / slopes.std(ddof=1) < 1.7


@pytest.mark.parametrize("periods", [6, 7])
def test_it_is_twice_the_whole_less_the_halves(periods):
    table = dynamic_world(3, regions=8, periods=periods)
    expected = 2 * DYNAMIC.fit(table).params["before"]
    for cut, share in halves_of(periods):
        early = table["year"] < cut
        for half in (table[early], table[~early]):
            length = half["year"].nunique()
            expected -= share * length / periods * DYNAMIC.fit(half).params["before"]
    found = DYNAMIC.fit(table).half_panel_jackknife().params["before"]
    assert found == pytest.approx(expected, abs=1e-9)


def test_it_is_the_same_whatever_the_order_of_rows():
    table = dynamic_world(4, regions=6, periods=6)
    one = DYNAMIC.fit(table).half_panel_jackknife()
    other = DYNAMIC.fit(table.sample(frac=1, random_state=1)).half_panel_jackknife()
    pd.testing.assert_frame_equal(one.tidy(), other.tidy(), check_exact=True)


def test_an_exogenous_regressor_keeps_its_slope():
    table = dynamic_world(5, regions=15, periods=8)
    random = np.random.default_rng(5)
    table["before"] = random.normal(size=len(table))
    table["trade"] = table["trade"] * np.exp(0.3 * table["before"])
    fit = DYNAMIC.fit(table)
    freed = fit.half_panel_jackknife()
    assert abs(freed.params["before"] - 0.3) < 3 * freed.bse["before"]
    assert freed.bse["before"] < 1.6 * fit.bias_corrected().bse["before"]


def test_what_it_did_is_told():
    fit = DYNAMIC.fit(dynamic_world(6, regions=6, periods=6)).half_panel_jackknife()
    assert "half-panel jackknife" in fit.explain_se()
    assert "all 6 of year" in fit.explain_se()


def test_models_that_cannot_be_halved_are_refused():
    short = dynamic_world(7, regions=6, periods=3)
    with pytest.raises(ModelError, match="F-578"):
        DYNAMIC.fit(short).half_panel_jackknife()
    two_way = Gravity("trade ~ before | exporter^year + importer^year")
    with pytest.raises(ModelError, match="F-559"):
        two_way.fit(short).half_panel_jackknife()
    late = dynamic_world(7, regions=6, periods=6)
    late["before"] = late["before"].where(late["year"] > 2, 0.0)
    with pytest.raises(ModelError, match="the first half"):
        DYNAMIC.fit(late).half_panel_jackknife()
