"""Figures of fitted models: marks stand where the numbers are, text stays text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.errors import TableError
from forecast.gravity.derived.event_terms import reference_times
from forecast.gravity.formulas.formula import parse_formula
from forecast.plots import plot_coefficients, plot_event_study
from forecast.plots.look import blank_figure, render

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)

EFFECTS = "| origin^year + destination^year + pair"
PAYLOADS = [
    "<script>alert(1)</script>",
    "--><svg onload=alert(1)>",
    r"$\frac{1}$ and $x$",
    "a\x00b\x1b[31m",
    "Казахстан – 中国",
]


def tidy(**terms) -> pd.DataFrame:
    """A table as `GravityFit.tidy` gives it: term=(estimate, low, high)."""
    rows = [(name.replace("__", ":"), *values) for name, values in terms.items()]
    return pd.DataFrame(rows, columns=["term", "estimate", "conf_low", "conf_high"])


@pytest.fixture(scope="module")
def entries():
    """Flows with the years to and since the entry of each pair's agreement."""
    flows = fc.datasets.simulate_trade(12, 10, seed=4).frame
    flows["year"] = flows["period"].dt.year
    in_force = flows[flows["agreement"] > 0]
    entry = in_force.groupby(["origin", "destination"])["year"].min().rename("entry")
    flows = flows.join(entry, on=["origin", "destination"])
    years = (flows["year"] - flows["entry"]).clip(-3, 3).fillna(-1).astype(int)
    pair = [
        "-".join(sorted(ends))
        for ends in zip(flows["origin"], flows["destination"], strict=True)
    ]
    treated = flows["entry"].notna().astype(float)
    return flows.assign(years=years, treated=treated, pair=pair)


@pytest.fixture(scope="module")
def fit(entries):
    formula = f"flow ~ i(years, treated, ref=-1) + document {EFFECTS}"
    return fc.Gravity(formula, vcov=fc.Clustered("pair")).fit(entries)


@pytest.fixture
def ax():
    return blank_figure()[1]


def dots(ax) -> list[tuple[float, float]]:
    """Where single marks stand."""
    lines = [line for line in ax.lines if line.get_marker() != "None"]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


def spans(ax) -> list[tuple[float, float, float, float]]:
    """Ends of lines of two points, x before y."""
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    return [
        (*map(float, line.get_xdata()), *map(float, line.get_ydata())) for line in lines
    ]


def texts(ax) -> list[str]:
    labels = [*ax.texts, *ax.get_yticklabels(), *ax.get_xticklabels()]
    legend = ax.get_legend()
    labels += legend.get_texts() if legend else []
    found = [label.get_text() for label in labels]
    return [*found, ax.figure.get_suptitle(), ax.get_xlabel(), ax.get_ylabel()]


# ------------------------------------------------------------------------ coefficients


def test_each_row_holds_its_estimate_on_its_interval(ax, fit):
    assert plot_coefficients(fit, ax) is ax
    rows = fit.tidy()
    for place, row in enumerate(rows.itertuples()):
        assert (row.estimate, -place) in dots(ax)
        assert (row.conf_low, row.conf_high, -place, -place) in spans(ax)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == list(rows["term"])


def test_the_numbers_beside_the_rows_are_those_of_the_fit(ax):
    plot_coefficients(tidy(rta=(0.557, 0.357, 0.757), dist=(-0.81, -0.9, -0.72)), ax)
    assert "0.557 (0.357 to 0.757)" in texts(ax)
    assert "−0.810 (−0.900 to −0.720)" in texts(ax)


def test_all_intervals_and_zero_are_in_sight(ax):
    plot_coefficients(tidy(a=(5.0, 4.0, 6.0), b=(7.0, np.nan, np.nan)), ax)
    left, right = ax.get_xlim()
    assert left < 0
    assert right > 7


def test_models_stand_beside_each_other_and_are_named(ax):
    one, two = tidy(a=(1.0, 0.5, 1.5)), tidy(a=(2.0, 1.5, 2.5), b=(3.0, 2.0, 4.0))
    plot_coefficients({"PPML": one, "OLS": two}, ax)
    heights = dict(dots(ax))
    assert heights[1.0] > heights[2.0] > heights[3.0]
    assert heights[1.0] + heights[2.0] == pytest.approx(0.0)
    assert {"PPML", "OLS"} <= set(texts(ax))
    colours = {line.get_color() for line in ax.lines if line.get_marker() != "None"}
    assert len(colours) == 2


def test_a_constant_is_left_out_unless_asked_for(ax):
    table = tidy(Intercept=(9.0, 8.0, 10.0), a=(1.0, 0.0, 2.0))
    plot_coefficients(table, ax)
    assert "Intercept" not in texts(ax)
    asked = plot_coefficients(table, blank_figure()[1], terms=["Intercept"])
    assert "Intercept" in texts(asked)


def test_terms_with_one_label_share_a_row(ax):
    given = {"A": tidy(rta=(1.0, 0.5, 1.5)), "B": tidy(fta=(2.0, 1.5, 2.5))}
    plot_coefficients(given, ax, names={"rta": "Agreement", "fta": "Agreement"})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Agreement"]
    assert len(dots(ax)) == 2


def test_the_level_of_the_intervals_is_drawn_and_told(fit):
    wide, narrow = (
        plot_coefficients(fit, blank_figure()[1], terms=["document"], level=level)
        for level in (0.99, 0.5)
    )
    (low, high, *_), (lower, higher, *_) = spans(narrow)[-1], spans(wide)[-1]
    assert lower < low < high < higher
    assert any("99 %" in text for text in texts(wide))


def test_a_fit_and_a_set_of_fits_draw_themselves(fit, entries):
    alone = fit.plot(blank_figure()[1], terms=["document"])
    assert dots(alone) == [(fit.params["document"], 0.0)]
    steps = fc.Gravity(f"flow ~ sw(document, document + visit) {EFFECTS}")
    several = steps.fit_all(entries).plot(blank_figure()[1])
    assert len(dots(several)) == 3
    assert {"(1)", "(2)"} <= set(texts(several))


# ------------------------------------------------------------------------- event studies


def test_effects_stand_at_their_times_and_the_reference_at_zero(ax, fit):
    fit.plot_event_study("years", ax)
    for time in (-3, -2, 0, 1, 2, 3):
        row = fit.tidy().set_index("term").loc[f"treated:years[{time}]"]
        assert (time, row["estimate"]) in dots(ax)
        assert (time, time, row["conf_low"], row["conf_high"]) in spans(ax)
    assert (-1.0, 0.0) in dots(ax)
    assert len(dots(ax)) == 7
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert ticks == ["−3", "−2", "−1", "0", "1", "2", "3"]


def test_a_dashed_line_parts_before_from_after(ax, fit):
    fit.plot_event_study("years", ax)
    assert [span[:2] for span in spans(ax) if span[0] == -0.5] == [(-0.5, -0.5)]


def test_times_may_be_given_with_their_terms(ax):
    table = tidy(lead2=(0.0, -0.1, 0.1), rta=(0.3, 0.2, 0.4), lag3=(0.5, 0.4, 0.6))
    plot_event_study(table, [(3, "lag3"), (-2, "lead2"), (0, "rta"), (9, "other")], ax)
    assert sorted(dots(ax)) == [(-2.0, 0.0), (0.0, 0.3), (3.0, 0.5)]
    (path,) = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert list(path.get_xdata()) == [-2.0, 0.0, 3.0]


@pytest.mark.parametrize(
    "term",
    ["treated:year[2]", "year[2]", "year[T.2]", "year[2]:treated", "b[x]:year[2]"],
)
def test_the_time_of_a_term_is_the_number_behind_the_column(ax, term):
    table = tidy(x=(0.3, 0.2, 0.4)).assign(term=term)
    plot_event_study(table, "year", ax)
    assert dots(ax) == [(2.0, 0.3)]


@pytest.mark.parametrize("term", ["treated:years[2]", "my_year[2]", "year[a]", "year"])
def test_terms_of_other_columns_are_no_times(ax, term):
    table = tidy(x=(0.3, 0.2, 0.4)).assign(term=term)
    with pytest.raises(TableError, match="F-598"):
        plot_event_study(table, "year", ax)


def test_ends_that_stand_for_more_say_so(ax, fit):
    fit.plot_event_study("years", ax, binned=True)
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert (ticks[0], ticks[-1]) == ("≤ −3", "≥ 3")


def test_paths_of_several_models_stand_beside_each_other(ax, fit, entries):
    formula = f"log(flow) ~ i(years, treated, ref=-1) {EFFECTS}"
    ols = fc.Gravity(formula, estimator="ols", vcov=fc.Clustered("pair")).fit(entries)
    plot_event_study({"PPML": fit, "OLS": ols}, "years", ax, reference=-1)
    assert len(dots(ax)) == 14
    assert len({x for x, _ in dots(ax)}) == 14
    assert {"PPML", "OLS"} <= set(texts(ax))


@pytest.mark.parametrize(
    ("formula", "column", "times"),
    [
        ("y ~ i(t, d, ref=-1) | p", "t", [-1.0]),
        ("y ~ i(t, d, ref=[-1, -4]) + i(u, ref=2) | p", "t", [-1.0, -4.0]),
        ("y ~ i(d, i.t, ref2=-1) | p", "t", [-1.0]),
        ("y ~ i(t, ref='2020Q1') | p", "t", []),
        ("y ~ t | p", "t", []),
    ],
)
def test_the_reference_is_what_the_formula_leaves_out(formula, column, times):
    assert reference_times(parse_formula(formula), column) == times


# ------------------------------------------------------------------------------ safety


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_markup_or_mathematics(payload):
    table = tidy(a=(1.0, 0.5, 1.5))
    bars = plot_coefficients(
        {payload: table, "B": table},
        blank_figure()[1],
        names={"a": payload},
        title=payload,
        source=payload,
    )
    path = plot_event_study(
        {payload: table, "B": table},
        [(0, "a")],
        blank_figure()[1],
        title=payload,
        unit=payload,
        measure=payload,
    )
    for ax in (bars, path):
        svg = render(ax.figure, "svg").decode("utf-8")
        assert "<script" not in svg
        assert "onload" not in svg


def test_the_same_fit_gives_the_same_bytes(fit):
    first, second = (
        render(fit.plot(blank_figure()[1]).figure, "png") for _ in range(2)
    )
    assert first == second


def test_terms_that_no_model_has_are_refused_by_name(ax, fit):
    with pytest.raises(TableError, match="F-598") as refused:
        plot_coefficients(fit, ax, terms=["agrement"])
    assert "agrement" in str(refused.value)
    assert not ax.lines
