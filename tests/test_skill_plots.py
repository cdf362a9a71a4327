"""Figures of forecasts beside outcomes: lines stand where the scores are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast import scores
from forecast.errors import ColumnError, TableError
from forecast.plots import plot_coverage_by_horizon, plot_skill_by_horizon
from forecast.plots.look import blank_figure, render

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)


@pytest.fixture
def table() -> pd.DataFrame:
    """Two models, three units, four origins, two horizons."""
    rng = np.random.default_rng(2)
    index = pd.MultiIndex.from_product(
        [["naive", "theta"], ["a", "b", "c"], range(2010, 2014), [1, 2]],
        names=["model", "unit", "origin", "horizon"],
    )
    frame = index.to_frame(index=False)
    actual = 100 + 10 * np.tile(rng.normal(size=24), 2)
    median = actual + rng.normal(size=48) * np.repeat([8.0, 4.0], 24)
    half = np.where(frame["horizon"] == 1, 5.0, 9.0)
    return frame.assign(
        actual=actual,
        median=median,
        lower_80=median - half,
        upper_80=median + half,
        lower_95=median - 2 * half,
        upper_95=median + 2 * half,
        scale=np.tile(np.repeat([1.0, 5.0, 20.0], 8), 2),
    )


@pytest.fixture
def ax():
    return blank_figure()[1]


def drawn(ax) -> list[list[float]]:
    """Heights of the lines with marks."""
    return [
        [float(y) for y in line.get_ydata()]
        for line in ax.lines
        if line.get_marker() != "None"
    ]


def texts(ax) -> set[str]:
    return {text.get_text() for text in ax.texts}


def test_lines_of_coverage_stand_at_the_shares_inside(ax, table):
    assert plot_coverage_by_horizon(table, ax) is ax
    expected = [
        [
            100 * scores.covered(r["actual"], r[f"lower_{p}"], r[f"upper_{p}"]).mean()
            for _, r in table[table["model"] == model].groupby("horizon")
        ]
        for p in (80, 95)
        for model in ("naive", "theta")
    ]
    assert drawn(ax) == [pytest.approx(line) for line in expected]
    names = {f"{m}, {p} %" for m in ("naive", "theta") for p in (80, 95)}
    assert texts(ax) == names
    heights = {line.get_ydata()[0] for line in ax.lines if line.get_marker() == "None"}
    assert heights == {80, 95}


def test_lines_of_skill_stand_at_the_scaled_errors_against_the_baseline(ax, table):
    assert plot_skill_by_horizon(table, "naive", ax) is ax
    error = (table["actual"] - table["median"]).abs() / table["scale"]
    means = error.groupby([table["model"], table["horizon"]]).mean()
    expected = 100 * (1 - means["theta"] / means["naive"])
    assert drawn(ax) == [pytest.approx(expected.tolist())]
    assert texts(ax) == {"naive", "theta"}


def test_without_a_scale_errors_count_as_they_are(ax, table):
    plot_skill_by_horizon(table.drop(columns="scale"), "naive", ax)
    error = (table["actual"] - table["median"]).abs()
    means = error.groupby([table["model"], table["horizon"]]).mean()
    assert drawn(ax)[0] == pytest.approx(100 * (1 - means["theta"] / means["naive"]))


def test_models_are_compared_on_what_all_of_them_forecast(ax, table):
    """A model that leaves out the hard cases gains nothing."""
    hard = (table["unit"] == "b") & (table["origin"] == 2011)
    plot_skill_by_horizon(table[~(hard & (table["model"] == "theta"))], "naive", ax)
    other = blank_figure()[1]
    plot_skill_by_horizon(table[~hard], "naive", other)
    assert drawn(ax) == drawn(other)


def test_what_has_no_outcome_yet_counts_for_nothing(ax, table):
    open_ = table.assign(actual=table["actual"].where(table["origin"] < 2013))
    past, other = table[table["origin"] < 2013], blank_figure()[1]
    plot_coverage_by_horizon(open_, ax)
    plot_coverage_by_horizon(past, other)
    assert drawn(ax) == drawn(other)


def test_against_a_baseline_without_error_there_is_no_skill(ax, table):
    perfect = table["median"].where(table["model"] == "theta", table["actual"])
    plot_skill_by_horizon(table.assign(median=perfect), "naive", ax)
    assert drawn(ax) == [[]]
    assert texts(ax) == {"naive"}


@pytest.mark.parametrize("draw", [plot_coverage_by_horizon, plot_skill_by_horizon])
def test_figures_of_skill_are_the_same_bytes_in_every_run(draw, table):
    def once() -> bytes:
        figure, ax = blank_figure()
        draw(table, *(["naive"] if draw is plot_skill_by_horizon else []), ax=ax)
        return render(figure, "svg")

    assert once() == once()


def test_names_of_models_are_shown_as_they_are(ax, table):
    odd = table.replace({"model": {"theta": r"<b>$\frac{1}$</b>"}})
    plot_skill_by_horizon(odd, "naive", ax, source="5 $ and 6 $")
    assert r"<b>\$\frac{1}\$</b>" in texts(ax)


def test_what_cannot_be_drawn_is_refused(ax, table):
    with pytest.raises(ColumnError, match="F-111"):
        plot_coverage_by_horizon(table, ax, levels=[50])
    with pytest.raises(TableError, match="F-277"):
        plot_coverage_by_horizon(table.assign(actual=np.nan), ax)
    with pytest.raises(TableError, match="F-277"):
        apart = table[(table["model"] == "naive") == (table["origin"] < 2012)]
        plot_skill_by_horizon(apart, "naive", ax)
    with pytest.raises(TableError, match="F-278"):
        plot_skill_by_horizon(table, "drift", ax)
    with pytest.raises(TableError, match="F-279"):
        plot_skill_by_horizon(table.drop(columns="origin"), "naive", ax)
