"""Tables become designs: complete rows, numbers without copies, levels in sorted order."""

from __future__ import annotations

import subprocess
import sys

import naive
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import TradePanel
from forecast.errors import (
    ColumnError,
    ForecastError,
    KeyColumnError,
    ModelError,
    NumberError,
    PeriodError,
    TableError,
)
from forecast.gravity.designs.design import (
    base_levels,
    build_design,
    combine,
    describe_rows,
    factorise,
)
from forecast.gravity.formulas.formula import parse_formula
from forecast.gravity.records import Codes


@pytest.fixture
def trade():
    """Sixty rows of a small world; every column complete."""
    random = np.random.default_rng(7)
    n = 60
    return pd.DataFrame(
        {
            "trade": random.poisson(3.0, n).astype(float),
            "dist": random.uniform(1, 9, n),
            "gdp": random.normal(size=n),
            "fta": random.random(n) < 0.4,
            "sector": random.choice(["food", "cars", "arms"], n),
            "exporter": random.choice(["KZ", "RU", "BY", "AM"], n),
            "importer": random.choice(["KZ", "RU", "BY", "AM"], n),
            "year": 2000 + random.integers(0, 4, n),
        }
    )


def column(design, name):
    return design.columns[design.terms.index(name)]


# --------------------------------------------------------------- what passes unchanged


def test_numbers_are_passed_on_without_a_copy_where_all_rows_are_complete(trade):
    design = build_design(trade, "trade ~ dist + gdp | year", weights="dist")
    assert np.shares_memory(design.y, trade["trade"].to_numpy())
    assert np.shares_memory(column(design, "dist"), trade["dist"].to_numpy())
    assert np.shares_memory(design.weights, trade["dist"].to_numpy())
    assert design.source is trade
    assert design.positions.tolist() == list(range(60))


def test_formulaic_is_not_imported_for_columns_logs_dummies_and_interactions():
    code = (
        "import sys, pandas as pd; from forecast.gravity.designs.design import build_design\n"
        "df = pd.DataFrame({'y': [1.0, 2.0], 'x': [2.0, 3.0], 'g': ['a', 'b']})\n"
        "build_design(df, 'log(y) ~ x + log(x) + C(g):x + i(g, ref=\"a\") | g')\n"
        "print('formulaic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_the_table_of_the_caller_is_left_as_it_is(trade):
    trade.loc[3, "gdp"] = np.nan
    before = trade.copy(deep=True)
    build_design(
        trade,
        "log(trade) ~ gdp + poly(dist, 2) + sector | exporter^year",
        weights="dist",
    )
    pd.testing.assert_frame_equal(trade, before)


def test_a_table_of_strided_columns_gives_contiguous_ones():
    whole = pd.DataFrame({name: np.arange(8.0) for name in "yxz"})
    frame = whole.iloc[::2]
    assert not frame["z"].to_numpy().flags.c_contiguous
    design = build_design(frame, "y ~ x + z")
    assert design.y.flags.c_contiguous
    assert all(values.flags.c_contiguous for values in design.columns)
    assert column(design, "z").tolist() == [0, 2, 4, 6]


@pytest.mark.parametrize(
    "kind",
    ["int8", "uint16", "int64", "float32", "Int64", "Float64", "UInt8", "object"],
)
def test_numbers_of_any_kind_become_the_same_float64(kind):
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "x": pd.Series([3, 1, 2]).astype(kind)})
    (_, x) = build_design(frame, "y ~ x").columns
    assert x.dtype == np.float64
    assert x.tolist() == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("kind", ["bool", "boolean", "object"])
def test_true_counts_as_one(kind):
    frame = pd.DataFrame({"y": [1.0, 2.0], "x": pd.Series([True, False]).astype(kind)})
    assert build_design(frame, "y ~ x - 1").columns[0].tolist() == [1.0, 0.0]


# ------------------------------------------------------------------------ missing rows


@pytest.mark.parametrize("kind", ["float64", "Int64", "Float64", "object"])
def test_a_row_with_a_missing_number_is_left_out_and_the_column_named(kind):
    x = pd.Series([1, None, 3]).astype(kind)
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "x": x}).set_axis(["a", "a", "b"])
    design = build_design(frame, "y ~ x")
    assert design.positions.tolist() == [0, 2]
    assert column(design, "x").tolist() == [1.0, 3.0]
    assert design.incomplete.to_dict("records") == [
        {"position": 1, "reason": "x is missing"}
    ]


def test_each_row_left_out_has_one_reason_the_first_of_the_formula():
    frame = pd.DataFrame(
        {
            "y": [np.nan, 0.0, 2.0, 3.0, 4.0, -1.0],
            "x": [np.nan, 1.0, np.nan, 2.0, 3.0, 4.0],
            "o": [0.0, 1.0, 2.0, 3.0, np.nan, 5.0],
            "w": [1.0, 1.0, np.nan, 0.0, 1.0, 1.0],
            "f": ["a", "b", None, "a", "b", "a"],
        }
    )
    frame.loc[6] = [5.0, 6.0, 7.0, 8.0, None]
    frame.loc[7] = [5.0, 6.0, 7.0, 8.0, "c"]
    design = build_design(frame, "log(y) ~ x | f", weights="w", offset="o")
    assert design.incomplete["reason"].tolist() == [
        "y is missing",
        "log(y) is not finite: y = 0",
        "x is missing",
        "the weight w is 0",
        "o is missing",
        "log(y) is not finite: y < 0",
        "f is missing",
    ]
    assert design.incomplete["position"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert design.positions.tolist() == [7]
    assert design.offset.tolist() == [7.0]
    assert design.weights.tolist() == [8.0]


def test_positions_and_rows_left_out_share_the_input_among_them(trade):
    trade.loc[::7, "gdp"] = np.nan
    trade.loc[::5, "importer"] = None
    design = build_design(trade, "log(trade) ~ gdp + log(dist) | importer")
    together = [*design.positions, *design.incomplete["position"]]
    assert sorted(together) == list(range(60))
    assert np.allclose(design.y, np.log(trade["trade"].to_numpy()[design.positions]))


def test_a_transform_without_a_finite_value_leaves_its_row_out():
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0, 4.0], "x": [0.0, 1.0, 2.0, np.nan]})
    design = build_design(frame, "y ~ I(1 / x)")
    assert column(design, "I(1 / x)").tolist() == [1.0, 0.5]
    assert design.incomplete["reason"].tolist() == [
        "I(1 / x) is not finite",
        "x is missing",
    ]


def test_transforms_that_look_at_all_rows_see_only_those_that_remain():
    frame = pd.DataFrame(
        {
            "y": [1.0, 2, 3, 4],
            "x": [1.0, 2, 6, 100],
            "w": [1.0, 1, 1, 0],
            "z": [1.0, 2, 3, 4],
        }
    )
    (centred,) = build_design(frame, "y ~ center(x) - 1", weights="w").columns
    assert centred.tolist() == [-2.0, -1.0, 3.0]
    frame["z"] = [1.0, 2.0, 3.0, 0.0]
    design = build_design(frame, "y ~ center(x) + I(1 / z) - 1")
    assert column(design, "center(x)").tolist() == [-2.0, -1.0, 3.0]


def test_dummies_are_those_of_the_levels_in_complete_rows():
    frame = pd.DataFrame({"y": [1.0, 2.0, np.nan], "g": ["a", "b", "c"]})
    assert build_design(frame, "y ~ g - 1").terms == ("g[a]", "g[b]")


def test_when_no_row_is_complete_the_reasons_are_counted():
    frame = pd.DataFrame({"y": [np.nan, 0.0, 0.0], "x": [1.0, 2.0, 3.0]})
    with pytest.raises(
        ModelError, match=r"F-583.*1 rows: y is missing; 2 rows: log\(y"
    ):
        build_design(frame, "log(y) ~ x")


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", ["y", "x", "w", "o", "f"])
def test_infinity_in_the_table_is_an_error_not_a_missing_value(name):
    frame = pd.DataFrame({key: [1.0, 2.0] for key in "yxwof"})
    frame[name] = [1.0, np.inf]
    with pytest.raises(NumberError, match=f"F-204.*'{name}'"):
        build_design(frame, "y ~ x | f", weights="w", offset="o")


@pytest.mark.parametrize(
    ("weights", "words"), [([1.0, -1.0], "negative"), ([1.0, np.nan], "missing")]
)
def test_weights_that_are_none_are_refused(weights, words):
    frame = pd.DataFrame({"y": [1.0, 2.0], "w": weights})
    with pytest.raises(ModelError, match=f"F-584: 1 {words} weights in column 'w'"):
        build_design(frame, "y ~ 1", weights="w")


def test_a_weight_may_be_missing_where_the_outcome_is():
    frame = pd.DataFrame({"y": [1.0, np.nan], "w": [2.0, np.nan]})
    assert build_design(frame, "y ~ 1", weights="w").weights.tolist() == [2.0]


def test_all_columns_that_are_not_there_are_named_with_what_was_meant(trade):
    with pytest.raises(ColumnError, match=r"exproter.*gpd.*Did you mean") as caught:
        build_design(trade, "trade ~ log(dits) | exproter^year", offset="gpd")
    assert "['dits', 'exproter', 'gpd']" in str(caught.value)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (pd.DataFrame({"y": []}), TableError),
        (pd.DataFrame([[1.0, 2.0]], columns=["y", "y"]), ColumnError),
        (pd.DataFrame([[1.0]], columns=[2004]), ColumnError),
        ([1, 2], TableError),
        (pd.DataFrame({"y": ["1,5"]}), NumberError),
        (pd.DataFrame({"y": [1j]}), NumberError),
        (pd.DataFrame({"y": [[1]]}), NumberError),
        (pd.DataFrame({"y": pd.to_datetime(["2020-01-01"])}), NumberError),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(frame, error):
    with pytest.raises(error):
        build_design(frame, "y ~ 1")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([1, "a", 2], "F-304"),
        ([1.5, "b", None], "F-304"),
        ([[1], [2], [3]], "F-302"),
        ([1j, 2j, 3j], "F-207"),
    ],
)
def test_levels_that_cannot_be_told_apart_or_ordered_are_refused(values, code):
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0], "f": pd.Series(values, dtype=object)})
    with pytest.raises((KeyColumnError, NumberError), match=f"{code}.*'f'"):
        build_design(frame, "y ~ 1 | f")


def test_a_formula_of_several_models_is_not_one_design(trade):
    with pytest.raises(ModelError, match="stands for 2 equations"):
        build_design(trade, "trade ~ sw(gdp, dist)")


def test_dummies_by_the_million_belong_among_the_effects():
    frame = pd.DataFrame({"y": np.ones(40_000), "g": np.arange(40_000)})
    with pytest.raises(ModelError, match=r"F-588.*39,999 columns.*among the effects"):
        build_design(frame, "y ~ C(g)")


def test_two_regressors_of_one_name_are_refused():
    frame = pd.DataFrame({"y": [1.0, 2.0], "x": [1.0, 2.0], "log(x)": [5.0, 6.0]})
    with pytest.raises(ModelError, match=r"F-589.*'log\(x\)'"):
        build_design(frame, "y ~ log(x) + `log(x)`")


def test_a_transform_that_fails_says_which_and_why(trade):
    with pytest.raises(ModelError, match=r"F-586: I\(sector \+ 1\) cannot be computed"):
        build_design(trade, "trade ~ I(sector + 1)")
    with pytest.raises(ModelError, match=r"F-586.*is 2 columns"):
        build_design(trade, "poly(dist, 2) ~ gdp")


# ---------------------------------------------------------------------- terms and names


@pytest.mark.parametrize(
    "right",
    [
        "dist + gdp + fta",
        "log(dist) + I(gdp ** 2)",
        "poly(dist, 3)",
        "bs(dist, df=5) + scale(gdp)",
        "np.sqrt(dist) + I(gdp > 0)",
        "C(year)",
        "sector",
        "sector - 1",
        "C(sector) - 1",
        "C(sector, contr.sum)",
        "C(sector, contr.treatment('food'))",
        "gdp*dist",
        "sector*gdp",
        "gdp + C(sector):gdp",
        "C(sector):gdp",
        "sector*C(year)",
        "(gdp + dist + sector)**2",
        "C(sector):poly(dist, 2)",
    ],
)
def test_terms_have_the_values_and_names_that_formulaic_gives_them(trade, right):
    import formulaic

    trade["fta"] = trade["fta"].astype(
        float
    )  # formulaic makes dummies of true and false
    design = build_design(trade, f"trade ~ {right}")
    theirs = formulaic.model_matrix(right, trade)
    assert sorted(design.terms) == sorted(theirs.columns)
    for name, values in zip(design.terms, design.columns, strict=True):
        assert np.allclose(values, theirs[name].astype(float), rtol=1e-9, atol=1e-12)


def test_dummies_beside_effects_leave_out_the_first_level(trade):
    design = build_design(trade, "trade ~ sector + C(year) | exporter")
    assert design.terms == (
        "sector[T.cars]",
        "sector[T.food]",
        "C(year)[T.2001]",
        "C(year)[T.2002]",
        "C(year)[T.2003]",
    )


def test_the_level_behind_the_dummies_can_be_asked_for(trade):
    trade.loc[trade["sector"] == "arms", "gdp"] = np.nan
    (equation,) = parse_formula("trade ~ gdp + sector*dist + C(year) + i(exporter)")
    design = build_design(trade, equation)
    assert base_levels(design, equation) == {
        "C(year)": "2000",
        "exporter": "AM",
        "sector": "cars",
    }
    for whole in ("trade ~ sector - 1", "trade ~ i(year, ref=2001) + i(year, gdp)"):
        (equation,) = parse_formula(whole)
        assert base_levels(build_design(trade, equation), equation) == {}


def test_i_multiplies_a_column_with_the_dummies_of_all_levels_but_the_reference(trade):
    design = build_design(trade, "trade ~ i(year, dist, ref=2002) | exporter")
    assert design.terms == ("dist:year[2000]", "dist:year[2001]", "dist:year[2003]")
    expected = np.where(trade["year"] == 2001, trade["dist"], 0.0)
    assert column(design, "dist:year[2001]").tolist() == expected.tolist()


def test_i_of_one_column_is_its_dummies_and_of_two_is_one_per_pair_that_occurs():
    frame = pd.DataFrame(
        {"y": [1.0, 2.0, 3.0, 4.0], "f": ["a", "a", "b", "b"], "g": [1, 2, 2, 2]}
    )
    assert build_design(frame, "y ~ i(f, ref='b')").terms == ("Intercept", "f[a]")
    assert build_design(frame, "y ~ i(f)").terms == ("Intercept", "f[b]")
    assert build_design(frame, "y ~ i(f) - 1").terms == ("f[a]", "f[b]")
    crossed = build_design(frame, "y ~ i(f, i.g) - 1")
    assert crossed.terms == ("f[a]:g[1]", "f[a]:g[2]", "f[b]:g[2]")
    assert column(crossed, "f[b]:g[2]").tolist() == [0, 0, 1, 1]
    with_references = build_design(frame, "y ~ i(g, f, ref=1, ref2='b') - 1")
    assert with_references.terms == ("g[2]:f[a]",)


def test_a_reference_that_does_not_occur_is_refused_with_one_that_does(trade):
    with pytest.raises(ModelError, match=r"F-585.*'2020'.*Did you mean '200[0-3]'"):
        build_design(trade, "trade ~ i(year, dist, ref=2020)")


def test_an_ordered_categorical_keeps_its_order_and_an_unordered_one_is_sorted():
    sizes = ["small", "large", "medium", "huge"]
    values = ["large", "small", "large", "medium"]
    ordered = pd.Categorical(values, categories=sizes, ordered=True)
    unordered = pd.Categorical(values, categories=sizes)
    frame = pd.DataFrame({"y": np.arange(4.0), "o": ordered, "u": unordered})
    design = build_design(frame, "y ~ o | u")
    assert design.terms == ("o[T.large]", "o[T.medium]")
    assert list(design.factors["u"].levels) == ["large", "medium", "small"]
    assert design.factors["u"].codes.tolist() == [0, 2, 0, 1]


def test_a_product_too_large_for_a_number_is_refused():
    frame = pd.DataFrame({"y": [1.0, 2.0], "x": [1e200, 1.0], "z": [1e200, 1.0]})
    with pytest.raises(NumberError, match=r"F-204.*'x:z'"):
        build_design(frame, "y ~ x:z")


# ------------------------------------------------------------------------------- panels


@pytest.fixture
def panel(trade):
    whole = trade.drop_duplicates(["exporter", "importer", "year", "sector"])
    return TradePanel.from_frame(
        whole[whole["exporter"] != whole["importer"]],
        origin="exporter",
        destination="importer",
        sector="sector",
        period="year",
        flow="trade",
    )


def test_a_panel_gives_the_design_of_its_table_with_years_as_numbers(panel):
    design = build_design(panel, "trade ~ i(year, dist, ref=2000) | exporter^year")
    frame = panel.to_frame()
    frame["year"] = frame["year"].dt.year
    same = build_design(frame, "trade ~ i(year, dist, ref=2000) | exporter^year")
    assert (
        design.terms
        == same.terms
        == tuple(f"dist:year[{y}]" for y in (2001, 2002, 2003))
    )
    assert list(design.factors["year"].levels) == [2000, 2001, 2002, 2003]
    for name, factor in design.factors.items():
        assert factor.codes.tolist() == same.factors[name].codes.tolist()
    assert design.keys == ("exporter", "importer", "sector", "year")
    assert describe_rows(design, [0]) == "AM to BY {} {}".format(
        frame["sector"].iloc[0], frame["year"].iloc[0]
    )


def test_months_and_quarters_are_levels_as_text():
    months = pd.Series(pd.period_range("2004-11", periods=3, freq="M"), name="month")
    assert list(factorise(months).levels) == ["2004-11", "2004-12", "2005-01"]


def test_a_panel_with_several_releases_of_a_cell_has_no_design():
    frame = pd.DataFrame(
        {
            "side": ["KZ", "KZ"],
            "year": [2020, 2020],
            "bn": [18.0, 19.0],
            "released": ["2021-02-01", "2021-06-01"],
        }
    )
    panel = TradePanel.from_frame(
        frame, unit=["side"], period="year", flow="bn", as_of="released"
    )
    with pytest.raises(PeriodError, match="F-427"):
        build_design(panel, "bn ~ 1 | side")


def test_a_table_of_another_library_is_taken_through_its_to_pandas(trade):
    class Table:
        def to_pandas(self):
            return trade

    assert build_design(Table(), "trade ~ gdp").source is trade


def test_rows_are_named_by_their_keys_or_else_by_their_position(trade):
    trade.loc[0, "gdp"] = np.nan
    keys = ("exporter", "importer", "year")
    first = trade.loc[1, list(keys)]
    named = build_design(trade, "trade ~ gdp | year", keys=keys)
    bare = build_design(trade, "trade ~ gdp | year")
    assert (
        describe_rows(named, [0])
        == f"{first.iloc[0]} to {first.iloc[1]} {first.iloc[2]}"
    )
    assert describe_rows(bare, np.arange(59), limit=2) == "row 1; row 2 and 57 more"
    assert describe_rows(bare, []) == ""


# ------------------------------------------------------------------------------ factors

INTEGERS = st.lists(st.integers(-5, 5) | st.integers(-(2**62), 2**62), max_size=30)
TEXTS = st.lists(st.none() | st.text("abЖ", max_size=2), max_size=30)


@given(INTEGERS)
def test_whole_numbers_are_numbered_as_the_naive_way_does(values):
    codes, levels = naive.numbered(values)
    factor = factorise(pd.Series(values, dtype="int64"))
    assert factor.codes.dtype == np.int32
    assert (factor.codes.tolist(), factor.levels.to_list()) == (codes, levels)


@given(TEXTS, st.sampled_from(["object", "str", "string", "category"]))
def test_text_is_numbered_as_the_naive_way_does_however_it_is_stored(values, kind):
    codes, levels = naive.numbered(values)
    factor = factorise(pd.Series(values, dtype=object).astype(kind))
    assert (factor.codes.tolist(), factor.levels.to_list()) == (codes, levels)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([2004, 2002, 2004]),
        pd.Series([2004, 2002, 2004], dtype="uint16"),
        pd.Series([2004, 2002, 2004], dtype="Int32"),
        pd.Series([2004.0, 2002.0, 2004.0]),
        pd.Series([2004, 2002, 2004], dtype=object),
        pd.Series([2004, 2002, 2004], dtype="category"),
        pd.Series(pd.PeriodIndex(["2004", "2002", "2004"], freq="Y")),
        pd.Series(pd.PeriodIndex(["2004", "2002", "2004"], freq="Y")).astype(object),
    ],
    ids=lambda column: f"{column.dtype} of {type(column.iloc[0]).__name__}",
)
def test_a_year_is_the_same_level_however_it_is_stored(column):
    factor = factorise(column)
    assert factor.codes.tolist() == [1, 0, 1]
    assert factor.levels.to_list() == [2002, 2004]
    assert factor.levels.dtype == np.int64


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1.5, None, -2.0]),
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series([7, None, 3], dtype="Int64"),
        pd.Series(["b", None, "a"]),
        pd.Series(["b", None, "a"], dtype="category"),
        pd.Series(pd.PeriodIndex(["2004Q2", None, "2001Q1"], freq="Q")),
        pd.Series(pd.to_datetime(["2004-02-01", None, "2001-01-01"])),
        pd.Series([True, None, False], dtype=object),
    ],
    ids=lambda column: str(column.dtype),
)
def test_a_missing_key_has_the_code_minus_one_whatever_the_kind(column):
    factor = factorise(column)
    assert factor.codes.tolist() == [1, -1, 0]
    assert len(factor.levels) == 2


def test_whole_numbers_at_the_ends_of_their_range_are_levels_too():
    ends = np.array([2**64 - 1, 0, 2**63], dtype=np.uint64)
    assert factorise(pd.Series(ends)).codes.tolist() == [2, 0, 1]
    assert factorise(pd.Series(ends[[0, 0]])).codes.tolist() == [0, 0]
    near = np.array([2**63 + 1, 2**63], dtype=np.uint64)
    assert factorise(pd.Series(near)).codes.tolist() == [1, 0]
    close = np.array([2**62 + 1, 2**62], dtype=np.uint64)
    assert factorise(pd.Series(close)).codes.tolist() == [1, 0]
    small = pd.Series([127, -128], dtype="int8")
    assert factorise(small).levels.to_list() == [-128, 127]


CODES = st.lists(
    st.tuples(st.integers(-1, 3), st.integers(-1, 2), st.integers(-1, 4)), max_size=40
)


@given(CODES, st.integers(1, 3), st.sampled_from([1, 10**9]))
def test_combinations_are_numbered_as_the_naive_way_does(rows, parts, spread):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T[:parts]
    wide = [
        np.where(c < 0, -1, c * (spread // 5 + 1)).astype(np.int32) for c in columns
    ]
    codes, levels = naive.numbered_together(*columns.tolist())
    combined = combine([Codes(c, int(c.max(initial=0)) + 1) for c in wide])
    assert combined.codes.tolist() == codes
    assert combined.count == len(levels)


def test_combinations_are_ordered_by_the_first_factor_then_by_the_next():
    grid = np.array([(a, b, c) for a in range(2) for b in range(3) for c in range(4)])
    shuffled = np.random.default_rng(3).permutation(24)
    parts = [Codes(grid[shuffled, k].astype(np.int32), k + 2) for k in range(3)]
    assert combine(parts).codes.tolist() == shuffled.tolist()


def test_more_combinations_than_a_machine_word_counts_are_still_told_apart():
    large = Codes(np.array([2**31 - 2, 0, 2**31 - 2], np.int32), 2**31 - 1)
    combined = combine([large, large, large, large])
    assert combined.codes.tolist() == [1, 0, 1]


# --------------------------------------------------------------------- laws of a design

SHAPES = [
    "y ~ x + log(z) | f^g",
    "log(z) ~ poly(x, 2) + C(g) + f:x - 1",
    "y ~ i(g, x, ref=2) + f*x",
    "y ~ scale(x) + bs(x, df=4) + np.exp(x) | f",
    "c(y, z) ~ sw(x, f) | csw0(f, g)",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_order_of_rows_changes_nothing_to_the_last_bit_but_their_order(shape):
    random = np.random.default_rng(11)
    n = 200
    frame = pd.DataFrame(
        {
            "y": random.poisson(2.0, n).astype(float),
            "x": random.normal(size=n),
            "z": random.uniform(-0.1, 2.0, n),
            "f": random.choice(["a", "b", "c", None], n),
            "g": random.integers(1, 5, n),
        }
    )
    order = random.permutation(n)
    shuffled = frame.iloc[order]
    for equation in parse_formula(shape):
        one, other = build_design(frame, equation), build_design(shuffled, equation)
        assert one.terms == other.terms
        place = np.argsort(order[other.positions])
        assert (order[other.positions][place] == one.positions).all()
        assert (other.y[place] == one.y).all()
        for a, b in zip(one.columns, other.columns, strict=True):
            assert (b[place] == a).all()
        for name, factor in one.factors.items():
            assert (other.factors[name].codes[place] == factor.codes).all()
            assert list(other.factors[name].levels) == list(factor.levels)


VALUES = st.sampled_from(
    [
        [1.0, 2.0, np.nan, 0.0],
        [1, 2, 3, 4],
        [True, False, True, True],
        ["a", "b", None, "a"],
        ["a", 1, None, 2.5],
        [np.inf, 1.0, 2.0, 3.0],
        [1j, 2j, 3j, 4j],
        [[1], [2], [3], [4]],
        [None, None, None, None],
        [1e308, -1e308, 1e-320, 5.0],
        pd.array([1, None, 3, 4], dtype="Int64"),
        pd.array([True, None, False, True], dtype="boolean"),
        pd.array([1.5, None, 3.0, 4.0], dtype="Float64"),
        pd.Categorical(["a", "b", "a", None], categories=["c", "b", "a"]),
        pd.Categorical([1, 2, 1, 2]),
        pd.Categorical([None] * 4),
        pd.period_range("2001", periods=4, freq="Y"),
        pd.date_range("2001-01-01", periods=4),
        pd.to_timedelta([1, 2, 3, 4], unit="D"),
        pd.interval_range(0, 4),
        [pd.Period("2001", "Y"), pd.Period("2001Q1", "Q"), None, None],
        [(1, 2), (1, 3), (2, 2), (0, 0)],
        np.array([1, 2, 3, 2**64 - 1], dtype=np.uint64),
        np.array([1, 2, 3, 4], dtype=np.float16),
    ]
)
FORMULAS = st.sampled_from(
    [
        "y ~ x + log(z) | f^g",
        "log(y) ~ x*z | f",
        "y ~ C(f) + poly(x, 2)",
        "y ~ I(x + z) + C(g, contr.sum)",
        "y ~ i(f, x) + x:g",
        "y ~ i(f, i.g) - 1",
        "y ~ scale(x) | f^g^z",
        "np.log(y) ~ bs(x, df=4) + z",
    ]
)


@given(
    st.fixed_dictionaries(dict.fromkeys("yxzfg", VALUES)),
    FORMULAS,
    st.sampled_from([None, "w", "z"]),
)
def test_any_table_gives_a_sound_design_or_is_refused_in_words(
    columns, formula, weights
):
    frame = pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})
    frame["w"] = [1.0, 0.0, 2.0, 1.0]
    try:
        design = build_design(frame, formula, weights=weights)
    except ForecastError:
        return
    n = design.positions.size
    assert n + len(design.incomplete) == 4
    arrays = [design.y, *design.columns]
    assert all(a.shape == (n,) and np.isfinite(a).all() for a in arrays)
    assert len(design.terms) == len(set(design.terms)) == len(design.columns)
    for factor in design.factors.values():
        assert factor.codes.min() >= 0
        assert factor.codes.max() < len(factor.levels)


@pytest.mark.parametrize(
    "codes", [[2, 0, 2, 1], [4, 0, 4], [3, -1, 1, 3], [-1, -1], []]
)
def test_one_factor_alone_is_numbered_without_gaps(codes):
    given = Codes(np.array(codes, np.int32), 5)
    found = combine([given])
    present = sorted({code for code in codes if code >= 0})
    assert found.count == len(present)
    assert [present[c] if c >= 0 else -1 for c in found.codes] == codes


def test_a_factor_with_room_for_a_billion_levels_takes_no_memory_for_them():
    given = Codes(np.array([2**31 - 2, -1, 7, 7], np.int32), 2**31 - 1)
    found = combine([given])
    assert found.codes.tolist() == [1, -1, 0, 0]
    assert found.count == 2
