"""Tables of models: the fits' own numbers, in forms that run nothing and hide nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import forecast as fc
from forecast.errors import ModelError
from forecast.escaping import escape_latex, escape_markdown
from forecast.gravity.tables.model_tables import Etable, etable
from forecast.gravity.tables.table_markup import is_number
from forecast.gravity.tables.table_rows import decimals_of

PAYLOADS = [
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "&lt;b&gt; & co",
    "a | b || c",
    r"\input{/etc/passwd}",
    r"\\ & \hline",
    "50 % of $x_1$ #2 {y} ~z^2",
    "[T.EU]",
    "*bold* _it_ `code`",
    "![x](javascript:alert)",
    "two\nlines\x00\x1b[31m",
    "Казахстан – 中国",
]
EFFECTS = "| origin^period + destination^period"


@pytest.fixture(scope="module")
def flows():
    return fc.datasets.simulate_trade(10, 6, seed=2).frame


@pytest.fixture(scope="module")
def fits(flows):
    steps = f"flow ~ sw(agreement, agreement + log_distance) {EFFECTS}"
    return fc.Gravity(steps).fit_all(flows)


@pytest.fixture(scope="module")
def ols(flows):
    formula = f"log(flow) ~ agreement + log_distance {EFFECTS}"
    return fc.Gravity(formula, estimator="ols", vcov=fc.Robust("HC1")).fit(flows)


def cells(table: Etable, row: str, what: str) -> list[str]:
    frame = table.to_frame()
    (found,) = frame[(frame["row"] == row) & (frame["what"] == what)].to_numpy()
    return list(found[2:])


class Cells(HTMLParser):
    """Texts of the cells of a table, and every tag that occurs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


# ------------------------------------------------------------------ the fits' numbers


def test_estimates_and_standard_errors_are_those_of_the_fits(fits):
    table = etable(fits)
    for n, fit in enumerate(fits):
        for term in fit.terms:
            shown = cells(table, term, "estimate")[n]
            assert float(shown.rstrip("*")) == pytest.approx(fit.params[term], abs=5e-4)
            error = cells(table, term, "std_error")[n]
            assert float(error.strip("()")) == pytest.approx(fit.bse[term], abs=5e-4)
    assert cells(table, "log_distance", "estimate")[0] == ""
    assert cells(table, "Observations", "nobs") == ["540", "540"]


@pytest.mark.reference
def test_a_published_table_of_structural_gravity_comes_out_as_printed(reference_data):
    agtpa = pd.read_parquet(reference_data("agtpa/agtpa_applications.parquet"))
    agtpa = agtpa[agtpa["year"].isin(range(1986, 2007, 4))]
    abroad = agtpa[agtpa["exporter"] != agtpa["importer"]]
    gravity = "log_dist + cntg + lang + clny | exporter^year + importer^year"
    clusters = fc.Clustered("pair_id")
    abroad = abroad.assign(log_dist=np.log(abroad["dist"]))
    columns = [
        fc.Gravity(f"trade ~ {gravity}", vcov=clusters).fit(abroad),
        fc.Gravity(
            "trade ~ rta | exporter^year + importer^year + pair_id", vcov=clusters
        ).fit(agtpa),
    ]
    table = etable(columns, statistics=["nobs", "dropped"], digits=4)
    assert cells(table, "log_dist", "estimate") == ["-0.8409***", ""]
    assert cells(table, "log_dist", "std_error") == ["(0.0317)", ""]
    assert cells(table, "clny", "std_error") == ["(0.1162)", ""]
    assert cells(table, "rta", "estimate") == ["", "0.5572***"]
    assert cells(table, "rta", "std_error") == ["", "(0.1022)"]
    assert cells(table, "Observations", "nobs") == ["28,152", "28,482"]
    assert cells(table, "Rows left out", "dropped") == ["0", "84"]
    assert cells(table, "pair_id", "effect") == ["no", "yes"]


def test_stars_tell_the_p_value_and_the_notes_their_levels(fits):
    table = etable(fits)
    for n, fit in enumerate(fits):
        for term, p in fit.pvalues.items():
            stars = sum(p < level for level in (0.1, 0.05, 0.01))
            assert cells(table, term, "estimate")[n].count("*") == stars
    assert "* p < 0.1, ** p < 0.05, *** p < 0.01." in table.notes


def test_stars_can_be_others_or_none(fits):
    own = etable(fits, stars={"†": 0.2, "‡": 0.001})
    assert cells(own, "agreement", "estimate") == ["0.144", "0.232†"]
    assert cells(own, "log_distance", "estimate")[1] == "-1.135‡"
    assert "† p < 0.2, ‡ p < 0.001." in own.notes
    plain = etable(fits, stars=False)
    assert "*" not in str(plain)
    assert "p <" not in str(plain)


@pytest.mark.parametrize(
    ("below", "digits"),
    [("std_error", 3), ("statistic", 2), ("p_value", 3), ("interval", 3)],
)
def test_below_an_estimate_stands_what_was_asked_for(fits, below, digits):
    fit = fits[1]
    row = fit.tidy(0.9).set_index("term").loc["log_distance"]
    names = ["conf_low", "conf_high"] if below == "interval" else [below]
    wanted = ", ".join(f"{row[name]:.{digits}f}" for name in names)
    shown = cells(etable(fit, below=below, level=0.9), "log_distance", below)
    assert [text[1:-1] for text in shown] == [wanted]


def test_several_lines_or_none_may_stand_below(fits):
    both = etable(fits, below=("std_error", "interval"))
    assert list(both.to_frame()["what"][2:5]) == ["estimate", "std_error", "interval"]
    assert (
        both.notes[0] == "Standard errors in parentheses, 95 % intervals in brackets."
    )
    none = etable(fits, below=())
    assert set(none.to_frame()["what"][2:4]) == {"estimate"}
    assert none.notes[0].startswith("Standard errors clustered by pair")


@pytest.mark.parametrize("factor", [1e-12, 1e-4, 1.0, 1e4])
def test_small_coefficients_keep_two_digits_of_their_standard_error(flows, factor):
    scaled = flows.assign(log_distance=flows["log_distance"] / factor)
    fit = fc.Gravity(f"flow ~ log_distance {EFFECTS}").fit(scaled)
    (error,) = cells(etable(fit), "log_distance", "std_error")
    shown = float(error.strip("()").replace(",", ""))
    assert shown == pytest.approx(fit.bse.iloc[0], rel=0.05)


def test_models_of_a_row_show_the_same_decimals(fits):
    precise = fits[1].with_vcov(fc.Iid(dispersion=1e-3))
    shown = cells(etable(fits[1], precise, stars=False), "log_distance", "estimate")
    assert shown[0] == shown[1]
    assert len(shown[0].partition(".")[2]) > 3


def test_decimals_without_a_standard_error_follow_the_estimate():
    assert decimals_of(0.00123, np.nan, 3) == 4
    assert decimals_of(0.0, 0.0, 3) == 3
    assert decimals_of(np.nan, np.nan, 2) == 2


# -------------------------------------------------------------- rows and their order


def test_effects_are_told_apart_by_what_they_combine_not_by_its_order(flows):
    one = fc.Gravity(f"flow ~ agreement {EFFECTS}").fit(flows)
    other = fc.Gravity("flow ~ agreement | period^origin + destination").fit(flows)
    table = etable(one, other)
    assert cells(table, "origin^period", "effect") == ["yes", "yes"]
    assert cells(table, "destination^period", "effect") == ["yes", "no"]
    assert cells(table, "destination", "effect") == ["no", "yes"]


def test_a_model_without_effects_ends_with_its_constant(flows):
    fit = fc.Gravity("flow ~ log_distance + agreement").fit(flows)
    frame = etable(fit).to_frame()
    estimates = list(frame.loc[frame["what"] == "estimate", "row"])
    assert estimates == ["log_distance", "agreement", "Intercept"]
    assert "effect" not in set(frame["what"])


def test_terms_are_kept_dropped_and_ordered_by_name_or_pattern(flows):
    fit = fc.Gravity(f"flow ~ agreement + log_distance + border + visit {EFFECTS}").fit(
        flows
    )

    def shown(**options):
        frame = etable(fit, **options).to_frame()
        return list(frame.loc[frame["what"] == "estimate", "row"])

    assert shown(keep=["*r*"]) == ["agreement", "border"]
    assert shown(drop=["*e*"]) == ["visit"]
    assert shown(order=["visit", "b*"])[:2] == ["visit", "border"]
    assert shown(keep=["a*", "v*"], order=["visit"]) == ["visit", "agreement"]
    assert "3 coefficients are not shown." in etable(fit, keep=["visit"]).notes


def test_brackets_and_dots_of_a_term_are_no_pattern(flows):
    fit = fc.Gravity(f"flow ~ i(period, agreement, ref='2014') {EFFECTS}").fit(flows)
    table = etable(fit, keep=["agreement:period[2016]"])
    assert "agreement:period[2016]" in str(table)
    assert "agreement:period[2015]" not in str(table)
    some = etable(fit, keep=["*[2016*"])
    assert "agreement:period[2016]" in str(some)
    assert "agreement:period[2015]" not in str(some)


def test_names_relabel_terms_effects_outcomes_and_statistics(fits):
    names = {
        "agreement": "Agreement",
        "origin^period": "Exporter-year",
        "flow": "Trade",
        "nobs": "N",
    }
    table = etable(fits, names=names)
    assert cells(table, "N", "nobs") == ["540", "540"]
    assert cells(table, "Outcome", "outcome") == ["Trade", "Trade"]
    assert cells(table, "Exporter-year", "effect") == ["yes", "yes"]
    assert "agreement" not in str(table)


def test_terms_of_different_models_with_one_label_share_a_row(flows):
    one = fc.Gravity(f"flow ~ agreement {EFFECTS}").fit(flows)
    renamed = flows.rename(columns={"agreement": "rta"})
    other = fc.Gravity(f"flow ~ rta {EFFECTS}").fit(renamed)
    table = etable(one, other, names={"rta": "Agreement", "agreement": "Agreement"})
    first, second = cells(table, "Agreement", "estimate")
    assert first == second != ""


def test_what_differs_about_standard_errors_gets_rows_and_a_note_by_model(fits, ols):
    table = etable(fits, ols)
    assert cells(table, "Convention", "convention") == [
        "ppmlhdfe",
        "ppmlhdfe",
        "textbook",
    ]
    assert any(
        note.startswith("(1), (2): Standard errors clustered") for note in table.notes
    )
    assert any(note.startswith("(3): Standard errors robust") for note in table.notes)
    same = etable(fits)
    assert "convention" not in set(same.to_frame()["what"])
    assert sum("Standard errors clustered by pair" in note for note in same.notes) == 1


def test_each_estimator_shows_its_own_measure_of_fit(fits, ols):
    table = etable(fits[0], ols)
    assert cells(table, "R2", "r2") == ["", f"{ols.goodness.pseudo_r_squared:.3f}"]
    assert cells(table, "Pseudo R2", "pseudo_r_squared")[1] == ""
    assert cells(table, "Estimator", "estimator") == ["PPML", "OLS"]
    assert "R2" not in {*etable(fits).to_frame()["row"]}


def test_statistics_are_chosen_by_name_and_come_in_that_order(fits):
    wanted = ["llf", "clusters", "nobs", "zeros", "deviance", "r_squared", "vcov"]
    frame = etable(fits, statistics=wanted).to_frame()
    assert list(frame["what"])[-len(wanted) :] == wanted
    assert (
        cells(etable(fits, statistics=wanted), "Clusters", "clusters")[0] == "90 pair"
    )


def test_own_rows_names_and_notes_are_shown(fits):
    table = etable(
        fits,
        models=["Short", "Long"],
        rows={"Domestic": [False, "yes"]},
        notes=["S: me"],
    )
    assert cells(table, "Domestic", "row") == ["False", "yes"]
    assert "Short" in str(table)
    assert table.notes[-1] == "S: me"


def test_what_was_absorbed_is_told_by_name(flows):
    fit = fc.Gravity(f"flow ~ agreement + output {EFFECTS}").fit(flows)
    assert "Absorbed or collinear: output." in etable(fit).notes


def test_few_clusters_are_told(flows, fits):
    few = fits[1].with_vcov(fc.Clustered("origin"))
    told = [note for note in etable(fits[0], few).notes if "are few" in note]
    assert len(told) == 1
    assert told[0].startswith("(2): 10 clusters")


# --------------------------------------------------------------------------- the forms


@pytest.fixture(scope="module")
def hostile(fits):
    """A table whose every label, name and note is somebody's payload."""

    def make(payload: str) -> Etable:
        return etable(
            fits,
            names={
                "agreement": payload,
                "origin^period": f"{payload}2",
                "flow": payload,
                "nobs": f"{payload}3",
            },
            models=[payload, "plain"],
            rows={f"{payload}4": [payload, "yes"]},
            notes=[payload],
        )

    return make


def shown_text(payload: str) -> str:
    """What a reader should see of a payload."""
    return " ".join(re.sub(r"[\x00\x1b]", "\ufffd", payload).split())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_html_shows_any_text_as_text(hostile, payload):
    table = hostile(payload)
    parsed = Cells(table.to_html())
    assert parsed.tags <= {
        *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "sup", "small")
    }
    assert parsed.attributes <= {"style", "colspan", "scope"}
    texts = {" ".join(text.split()) for row in parsed.rows for text in row}
    seen = shown_text(payload)
    assert {seen, f"{seen}2", f"{seen}3", f"{seen}4"} <= texts
    assert table._repr_html_() == table.to_html()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_latex_sets_any_text_as_text(hostile, payload):
    table = hostile(payload).to_latex(caption=payload, label=payload)
    assert read_latex(escape_latex(payload)) == shown_text(payload).replace('"', "''")
    commands = set(re.findall(r"\\([a-zA-Z]+)", table))
    assert commands <= LATEX_COMMANDS
    body = table.split(r"\toprule")[1].split(r"\bottomrule")[0]
    for line in body.strip().splitlines():
        if line == r"\midrule":
            continue
        assert line.startswith("{}")  # nothing can be read as an option of \\ or a rule
        assert line.endswith(r" \\")
        spans = [int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d)\}", line)]
        assert len(re.findall(r"(?<!\\)&", line)) + sum(spans) == 2


LATEX_COMMANDS = {
    *("begin", "end", "centering", "caption", "label", "multicolumn", "footnotesize"),
    *("toprule", "midrule", "bottomrule", "item", "textsuperscript", "textbackslash"),
    *("textasciitilde", "textasciicircum", "textless", "textgreater", "textbar"),
    "textasciigrave",
}


def read_latex(source: str) -> str:
    """Text that LaTeX would set; fails where a sign with a meaning is left."""
    signs = {
        r"\textbackslash{}": "\\",
        r"\textasciitilde{}": "~",
        r"\textasciicircum{}": "^",
        r"\textless{}": "<",
        r"\textgreater{}": ">",
        r"\textbar{}": "|",
        r"\textasciigrave{}": "`",
        "{''}": "''",
        **{rf"\{sign}": sign for sign in "&%$#_{}"},
    }
    pattern = "|".join(re.escape(token) for token in signs)
    assert not re.search(r"[\\&%$#_{}~^]", re.sub(pattern, "", source))
    return re.sub(pattern, lambda match: signs[match[0]], source)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_shows_any_text_as_text(hostile, payload):
    markdown = pytest.importorskip("markdown_it", reason="needs the group docs")
    rendered = (
        markdown.MarkdownIt().enable("table").render(hostile(payload).to_markdown())
    )
    parsed = Cells(rendered)
    assert parsed.tags <= {"table", "thead", "tbody", "tr", "th", "td", "p"}
    assert {len(row) for row in parsed.rows} == {3}
    texts = {" ".join(text.split()) for row in parsed.rows for text in row}
    assert f"{shown_text(payload)}2" in texts


@pytest.mark.parametrize("payload", PAYLOADS)
def test_pipes_of_markdown_part_cells_and_nothing_else(hostile, payload):
    table = hostile(payload).to_markdown().split("\n\n")[0]
    for line in table.splitlines():
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4
    kept = re.sub(r"\\(.)", r"\1", escape_markdown(payload))
    for entity, sign in {"&lt;": "<", "&gt;": ">", "&amp;": "&"}.items():
        kept = kept.replace(entity, sign)
    assert kept == shown_text(payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_plain_text_keeps_its_lines_and_no_control_characters(hostile, payload):
    text = str(hostile(payload))
    assert "\x1b" not in text
    assert "\x00" not in text
    assert sum(line.startswith("---") for line in text.splitlines()) == 5


def test_columns_of_plain_text_end_in_one_place(fits, ols):
    lines = str(etable(fits, ols, models=["A", "B", "C"])).splitlines()
    numbers = [line for line in lines if line.startswith(("agree", "log_dist"))]
    assert len({line.rindex(".") for line in numbers}) == 1
    rules = {len(line) for line in lines if line.startswith("---")}
    assert len(rules) == 1
    assert max(map(len, lines[:6])) <= rules.pop()
    two = str(etable(fits)).splitlines()
    both = [line for line in two if line.startswith(("agree", "log_dist"))]
    assert len({line.rindex(".") for line in both}) == 1  # of 0.232* and of -1.135***


def test_a_long_description_takes_several_lines_of_its_cell(ols, fits):
    text = str(etable(fits[0], ols))
    assert "heteroskedasticity (HC1)" in text
    assert "robust to heteroskedasticity (HC1)\n" not in text


def test_latex_floats_only_with_a_caption(fits):
    table = etable(fits)
    assert table.to_latex().startswith(r"\begin{threeparttable}")
    assert r"\caption" not in table.to_latex()
    floating = table.to_latex(caption="Trade & more", label="tab:trade")
    assert floating.startswith(r"\begin{table}")
    assert r"\caption{Trade \& more}" in floating
    assert r"\label{tab:trade}" in floating


@pytest.mark.parametrize(
    ("text", "numeric"),
    [("-1.5", True), ("(-0.2)", True), ("[-1e-05, 2]", True), ("x-y", False)],
)
def test_only_numbers_get_a_true_minus(text, numeric):
    assert is_number(text) == numeric


def test_the_frame_can_be_written_without_live_formulas(fits, tmp_path):
    from forecast.writing import write_csv

    frame = etable(fits, names={"agreement": "=cmd|x"}).to_frame()
    write_csv(frame, tmp_path / "t.csv")
    assert "\n'=cmd|x," in (tmp_path / "t.csv").read_text(encoding="utf-8")


def test_a_table_is_frozen_and_the_same_every_time(fits):
    table = etable(fits)
    with pytest.raises(AttributeError):
        table.notes = ()
    assert table == etable(*fits)
    assert table.to_latex() == etable(list(fits)).to_latex()


# ------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        (lambda _: etable(), "F-593", "no fits"),
        (lambda fits: etable(fits, "fit"), "F-593", "1 of 3 things are no fits"),
        (lambda fits: etable(fits, keep=["agrement"]), "F-594", "'agreement'?"),
        (lambda fits: etable(fits, drop=["x*"]), "F-594", "'x*'"),
        (lambda fits: etable(fits, below="se"), "F-595", "std_error"),
        (lambda fits: etable(fits, statistics=["aic"]), "F-595", "llf"),
        (lambda fits: etable(fits, stars={"*": 5}), "F-595", "between 0 and 1"),
        (lambda fits: etable(fits, level=95), "F-595", "0.95"),
        (lambda fits: etable(fits, digits=-1), "F-595", "digits"),
        (
            lambda fits: etable(fits, names={"log_distance": "agreement"}),
            "F-596",
            "label 'agreement'",
        ),
        (lambda fits: etable(fits, models=["a"]), "F-597", "models: 1 entries"),
        (lambda fits: etable(fits, rows={"x": [1]}), "F-597", "x: 1 entries"),
    ],
)
def test_what_makes_no_table_is_refused_in_a_sentence(fits, call, code, said):
    with pytest.raises(ModelError, match=code) as refused:
        call(fits)
    assert said in str(refused.value)
