"""Two reporters' figures of one flow: rules, asymmetry, reliability, trap 6."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.errors import ModelError, ReporterError
from forecast.mirror import asymmetry, reconcile_reporters
from forecast.mirror.reliability import Disagreements, error_variances

SIDES = pd.DataFrame(
    {
        "from": ["RU", "RU", "RU", "RU", "KZ", "KZ", "KZ"],
        "to": ["KZ", "KZ", "KZ", "KZ", "RU", "RU", "RU"],
        "by": ["RU", "KZ", "RU", "KZ", "KZ", "RU", "KZ"],
        "year": [2020, 2020, 2021, 2021, 2020, 2020, 2021],
        "bn": [14.0, 15.4, 18.0, 19.8, 5.0, 5.5, 7.0],
        "distance": 2000.0,
        "source": ["a", "b", "a", "b", "b", "a", "b"],
    }
)


def panel_of(frame, **more):
    return fc.TradePanel.from_frame(
        frame,
        origin="from",
        destination="to",
        period="year",
        flow="bn",
        reporter="by",
        measure="billion USD",
        **more,
    )


@pytest.fixture
def both():
    return panel_of(SIDES)


def values(result):
    """KZ→RU 2020 and 2021, then RU→KZ."""
    return result.table["value"].tolist()


# ------------------------------------------------------------------------------ rules


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("importer", [5.5, 7.0, 15.4, 19.8]),
        ("exporter", [5.0, 7.0, 14.0, 18.0]),
        ("mean", [5.25, 7.0, 14.7, 18.9]),
        (["KZ", "RU"], [5.0, 7.0, 15.4, 19.8]),
        (["RU", "KZ"], [5.5, 7.0, 14.0, 18.0]),
    ],
    ids=str,
)
def test_a_rule_takes_the_figures_it_names(both, rule, expected):
    result = reconcile_reporters(both, rule)
    assert values(result) == pytest.approx(expected, rel=1e-15)
    frame = result.panel.to_frame()
    assert frame["bn"].tolist() == values(result)
    assert result.panel.reporters == (f"reconciled ({result.rule})",)
    assert result.panel.measure == f"billion USD, reconciled ({result.rule})"
    assert result.panel.keys == ("from", "to")


def test_the_table_says_for_every_cell_what_was_taken_and_why(both):
    table = reconcile_reporters(both).table
    assert table["reason"].tolist() == [
        "importer's report",
        "exporter's report: the importer has none",
        "importer's report",
        "importer's report",
    ]
    assert table["weight of importer"].tolist() == [1, 0, 1, 1]
    assert table["weight of exporter"].tolist() == [0, 1, 0, 0]
    ordered = reconcile_reporters(both, ["RU", "KZ"]).table["reason"].tolist()
    assert ordered[1] == "report of KZ: RU has none"
    mean = reconcile_reporters(both, "mean").table["reason"].tolist()
    assert mean == ["mean", "the only report", "mean", "mean"]


def test_importers_figures_are_made_fob_by_a_number_or_the_median_ratio(both):
    by_number = reconcile_reporters(both, cif_fob=1.1)
    assert values(by_number) == pytest.approx([5.0, 7.0, 14.0, 18.0])
    by_median = reconcile_reporters(both, cif_fob="median")
    assert by_median.cif_fob == pytest.approx(1.1)
    assert "FOB (importers' figures / 1.1)" in by_median.panel.measure
    assert asymmetry(both, cif_fob=1.1)["asymmetry"].dropna().max() < 1e-12


def test_a_slip_of_units_does_not_move_the_median_ratio(both):
    slip = SIDES.assign(bn=[14.0, 15.4, 18.0, 19800.0, 5.0, 5.5, 7.0])
    found = reconcile_reporters(panel_of(slip), cif_fob="median")
    assert found.cif_fob == pytest.approx(1.1)


def test_the_asymmetry_is_the_distance_over_the_mean(both):
    found = asymmetry(both)
    x, m = found["report of exporter"], found["report of importer"]
    expected = (x - m).abs() / ((x + m) / 2)
    np.testing.assert_allclose(found["asymmetry"], expected)
    assert np.isnan(found["asymmetry"][1])
    np.testing.assert_allclose(found["ratio"].dropna(), 1.1)
    zeros = SIDES.assign(bn=[0.0, 0.0, 0.0, 3.0, 5.0, 5.5, 7.0])
    index = asymmetry(panel_of(zeros))["asymmetry"].tolist()
    assert index[2:] == [0.0, 2.0]


def test_columns_are_kept_where_both_sides_agree_in_them(both):
    panel = reconcile_reporters(both).panel
    assert panel.covariates == ("distance",)
    assert panel.labels == ()
    assert any("['source'] were left out" in note for note in panel.notes)


def test_a_figure_made_of_two_is_known_when_the_later_was_out():
    dated = SIDES.assign(
        out=pd.to_datetime(["2021-03-01", "2021-05-01"] * 3 + ["2022-04-01"])
    )
    dated.loc[dated["year"] == 2021, "out"] = pd.Timestamp("2022-04-01")
    result = reconcile_reporters(panel_of(dated, as_of="out"))
    assert result.panel.to_frame()["out"].dt.month.tolist() == [5, 4, 5, 4]


def test_the_order_of_rows_does_not_matter(both):
    turned = panel_of(SIDES.iloc[::-1])
    assert reconcile_reporters(turned).panel.equals(reconcile_reporters(both).panel)


# ------------------------------------------------------- reliability, simulated truth


def simulated(seed, sd, n_years=12, cif=1.0, zeros=False):
    """Flows among reporters whose log errors have the given standard deviations."""
    rng = np.random.default_rng(seed)
    names = [f"C{i}" for i in range(len(sd))]
    rows, truth = [], {}
    for i, origin in enumerate(names):
        for j, destination in enumerate(names):
            if i == j:
                continue
            for year in range(2000, 2000 + n_years):
                true = np.exp(rng.normal(3, 1))
                truth[origin, destination, year] = true
                for k, factor in ((i, 1.0), (j, cif)):
                    said = true * factor * np.exp(sd[k] * rng.normal())
                    rows.append((origin, destination, names[k], year, said))
    frame = pd.DataFrame(rows, columns=["from", "to", "by", "year", "bn"])
    if zeros:
        frame.loc[frame.index % 7 == 0, "bn"] = 0.0
    return frame, truth


SD = np.array([0.05, 0.1, 0.2, 0.4, 0.6])


def log_error(result, truth):
    table = result.table
    true = [
        truth[row["from"], row["to"], row["year"].year] for _, row in table.iterrows()
    ]
    return np.sqrt(np.mean(np.log(table["value"] / true) ** 2))


def test_trap_6_the_weighted_figure_is_nearer_the_truth_than_either_report():
    frame, truth = simulated(1, SD)
    panel = panel_of(frame)
    errors = {
        rule: log_error(reconcile_reporters(panel, rule), truth)
        for rule in ("importer", "exporter", "mean", "reliability")
    }
    assert errors["reliability"] < 0.8 * errors["mean"]
    assert errors["reliability"] < 0.6 * errors["importer"]
    assert errors["reliability"] < 0.6 * errors["exporter"]


def test_errors_of_reporters_are_recovered_whatever_freight_importers_count():
    frame, _ = simulated(2, SD, n_years=40, cif=1.12)
    result = reconcile_reporters(panel_of(frame), "reliability", cif_fob="median")
    assert result.cif_fob == pytest.approx(1.12, rel=0.02)
    assert list(result.error_sd.index) == ["C0", "C1", "C2", "C3", "C4"]
    np.testing.assert_allclose(result.error_sd[2:], SD[2:], rtol=0.12)
    assert (result.error_sd[:2] < 0.15).all()
    raw = reconcile_reporters(panel_of(frame), "reliability")
    np.testing.assert_allclose(raw.error_sd, result.error_sd, rtol=1e-6)


def test_weights_are_inverse_variances_and_the_mean_is_one_of_logs():
    frame, _ = simulated(3, SD)
    result = reconcile_reporters(panel_of(frame), "reliability")
    row = result.table.iloc[0]
    a, b = result.error_sd["C0"] ** 2, result.error_sd["C1"] ** 2
    assert row["weight of exporter"] == pytest.approx(b / (a + b))
    logs = np.log([row["report of exporter"], row["report of importer"]])
    weights = [row["weight of exporter"], row["weight of importer"]]
    assert np.log(row["value"]) == pytest.approx(np.dot(weights, logs))


def test_a_report_of_zero_is_weighed_in_levels_and_told():
    frame, _ = simulated(4, SD, zeros=True)
    table = reconcile_reporters(panel_of(frame), "reliability").table
    zero = (table["report of exporter"] == 0) & (table["report of importer"] > 0)
    assert zero.any()
    expected = table["weight of importer"] * table["report of importer"]
    np.testing.assert_allclose(table["value"][zero], expected[zero])
    assert table["reason"][zero].str.endswith("in levels: a report of zero").all()


def test_the_variances_solve_the_equations_of_three_reporters():
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    sums = np.array([1.0, 4.0, 4.2])  # variances 0.4, 0.6, 3.6
    found = error_variances(
        Disagreements(first, second, np.sqrt(sums)), ("a", "b", "c")
    )
    np.testing.assert_allclose(found, [0.4, 0.6, 3.6], rtol=1e-9)


def test_a_reporter_nobody_can_check_is_taken_for_an_average_one():
    frame, _ = simulated(6, SD[:4])
    alone = pd.DataFrame([["C9", "C0", "C9", 2000, 7.0]], columns=frame.columns)
    result = reconcile_reporters(panel_of(pd.concat([frame, alone])), "reliability")
    others = result.error_sd[["C0", "C1", "C2", "C3"]] ** 2
    assert result.error_sd["C9"] ** 2 == pytest.approx(others.mean())
    lone = result.table[result.table["from"] == "C9"].iloc[0]
    assert (lone["value"], lone["reason"]) == (7.0, "the only report")


def test_reports_that_agree_everywhere_are_taken_alike():
    frame, truth = simulated(5, np.zeros(3))
    result = reconcile_reporters(panel_of(frame), "reliability")
    assert log_error(result, truth) < 1e-12


# --------------------------------------------------------------- the two sides' turnover


def yearly_turnover():
    """Turnover of Russia and Kazakhstan as each side has it."""
    figures = fc.datasets.rus_kaz_figures()
    parts = [
        figures.for_reporter(who).yearly().rename("musd").reset_index().assign(by=who)
        for who in ("Russia", "Kazakhstan")
    ]
    return fc.TradePanel.from_frame(
        pd.concat(parts).assign(pair="KZ–RU"),
        unit=["pair"],
        reporter="by",
        period="year",
        flow="musd",
        measure=figures.measure,
    )


def test_russia_and_kazakhstan_differ_by_four_per_cent_on_2021():
    panel = yearly_turnover()
    found = asymmetry(panel).set_index("year")["asymmetry"]
    assert found["2021"] == pytest.approx((25590 - 24500) / 25045)
    assert found.dropna().index.year.tolist() == [2020, 2021, 2022]
    result = reconcile_reporters(panel, ["Kazakhstan", "Russia"])
    taken = result.table.set_index("year")
    assert taken.loc["2021", "value"] == 24500
    assert taken.loc["2019", "reason"] == "report of Russia: Kazakhstan has none"
    assert reconcile_reporters(panel, "mean").panel.matrix()[0][0, -4] == 25045


def test_trap_6_figures_of_two_reporters_are_never_one_series(both):
    with pytest.raises(ReporterError, match="F-350"):
        both.total()
    fit = fc.Drift().fit(yearly_turnover())
    assert len(fit.units) == 2  # each side by itself
    with pytest.raises(ReporterError, match="F-350"):
        fit.forecast(1, paths=10).total()
    one = reconcile_reporters(yearly_turnover(), ["Kazakhstan", "Russia"]).panel
    assert len(fc.Drift().fit(one).units) == 1


# --------------------------------------------------------------------------- refusals


def test_figures_of_one_side_or_of_nobody_are_refused(both):
    for panel in (both.select(reporter="KZ"), reconcile_reporters(both).panel):
        with pytest.raises(ReporterError, match="F-830"):
            reconcile_reporters(panel)
    nobody = fc.TradePanel.from_frame(
        SIDES[:1], origin="from", destination="to", period="year", flow="bn"
    )
    with pytest.raises(ReporterError, match="F-830"):
        asymmetry(nobody)


def test_a_third_party_is_refused(both):
    third = pd.concat([SIDES, SIDES[:1].assign(by="OTS")])
    with pytest.raises(ReporterError, match=r"F-832.*RU KZ 2020 OTS"):
        reconcile_reporters(panel_of(third))


@pytest.mark.parametrize("rule", ["best", ["US"], []], ids=str)
def test_rules_that_name_nobody_are_refused(both, rule):
    with pytest.raises((ModelError, ReporterError), match="F-831"):
        reconcile_reporters(both, rule)


@pytest.mark.parametrize("rule", ["importer", "exporter"])
def test_turnover_has_no_importer(rule):
    with pytest.raises(ModelError, match="F-831"):
        reconcile_reporters(yearly_turnover(), rule)


@pytest.mark.parametrize("ratio", [0, -1, np.nan, np.inf, "mode", True], ids=str)
def test_ratios_that_are_none_are_refused(both, ratio):
    with pytest.raises(ModelError, match="F-833"):
        reconcile_reporters(both, cif_fob=ratio)


def test_a_ratio_needs_flows_that_both_report(both):
    with pytest.raises(ModelError, match="F-833"):
        reconcile_reporters(yearly_turnover(), "mean", cif_fob=1.1)
    apart = SIDES[SIDES["by"] == SIDES["to"]]
    with pytest.raises(ModelError, match="F-833"):
        reconcile_reporters(panel_of(apart), cif_fob="median")


def test_two_sides_alone_do_not_tell_who_is_reliable(both):
    with pytest.raises(ReporterError, match=r"F-834.*KZ; RU"):
        reconcile_reporters(both, "reliability")
    apart = SIDES[SIDES["by"] == SIDES["to"]]
    with pytest.raises(ReporterError, match="F-834"):
        reconcile_reporters(panel_of(apart), "reliability")


def test_a_result_tells_in_one_sentence_what_was_done(both):
    assert repr(reconcile_reporters(both, cif_fob=1.1)) == (
        "Reconciled: 4 figures, importer's report first, importers' figures / 1.1 "
        "(importer's report 3; exporter's report: the importer has none 1)"
    )
