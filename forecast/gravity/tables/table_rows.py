"""Rows of a table of models: coefficients, effects and statistics as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.gravity.fit import GravityFit

__all__ = [
    "BELOW",
    "STATISTICS",
    "Cell",
    "Row",
    "coefficient_rows",
    "effect_rows",
    "heading_rows",
    "statistic_rows",
]

MOST_DECIMALS = 8
NOTHING = "–"
ESTIMATORS = {"poisson": "PPML", "gaussian": "OLS"}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one model has in one row.

    Attributes
    ----------
    text : str
    stars : str
        Of significance; kept apart, since each format raises them in its own way.
    """

    text: str = ""
    stars: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    label : str
    what : str
        What the cells are: "estimate", "std_error", "effect", "nobs", ...
    cells : tuple of Cell
        One for each model.
    """

    label: str
    what: str
    cells: tuple[Cell, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no model has anything here."""
        return not any(cell.text for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that may stand below coefficients.

    Attributes
    ----------
    noun : str
        For the notes, with {level} where it has one.
    columns : tuple of str
        Of `tidy`; two of them are the ends of an interval.
    brackets : str
    """

    noun: str
    columns: tuple[str, ...]
    brackets: str = "()"


BELOW = {
    "std_error": Line("Standard errors", ("std_error",)),
    "statistic": Line("t-statistics", ("statistic",)),
    "p_value": Line("p-values", ("p_value",)),
    "interval": Line("{level:g} % intervals", ("conf_low", "conf_high"), "[]"),
}


@dataclass(frozen=True, slots=True)
class Statistic:
    """A fact about a fit as a whole.

    Attributes
    ----------
    label : str
    text : callable
        From a fit to text; "" where the fit has no such thing.
    """

    label: str
    text: Callable[[GravityFit], str]


def number(value: float, decimals: int) -> str:
    """Write a number with fixed decimals; a dash for nothing."""
    if np.isnan(value):
        return NOTHING
    return f"{value:,.{decimals}f}"


def when(family: str, text: str, fit: GravityFit) -> str:
    """The text where the fit is of that family."""
    return text if fit.estimate.family == family else ""


STATISTICS = {
    "nobs": Statistic("Observations", lambda f: f"{f.nobs:,}"),
    "dropped": Statistic("Rows left out", lambda f: f"{len(f.sample):,}"),
    "zeros": Statistic(
        "Zeros", lambda f: f"{int(np.count_nonzero(f.estimate.y == 0)):,}"
    ),
    "r_squared": Statistic(
        "Squared correlation", lambda f: number(f.goodness.r_squared, 3)
    ),
    "pseudo_r_squared": Statistic(
        "Pseudo R2",
        lambda f: when("poisson", number(f.goodness.pseudo_r_squared, 3), f),
    ),
    "r2": Statistic(
        "R2", lambda f: when("gaussian", number(f.goodness.pseudo_r_squared, 3), f)
    ),
    "llf": Statistic("Log-likelihood", lambda f: f"{f.llf:,.1f}"),
    "deviance": Statistic("Deviance", lambda f: f"{f.deviance:,.6g}"),
    "clusters": Statistic(
        "Clusters",
        lambda f: ", ".join(f"{n:,} {name}" for name, n in f.covariance.clusters),
    ),
    "vcov": Statistic("Standard errors", lambda f: f.covariance.title),
    "convention": Statistic("Convention", lambda f: f.covariance.convention),
}
"""By the names that `etable` takes; those of `GravityFit.glance` where it has one."""


def heading_rows(
    fits: Sequence[GravityFit], models: Sequence[str], names: Mapping[str, str]
) -> tuple[Row, ...]:
    """Number, name, outcome and estimator of each model."""
    outcomes = [names.get(f.design.outcome, f.design.outcome) for f in fits]
    columns = {
        "model": ("", [f"({n})" for n in range(1, len(fits) + 1)]),
        "name": ("", models),
        "outcome": ("Outcome", outcomes),
        "estimator": ("Estimator", [ESTIMATORS[f.estimate.family] for f in fits]),
    }
    return tuple(
        Row(label, what, tuple(Cell(text) for text in texts))
        for what, (label, texts) in columns.items()
        if texts
    )


def coefficient_rows(
    fits: Sequence[GravityFit],
    terms: Mapping[str, Sequence[str]],
    below: Sequence[str],
    stars: Mapping[str, float],
    digits: int,
    level: float,
) -> tuple[Row, ...]:
    """Estimates, and below each what is asked for.

    Parameters
    ----------
    fits : sequence of GravityFit
    terms : mapping of str to sequence of str
        From the label of a row to the terms that stand in it, one at most in each model.
    below : sequence of str
        Keys of `BELOW`.
    stars : mapping of str to float
        p-values below which they are given.
    digits : int
    level : float
        Of intervals.
    """
    tables = [by_term(fit, level) for fit in fits]
    rows = []
    for label, same in terms.items():
        found = [next((t[k] for k in same if k in t), None) for t in tables]
        decimals = decimals_of_row([one for one in found if one], digits)
        lines = [
            coefficient_cells(one, below, stars, decimals)
            if one
            else (Cell(),) * (1 + len(below))
            for one in found
        ]
        whats = ("estimate", *below)
        for place, (what, cells) in enumerate(
            zip(whats, zip(*lines, strict=True), strict=True)
        ):
            rows.append(Row("" if place else label, what, cells))
    return tuple(rows)


def by_term(fit: GravityFit, level: float) -> dict[str, dict[str, float]]:
    """The rows of `tidy` by term."""
    records = fit.tidy(level).to_dict("records")
    return {str(record.pop("term")): record for record in records}  # type: ignore[misc]


def coefficient_cells(
    values: Mapping[str, float],
    below: Sequence[str],
    stars: Mapping[str, float],
    decimals: int | None,
) -> tuple[Cell, ...]:
    """The estimate with its stars, and what stands below it."""
    reached = [sign for sign, p in stars.items() if values["p_value"] < p]
    strongest = min(reached, key=lambda sign: stars[sign], default="")
    cells = [Cell(written(values["estimate"], decimals), strongest)]
    for name in below:
        line = BELOW[name]
        own = {"statistic": 2, "p_value": 3}.get(name, decimals)
        numbers = ", ".join(written(values[column], own) for column in line.columns)
        cells.append(Cell(f"{line.brackets[0]}{numbers}{line.brackets[1]}"))
    return tuple(cells)


def decimals_of_row(values: Sequence[Mapping[str, float]], digits: int) -> int | None:
    """Decimals that do for all models of a row."""
    each = [decimals_of(v["estimate"], v["std_error"], digits) for v in values]
    enough = [decimals for decimals in each if decimals is not None]
    return max(enough) if len(enough) == len(each) else None


def decimals_of(estimate: float, std_error: float, digits: int) -> int | None:
    """Decimals that show two digits of the standard error, `digits` at least.

    None where that would be too many, for numbers that are written with a power of ten.

    Examples
    --------
    >>> decimals_of(0.557, 0.102, 3), decimals_of(0.000557, 0.000102, 3)
    (3, 5)
    >>> decimals_of(5.57e-12, 1.02e-12, 3) is None
    True
    """
    size = std_error if np.isfinite(std_error) and std_error > 0 else abs(estimate)
    if not np.isfinite(size) or size == 0:
        return digits
    needed = max(digits, 1 - int(np.floor(np.log10(size))))
    return None if needed > MOST_DECIMALS else needed


def written(value: float, decimals: int | None) -> str:
    """A number as the table shows it."""
    if decimals is None and np.isfinite(value):
        return f"{value:.2e}"
    return number(value, decimals or 0)


def effect_rows(
    fits: Sequence[GravityFit], names: Mapping[str, str]
) -> tuple[Row, ...]:
    """Which effects each model has; ``a^b`` and ``b^a`` are the same."""
    held = [{frozenset(e.factors): e.name for e in fit.design.effects} for fit in fits]
    labels: dict[frozenset[str], str] = {}
    for effects in held:
        for factors, name in effects.items():
            labels.setdefault(factors, name)
    return tuple(
        Row(
            names.get(name, name),
            "effect",
            tuple(Cell("yes" if factors in effects else "no") for effects in held),
        )
        for factors, name in labels.items()
    )


def statistic_rows(
    fits: Sequence[GravityFit], wanted: Sequence[str], names: Mapping[str, str]
) -> tuple[Row, ...]:
    """Facts about the fits; those that no fit has are left out."""
    rows = [
        Row(
            names.get(name, STATISTICS[name].label),
            name,
            tuple(Cell(STATISTICS[name].text(fit)) for fit in fits),
        )
        for name in wanted
    ]
    return tuple(row for row in rows if not row.is_empty)
