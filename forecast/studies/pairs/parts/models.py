"""``[[models]]``: several gravity models beside each other, as journals print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecast.gravity import Clustered, Gravity, GravityFit, Iid, Robust, etable
from forecast.plots import plot_coefficients
from forecast.reporting import Lead, Note, Table
from forecast.studies.complaints import Complaint
from forecast.studies.drawing import drawn
from forecast.studies.pairs.checking import (
    entry,
    formula_complaints,
    missing_columns,
    same_names,
)
from forecast.studies.pairs.known import Known
from forecast.studies.pairs.part import Part
from forecast.studies.pairs.parts.gravity import a_formula
from forecast.studies.progress import Progress
from forecast.studies.values import Key, WrongValueError, a_table, a_text, one_of

__all__ = ["KEYS", "ModelsPlan", "check", "find"]

TITLE = "Other models beside it"
ERRORS: dict[str, Any] = {
    "pair": Clustered("pair"),
    "iid": Iid(),
    "robust": Robust("HC1"),
}
NAMED = 2
"""So many terms stand in the headline."""


def _values(value: Any) -> dict[str, float]:
    """Read ``{ us = 1 }``."""
    table = a_table(value)
    for one in table.values():
        if isinstance(one, bool) or not isinstance(one, int | float):
            raise WrongValueError("a table of columns and numbers, such as { us = 1 }")
    return {name: float(one) for name, one in table.items()}


KEYS: dict[str, Key] = {
    "name": Key(a_text, required=True),
    "formula": Key(a_formula, required=True),
    "estimator": Key(one_of("ppml", "ols"), default="ppml"),
    "errors": Key(one_of(*ERRORS), default="pair"),
    "without": Key(_values, default={}),
}


@dataclass(frozen=True, slots=True)
class ModelsPlan:
    """One of the models.

    Attributes
    ----------
    name : str
        Column of the table.
    formula : str
    estimator : {"ppml", "ols"}
    errors : {"pair", "iid", "robust"}
        Clustered by pair, alike and independent, or robust to heteroskedasticity.
    without : dict of str to float
        Rows in which a column has this value are left out: ``{ us = 1 }``.
    """

    name: str
    formula: str
    estimator: Any = "ppml"
    errors: str = "pair"
    without: Mapping[str, float] = field(default_factory=dict)

    def recipe(self, known: Known) -> Gravity:
        """Return the model, with the panel's names of origin, destination and period."""
        origin, destination = known.ends
        return Gravity(
            self.formula,
            ERRORS[self.errors],
            self.estimator,
            origin=origin,
            destination=destination,
            period=str(known.panel.period),
        )


def check(plans: Sequence[ModelsPlan], known: Known) -> list[Complaint]:
    """Complain of models of one name, and of columns that the flows do not have."""
    found = same_names([plan.name for plan in plans], "F-728", "models")
    for number, plan in enumerate(plans):
        found += formula_complaints(known, plan.formula, (number, "formula"))
        found += missing_columns(known, (number, "without"), plan.without, "F-728")
    return found


def find(plans: Sequence[ModelsPlan], known: Known, tell: Progress) -> Part:
    """Fit each of the models and set them beside each other.

    Raises
    ------
    ForecastError
        What `Gravity.fit` refuses.
    """
    fits = {}
    for number, plan in enumerate(plans):
        tell(f"fit the model {plan.name!r}")
        with entry(number):
            fits[plan.name] = plan.recipe(known).fit(_rows(plan, known))
    tables = {
        "models_coefficients": coefficients(fits),
        "models_beside": _beside(fits),
    }
    terms = tables["models_coefficients"]["term"].nunique()
    figure = drawn(
        lambda ax: plot_coefficients(fits, ax, title="Coefficients of all models"),
        f"Coefficients with 95 % intervals, model by model. {known.facts}.",
        1.5 + terms * (0.13 * len(fits) + 0.2),
    )
    headline = _headline(tables["models_coefficients"], len(fits), known)
    return Part(
        title=TITLE,
        headline=headline,
        blocks=(
            Lead(headline),
            Table(tables["models_beside"], "Standard errors stand below coefficients."),
            figure.picture,
            Note(" ".join(_said(plan) for plan in plans)),
        ),
        tables=tables,
        drawings={"models": figure},
        result=fits,
        method={
            "N": "; ".join(f"{n}: {fit.nobs:,} rows" for n, fit in fits.items()),
            "Intervals and standard errors": "Models: "
            + "; ".join(f"{plan.name}: {plan.errors}" for plan in plans),
        },
    )


def coefficients(fits: Mapping[str, GravityFit]) -> pd.DataFrame:
    """Give one row per model and coefficient, with its effect in per cent of trade.

    Returns
    -------
    DataFrame
        ``model``, then as `GravityFit.tidy`, then ``effect_%`` (NaN of a constant, and
        where the outcome of least squares is no logarithm), ``nobs`` and ``r_squared`` of
        the model.
    """
    rows = []
    for name, fit in fits.items():
        table = fit.tidy()
        in_logs = fit.recipe.estimator == "ppml" or _is_log(fit.recipe.formula)
        effect = 100 * np.expm1(table["estimate"]) if in_logs else np.nan
        table = table.assign(**{"effect_%": effect}, nobs=fit.nobs)
        table.loc[table["term"] == "Intercept", "effect_%"] = np.nan
        seen = fit.glance().iloc[0]
        table["r_squared"] = float(seen["r2" if "r2" in seen else "r_squared"])
        table.insert(0, "model", name)
        rows.append(table)
    return pd.concat(rows, ignore_index=True)


# --- parts -------------------------------------------------------------------------


def _is_log(formula: str) -> bool:
    """Whether the outcome is a logarithm, of a ratio too."""
    return formula.partition("~")[0].strip().startswith("log(")


def _rows(plan: ModelsPlan, known: Known) -> pd.DataFrame:
    """Leave out the rows that the model is not for."""
    frame = known.panel.to_frame()
    keep = np.ones(len(frame), dtype=bool)
    for column, value in plan.without.items():
        keep &= (frame[column] != value).to_numpy()
    return frame[keep]


def _beside(fits: Mapping[str, GravityFit]) -> pd.DataFrame:
    table = etable(list(fits.values())).to_frame()
    columns = [name for name in table.columns if name not in {"row", "what"}]
    named = table.rename(columns=dict(zip(columns, fits, strict=True)))
    return named.drop(columns="what")


def _headline(table: pd.DataFrame, models: int, known: Known) -> str:
    """Say how far the models are apart: in the terms of [gravity], or in most of them."""
    counted = table.loc[table["term"] != "Intercept", "term"].value_counts(sort=False)
    common = counted.sort_values(ascending=False, kind="stable").index
    main = () if known.gravity is None else known.gravity.terms
    chosen = [term for term in main if term in common] or list(common)
    said = []
    for term in chosen[:NAMED]:
        own = table[table["term"] == term]
        low, high = _signed(own["estimate"].min()), _signed(own["estimate"].max())
        said.append(f"{term} {low}" if low == high else f"{term} from {low} to {high}")
    many = "One model" if models == 1 else f"{models} models"
    return f"{many} beside the main one: {'; '.join(said)}."


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _said(plan: ModelsPlan) -> str:
    left = "".join(
        f", without rows where {c} is {v:g}" for c, v in plan.without.items()
    )
    return f"{plan.name}: {plan.estimator.upper()}, {plan.formula}{left}."
