"""Backtests: nothing of the future reaches a model, and what is scored is what was forecast."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast import scores
from forecast.backtesting import Backtest, backtest
from forecast.backtesting.checkpoint import RECORDS
from forecast.errors import (
    ColumnError,
    FileError,
    KeyColumnError,
    ModelError,
    PeriodError,
)
from forecast.forecasts import Forecast
from forecast.panel import TradePanel
from forecast.series import ETS, Conformal, Drift, Naive, Recipe, SeasonalNaive

PAIRS = [("KZ", "RU"), ("RU", "KZ"), ("KZ", "UZ"), ("UZ", "KZ")]
LAST = 2019


def table(years: int = 24, freq: str = "Y") -> pd.DataFrame:
    rng = np.random.default_rng(3)
    periods = pd.period_range(end=f"{LAST}-12", periods=years, freq=freq)
    rows = []
    for origin, destination in PAIRS:
        walk = rng.normal(0.04, 0.1, years).cumsum() + rng.normal(3, 1)
        row = {"period": periods.astype(str), "trade": np.exp(walk)}
        rows.append(pd.DataFrame({"exporter": origin, "importer": destination} | row))
    return pd.concat(rows, ignore_index=True)


def panel_of(frame: pd.DataFrame, **options) -> TradePanel:
    return TradePanel.from_frame(
        frame,
        origin="exporter",
        destination="importer",
        period="period",
        flow="trade",
        unit="million USD",
        **options,
    )


@pytest.fixture(scope="module")
def panel() -> TradePanel:
    return panel_of(table())


QUICK = {"paths": 40, "levels": (80,)}


def quick(panel: TradePanel, models=None, horizon=2, origins=4, **options) -> Backtest:
    models = [Naive(), Drift()] if models is None else models
    return backtest(panel, models, horizon, origins, **(QUICK | options))


def same(one: Backtest, other: Backtest) -> bool:
    """Whether two backtests are the same to the last bit."""
    return one.forecasts.equals(other.forecasts) and one.failures.equals(other.failures)


# ---------------------------------------------------------------- models for the tests


@dataclass(frozen=True, slots=True)
class Peeping(Recipe):
    """Forecasts the last value of its column: perfect if that tells the future."""

    column: str = "oracle"
    told: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,) if self.told else ()

    def fit_values(self, y, season):
        raise NotImplementedError

    def fit(self, data):
        return PeepingFit(self, data)


@dataclass(frozen=True)
class PeepingFit:
    recipe: Peeping
    panel: TradePanel

    def forecast(self, horizon, *, paths=100, seed=0, indicators=None):
        base = Naive().fit(self.panel).forecast(horizon, paths=paths, seed=seed)
        if indicators is None:
            last = self.panel.to_frame().groupby(list(self.panel.keys))
            values = last[self.recipe.column].last().to_numpy()[:, None]
        else:
            values = indicators[self.recipe.column].to_numpy().reshape(-1, horizon)
        draws = np.broadcast_to(values[..., None], base.draws.shape)
        return dataclasses.replace(base, draws=draws)


@dataclass(frozen=True, slots=True)
class Mixture:
    """A model made of models, which does not say itself what they use."""

    models: tuple[Recipe, ...]

    def fit(self, data):
        return self.models[0].fit(data)


@dataclass(frozen=True, slots=True)
class Failing(Recipe):
    """Fails where it knows fewer than so many periods."""

    fewest: int = 22

    def fit_values(self, y, season):
        if y.size < self.fewest:
            raise RuntimeError("too few")
        return Drift().fit_values(y, season)


@dataclass(frozen=True, slots=True)
class Spying(Recipe):
    """Keeps what it was fitted to."""

    seen: list = dataclasses.field(default_factory=list)

    def fit_values(self, y, season):
        raise NotImplementedError

    def fit(self, data):
        self.seen.append(data)
        return Naive().fit(data)


# ------------------------------------------------------------------ what is forecast


def test_each_forecast_is_the_one_that_fitting_the_past_gives(panel):
    result = quick(panel, [Drift()], origins=3)
    rows = result.forecasts
    for origin, part in rows.groupby("origin"):
        day = origin.end_time.normalize()
        by_hand = Drift().fit(panel.as_of(day)).forecast(2, paths=40, seed=0)
        expected = by_hand.to_frame(levels=(80,))
        for name in ("mean", "median", "lower_80", "upper_80"):
            np.testing.assert_array_equal(part[name], expected[name])


def test_the_columns_are_those_that_others_rely_on(panel):
    names = list(quick(panel, levels=(80, 95)).forecasts.columns)
    assert names[:16] == [
        *("exporter", "importer", "model", "origin", "horizon", "period", "actual"),
        *(
            "mean",
            "median",
            "lower_80",
            "upper_80",
            "lower_95",
            "upper_95",
            "crps",
            "point",
        ),
        "scale",
    ]


def test_the_last_of_so_many_origins_leaves_all_its_outcomes(panel):
    result = quick(panel, origins=3, horizon=4, step=2)
    origins = result.forecasts["origin"].astype(str).unique().tolist()
    assert origins == ["2011", "2013", "2015"]
    assert result.forecasts["actual"].notna().all()
    steps = (
        result.forecasts["period"].array.asi8 - result.forecasts["origin"].array.asi8
    )
    np.testing.assert_array_equal(steps, result.forecasts["horizon"])


def test_rows_stand_by_model_as_given_then_by_origin_unit_and_horizon(panel):
    rows = quick(panel, [Naive(), ETS()], origins=2).forecasts
    assert rows["model"].drop_duplicates().tolist() == ["Naive", "ETS", "Drift"]
    assert (rows["model"] != rows["model"].shift()).sum() == 3
    for _, part in rows.groupby("model"):
        again = part.sort_values(["origin", "exporter", "importer", "horizon"])
        assert again.index.equals(part.index)


def test_actual_figures_stand_beside_their_own_unit_and_period(panel):
    rows = quick(panel).forecasts
    flows = panel.to_frame().set_index(["exporter", "importer", "period"])["trade"]
    index = pd.MultiIndex.from_frame(rows[["exporter", "importer", "period"]])
    np.testing.assert_array_equal(rows["actual"], flows.loc[index])


def test_periods_days_and_numbers_name_the_same_origins(panel):
    by_number = quick(panel, origins=2)
    for named in (["2016", "2017"], [2017, 2016], ["2016-12-31", "2017-12-31"]):
        assert same(by_number, quick(panel, origins=named))
    middle = quick(panel, origins=["2017-05-31", "2018-05-31"])
    assert middle.forecasts["origin"].astype(str).unique().tolist() == ["2016", "2017"]
    assert middle.forecasts["median"].equals(by_number.forecasts["median"])


def test_the_first_origins_score_against_what_was_known_at_them(panel):
    rows = quick(panel, [Naive()], horizon=1, origins=1).forecasts
    wide, _, _ = panel.matrix()
    naive = rows[rows["model"] == "Naive"]
    np.testing.assert_array_equal(naive["base"], wide[:, -2])
    np.testing.assert_array_equal(naive["before"], wide[:, -3])
    scales = [scores.seasonal_scale(row[:-1]) for row in wide]
    np.testing.assert_array_equal(naive["scale"], scales)
    squared = [scores.squared_seasonal_scale(row[:-1]) for row in wide]
    np.testing.assert_array_equal(naive["squared_scale"], squared)


def test_growth_of_months_is_measured_from_the_same_month():
    monthly = panel_of(table(60, "M"))
    result = quick(monthly, [SeasonalNaive()], horizon=14, origins=1)
    assert result.benchmark == "SeasonalNaive"
    wide, _, _ = monthly.matrix()
    known = wide[
        :, :-14
    ]  # the base of the 13th and 14th month is that of the 1st and 2nd
    base = np.hstack([known[:, -12:], known[:, -12:-10]])
    before = np.hstack([known[:, -24:-12], known[:, -24:-22]])
    np.testing.assert_array_equal(result.forecasts["base"], base.ravel())
    np.testing.assert_array_equal(result.forecasts["before"], before.ravel())
    scale = [scores.seasonal_scale(row, 12) for row in known]
    np.testing.assert_array_equal(result.forecasts["scale"], np.repeat(scale, 14))


# ---------------------------------------------------------------------------- leakage


@cache
def with_oracle() -> pd.DataFrame:
    frame = table()
    frame["oracle"] = frame["trade"]  # known for a period only with its flow
    return frame


# the same without chance, and without a column that anybody might call an indicator
LAST_FLOW = Peeping("trade", told=False)


def test_a_column_that_tells_the_future_gives_nothing_ex_ante_and_all_ex_post():
    panel = panel_of(with_oracle())
    models = {"peeping": Peeping(), "last": LAST_FLOW}
    ante = quick(panel, models, indicators="ex-ante", benchmark="last").summary()
    assert ante.loc[0, "skill_mase"] == 0  # the last oracle is the last flow
    post = quick(panel, models, indicators="ex-post", benchmark="last").summary()
    assert post.loc[0, "skill_mase"] == 1
    assert post.loc[0, "mae"] == 0


def test_a_column_that_knows_the_next_flow_gives_nothing_if_it_is_known_as_late():
    frame = table()
    cells = frame.groupby(["exporter", "importer"])["trade"]
    frame["oracle"] = cells.shift(-1).fillna(frame["trade"])
    panel = panel_of(frame)
    models = {"peeping": Peeping(), "last": LAST_FLOW}
    options = {"indicators": "ex-ante", "benchmark": "last", "horizon": 1}
    early = quick(panel, models, **options).summary()
    assert early.loc[0, "skill_mase"] == 1  # dated to a period before it is known
    late = quick(panel, models, lag_days={"oracle": 365}, **options).summary()
    assert late.loc[0, "skill_mase"] == 0


def test_a_backtest_of_indicators_that_does_not_choose_is_refused(panel):
    with pytest.raises(ModelError, match="F-635"):
        quick(panel_of(with_oracle()), [Peeping()])
    for wrapped in (Conformal(Peeping()), Mixture((Naive(), Peeping()))):
        with pytest.raises(ModelError, match="F-635"):
            quick(panel_of(with_oracle()), [wrapped])
    with pytest.raises(ModelError, match="F-635"):
        quick(panel_of(with_oracle()), [Peeping()], indicators="both")
    with pytest.raises(ColumnError, match="F-111"):
        quick(panel, [Peeping()], indicators="ex-ante")


MODELS = [ETS(), Conformal(Drift(), holdout=6)]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_nothing_after_the_origin_moves_a_bit_of_a_forecast(model):
    frame = table()
    whole = quick(panel_of(frame), [model], origins=["2013"])
    changed = frame.copy()
    later = changed["period"] > "2013"
    changed.loc[later, "trade"] = changed.loc[later, "trade"].to_numpy()[::-1] * 17
    deleted = frame[frame["period"] <= "2014"]
    told = ["mean", "median", "lower_80", "upper_80", "scale", "squared_scale", "base"]
    for other in (changed, deleted):
        rows = quick(panel_of(other), [model], origins=["2013"]).forecasts
        assert rows[told].equals(whole.forecasts[told])


def test_a_unit_that_appears_later_leaves_no_trace_before():
    frame = table()
    late = frame[(frame["exporter"] == "KZ") & (frame["period"] >= "2018")]
    late = late.assign(exporter="AA")
    empty = late.assign(period="2013", trade=np.nan).iloc[:1]  # a row without a figure
    late = pd.concat([late, empty])
    with_late = quick(panel_of(pd.concat([frame, late])), origins=["2013", "2018"])
    rows = with_late.forecasts
    assert set(rows.loc[rows["exporter"] == "AA", "origin"].astype(str)) == {"2018"}
    without = quick(panel_of(frame), origins=["2013"]).forecasts
    early = rows[rows["origin"].astype(str) == "2013"].reset_index(drop=True)
    assert early.equals(without)


def released(frame: pd.DataFrame) -> pd.DataFrame:
    """Each figure is released 60 days after its year, and revised in August by a tenth."""
    ends = pd.PeriodIndex(frame["period"], freq="Y").end_time.normalize()
    first = frame.assign(released=ends + pd.Timedelta(days=60))
    revised = frame.assign(
        released=ends + pd.Timedelta(days=240), trade=1.1 * frame["trade"]
    )
    return pd.concat([first, revised], ignore_index=True)


def test_an_origin_sees_the_releases_up_to_its_day_and_no_revision_after_it():
    frame = released(table())
    panel = panel_of(frame, as_of="released")
    days = ["2016-05-01", "2017-05-01"]
    result = quick(panel, [Naive()], origins=days)
    later = frame["released"] > "2017-05-01"
    moved = frame.assign(trade=frame["trade"].where(~later, 7 * frame["trade"]))
    again = quick(panel_of(moved, as_of="released"), [Naive()], origins=days)
    told = ["mean", "median", "lower_80", "upper_80", "scale", "base"]
    assert again.forecasts[told].equals(result.forecasts[told])
    assert not again.forecasts["actual"].equals(result.forecasts["actual"])


def test_before_its_release_a_figure_is_not_known():
    panel = panel_of(released(table()), as_of="released")
    spy = Spying()
    quick(panel, [spy], origins=["2016-02-28", "2016-03-05"])
    before, after = (view.periods[-1] for view in spy.seen)
    assert (str(before), str(after)) == ("2014", "2015")


def test_an_origin_at_which_no_flow_was_known_is_refused():
    frame = table()
    frame.loc[frame["period"] < "2000", "trade"] = np.nan
    with pytest.raises(ModelError, match=r"F-634.*1998"):
        quick(panel_of(frame), origins=["1998", "2010"])
    with pytest.raises(PeriodError, match="F-422"):
        quick(panel_of(table()), origins=["1996"], lag_days=90)


def test_a_publication_lag_hides_the_last_periods_of_a_table_without_releases():
    spy = Spying()
    monthly = panel_of(table(40, "M"))
    result = quick(monthly, [spy], origins=2, lag_days=45)
    assert [str(view.periods[-1]) for view in spy.seen] == ["2019-07", "2019-08"]
    assert [str(view.cut.date()) for view in spy.seen] == ["2019-09-30", "2019-10-31"]
    first = result.forecasts.iloc[0]
    assert (str(first["period"]), first["horizon"]) == ("2019-10", 1)


def test_each_column_may_have_a_lag_of_its_own():
    spy = Spying()
    quick(panel_of(with_oracle()), [spy], origins=["2015"], lag_days={"trade": 400})
    (view,) = spy.seen
    frame = view.to_frame()
    known = (
        frame.set_index("period")[["trade", "oracle"]].notna().groupby("period").all()
    )
    assert known.tail(3)["trade"].tolist() == [True, False, False]  # 2013, 2014, 2015
    assert known["oracle"].all()
    assert str(view.periods[-1]) == "2015"
    with pytest.raises(ColumnError, match="F-111"):
        quick(panel_of(table()), lag_days={"gdp": 1})
    with pytest.raises(ModelError, match="F-633"):
        quick(panel_of(released(table()), as_of="released"), lag_days={"trade": 1})


def test_outcomes_are_of_the_last_release_or_of_the_first():
    panel = panel_of(released(table()), as_of="released")
    latest = quick(panel, origins=["2016-05-01"]).forecasts["actual"]
    first = quick(panel, origins=["2016-05-01"], actual="first release")
    np.testing.assert_allclose(latest / first.forecasts["actual"], 1.1)


def test_a_model_that_calibrates_itself_does_so_at_each_origin(panel):
    model = Conformal(Drift(), holdout=6)
    result = quick(panel, [model], origins=2)
    rows = result.forecasts[result.forecasts["model"] == model.name]
    for origin, part in rows.groupby("origin"):
        fit = model.fit(panel.as_of(origin.end_time.normalize()))
        expected = fit.forecast(2, paths=40, seed=0).to_frame((80,))
        np.testing.assert_array_equal(part["upper_80"], expected["upper_80"])


# ------------------------------------------------------------- models and the benchmark


def test_the_drift_of_years_is_always_among_the_models(panel):
    result = quick(panel, [Naive()])
    assert result.models == ("Naive", "Drift")
    assert result.benchmark == "Drift"
    table = result.summary()
    assert table.loc[table["model"] == "Drift", "skill_mase"].item() == 0
    again = quick(panel, [Drift(), Naive()])
    assert (again.models, again.benchmark) == (("Drift", "Naive"), "Drift")


def test_models_of_one_kind_are_told_apart_by_their_options(panel):
    result = quick(panel, [ETS(), ETS(scale="log"), Naive()], origins=1)
    assert len(set(result.models)) == 4
    assert quick(panel, {"a": Naive(), "b": Naive()}, origins=1).models[:2] == (
        "a",
        "b",
    )


@pytest.mark.parametrize(
    "models", [[], {}, [Naive(), Naive()], [3], {"a": "ETS"}, {1: Naive()}]
)
def test_what_is_no_set_of_models_is_refused(panel, models):
    with pytest.raises(ModelError, match="F-636"):
        quick(panel, models)


def test_a_model_that_fails_is_told_and_the_others_go_on(panel):
    result = quick(panel, [Failing(), Naive()], origins=4)
    assert result.failures["model"].tolist() == ["Failing", "Failing", "Failing"]
    assert result.failures["origin"].astype(str).tolist() == ["2014", "2015", "2016"]
    assert set(result.failures["reason"]) == {"RuntimeError: too few"}
    summary = result.summary().set_index("model")
    assert summary["n"].to_dict() == {"Failing": 8, "Naive": 32, "Drift": 32}
    assert summary["failed"].to_dict() == {"Failing": 3, "Naive": 0, "Drift": 0}
    # the failing model is a drift: on what it forecast it is exactly as good
    assert summary.loc["Failing", "skill_mase"] == 0
    assert "3 failures" in repr(result)
    with pytest.raises(ModelError, match=r"F-639.*too few"):
        quick(panel, [Failing()], on_failure="raise")
    with pytest.raises(ModelError, match="F-648"):
        quick(panel, [Failing(99)], benchmark=Failing(98))


def test_a_model_that_answers_something_else_has_failed(panel):
    class Growing(Naive):
        def fit(self, data):
            return GrowthFit(Naive().fit(data))

    @dataclass(frozen=True)
    class GrowthFit:
        fit: object

        def forecast(self, horizon, **options) -> Forecast:
            return self.fit.forecast(horizon, **options).growth()

    result = quick(panel, {"growing": Growing()}, origins=1)
    (reason,) = result.failures["reason"]
    assert reason.startswith("F-639")
    assert "growth" in reason


@pytest.mark.parametrize(
    ("origins", "options"),
    [
        (0, {}),
        (23, {}),
        (True, {}),
        (3.5, {}),
        ([], {}),
        (["2019"], {}),
        (["1990"], {}),
        (["2015", "2015-12-31"], {}),
        (9, {"step": 3}),
    ],
)
def test_origins_that_cannot_be_are_refused(panel, origins, options):
    with pytest.raises((ModelError, PeriodError), match=r"F-634|F-4\d\d"):
        quick(panel, origins=origins, **options)


def test_as_many_origins_as_are_said_to_fit_do(panel):
    with pytest.raises(ModelError, match="22 do"):
        quick(panel, origins=np.int64(23))
    assert quick(panel, origins=22).forecasts["origin"].nunique() == 22
    with pytest.raises(ModelError, match="8 do"):
        quick(panel, origins=9, step=3)
    assert quick(panel, origins=8, step=3).forecasts["origin"].nunique() == 8


@pytest.mark.parametrize(
    "option",
    [
        {"horizon": 0},
        {"horizon": 1.5},
        {"step": 0},
        {"paths": 0},
        {"actual": "second"},
        {"on_failure": "ignore"},
        {"seed": -1},
        {"levels": (0,)},
        {"lag_days": -1},
        {"lag_days": "month"},
    ],
)
def test_options_that_cannot_be_are_refused(panel, option):
    with pytest.raises((ModelError, PeriodError), match=r"F-633|F-50[12]|F-429"):
        quick(panel, **option)


# ------------------------------------------------------------------------------ scores


@pytest.fixture(scope="module")
def scored(panel) -> Backtest:
    return quick(panel, [Naive(), ETS()], origins=8, levels=(80, 95), paths=200)


def test_the_summary_is_the_mean_of_scores_computed_by_hand(scored):
    rows = scored.forecasts[scored.forecasts["model"] == "ETS"]
    summary = scored.summary().set_index("model").loc["ETS"]
    y, f, mean = (rows[name].to_numpy() for name in ("actual", "median", "mean"))
    by_hand = {
        "n": len(rows),
        "mae": np.abs(y - f).mean(),
        "rmse": np.sqrt(((y - mean) ** 2).mean()),
        "mase": (np.abs(y - f) / rows["scale"]).mean(),
        "rmsse": np.sqrt(((y - mean) ** 2 / rows["squared_scale"]).mean()),
        "smape": (200 * np.abs(y - f) / (y + f)).mean(),
        "crps": rows["crps"].mean(),
        "coverage_80": ((rows["lower_80"] <= y) & (y <= rows["upper_80"])).mean(),
        "coverage_95": ((rows["lower_95"] <= y) & (y <= rows["upper_95"])).mean(),
        "growth_rmse": 100 * np.sqrt((((y - f) / rows["base"]) ** 2).mean()),
        "sign_hits": ((y > rows["base"]) == (f > rows["base"])).mean(),
    }
    for name, value in by_hand.items():
        assert summary[name] == pytest.approx(value), name
    naive = scored.summary().set_index("model").loc["Drift"]
    assert summary["skill_mase"] == pytest.approx(1 - summary["mase"] / naive["mase"])


def test_the_stored_crps_is_that_of_the_paths(panel):
    result = quick(panel, [Drift()], origins=["2015"])
    outlook = Drift().fit(panel.as_of("2015-12-31")).forecast(2, paths=40, seed=0)
    by_hand = scores.crps(
        result.forecasts["actual"].to_numpy().reshape(-1, 2), outlook.draws
    )
    np.testing.assert_array_equal(result.forecasts["crps"], by_hand.ravel())


def test_a_summary_by_parts_averages_to_the_whole(scored):
    whole = scored.summary().set_index("model")["mae"]
    for by in (
        "horizon",
        "origin",
        "period",
        "size",
        "exporter",
        ["exporter", "horizon"],
    ):
        parts = scored.summary(by)
        weighted = parts["mae"] * parts["n"]
        back = (
            weighted.groupby(parts["model"]).sum() / parts.groupby("model")["n"].sum()
        )
        np.testing.assert_allclose(back[whole.index], whole)
    with pytest.raises(ColumnError, match="F-111"):
        scored.summary("colour")


def test_sizes_are_told_by_what_was_traded_before_the_first_origin(scored, panel):
    parts = scored.summary("size")
    assert parts["size"].unique().tolist() == ["small", "medium", "large"]
    assert parts.groupby("size", observed=True)["n"].first().sum() == 4 * 8 * 2
    early = panel.to_frame()
    early = early[early["period"] <= scored.forecasts["origin"].min()]
    largest = early.groupby(["exporter", "importer"])["trade"].mean().idxmax()
    large = scored.losses.merge(
        pd.DataFrame([largest], columns=["exporter", "importer"])
    )
    mae = large.loc[large["model"] == "ETS", "absolute"].mean()
    is_large = (parts["size"] == "large") & (parts["model"] == "ETS")
    assert parts.loc[is_large, "mae"].item() == pytest.approx(mae)


def test_break_years_can_be_left_out(panel, scored):
    without = scored.without("2015", 2018)
    periods = set(without.forecasts["period"].astype(str))
    assert periods.isdisjoint({"2015", "2018"})
    assert len(without.forecasts) < len(scored.forecasts)
    again = quick(
        panel,
        [Naive(), ETS()],
        origins=8,
        levels=(80, 95),
        paths=200,
        without=("2015", "2018"),
    )
    assert same(without, again)
    assert same(quick(panel, without="2018"), quick(panel, without=[2018]))
    assert "2015, 2018" in without.notes[-1]
    with pytest.raises(ModelError, match="F-648"):
        scored.without(*range(2000, 2020))


def test_a_year_left_out_stands_for_its_months():
    result = quick(panel_of(table(40, "M")), origins=14, horizon=1)
    left = result.without("2019")
    assert set(left.forecasts["period"].dt.year) == {2018}


def test_periods_without_an_outcome_are_forecast_and_not_scored():
    frame = table()
    gone = (frame["exporter"] == "RU") & (frame["period"] == "2018")
    frame.loc[gone, "trade"] = np.nan
    result = quick(panel_of(frame), origins=["2017", "2018"])
    assert len(result.forecasts) == 2 * 2 * 8
    assert result.forecasts["actual"].isna().sum() == 2 * (1 + 4)
    unknown = result.forecasts["actual"].isna()
    assert result.forecasts["crps"].isna().equals(unknown)
    assert result.losses["scaled"].isna().equals(unknown)
    assert result.summary()["n"].tolist() == [8 - 1 + 4, 8 - 1 + 4]


def test_a_series_that_never_changed_has_no_scaled_error_and_spoils_no_mean():
    frame = table()
    frame.loc[frame["exporter"] == "RU", "trade"] = 5.0
    summary = quick(panel_of(frame)).summary()
    assert np.isfinite(summary["mase"]).all()
    assert np.isfinite(summary["rmsse"]).all()


def test_a_backtest_says_what_was_tried_and_who_was_best(scored):
    text = repr(scored)
    assert text.startswith(
        "Backtest: 3 models, benchmark Drift; 4 units, 8 origins 2010–2017"
    )
    assert "2 years ahead; best by MASE: " in text


def test_one_unit_is_enough():
    frame = table().iloc[:24].drop(columns="importer")
    panel = TradePanel.from_frame(
        frame, unit=["exporter"], period="period", flow="trade"
    )
    result = quick(panel)
    assert result.summary("size")["size"].unique().tolist() == ["large"]
    assert result.keys == ["exporter"]


def test_a_key_column_with_the_name_of_a_result_gets_another_and_a_note():
    frame = table().rename(columns={"exporter": "origin", "importer": "horizon"})
    panel = TradePanel.from_frame(
        frame, origin="origin", destination="horizon", period="period", flow="trade"
    )
    result = quick(panel)
    assert result.keys == ["unit_origin", "unit_horizon"]
    assert result.notes == (
        "the key column 'origin' is called 'unit_origin' here",
        "the key column 'horizon' is called 'unit_horizon' here",
    )
    plain = quick(panel_of(table()))
    for name in ("origin", "horizon", "crps"):
        assert result.forecasts[name].equals(plain.forecasts[name])
    assert result.summary("unit_origin")["n"].sum() == len(result.forecasts)


# ------------------------------------------------------------------------------- tests


def differences(result: Backtest, first: str, second: str, horizon: int) -> np.ndarray:
    """Differences of scaled errors by unit and origin, from the table of forecasts."""
    rows = result.forecasts[result.forecasts["horizon"] == horizon]
    loss = (rows["actual"] - rows["median"]).abs() / rows["scale"]
    index = [rows["exporter"], rows["importer"], rows["origin"]]
    wide = {
        name: loss[rows["model"] == name].groupby(index).sum().unstack()  # noqa: PD010
        for name in (first, second)
    }
    return (wide[first] - wide[second]).to_numpy()


def test_models_are_compared_over_units_and_origins(scored):
    by_hand = differences(scored, "ETS", "Drift", horizon=2)
    test = scored.compare("ETS", "Drift", horizon=2)
    expected = scores.panel_diebold_mariano(by_hand, horizon=2)
    assert test.statistic == pytest.approx(expected.statistic)
    assert (test.units, test.origins, test.horizon) == (4, 8, 2)
    turned = scored.compare("Drift", "ETS", horizon=2)
    assert turned.statistic == pytest.approx(-test.statistic)
    assert turned.p_value == pytest.approx(test.p_value)
    every = scored.compare("ETS", "Drift")
    both = (differences(scored, "ETS", "Drift", 1) + by_hand) / 2
    expected = scores.panel_diebold_mariano(both, horizon=2)
    assert every.statistic == pytest.approx(expected.statistic)
    next_year = differences(scored, "ETS", "Drift", horizon=1).mean(axis=0)
    given = scored.compare("ETS", "Drift", horizon=1, test="giacomini-white")
    expected = scores.giacomini_white(next_year, horizon=1)
    assert np.isfinite(expected.statistic)
    assert given.statistic == pytest.approx(expected.statistic)
    assert scored.compare("ETS", "Drift", test="encompassing").origins == 8


def test_origins_far_apart_do_not_overlap(panel):
    result = quick(panel, origins=5, step=2)
    assert result.compare("Naive", "Drift").horizon == 1
    assert quick(panel, origins=5).compare("Naive", "Drift").horizon == 2


def test_one_unit_is_compared_over_its_origins():
    frame = table().iloc[:24].drop(columns="importer")
    panel = TradePanel.from_frame(
        frame, unit=["exporter"], period="period", flow="trade"
    )
    test = quick(panel, horizon=1, origins=9).compare("Naive", "Drift")
    assert isinstance(test, scores.DieboldMariano)
    assert test.origins == 9


def test_only_what_both_models_forecast_is_compared(panel):
    result = quick(panel, [Failing(17), Naive()], origins=10)
    assert result.compare("Naive", "Drift").origins == 10
    assert result.compare("Naive", "Failing").origins == 6
    with pytest.raises(ModelError, match="F-647"):
        quick(panel, [Failing(), Naive()]).compare("Naive", "Failing")


def test_the_set_of_models_that_may_be_best_holds_the_best(panel):
    pytest.importorskip("arch")
    models = {"good": Drift(), "bad": Peeping("wrong", told=False)}
    wrong = panel.with_columns(wrong=lambda df: 5 * df["trade"])
    result = quick(wrong, models, origins=12, horizon=1, benchmark="good")
    chosen = result.confidence_set(size=0.1, seed=1)
    assert chosen.included == ("good",)
    assert chosen.models == ("good", "bad")


@pytest.mark.parametrize(
    "call",
    [
        {"first": "ETSS"},
        {"score": "beauty"},
        {"score": "model"},
        {"horizon": 3},
        {"test": "t"},
    ],
)
def test_what_cannot_be_compared_is_refused(scored, call):
    with pytest.raises(ModelError, match="F-646"):
        scored.compare(**({"first": "ETS", "second": "Drift"} | call))


# ------------------------------------------------------------ where the work is done


def test_who_does_the_work_moves_no_bit(panel):
    alone = quick(panel, [ETS(), Naive()], origins=3)
    with ThreadPoolExecutor(3) as threads:
        assert same(alone, quick(panel, [ETS(), Naive()], origins=3, executor=threads))
    with ProcessPoolExecutor(2) as processes:
        assert (
            same(alone, quick(panel, [Drift(), Naive()], origins=3, executor=processes))
            is False
        )
        again = quick(panel, [ETS(), Naive()], origins=3, executor=processes)
    assert same(alone, again)


def test_the_order_of_rows_models_and_origins_moves_no_bit(panel):
    usual = quick(panel, [Naive(), Drift()], origins=["2014", "2016"])
    shuffled = panel_of(table().sample(frac=1, random_state=1))
    assert same(usual, quick(shuffled, [Naive(), Drift()], origins=["2016", "2014"]))
    turned = quick(panel, [Drift(), Naive()], origins=["2014", "2016"])
    pd.testing.assert_frame_equal(
        turned.forecasts.sort_values(
            ["model", "origin"], kind="stable", ignore_index=True
        ),
        usual.forecasts.sort_values(
            ["model", "origin"], kind="stable", ignore_index=True
        ),
        check_exact=True,
    )


def test_progress_is_told_in_sentences(panel):
    told: list[str] = []
    quick(panel, [Naive()], origins=2, progress=told.append)
    assert told == [
        "1 of 4: Naive from 2016",
        "2 of 4: Drift from 2016",
        "3 of 4: Naive from 2017",
        "4 of 4: Drift from 2017",
    ]


# -------------------------------------------------------------------------- checkpoints


class Stop(BaseException):
    """What an interrupt is: no error of a model."""


def breaking_after(count: int):
    """A teller that breaks the run after so many units of work."""

    def tell(sentence: str) -> None:
        if sentence.startswith(f"{count} of"):
            raise Stop

    return tell


def calls(monkeypatch) -> list[str]:
    """What is computed from now on."""
    from forecast.backtesting import rolling

    done: list[str] = []
    run = rolling.run_task

    def counting(task):
        done.append(task.recipe.name)
        return run(task)

    monkeypatch.setattr(rolling, "run_task", counting)
    return done


def test_a_run_that_broke_off_goes_on_and_ends_as_if_unbroken(
    panel, tmp_path, monkeypatch
):
    unbroken = quick(panel, [Naive(), Failing()], origins=3)
    done = calls(monkeypatch)
    for count in (1, 4, 6):
        with pytest.raises(Stop):
            quick(
                panel,
                [Naive(), Failing()],
                origins=3,
                checkpoint=tmp_path / "kept",
                progress=breaking_after(count),
            )
    told: list[str] = []
    final = quick(
        panel,
        [Naive(), Failing()],
        origins=3,
        checkpoint=tmp_path / "kept",
        progress=told.append,
    )
    assert same(unbroken, final)
    assert len(done) == 9  # nothing twice, nothing lost
    assert told[0] == "6 of 9 were finished before"
    again = quick(panel, [Naive(), Failing()], origins=3, checkpoint=tmp_path / "kept")
    assert same(unbroken, again)
    assert len(done) == 9


def test_a_record_torn_at_any_byte_is_computed_again(panel, tmp_path):
    kept = tmp_path / "kept"
    whole = quick(panel, [Naive()], origins=2, checkpoint=kept)
    data = (kept / RECORDS).read_bytes()
    lines = data.splitlines(keepends=True)
    assert len(lines) == 4
    rng = np.random.default_rng(4)
    for cut in [0, len(data) - 1, *rng.integers(0, len(data), 6)]:
        (kept / RECORDS).write_bytes(data[:cut])
        assert same(whole, quick(panel, [Naive()], origins=2, checkpoint=kept))
        assert (kept / RECORDS).read_bytes() == data


def test_a_damaged_record_before_whole_ones_is_refused(panel, tmp_path):
    kept = tmp_path / "kept"
    quick(panel, [Naive()], origins=2, checkpoint=kept)
    data = bytearray((kept / RECORDS).read_bytes())
    data[100] ^= 1
    (kept / RECORDS).write_bytes(data)
    with pytest.raises(FileError, match="F-638"):
        quick(panel, [Naive()], origins=2, checkpoint=kept)
    (kept / "checkpoint.json").write_text("{")
    with pytest.raises(FileError, match="F-638"):
        quick(panel, [Naive()], origins=2, checkpoint=kept)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"paths": 41}, "paths"),
        ({"horizon": 1}, "horizon"),
        ({"levels": (90,)}, "levels"),
        ({"lag_days": 1}, "lag_days"),
        ({"actual": "first release"}, "actual"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(panel, tmp_path, change, named):
    kept = tmp_path / "kept"
    quick(panel, [Naive()], checkpoint=kept)
    before = (kept / RECORDS).read_bytes()
    with pytest.raises(FileError, match=f"F-637.*other {named}"):
        quick(panel, [Naive()], checkpoint=kept, **change)
    assert (kept / RECORDS).read_bytes() == before


def test_a_checkpoint_of_other_data_is_refused(panel, tmp_path):
    kept = tmp_path / "kept"
    quick(panel, [Naive()], checkpoint=kept)
    frame = table()
    frame.loc[3, "trade"] = np.nextafter(frame.loc[3, "trade"], 0)
    with pytest.raises(FileError, match=r"F-637.*other data"):
        quick(panel_of(frame), [Naive()], checkpoint=kept)
    with pytest.raises(FileError, match=r"F-637.*other data"):
        quick(panel.with_columns(gdp=1.0), [Naive()], checkpoint=kept)


def test_a_folder_of_somebody_else_is_no_checkpoint(panel, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(FileError, match="F-637"):
        quick(panel, [Naive()], checkpoint=tmp_path)
    with pytest.raises(FileError, match="F-640"):
        quick(panel, [Naive()], checkpoint=tmp_path / "a" / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_models_and_origins_may_be_added_to_a_checkpoint(panel, tmp_path, monkeypatch):
    quick(panel, [Naive()], origins=2, checkpoint=tmp_path / "kept")
    done = calls(monkeypatch)
    more = quick(panel, [Naive(), ETS()], origins=3, checkpoint=tmp_path / "kept")
    assert same(more, quick(panel, [Naive(), ETS()], origins=3))
    assert sorted(done[:5]) == ["Drift", "ETS", "ETS", "ETS", "Naive"]


def test_a_model_with_another_option_is_another_model_to_a_checkpoint(
    panel, tmp_path, monkeypatch
):
    quick(panel, {"it": ETS()}, origins=1, checkpoint=tmp_path / "kept")
    done = calls(monkeypatch)
    quick(panel, {"it": ETS(scale="log")}, origins=1, checkpoint=tmp_path / "kept")
    assert done == ["ETS"]


def test_a_model_that_shows_only_its_place_in_memory_needs_a_name(panel, tmp_path):
    class Nameless:
        def fit(self, data):
            return Naive().fit(data)

    assert len(quick(panel, [Nameless()], origins=1).forecasts) == 16
    with pytest.raises(ModelError, match="F-633"):
        quick(panel, [Nameless()], origins=1, checkpoint=tmp_path / "kept")


SLOW = """
import sys
import time
sys.path.insert(0, {tests!r})
from test_backtesting import *
def tell(sentence):
    print(sentence, flush=True)
    time.sleep(0.05)
quick(panel_of(table()), [Naive(), Failing()], origins=4, checkpoint={folder!r}, progress=tell)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_run_that_is_killed_or_interrupted_leaves_a_checkpoint_to_go_on_from(
    panel, tmp_path
):
    unbroken = quick(panel, [Naive(), Failing()], origins=4)
    folder = tmp_path / "kept"
    code = SLOW.format(tests=str(Path(__file__).parent), folder=str(folder))
    for number, told in ((signal.SIGKILL, 3), (signal.SIGINT, 2)):
        with subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        ) as process:
            for _ in range(told):
                process.stdout.readline()
            process.send_signal(number)
            process.wait(timeout=60)
        assert process.returncode != 0
        records = (folder / RECORDS).read_bytes()
        assert 2 <= records.count(b"\n") < 12
    assert same(
        unbroken, quick(panel, [Naive(), Failing()], origins=4, checkpoint=folder)
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
def test_two_runs_do_not_write_one_checkpoint(panel, tmp_path):
    def meanwhile(_: str) -> None:
        with pytest.raises(FileError, match="in use"):
            quick(panel, [Naive()], origins=1, checkpoint=tmp_path / "kept")

    quick(panel, [Naive()], origins=1, checkpoint=tmp_path / "kept", progress=meanwhile)


# ----------------------------------------------------------------------- files, figures


def test_forecasts_are_written_and_read_as_they_are(scored, tmp_path):
    pytest.importorskip("pyarrow")
    scored.to_parquet(tmp_path / "f.parquet")
    scored.to_csv(tmp_path / "f.csv")
    for name in ("f.parquet", "f.csv"):
        back = fc.read_table(tmp_path / name)
        assert list(back.columns) == list(scored.forecasts.columns)
        np.testing.assert_array_equal(back["crps"], scored.forecasts["crps"])
        assert (
            back["period"].astype(str).tolist()
            == scored.forecasts["period"].astype(str).tolist()
        )


def test_figures_show_every_model_and_name_the_unit(scored):
    pytest.importorskip("matplotlib")
    coverage = scored.plot_coverage()
    assert [t.get_text() for t in coverage.get_yticklabels()] == list(scored.models)
    skill = scored.plot_skill(score="crps")
    shown = {text.get_text() for text in skill.texts}
    assert shown == set(scored.models)
    fan = scored.plot_fan(("KZ", "RU"), model="ETS")
    assert "KZ–RU: ETS" in fan.figure.get_suptitle()
    assert len(fan.collections) == 4 * 2  # fans that do not overlap, bands of 80 and 95
    with pytest.raises(KeyColumnError, match="F-311"):
        scored.plot_fan(("KZ", "XX"))
    with pytest.raises(ModelError, match="F-646"):
        scored.plot_fan(model="nobody")
    with pytest.raises(ModelError, match="F-646"):
        scored.plot_skill(score="beauty")


def test_a_manifest_of_a_checkpoint_says_what_it_is_of(panel, tmp_path):
    quick(panel, [Naive()], origins=1, checkpoint=tmp_path / "kept")
    manifest = json.loads((tmp_path / "kept" / "checkpoint.json").read_text())
    assert manifest["settings"]["horizon"] == 2
    assert len(manifest["settings"]["data"]) == 64


def test_points_carry_no_chance_of_a_simulation(panel):
    table = quick(panel, [Naive()], horizon=1, paths=7).forecasts
    rows = table[table["model"] == "Naive"]
    np.testing.assert_allclose(rows["point"], rows["base"], rtol=1e-12)
    assert (rows["median"] != rows["base"]).any()
