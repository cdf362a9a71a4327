"""Trade between regions: the border of 1993, and a simulated frontier whose truth is known."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.datasets.places import great_circle, russia_and_kazakhstan
from forecast.datasets.states_provinces import PLACES, _joined
from forecast.errors import ModelError, StudyError, TableError
from forecast.plots import plot_effects, plot_potential, plot_twin
from forecast.plots.look import blank_figure
from forecast.studies.pairs.parts import decomposition

EXAMPLES = Path(__file__).parents[1] / "examples" / "interregional"
KINDS = {
    "documents": "document",
    "logistics": "logistics",
    "visits": "visit",
    "conservation": "conservation",
}
THREE_WAY = "origin^period + destination^period + origin^destination"

# matplotlib 3.8, the oldest supported, uses old names of pyparsing.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.* deprecated - use:DeprecationWarning"
)


# ------------------------------------------------------- states and provinces, 1993


@pytest.fixture(scope="module")
def states(reference_data):
    reference_data("avw_feenstra")
    return fc.datasets.states_and_provinces()


@pytest.fixture(scope="module")
def border(reference_data):
    """The study of the border, run once."""
    reference_data("avw_feenstra")
    return fc.Study.from_toml(EXAMPLES / "border.toml").run()


@pytest.mark.reference
def test_states_and_provinces_agree_with_the_merged_file(states, reference_data):
    theirs = pd.read_csv(reference_data("avw_feenstra/avw_1993_merged.csv"))
    codes = {key: code for key, (code, _) in PLACES.items()}
    theirs = theirs.assign(
        origin=theirs["c_e"].map(codes), destination=theirs["c_i"].map(codes)
    )
    both = states.merge(theirs, on=["origin", "destination"], validate="1:1")
    assert len(both) == len(states) == 1600
    assert (both["flow"] * 1e6).to_numpy() == pytest.approx(both["vx"].to_numpy())
    assert both["distance"].fillna(0).to_numpy() == pytest.approx(
        both["dist"].to_numpy(), rel=1e-6
    )
    for ours, other in (("origin_gdp", "gdp_ce"), ("destination_gdp", "gdp_ci")):
        assert both[ours].to_numpy() == pytest.approx(both[other].to_numpy(), rel=1e-6)
    assert (both["border"] == (both["l_ex"] != both["l_im"])).all()
    assert (both["home"] == (both["c_e"] == both["c_i"])).all()
    assert states["distance"].isna().sum() == 40


@pytest.mark.reference
def test_keys_as_they_stand_would_lose_182_rows_without_a_word(states, reference_data):
    folder = reference_data("avw_feenstra")
    raw = [
        pd.read_csv(folder / f"raw_{name}.csv")
        for name in ("trade_93", "dist", "gdp_ce_93", "gdp_ci_93")
    ]
    naive = raw[0].merge(raw[1]).merge(raw[2]).merge(raw[3])
    assert len(naive) == len(states) - 182


@pytest.mark.reference
def test_the_study_of_the_border_gives_the_numbers_that_are_printed(
    border, reference_data
):
    printed = pd.read_csv(reference_data("avw_feenstra/published.csv"))
    names = {
        "(1) Canada": "Canada, OLS",
        "(2) US": "US, OLS",
        "(3) pooled": "pooled, OLS",
        "(5) fixed effects": "fixed effects, OLS",
    }
    terms = {
        "lngdp_ce": "log(origin_gdp)",
        "lngdp_ci": "log(destination_gdp)",
        "lndist": "log(distance)",
        "d_ca": "canada",
        "d_us": "us",
        "d_border": "border",
        "_cons": "Intercept",
    }
    ours = border.tables["models_coefficients"].set_index(["model", "term"])
    seen = 0
    for row in printed.itertuples():
        model = names[row.column]
        if row.term == "R2":
            found = ours.loc[model]
            assert found["r_squared"].iloc[0] == pytest.approx(
                row.estimate, abs=row.tolerance
            )
            assert (found["nobs"] == row.nobs).all()
            continue
        found = ours.loc[(model, terms[row.term])]
        # flows are in million dollars here and in dollars there
        shift = math.log(1e6) if row.term == "_cons" else 0.0
        assert found["estimate"] + shift == pytest.approx(
            row.estimate, abs=row.tolerance
        )
        assert found["std_error"] == pytest.approx(
            row.std_error, abs=row.tolerance_std_error
        )
        seen += 1
    assert seen == 18
    assert ours.loc[("fixed effects, OLS", "border"), "effect_%"] == pytest.approx(
        100 * math.expm1(-1.550514), abs=1e-4
    )


@pytest.mark.reference
def test_a_study_of_one_year_has_gravity_models_and_potential_and_no_growth(border):
    assert list(border.parts) == ["gravity", "models", "potential"]
    assert border.parts["gravity"].result.nobs == 1560  # zeros stay, 40 own flows go
    potential = border.tables["potential"]
    assert len(potential) == 1560
    assert (potential["unused"] >= 0).all()


def raw_files() -> tuple[pd.DataFrame, ...]:
    """Four small files as they are published: blanks, CAPITAL importers, GDP in CAD."""
    pairs = [(a, b) for a in ("Ala", "BC") for b in ("Ala", "BC")]
    side = {"Ala": 1, "BC": 2}
    trade = pd.DataFrame(
        [(f"{a} ", b, 10, side[a], side[b]) for a, b in pairs],
        columns=["c_e", "c_I", "vx", "l_ex", "l_im"],
    )
    distance = pd.DataFrame(
        [(a, b, 0.0 if a == b else 3567.81) for a, b in pairs],
        columns=["c_e", "c_I", "dist"],
    )
    gdp = {"Ala": 100.0, "BC": 200.0}
    exporters = pd.DataFrame({"c_e": list(gdp), "gdp_ce": list(gdp.values())})
    importers = pd.DataFrame({"c_I": list(gdp), "gdp_ci": list(gdp.values())})
    return trade, distance, exporters, importers


def test_blanks_at_the_ends_of_keys_lose_no_row():
    joined = _joined(*raw_files())
    assert len(joined) == 4
    assert joined.notna().all().all()


def test_a_row_without_partner_is_an_error_and_not_a_smaller_sample():
    trade, distance, exporters, importers = raw_files()
    with pytest.raises(TableError, match="match no other") as refused:
        _joined(trade, distance.iloc[:3], exporters, importers)
    assert refused.value.code == "F-695"
    assert refused.value.count == 1
    strange = trade.replace({"c_e": {"BC ": "Atlantis"}})
    with pytest.raises(TableError, match="Atlantis"):
        _joined(strange, distance.replace("BC", "Atlantis"), exporters, importers)


# ------------------------------------------------------------- the simulated frontier


def test_simulated_regions_have_the_borders_of_the_map():
    frame = fc.datasets.simulate_regions(periods=1, seed=3).frame
    ours = frame.loc[frame["border"] == 1, ["origin", "destination"]]
    pairs = fc.datasets.border_pairs(as_of="2021-09-30")
    listed = {
        frozenset(p) for p in zip(pairs["origin"], pairs["destination"], strict=True)
    }
    found = {
        frozenset(p) for p in zip(ours["origin"], ours["destination"], strict=True)
    }
    assert found == listed
    assert len(ours) == 2 * len(listed)  # in both directions
    sides = frame["origin"].str[:3] != frame["destination"].str[:3]
    assert sides.all()  # nothing but trade across the frontier
    assert frame.groupby("origin").size().to_dict() == {
        code: 17 if code.startswith("RU") else 30
        for code in fc.datasets.region_places()["code"]
    }


def test_distances_of_regions_are_great_circles_between_their_seats():
    places = russia_and_kazakhstan()
    at = {code: place for place, code in enumerate(places.codes)}
    # Moscow to Almaty by the law of cosines on a ball of 6,371 km
    (a, b), (c, d) = (55.8, 37.6), (43.2, 76.9)
    a, b, c, d = map(math.radians, (a, b, c, d))
    angle = math.acos(
        math.sin(a) * math.sin(c) + math.cos(a) * math.cos(c) * math.cos(b - d)
    )
    found = places.distance[at["RU-MOW"], at["KZ-75"]]
    assert found == pytest.approx(6371 * angle, rel=1e-9)
    assert (places.distance == places.distance.T).all()
    assert great_circle(np.zeros(2), np.zeros(2)).min() == 50  # never zero


def test_events_of_the_simulated_regions_enter_flows_with_their_effects_and_no_more():
    world = fc.datasets.simulate_regions(10, 8, periods=6, seed=5)
    truth = world.truth.expected.merge(world.truth.pairs, on=["origin", "destination"])
    both = world.frame.merge(truth, on=["origin", "destination", "period"])
    both = both[both["trades"]]
    beta = world.truth.coefficients
    assert set(beta.index) == {"log_distance", "border", *KINDS.values()}
    years = both["period"].dt.year - 2006
    a, b = (
        both.set_index(["period", end]).index.map(table.stack()).to_numpy(dtype=float)
        for end, table in (
            ("origin", world.truth.exporter_time),
            ("destination", world.truth.importer_time),
        )
    )
    lift = sum(beta[kind] * both[kind] for kind in KINDS.values())
    costs = (
        beta["log_distance"] * both["log_distance"] + beta["border"] * both["border"]
    )
    log = a + b + both["effect"] + both["trend"] * years + costs + lift
    assert np.exp(log.to_numpy()) == pytest.approx(
        both["expected"].to_numpy(), rel=1e-9
    )


def test_more_regions_than_the_map_has_are_refused():
    with pytest.raises(ModelError, match="oblasts") as refused:
        fc.datasets.simulate_regions(10, 18)
    assert refused.value.code == "F-590"


# ------------------------------------------------- the study of regions, in its notebook


@dataclass(frozen=True)
class Told:
    """What the notebook of the example knows when it has run."""

    names: dict[str, Any]

    @property
    def result(self):
        return self.names["result"]

    @property
    def attribution(self):
        return self.result.parts["attribution"].result


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Run all code cells of the notebook, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(EXAMPLES)
        names: dict[str, Any] = {"__name__": "__main__"}
        for number, code in enumerate(code_cells()):
            exec(compile(code, f"cell {number}", "exec"), names)
    return Told(names)


def cells() -> list[dict[str, Any]]:
    text = (EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8")
    return json.loads(text)["cells"]


def code_cells() -> list[str]:
    return ["".join(c["source"]) for c in cells() if c["cell_type"] == "code"]


def test_the_notebook_is_short_and_names_no_place_of_this_machine():
    assert len(cells()) <= 40
    text = (EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8")
    assert len(text) < 300_000
    places = (Path.home(), Path(tempfile.gettempdir()), EXAMPLES.parents[1])
    assert not any(f"{place}/" in text for place in map(str, places))


@pytest.mark.slow
def test_true_effects_lie_inside_their_intervals(told):
    beside = told.names["beside"]
    truth = pd.Series({"documents": 6.18, "logistics": 16.18, "visits": 0.0})
    assert beside["truth"].reindex(truth.index).to_numpy() == pytest.approx(
        truth.to_numpy(), abs=0.01
    )
    assert beside["inside"].all()


@pytest.mark.slow
def test_what_works_is_supported_and_what_does_nothing_never_is(told):
    verdicts = told.attribution.verdicts.set_index("term")["verdict"]
    assert verdicts["documents"] == verdicts["logistics"] == "supported"
    assert verdicts["visits"] != "supported"
    assert verdicts["conservation"] == "not supported"
    assert told.attribution.verdict == "supported"


@pytest.mark.slow
def test_without_pair_effects_visits_would_have_seemed_to_work(told):
    naive = told.names["table"].loc["visits"]
    assert naive["estimate"] > 5 * naive["std_error"]
    assert told.names["asked"].verdict == "cannot be told"


@pytest.mark.slow
def test_what_is_owed_to_cooperation_is_what_the_truth_says(told):
    total = told.attribution.effects.set_index("term").loc["all"]
    assert total["money_low"] < told.names["owed"] < total["money_high"]


@pytest.mark.slow
def test_the_decomposition_sums_to_the_growth_of_the_flows(told):
    parts = told.result.parts["decomposition"].result
    flows = told.result.known.panel.to_frame()
    frame = parts.to_frame()
    for nation in ("RU-OMS", "KZ-55", "RU-MOW"):
        own = flows[(flows["origin"] == nation) | (flows["destination"] == nation)]
        sums = own.groupby("period")["flow"].sum()
        rows = frame[frame["nation"] == nation].set_index("term")
        growth = 100 * (sums.iloc[-1] / sums.iloc[0] - 1)
        contributions = rows["points"].drop("total")
        assert contributions.sum() == pytest.approx(growth, abs=1e-9)
        assert rows.loc["total", "points"] == pytest.approx(growth, abs=1e-9)
    assert parts.largest_gap < 1e-10


@pytest.mark.slow
def test_scenarios_add_what_their_events_truly_add(told):
    later = told.names["later"]
    assert list(later.index) == [
        "five more documents",
        "a logistics centre",
        "ten more visits",
    ]
    assert later["inside"].all()
    assert later.loc["five more documents", "truth"] == pytest.approx(26.9, abs=0.05)
    assert later["median"].iloc[0] > later["median"].iloc[1] > 5
    pairs = told.result.tables["scenarios_pairs"]
    assert {*pairs["origin"], *pairs["destination"]} == {"RU-OMS", "KZ-59"}


@pytest.mark.slow
def test_pairs_that_are_held_back_have_more_unused_potential(told):
    joined = told.names["joined"]
    rank = joined[["realised", "own"]].corr(method="spearman").iloc[0, 1]
    assert rank > 0.5


@pytest.mark.slow
def test_the_report_says_the_verdict_before_its_reasons(told):
    page = told.result.report.html
    head = told.result.parts["attribution"].headline
    assert head.startswith("Thanks to cooperation, 2006 to 2021: supported; ")
    section = page[page.index("Thanks to cooperation?</h2>") :]
    assert section.index("<strong>supported</strong>") < section.index("<table")
    assert section.index("<table") < section.index("Can these data tell?")
    methods = told.result.tables["method"].set_index("field")["value"]
    assert "documents: 6 of 6 checks passed" in methods["Identification"]
    assert "visits: 0." in methods["Lead test (p)"]
    assert "lies ahead" in methods["What would change the verdicts"]


@pytest.mark.slow
def test_pairs_in_focus_come_first_in_report_and_figures(told):
    assert "decomposition_ru_oms_d400e4" in told.result.figures
    shown = told.result.parts["potential"].blocks[2].frame
    focus = (shown["origin"] == "RU-OMS") | (shown["destination"] == "RU-OMS")
    assert focus.all()
    assert len(told.result.tables["potential"]) > len(shown)


@pytest.mark.slow
def test_of_many_pairs_the_table_keeps_those_in_focus_and_the_largest_changes(told):
    known = told.result.known
    part = decomposition.find(
        decomposition.DecompositionPlan(by="turnover", draws=20), known, str
    )
    table = part.tables["decomposition"]
    kept = table[["a", "b"]].drop_duplicates()
    change = part.result.change.abs()
    assert len(change) == 510 > len(kept) >= 300
    omsk = (kept == "RU-OMS").any(axis=1)
    assert omsk.sum() == 17
    assert omsk.iloc[:17].all()
    index = pd.MultiIndex.from_frame(kept)
    left_out = change.drop(index)
    assert left_out.max() <= change.loc[index[17:]].min()


# --------------------------------------------------------------- studies of a user's own


SMALL = """
[study]
title = "Regions of my own"
seed = 7

[panel]
data = "flows.csv"
events = "events.csv"
unit = "million USD"
focus = [["RU-OMS", "KZ-59"]]

[indicators]
documents = {{ recipe = "Stock", kind = "document", half_life = 3 }}
visits = {{ recipe = "Count", kind = "visit" }}

{parts}
"""
GRAVITY = f"""
[gravity]
formula = "flow ~ documents + visits | {THREE_WAY}"
"""
PARTS = """
[attribution]
permutations = 19
shapes = false
among = ["RU-OMS", "KZ-59"]

[decomposition]
by = "turnover"
draws = 50

[potential]
formula = "flow ~ log(distance) + border | origin^period + destination^period"
folds = 3
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Folder with flows and events of twelve regions and seven oblasts."""
    folder = tmp_path_factory.mktemp("small")
    world = fc.datasets.simulate_regions(12, 7, periods=6, seed=11)
    world.frame.drop(columns=[*KINDS.values(), "output", "expenditure"]).to_csv(
        folder / "flows.csv", index=False
    )
    world.events.to_csv(folder / "events.csv", index=False)
    return folder


def study_of(folder: Path, parts: str, name: str = "study.toml"):
    (folder / name).write_text(SMALL.format(parts=parts), encoding="utf-8")
    return fc.Study.from_toml(folder / name)


def test_the_same_study_gives_the_same_bytes_twice(small):
    study = study_of(small, GRAVITY + PARTS)
    one = study.run()
    one.write(small / "one")
    study.run().write(small / "two")
    files = {
        path.relative_to(small / "one"): path.read_bytes()
        for path in sorted((small / "one").rglob("*"))
        if path.is_file()
    }
    assert {str(f) for f in files} >= {
        "report.html",
        "manifest.json",
        "tables.xlsx",
        "tables/attribution_verdicts.csv",
        "tables/attribution_synthetic_pair.csv",
        "tables/decomposition.csv",
        "tables/potential.csv",
        "figures/attribution_effects.svg",
        "figures/potential.png",
    }
    for name, content in files.items():
        assert (small / "two" / name).read_bytes() == content, name
    one_pair = one.parts["attribution"].result
    assert one_pair.gap.size == 6
    assert "attribution_synthetic_pair" in one.figures
    assert "decomposition_kz_59_ru_oms_2ace31" in one.figures


@pytest.mark.parametrize("by", ["nation", "total"])
def test_the_growth_that_a_forecast_holds_is_taken_apart_too(small, by):
    ahead = '[forecast]\nmodel = "Drift"\nhorizon = 2\npaths = 40\n'
    asked = f'[decomposition]\nof = "forecast"\nby = "{by}"\n'
    result = study_of(small, ahead + asked).run()
    outlook = result.parts["forecast"].result
    flows = result.known.panel.to_frame()
    last = flows[flows["period"] == flows["period"].max()]
    expected = outlook.to_frame()
    expected = expected[expected["period"] == expected["period"].max()]
    if by == "nation":
        table = result.tables["decomposition"]
        table = table[table["nation"] == "RU-OMS"]
        last, expected = (
            t[(t["origin"] == "RU-OMS") | (t["destination"] == "RU-OMS")]
            for t in (last, expected)
        )
    else:
        table = result.tables["decomposition_total"]
    change = expected["mean"].sum() - last["flow"].sum()
    parts = table.set_index("term")["change"]
    assert parts["total"] == pytest.approx(change, rel=1e-9)
    assert parts.drop("total").sum() == pytest.approx(change, rel=1e-9)


def test_regions_of_one_year_get_gravity_models_and_potential_but_no_growth(small):
    flows = pd.read_csv(small / "flows.csv")
    flows[flows["period"].astype(str) == "2011"].to_csv(
        small / "flows_2011.csv", index=False
    )

    def one_year(parts: str):
        study_of(small, parts)
        source = (small / "study.toml").read_text(encoding="utf-8")
        (small / "study.toml").write_text(
            source.replace("flows.csv", "flows_2011.csv"), encoding="utf-8"
        )
        return fc.Study.from_toml(small / "study.toml")

    plain = """
    [gravity]
    formula = "flow ~ log(distance) + border | origin + destination"
    """
    more = """
    [[models]]
    name = "OLS"
    formula = "log(flow) ~ log(distance) + border | origin + destination"
    estimator = "ols"
    errors = "robust"

    [[models]]
    name = "no neighbours"
    formula = "flow ~ log(distance) | origin + destination"
    without = { border = 1 }

    [potential]
    formula = "flow ~ log(distance) + border | origin + destination"
    """
    result = one_year(plain + more).run()
    table = result.tables["models_coefficients"].set_index(["model", "term"])
    assert table.loc[("OLS", "log(distance)"), "estimate"] < -0.5
    apart = flows[(flows["period"].astype(str) == "2011") & (flows["border"] == 0)]
    direct = fc.Gravity("flow ~ log(distance) | origin + destination").fit(apart)
    assert table.loc[("no neighbours", "log(distance)"), "estimate"] == pytest.approx(
        float(direct.beta[0]), rel=1e-9
    )
    assert len(result.tables["potential"]) > 100
    for part, code in (("attribution", "F-725"), ("decomposition", "F-726")):
        asked = '[attribution]\nterms = "border"\n' if part == "attribution" else ""
        with pytest.raises(StudyError) as refused:
            one_year(plain + (asked or f"[{part}]\n")).run()
        assert refused.value.code == code


def test_what_a_study_cannot_answer_is_refused_with_a_way_out(small):
    with pytest.raises(StudyError, match=r"needs \[gravity\]"):
        study_of(small, PARTS)
    without = (
        '[gravity]\nformula = "flow ~ border | origin^period + destination^period"\n'
    )
    with pytest.raises(StudyError, match="no indicator") as refused:
        study_of(small, without + "[attribution]\n").run()
    assert refused.value.code == "F-725"
    with pytest.raises(StudyError, match="no fitted model") as refused:
        study_of(small, "[decomposition]\n").run()
    assert refused.value.code == "F-726"
    models = '[[models]]\nname = "a"\nformula = "flow ~ border"\n'
    with pytest.raises(StudyError, match="another one has") as refused:
        study_of(small, models * 2).run()
    assert refused.value.code == "F-728"
    with pytest.raises(StudyError, match="no column 'us'") as refused:
        study_of(small, models + "without = { us = 1 }\n").run()
    assert refused.value.code == "F-728"
    with pytest.raises(StudyError, match="between 0 and 1"):
        study_of(small, '[potential]\nformula = "flow ~ border"\nlevel = 80\n')
    with pytest.raises(StudyError, match="cooperation"):
        study_of(small, GRAVITY + "[decomposition]\ngroups = { cooperation = 3 }\n")


def test_pairs_that_no_others_tell_have_no_potential(small):
    lonely = pd.DataFrame(
        {
            "origin": list("ACEGACEG"),
            "destination": list("BDFHBDFH"),
            "period": [2020] * 4 + [2021] * 4,
            "flow": [1.0, 2.0, 3.0, 4.0, 2.0, 3.0, 3.0, 6.0],
            "distance": [1.0, 2.0, 4.0, 3.0] * 2,
            "zone": [1, 1, 2, 2] * 2,
        }
    )
    lonely.to_csv(small / "lonely.csv", index=False)
    (small / "lonely.toml").write_text(
        '[study]\ntitle = "t"\n[panel]\ndata = "lonely.csv"\n[potential]\nfolds = 2\n'
        'formula = "flow ~ distance | zone^period"\n',
        encoding="utf-8",
    )
    with pytest.raises(StudyError, match="no pair could be predicted") as refused:
        fc.Study.from_toml(small / "lonely.toml").run()
    assert refused.value.code == "F-727"


# ------------------------------------------------------------------------------ figures


def test_a_figure_of_effects_writes_number_and_verdict_beside_each():
    effects = pd.DataFrame(
        {"value": [5.77, -0.04], "lower": [3.8, -1.3], "upper": [7.8, 1.2],
         "beside": [4.9, np.nan], "verdict": ["supported", "cannot be told"]},
        index=["documents", "visits"],
    )  # fmt: skip
    ax = plot_effects(effects, blank_figure()[1])
    assert [text.get_text() for text in ax.texts] == [
        "+5.8 %, supported",
        "+0.0 %, cannot be told",
    ]


def test_a_figure_of_a_pair_and_its_twin_is_in_per_cent_by_period():
    gap = pd.Series(np.log([1.25, 0.9, 1.001]), ["2019", "2020", "2021"])
    ax = plot_twin(gap, blank_figure()[1])
    assert [text.get_text() for text in ax.texts] == ["+25 %", "−10 %", "+0 %"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([25, -10, 0.1])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(gap.index)


def test_a_figure_of_potential_says_what_share_is_realised():
    pairs = pd.DataFrame(
        {"actual": [20.0], "potential": [80.0], "low": [40.0], "high": [160.0]},
        index=["A to B"],
    )
    ax = plot_potential(pairs, blank_figure()[1], measure="million USD")
    assert [text.get_text() for text in ax.texts] == ["25% realised"]
    assert ax.patches[0].get_width() == pytest.approx(20.0)
