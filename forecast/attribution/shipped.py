"""Effects that were estimated once on a public panel, with the verdict they were given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecast.attribution.cells import Floats
from forecast.attribution.verdicts import NOT_SUPPORTED, SUPPORTED, UNKNOWN
from forecast.datasets import (
    gravity_checks,
    gravity_covariances,
    gravity_estimates,
)
from forecast.errors import ColumnError

__all__ = ["PanelEstimates", "panel_estimates"]


@dataclass(frozen=True, repr=False)
class PanelEstimates:
    """Estimates of one model on a panel of many pairs, to be used for one of them.

    Attributes
    ----------
    model : str
    table : DataFrame
        One row for each of the m terms, as `forecast.datasets.gravity_estimates` has it.
    covariance : float array of shape (m, m)
    checks : DataFrame
        As `forecast.datasets.gravity_checks` has them.

    Examples
    --------
    >>> found = panel_estimates("phase")
    >>> found.terms, found.verdict
    (('agreement', 'agreement_4y'), 'cannot be told')
    """

    model: str
    table: pd.DataFrame
    covariance: Floats = field(repr=False)
    checks: pd.DataFrame = field(repr=False)

    @property
    def terms(self) -> tuple[str, ...]:
        """The m terms."""
        return tuple(self.table["term"])

    @property
    def beta(self) -> Floats:
        """Coefficients in log points, shape (m,)."""
        values: Floats = self.table["estimate"].to_numpy(float)
        return values

    @property
    def pair_effects(self) -> bool:
        """Whether each pair has an effect of its own."""
        return "exporter^importer" in str(self.table["formula"].iloc[0])

    @property
    def verdict(self) -> str:
        """Of all terms: one that is supported is enough, one that is open keeps it open."""
        return str(self._leading["verdict"])

    @property
    def because(self) -> str:
        """One sentence, with the term that it is about."""
        return f"{self._leading['term']}: {self._leading['because']}"

    @property
    def would_change(self) -> str:
        """What would turn the verdict."""
        return str(self._leading["would_change"])

    @property
    def _leading(self) -> pd.Series:
        for verdict in (SUPPORTED, UNKNOWN, NOT_SUPPORTED):
            rows = self.table[self.table["verdict"] == verdict]
            if len(rows):
                return rows.iloc[0]
        return self.table.iloc[0]

    def of(self, term: str) -> int:
        """Place of a term.

        Raises
        ------
        ColumnError
            F-256 a term that the model does not have.
        """
        if term not in self.terms:
            raise ColumnError(
                f"the model {self.model!r} has no term {term!r}",
                code="F-256",
                column=term,
                count=1,
                examples=[term],
                remedy=f"It has {list(self.terms)}.",
            )
        return self.terms.index(term)

    def draws(self, size: int, rng: np.random.Generator) -> Floats:
        """Draw coefficients.

        Parameters
        ----------
        size : int
        rng : Generator

        Returns
        -------
        float array of shape (m, size)
        """
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        normal = rng.standard_normal((self.beta.size, size))
        drawn: Floats = self.beta[:, None] + root @ normal
        return drawn

    def __repr__(self) -> str:
        row = self.table.iloc[0]
        return (
            f"Estimates of the model {self.model!r} ({', '.join(self.terms)}) from "
            f"{row['nobs']:,} flows of {row['first_year']} to {row['last_year']}, made on "
            f"{row['estimated_on']}: {self.verdict}"
        )


def panel_estimates(
    model: str = "phase", *, as_of: Any = None
) -> PanelEstimates | None:
    """Load the shipped estimates of one model; None if their data were not public yet.

    Parameters
    ----------
    model : str, default "phase"
        As `forecast.datasets.gravity_estimates` knows them.
    as_of : date-like, optional

    Raises
    ------
    KeyColumnError
        F-255 unknown `model`.

    Examples
    --------
    >>> panel_estimates("depth").of("depth")
    1
    >>> panel_estimates("depth", as_of="2019-01-01") is None
    True
    """
    table = gravity_estimates(model, as_of=as_of)
    if table.empty:
        return None
    long = gravity_covariances(model)
    wide = long.pivot_table(index="term", columns="other", values="covariance")
    terms = list(table["term"])
    return PanelEstimates(
        model, table, wide.loc[terms, terms].to_numpy(float), gravity_checks(model)
    )
