"""A fit in words and tables."""

from __future__ import annotations

import html as markup
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from forecast.gravity.fit import GravityFit

__all__ = ["glance", "html", "summary"]

NAMES = {"poisson": "PPML", "gaussian": "Least squares"}
HEADINGS = ["estimate", "std. error", "statistic", "p-value"]


def glance(fit: GravityFit) -> pd.DataFrame:
    """One row of facts about the fit."""
    good, estimate = fit.goodness, fit.estimate
    return pd.DataFrame(
        {
            "estimator": [NAMES[estimate.family]],
            "nobs": [fit.nobs],
            "dropped": [len(fit.sample)],
            "terms": [len(fit.terms)],
            "effects": [" + ".join(effect.name for effect in fit.design.effects)],
            "levels": [sum(codes.count for codes in estimate.effects)],
            "llf": [good.llf],
            "llf_null": [good.llf_null],
            "deviance": [good.deviance],
            "pseudo_r_squared": [good.pseudo_r_squared],
            "r_squared": [good.r_squared],
            "vcov": [fit.covariance.title],
            "convention": [fit.covariance.convention],
            "iterations": [estimate.iterations],
            "score_norm": [estimate.score_norm],
        }
    )


def heading(fit: GravityFit) -> list[str]:
    """What was fitted, on what."""
    estimate, source = fit.estimate, len(fit.design.source)
    lines = [f"{NAMES[estimate.family]}: {fit.recipe.formula}"]
    used = (
        f"{fit.nobs:,} of {source:,} rows" if fit.nobs < source else f"{source:,} rows"
    )
    zeros = int(np.count_nonzero(estimate.y == 0))
    if zeros:
        used += f" ({zeros:,} zeros)"
    effects = [
        f"{effect.name} ({codes.count:,})"
        for effect, codes in zip(fit.design.effects, estimate.effects, strict=True)
    ]
    lines.append(used + (f"; effects {', '.join(effects)}" if effects else ""))
    return lines


def footing(fit: GravityFit) -> list[str]:
    """Standard errors, measures of fit, and what was left out."""
    covariance, good = fit.covariance, fit.goodness
    measure = "pseudo R2" if fit.estimate.family == "poisson" else "R2"
    lines = [
        f"Standard errors: {covariance.title} ({covariance.convention}); "
        f"{covariance.reference.describe()}",
        f"Log-likelihood {good.llf:,.6g}; {measure} {good.pseudo_r_squared:.4f}; "
        f"squared correlation {good.r_squared:.4f}",
    ]
    return [*lines, *covariance.notes, *fit.notes]


def coefficients(fit: GravityFit, level: float) -> pd.DataFrame:
    """Coefficients as text."""
    tidy = fit.tidy(level)
    percent = f"{100 * level:g} %"
    return pd.DataFrame(
        {
            "": tidy["term"],
            "estimate": tidy["estimate"].map("{:.6g}".format),
            "std. error": tidy["std_error"].map("{:.4g}".format),
            "statistic": tidy["statistic"].map("{:.2f}".format),
            "p-value": tidy["p_value"].map("{:.4f}".format),
            f"[{percent}": tidy["conf_low"].map("{:.4g}".format),
            "interval]": tidy["conf_high"].map("{:.4g}".format),
        }
    )


def summary(fit: GravityFit, level: float) -> str:
    """Plain text, as a terminal shows it."""
    lines = heading(fit)
    if fit.terms:
        lines += ["", coefficients(fit, level).to_string(index=False), ""]
    return "\n".join([*lines, *footing(fit)])


def html(fit: GravityFit) -> str:
    """The same for a notebook, escaped."""
    top = "".join(f"<p>{markup.escape(line)}</p>" for line in heading(fit))
    table = coefficients(fit, 0.95).to_html(index=False) if fit.terms else ""
    bottom = "".join(f"<p>{markup.escape(line)}</p>" for line in footing(fit))
    return f"<div>{top}{table}{bottom}</div>"
