"""Figures: what they draw is where the numbers are, and what they write is only text."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.claims import Card, Claim
from forecast.errors import MissingPackageError, ModelError, TableError
from forecast.forecasts import Forecast
from forecast.nowcasting import nowcast
from forecast.plots import (
    Mark,
    plot_ceiling,
    plot_claim,
    plot_contributions,
    plot_control,
    plot_fan,
    plot_news,
    plot_nowcast,
    plot_part_year,
    plot_records,
    plot_track,
)
from forecast.plots.look import blank_figure, plain, render, scale_of, spread
from forecast.releases import Releases

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)

PAYLOADS = [
    "<script>alert(1)</script>",
    "--><svg onload=alert(1)>",
    "]]><script>",
    '" onmouseover="alert(1)',
    "&lt;b&gt;",
    r"$\frac{1}$",
    "$x$ and $y$",
    r"\$unbalanced $",
    "a\x00b\x1b[31m",
    "Казахстан – 中国",
]


def figures(**changes) -> Releases:
    rows = pd.DataFrame(
        {
            "period_start": ["2021-01-01", "2021-01-01"],
            "period_end": ["2021-06-30", "2021-07-31"],
            "value": [11_500.0, 14_000.0],
            "growth": [0.27, 0.34],
            "reporter": "Russia",
            "released": ["2021-08-18", "2021-09-30"],
        }
    )
    return Releases.from_frame(rows.assign(**changes), measure="million USD")


@pytest.fixture(scope="module")
def year():
    return nowcast(figures(), 2021, "2021-09-30", paths=800)


@pytest.fixture(scope="module")
def growth_only():
    return nowcast(figures(value=np.nan), 2021, "2021-09-30", paths=800)


@pytest.fixture
def ax():
    return blank_figure()[1]


def texts(ax) -> str:
    found = [t.get_text() for t in ax.texts]
    found += [t.get_text() for t in (*ax.get_yticklabels(), *ax.get_xticklabels())]
    title = ax.figure.get_suptitle()
    return "\n".join([*found, title, ax.get_xlabel(), ax.get_ylabel()])


def spans(ax) -> list[tuple[list[float], list[float]]]:
    """Both coordinates of every line of two points."""
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines]
    return [(x, y) for x, y in lines if len(x) == 2]


def has_span(ax, wanted) -> bool:
    return any(x == pytest.approx(wanted) for x, _ in spans(ax))


def has_path(ax, x_wanted, y_wanted) -> bool:
    return any(
        x == pytest.approx(x_wanted) and y == pytest.approx(y_wanted)
        for x, y in spans(ax)
    )


def share_card(**changes) -> Card:
    rows = [
        (
            "value of the deals signed, as if delivered in one year",
            144.0,
            "million USD",
        ),
        ("growth of the year", 5000.0, "million USD"),
        ("growth of EAEU to Aug 2021", 31.0, "%"),
        ("growth of KZ to Aug 2021", 38.0, "%"),
        ("excess over EAEU (Russia, Jan–Jul 2021)", 3.0, "points"),
    ]
    evidence = pd.DataFrame(rows, columns=["what", "value", "unit"])
    evidence = evidence.assign(low=evidence["value"] - 2, high=evidence["value"] + 2)
    claim = Claim.share(2021, "cooperation")
    made = {"number": 0.0288, "number_is": "ceiling", "evidence": evidence} | changes
    return Card(claim, "not supported", "so it is", **made)


def level_card(kind: str = "level", factor: float = 1.0) -> Card:
    bounds = {
        "low_95": 21.0,
        "low_80": 22.0,
        "median": 24.0,
        "high_80": 26.0,
        "high_95": 28.0,
    }
    row = {name: factor * value for name, value in bounds.items()}
    row |= {"reporter": "Russia", "what": "nowcast", "claimed": factor * 20.0}
    claim = Claim.level(2021, 20) if kind == "level" else Claim.growth(2021, 0.2)
    return Card(claim, "fails", "too low", 0.01, "probability", pd.DataFrame([row]))


RECORDS = pd.DataFrame(
    [
        ("Russia", 2018, 18.0, "equal"),
        ("Russia", 2019, 20.0, "almost"),
        ("mirror", 2012, 29.0, "equal"),
        ("mirror", 2013, 19.0, "equal"),
    ],
    columns=["reporter", "year", "value", "relation"],
)
TRACK = pd.DataFrame(
    {
        "label": ["A, 7 months", "B, 8 months"],
        "outcome": [100.0, 200.0],
        "low_95": [80.0, 150.0],
        "low_80": [90.0, 180.0],
        "median": [99.0, 210.0],
        "high_80": [110.0, 230.0],
        "high_95": [120.0, 260.0],
        "run_rate": [95.0, np.nan],
    }
)


def fan() -> Forecast:
    rng = np.random.default_rng(0)
    return Forecast(
        draws=100 + rng.gamma(4, 5, size=(1, 3, 200)),
        units=pd.DataFrame({"a": ["KZ"], "b": ["RU"]}),
        periods=pd.period_range("2022", periods=3, freq="Y"),
        measure="million USD",
        history=pd.DataFrame(
            [[90.0, 95.0]], columns=pd.period_range("2020", periods=2, freq="Y")
        ),
    )


def every_plot(year):
    return {
        "nowcast": lambda ax: plot_nowcast(year, ax, marks=[Mark("official", 20_000)], claimed=20_000, outcome={"KZ": 24_500}),
        "part_year": lambda ax: plot_part_year(year, ax, claimed=20_000),
        "fan": lambda ax: plot_fan(fan(), ax),
        "news": lambda ax: plot_news(year.news, ax, measure="million USD", outcome=24_500),
        "contributions": lambda ax: plot_contributions(pd.Series({"a": 1.0, "b": -2.0}), ax),
        "records": lambda ax: plot_records(RECORDS, ax, claimed=20, year=2021),
        "ceiling": lambda ax: plot_ceiling(share_card(), ax),
        "control": lambda ax: plot_control(share_card(), ax),
        "claim": lambda ax: plot_claim(level_card(), ax, measure="billion USD"),
        "track": lambda ax: plot_track(TRACK, ax),
    }  # fmt: skip


def test_every_function_returns_the_axes_it_was_given_and_draws_the_same_bytes_twice(
    year,
):
    for name, plot in every_plot(year).items():
        drawn = []
        for _ in range(2):
            figure, ax = blank_figure()
            assert plot(ax) is ax, name
            drawn.append((render(figure, "svg"), render(figure, "png")))
        assert drawn[0] == drawn[1], name
        ET.fromstring(drawn[0][0])  # well-formed


def test_without_an_axes_a_function_makes_one(year):
    import matplotlib.pyplot as plt

    ax = plot_nowcast(year)
    assert ax.figure.number in plt.get_fignums()
    plt.close(ax.figure)


def test_drawing_for_a_file_opens_no_window(year):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    figure, ax = blank_figure()
    plot_nowcast(year, ax)
    render(figure, "png")
    assert plt.get_fignums() == before


def test_the_interval_row_of_a_nowcast_ends_at_its_quantiles(year, ax):
    plot_nowcast(year, ax)
    low, high = year.interval(0.95)
    low80, high80 = year.interval(0.8)
    assert has_span(ax, [low / 1000, high / 1000])
    assert has_span(ax, [low80 / 1000, high80 / 1000])
    assert f"median {year.median / 1000:.1f}" in texts(ax)


def test_the_claimed_value_stands_with_the_share_of_paths_at_or_below_it(year, ax):
    middle = year.median
    plot_nowcast(year, ax, claimed=middle)
    assert "50.0 %" in texts(ax)
    assert has_span(ax, [middle / 1000] * 2)


def test_a_nowcast_of_growth_is_drawn_in_per_cent_without_rules_in_money(
    growth_only, ax
):
    plot_nowcast(growth_only, ax)
    assert "growth, year on year, %" in texts(ax)
    assert "run-rate" not in texts(ax)


def test_the_path_of_the_year_runs_from_the_known_sum_to_the_median(year, ax):
    plot_part_year(year, ax, claimed=20_000)
    assert has_path(ax, [7, 12], [14.0, year.median / 1000])
    assert has_path(ax, [7, 12], [14.0, 24.0])  # run-rate
    assert has_path(ax, [7, 12], [14.0, 20.0])  # claimed


def test_growth_rates_alone_have_no_path(growth_only, ax):
    with pytest.raises(ModelError, match="F-570"):
        plot_part_year(growth_only, ax)


def test_contributions_end_where_the_total_begins(ax):
    parts = pd.Series({"prices": 3.0, "income": 1.5, "exchange rate": -0.5})
    plot_contributions(parts, ax)
    *steps, total = ax.patches
    assert total.get_x() + total.get_width() == pytest.approx(parts.sum())
    ends = [bar.get_x() + bar.get_width() for bar in steps]
    assert ends == pytest.approx(parts.cumsum().tolist())


def test_records_fill_the_years_that_reach_the_claim_and_almost_is_not_enough(ax):
    plot_records(RECORDS, ax, claimed=20, year=2021)
    filled = [
        x
        for line in ax.lines
        if line.get_marker() in ("o", "s") and line.get_markerfacecolor() != "white"
        for x in line.get_xdata()
    ]
    assert filled == [2012]
    assert "highest almost 20" in texts(ax)


def test_a_share_is_drawn_as_its_ceiling_and_beside_its_control_group(ax):
    plot_claim(share_card(), ax)
    widths = sorted(bar.get_width() for bar in ax.patches)
    assert widths == pytest.approx([0.144, 5.0])
    ax = plot_control(share_card(), blank_figure()[1])
    assert any(list(line.get_xdata()) == [34.0] for line in ax.lines)  # 31 + 3


@pytest.mark.parametrize("plot", [plot_ceiling, plot_control])
def test_a_card_without_figures_is_refused_by_name(plot, ax):
    empty = pd.DataFrame({"what": ["nothing"], "value": [1.0], "unit": [""]})
    with pytest.raises(TableError, match="F-126"):
        plot(share_card(evidence=empty), ax)


@pytest.mark.parametrize(
    ("kind", "factor", "unit"), [("level", 1.0, "billion USD"), ("growth", 0.01, "%")]
)
def test_a_level_or_growth_is_drawn_against_the_claimed_value(kind, factor, unit, ax):
    plot_claim(level_card(kind, factor), ax, measure="billion USD")
    assert has_span(ax, [20.0, 20.0])
    assert ax.get_xlabel() == unit


def test_a_record_is_drawn_by_the_highest_year_of_each_source(ax):
    past = pd.DataFrame(
        {
            "reporter": ["mirror", "Russia"],
            "unit": "billion USD",
            "highest": [29.0, 18.0],
            "year_of_it": [2012, 2018],
            "claimed": 20.0,
            "verdict": ["fails", "cannot be told"],
        }
    )
    card = Card(Claim.record(2021, 20), "fails", "no record", 29.0, "highest", past)
    plot_claim(card, ax)
    assert [bar.get_width() for bar in ax.patches] == [29.0, 18.0]


def test_news_draw_each_step_from_before_to_after(ax):
    news = pd.DataFrame(
        {
            "released": pd.to_datetime(["2021-08-18", "2021-09-30"]),
            "figure": ["H1", "Jan–Jul"],
            "before": [np.nan, 20.0],
            "after": [20.0, 24.0],
        }
    )
    plot_news(news, ax, measure="billion USD", outcome=24.5)
    assert has_span(ax, [20.0, 24.0])
    assert "(+4.0)" in texts(ax)
    assert "outcome 24.5" in texts(ax)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_from_data_is_neither_markup_nor_mathematics(year, payload):
    evidence = share_card().evidence
    hostile = {
        "marks": lambda ax: plot_nowcast(year, ax, marks={payload: 20_000}, title=payload, source=payload),
        "outcome": lambda ax: plot_nowcast(year, ax, outcome={payload: 24_500}),
        "parts": lambda ax: plot_contributions(pd.Series({payload: 1.0}), ax, total=payload, measure=payload),
        "records": lambda ax: plot_records(RECORDS.assign(reporter=payload), ax, claimed=20),
        "news": lambda ax: plot_news(year.news.assign(figure=payload), ax),
        "control": lambda ax: plot_control(share_card(evidence=evidence.assign(what=evidence["what"] + payload)), ax),
        "track": lambda ax: plot_track(TRACK.assign(label=payload), ax),
        "fan": lambda ax: plot_fan(fan(), ax, title=payload),
    }  # fmt: skip
    for name, plot in hostile.items():
        figure, ax = blank_figure()
        plot(ax)
        svg = render(figure, "svg")
        tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter()}
        assert "script" not in tags, name
        assert b"onload" not in svg, name
        assert b"<!--" not in svg, name


@pytest.mark.parametrize(
    ("measure", "values", "unit"),
    [
        ("million USD", [14_000, 24_000], "billion USD"),
        ("million USD", [1_200, 900], "million USD"),
        ("thousand tonnes", [5_000_000], "billion tonnes"),
        ("%", [34.0], "%"),
        ("billion USD", [24.5], "billion USD"),
        ("", [5_000_000], ""),
    ],
)
def test_units_are_chosen_so_that_numbers_are_short(measure, values, unit):
    scale = scale_of(measure, values)
    assert scale.unit == unit
    assert len(scale.text(values[0])) <= 9


@settings(max_examples=30)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_labels_moved_apart_keep_their_order_and_their_distance(places):
    moved = np.array(spread(places, 1.0))
    order = np.argsort(places, kind="stable")
    assert (np.diff(moved[order]) >= 1.0 - 1e-3).all()


def test_dollars_are_shown_as_they_are():
    assert plain("5 $ and\n6 $") == r"5 \$ and 6 \$"


@pytest.mark.parametrize("make", [blank_figure, lambda: plot_track(TRACK)])
def test_without_matplotlib_the_message_names_the_extra(monkeypatch, make):
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackageError, match=r"turnover-forecast\[plots\]"):
        make()
