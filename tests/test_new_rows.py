"""New rows are read as the rows were that the model was estimated on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast import TradePanel
from forecast.errors import ColumnError, ModelError
from forecast.gravity.designs.design import build_design, factorise
from forecast.gravity.designs.new_rows import read_new_rows, recode
from forecast.gravity.formulas.formula import parse_formula


@pytest.fixture
def trade():
    random = np.random.default_rng(5)
    n = 80
    return pd.DataFrame(
        {
            "trade": random.poisson(2.0, n).astype(float),
            "dist": random.uniform(1, 9, n),
            "gdp": random.normal(size=n),
            "sector": random.choice(["food", "cars", "arms"], n),
            "exporter": random.choice(["KZ", "RU", "BY"], n),
            "year": 2000 + random.integers(0, 4, n),
            "pop": random.uniform(0, 1, n),
        }
    )


SHAPES = [
    "dist + log(gdp)",
    "sector*dist + C(year)",
    "sector:C(year) - 1",
    "i(year, dist, ref=2001) + i(sector, i.exporter)",
    "i(year) | exporter",
    "poly(dist, 2) + bs(gdp, df=4) + scale(pop)",
    "C(sector, contr.sum):dist + C(sector, contr.sum)",
    "sector | exporter^year",
]


@pytest.mark.parametrize("right", SHAPES)
def test_rows_of_the_sample_are_read_again_as_they_were(trade, right):
    (equation,) = parse_formula(f"trade ~ {right}")
    design = build_design(trade, equation, offset="pop")
    some = np.sort(np.random.default_rng(1).permutation(design.positions.size)[:9])
    rows = trade.iloc[design.positions[some]].drop(columns="trade")
    new = read_new_rows(design, equation, rows, offset="pop")
    assert len(new.columns) == len(design.terms)
    for one, other in zip(new.columns, design.columns, strict=True):
        assert np.allclose(one, other[some], rtol=1e-12, atol=1e-12)
    for name, factor in design.factors.items():
        assert new.factors[name].codes.tolist() == factor.codes[some].tolist()
    assert new.offset.tolist() == design.offset[some].tolist()


def test_the_base_of_dummies_stays_when_no_new_row_has_it(trade):
    (equation,) = parse_formula("trade ~ sector")
    design = build_design(trade, equation)
    new = read_new_rows(design, equation, pd.DataFrame({"sector": ["cars", "food"]}))
    assert design.terms == ("Intercept", "sector[T.cars]", "sector[T.food]")
    assert [c.tolist() for c in new.columns] == [[1, 1], [1, 0], [0, 1]]


def test_a_scale_is_that_of_the_sample_not_of_the_new_rows(trade):
    (equation,) = parse_formula("trade ~ center(dist) - 1")
    design = build_design(trade, equation)
    (centred,) = read_new_rows(design, equation, pd.DataFrame({"dist": [5.0]})).columns
    assert centred == pytest.approx(5.0 - trade["dist"].mean())


def test_a_row_that_cannot_be_read_is_left_out_with_its_reason(trade):
    (equation,) = parse_formula("trade ~ log(dist) + sector | exporter")
    trade.loc[trade["sector"] == "arms", "dist"] = 0.0  # never in a complete row
    design = build_design(trade, equation)
    rows = pd.DataFrame(
        {
            "dist": [1.0, None, 0.0, 1.0, 1.0, 1.0],
            "sector": ["food", "food", "food", "ships", "arms", None],
            "exporter": ["AM", "KZ", "KZ", "KZ", "KZ", "KZ"],
        }
    )
    new = read_new_rows(design, equation, rows)
    assert new.positions.tolist() == [0]
    assert new.factors["exporter"].codes.tolist() == [-1]
    assert new.incomplete["reason"].tolist() == [
        "dist is missing",
        "log(dist) is not finite: dist = 0",
        "this level of sector was not estimated",
        "this level of sector was not estimated",
        "sector is missing",
    ]


def test_a_reference_that_stood_in_no_complete_row_is_still_none_of_the_dummies(trade):
    (equation,) = parse_formula("trade ~ i(sector, ref='arms') + log(dist) - 1")
    trade.loc[trade["sector"] == "arms", "dist"] = 0.0
    design = build_design(trade, equation)
    rows = pd.DataFrame({"sector": ["cars"], "dist": [1.0]})
    new = read_new_rows(design, equation, rows)
    assert design.terms == ("sector[cars]", "sector[food]", "log(dist)")
    assert [float(c[0]) for c in new.columns] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "formula", ["trade ~ gdp", "trade ~ i(year, gdp)", "trade ~ I(gdp + 1)"]
)
def test_text_where_the_sample_had_numbers_is_refused(trade, formula):
    (equation,) = parse_formula(formula)
    design = build_design(trade, equation)
    rows = trade.assign(gdp="high")
    with pytest.raises(
        ModelError, match="F-523: column 'gdp' held numbers and now holds levels"
    ):
        read_new_rows(design, equation, rows)


def test_a_column_that_new_rows_lack_is_named(trade):
    (equation,) = parse_formula("trade ~ gdp | exporter^year")
    design = build_design(trade, equation)
    with pytest.raises(ColumnError, match=r"F-111.*\['gdp', 'year'\]"):
        read_new_rows(design, equation, pd.DataFrame({"exporter": ["KZ"]}))


def test_a_panel_and_its_future_are_read_by_the_same_years(trade):
    whole = trade.drop_duplicates(["exporter", "year"])
    panel = TradePanel.from_frame(
        whole, unit=["exporter"], period="year", flow="trade", covariates=["gdp"]
    )
    (equation,) = parse_formula("trade ~ i(exporter, gdp) | year")
    design = build_design(panel, equation)
    future = panel.future(1).assign(gdp=2.0)
    new = read_new_rows(design, equation, future)
    assert new.factors["year"].codes.tolist() == [-1] * len(future)
    assert np.array(new.columns).sum(axis=0).tolist() == [2.0] * len(future)


def test_a_level_is_found_again_however_it_is_stored():
    known = factorise(pd.Series([2000, 2001, 2002], name="year"))
    periods = pd.Series(pd.PeriodIndex(["2002", "2005"], freq="Y"))
    assert recode(known, periods).codes.tolist() == [2, -1]
    assert recode(known, pd.Series([2001.0, None])).codes.tolist() == [1, -1]
    assert recode(known, pd.Series(["2001"])).codes.tolist() == [-1]
