"""``[gravity]``: the gravity model of a study of pairs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.errors import ForecastError
from forecast.gravity import Clustered, Gravity, GravityFit
from forecast.gravity.derived.prediction import is_log
from forecast.gravity.formulas.formula import parse_formula
from forecast.reporting import Block, Folded, Note, Table
from forecast.studies.complaints import Complaint
from forecast.studies.drawing import Drawing, drawn
from forecast.studies.pairs.checking import formula_complaints, missing_columns
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.progress import Progress
from forecast.studies.values import (
    Key,
    WrongValueError,
    a_flag,
    a_text,
    one_of,
    texts_or_text,
)

__all__ = ["KEYS", "GravityPlan", "check", "find"]

ALIASES = ("pair", "period")
"""Names that errors may be clustered by, whatever the columns are called."""
NAMED = 3
"""So many coefficients stand in the headline."""


def a_formula(value: Any) -> str:
    """Read a formula; what is wrong with it is told with its line."""
    text = a_text(value)
    try:
        equations = parse_formula(text)
    except ForecastError as wrong:
        raise WrongValueError(
            f"a formula, and this one is none: {wrong.problem}"
        ) from wrong
    if len(equations) > 1:
        raise WrongValueError(f"one equation, and this states {len(equations)}")
    return text


KEYS: dict[str, Key] = {
    "formula": Key(a_formula, required=True),
    "estimator": Key(one_of("ppml", "ols"), default="ppml"),
    "cluster": Key(texts_or_text, default=("pair",)),
    "corrected": Key(a_flag, default=False),
}


@dataclass(frozen=True, slots=True)
class GravityPlan:
    """The gravity model that was asked for.

    Attributes
    ----------
    formula : str
    estimator : {"ppml", "ols"}
    cluster : tuple of str
        Ways in which errors are clustered.
    corrected : bool
        Whether slopes are freed of the bias of three-way PPML.
    """

    formula: str
    estimator: Any = "ppml"
    cluster: tuple[str, ...] = ("pair",)
    corrected: bool = False

    @property
    def recipe(self) -> Gravity:
        """The model, without the correction of bias."""
        return Gravity(self.formula, Clustered(*self.cluster), self.estimator)


def check(plan: GravityPlan, known: Known) -> list[Complaint]:
    """Complain of columns that the flows do not have."""
    ways = [part.strip("` ") for way in plan.cluster for part in way.split("^")]
    columns = [name for name in ways if name not in ALIASES]
    return [
        *formula_complaints(known, plan.formula),
        *missing_columns(known, ("cluster",), columns),
    ]


def find(plan: GravityPlan, known: Known, tell: Progress) -> Part:
    """Fit the model to what is known.

    Raises
    ------
    ForecastError
        What `Gravity.fit` and `GravityFit.bias_corrected` refuse.
    """
    tell(f"fit the gravity model {plan.formula}")
    fit = plan.recipe.fit(known.panel)
    if plan.corrected:
        fit = fit.bias_corrected()
    tables = {
        "gravity_coefficients": coefficients(fit),
        "gravity_fit": fit.glance(),
        "gravity_rows_left_out": rows_left_out(fit),
    }
    drawings = _drawings(fit, known)
    headline = _headline(plan, fit)
    return Part(
        title="The gravity model",
        headline=headline,
        blocks=tuple(_blocks(plan, fit, tables, drawings)),
        tables=tables,
        drawings=drawings,
        result=fit,
        plan=plan,
        method={
            "N": f"{fit.nobs:,} rows in the gravity model",
            "Dropped rows by reason": _dropped(tables["gravity_rows_left_out"]),
            "Intervals and standard errors": "Gravity: errors clustered by "
            f"{' and '.join(plan.cluster)}"
            + (", slopes freed of bias" if plan.corrected else ""),
        },
    )


def coefficients(fit: GravityFit) -> pd.DataFrame:
    """Give one row per coefficient, with the effect in per cent of trade.

    Returns
    -------
    DataFrame
        As `GravityFit.tidy`, then ``effect_%``, ``effect_low_%``, ``effect_high_%``: by
        how much trade is larger where the term is larger by one.
    """
    table = fit.tidy()
    if fit.recipe.estimator == "ols" and not is_log(fit.recipe.formula):
        return table
    named = {"effect_%": "estimate", "effect_low_%": "conf_low"}
    named["effect_high_%"] = "conf_high"
    for name, column in named.items():
        table[name] = 100 * np.expm1(table[column])
    return table


def rows_left_out(fit: GravityFit) -> pd.DataFrame:
    """Count the rows that were not used, by reason."""
    return (
        fit.sample.groupby("reason", sort=True)
        .size()
        .rename("rows")
        .reset_index()
        .astype({"rows": "int64"})
    )


# --- saying it ---------------------------------------------------------------------


def _headline(plan: GravityPlan, fit: GravityFit) -> str:
    table = fit.tidy()
    if table.empty:
        return (
            f"The gravity model {plan.formula} has effects only, no coefficient "
            f"({fit.nobs:,} flows)."
        )
    said = [
        f"{row.term} {row.estimate:+.3f} (95 %: {row.conf_low:+.3f} to "
        f"{row.conf_high:+.3f})".replace("-", "−")
        for row in table.head(NAMED).itertuples(index=False)
    ]
    more = len(table) - NAMED
    also = f" and {more} more" if more > 0 else ""
    how = "freed of bias, " if plan.corrected else ""
    return (
        f"Gravity over {fit.nobs:,} flows gives {'; '.join(said)}{also} "
        f"({how}errors clustered by {' and '.join(plan.cluster)})."
    )


def _drawings(fit: GravityFit, known: Known) -> dict[str, Drawing]:
    if not len(fit.terms):
        return {}
    caption = f"Coefficients with 95 % intervals, {fit.recipe.formula}. {known.facts}."
    height = 1.7 + 0.32 * len(fit.terms)
    return {"gravity_coefficients": drawn(fit.plot, caption, height)}


def _blocks(
    plan: GravityPlan,
    fit: GravityFit,
    tables: dict[str, pd.DataFrame],
    drawings: dict[str, Drawing],
) -> list[Block]:
    blocks: list[Block] = [f"{plan.estimator.upper()}: {plan.formula}."]
    blocks += [drawing.picture for drawing in drawings.values()]
    shown = tables["gravity_coefficients"]
    if len(shown):
        blocks.append(
            Table(
                shown,
                "Coefficients. Effects are partial: incomes and the "
                "trade of others are held.",
            )
        )
    if len(tables["gravity_rows_left_out"]):
        blocks.append(Table(tables["gravity_rows_left_out"], "Rows left out."))
    if fit.notes:
        blocks.append(Note(" ".join(note.rstrip(".") + "." for note in fit.notes)))
    blocks.append(Folded("How the standard errors were made", _explained(fit)))
    return blocks


def _explained(fit: GravityFit) -> Table:
    """The paragraph as caption, and the table below it as a table."""
    paragraph, _, rows = fit.explain_se().partition("\n\n")
    said = [re.split(r"\s{2,}", row.strip(), maxsplit=1) for row in rows.split("\n")]
    table = pd.DataFrame(
        [row for row in said if len(row) == 2], columns=["field", "value"]
    )
    return Table(table, " ".join(paragraph.split()))


def _dropped(table: pd.DataFrame) -> str:
    if table.empty:
        return "Gravity: none"
    told = [f"{row.reason} {row.rows:,}" for row in table.itertuples(index=False)]
    return f"Gravity: {'; '.join(told)}"
